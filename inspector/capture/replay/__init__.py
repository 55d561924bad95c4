"""The replay camera: recorded frames, delivered as a camera delivers them.

Hides file formats, listing and order, decoding ahead in threads and pacing behind the ``FrameSource`` protocol. It is its
own twin: a test writes real files and replays them.
"""

from __future__ import annotations

from inspector.capture.replay.camera import ReplayCamera

__all__ = ["ReplayCamera"]
