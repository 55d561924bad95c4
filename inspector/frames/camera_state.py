"""The states of a camera's connection."""

from __future__ import annotations

from enum import Enum


class CameraState(str, Enum):
    """What a camera's connection is doing."""

    CLOSED = "closed"
    """Not opened yet, or the camera has ended or was stopped."""
    OPENING = "opening"
    """Opened for the first time."""
    STREAMING = "streaming"
    """Connected; frames are delivered as they come."""
    STALLED = "stalled"
    """Connected, but a frame is due and none comes."""
    RECONNECTING = "reconnecting"
    """Lost; it is opened again and again until it answers."""
    FAILED = "failed"
    """Given up: it could not be opened at the start, or an error ended it."""


FOLLOWING: dict[CameraState, frozenset[CameraState]] = {
    CameraState.CLOSED: frozenset({CameraState.OPENING}),
    CameraState.OPENING: frozenset({CameraState.STREAMING, CameraState.CLOSED, CameraState.FAILED}),
    CameraState.STREAMING: frozenset(
        {CameraState.STALLED, CameraState.RECONNECTING, CameraState.CLOSED, CameraState.FAILED}
    ),
    CameraState.STALLED: frozenset(
        {CameraState.STREAMING, CameraState.RECONNECTING, CameraState.CLOSED, CameraState.FAILED}
    ),
    CameraState.RECONNECTING: frozenset({CameraState.STREAMING, CameraState.CLOSED, CameraState.FAILED}),
    CameraState.FAILED: frozenset(),
}
"""The states that may follow each state."""
