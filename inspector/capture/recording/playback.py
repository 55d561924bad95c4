"""What the cameras of one recording share while it is played: when it began, and its phases (run, pause).

A phase begins once every camera has reached it: all frames before it are entered by then, and none after it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Protocol

from inspector.frames.clock import now_ns
from inspector.recording.records import Phase

_LOOK_S = 0.02


class Follower(Protocol):
    """Makes the line's run and pause those of a recording."""

    def follow(self, run: str, paused: bool) -> bool:
        """Called between two frames. False where it cannot be done yet; then it is called again."""


class Playback:
    """Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._folder: str | None = None
        self._phases: Mapping[int, Phase] = {}
        self._several = False
        """Whether the cameras play several recordings: their phases have nothing to do with each other and are not followed."""
        self._reached: dict[object, int | None] = {}
        """By camera: the phase that it has reached; None where it has ended."""
        self._now: int | None = None
        self._follower: Follower | None = None
        self._first_captured_ns: int | None = None
        self._first_phase: int | None = None
        self._begun_ns: int | None = None

    def follow(self, follower: Follower) -> None:
        """Have ``follower`` do what the phases say."""
        self._follower = follower

    @property
    def first_run(self) -> str:
        """Name of the run with which the recording begins; empty where there is none."""
        first = self._phases.get(self._first_phase) if self._first_phase is not None else None
        return "" if first is None or self._several else first.run

    def join(self, camera: object, folder: str, phases: Mapping[int, Phase], captured_ns: int, phase: int) -> None:
        """``camera`` plays the recording in ``folder``; its first frame was captured at ``captured_ns``, in ``phase``."""
        with self._lock:
            self._several = self._several or self._folder not in (None, folder)
            self._folder, self._phases = folder, phases
            self._reached[camera] = -1
            self._first_captured_ns = min(captured_ns, self._first_captured_ns or captured_ns)
            self._first_phase = phase if self._first_phase is None else min(phase, self._first_phase)

    def due_ns(self, captured_ns: int) -> int:
        """When a frame of the recording is due now, monotonic ns; the first call begins the playing."""
        with self._lock:
            if self._begun_ns is None:
                self._begun_ns = now_ns()
            return self._begun_ns + captured_ns - (self._first_captured_ns or 0)

    def reach(self, camera: object, phase: int, stopped: threading.Event) -> bool:
        """Wait until the recording is in ``phase``, in which the next frame of ``camera`` was captured. False after ``stopped``."""
        with self._lock:
            self._reached[camera] = phase
            while not stopped.is_set():
                if self._several or phase not in self._phases or (self._now is not None and phase <= self._now):
                    return True
                if self._all_beyond() and self._enter():
                    self._lock.notify_all()
                else:
                    self._lock.wait(_LOOK_S)
        return False

    def leave(self, camera: object) -> None:
        """``camera`` has ended; the others no longer wait for it."""
        with self._lock:
            if camera in self._reached:
                self._reached[camera] = None
            self._lock.notify_all()

    def _all_beyond(self) -> bool:
        """Whether every camera has given all its frames of the present phase, with the lock."""
        now = -1 if self._now is None else self._now
        return all(one is None or one > now for one in self._reached.values())

    def _enter(self) -> bool:
        """Enter the next phase of any camera, with the lock; False where that has to wait."""
        following = min(one for one in self._reached.values() if one is not None)
        phase = self._phases.get(following)
        if phase is not None and self._follower is not None and not self._follower.follow(phase.run, phase.paused):
            return False
        self._now = following
        return True
