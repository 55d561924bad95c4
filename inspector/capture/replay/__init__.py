"""The replay camera: delivers recorded frames as a camera would.

It handles file formats, listing and order, decoding in threads and pacing.
Tests write real files and replay them.
"""

from __future__ import annotations

from inspector.capture.replay.camera import ReplayCamera

__all__ = ["ReplayCamera"]
