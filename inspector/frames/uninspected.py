"""Why frames were not inspected: each kind of reason with its first case and its count, for a person.

A run of ten thousand frames that all fail for one reason is told in one line, and in which way to mend it.
"""

from __future__ import annotations

import re

import msgspec

from inspector.frames.outcome import Reason, Settled, Verdict

MOST_KINDS = 32
"""Further kinds are counted with the first one of the same reason."""

_REMEDIES = {
    Reason.BAD_FRAME: "each frame must be readable and of the size of the bundle's frames; for another size use --fit (`fit` of the camera in the "
    "configuration) or a bundle made for it (--bundle, `bundle`)",
    Reason.CAMERA_LOST: "look at the camera, or lower the rate",
    Reason.PAUSED: "`inspector ctl resume` has frames inspected again",
    Reason.OVERLOAD: "lower the rate, use a faster runtime, or raise ring.slots where frames come in bursts",
    Reason.DEADLINE: "raise the deadline (--deadline-ms, or `deadline_ms` in the configuration) or use a faster runtime",
    Reason.ENGINE_DOWN: "the log says why the engines failed",
    Reason.INTERNAL: "the log has the details",
}


class UninspectedKind(msgspec.Struct, kw_only=True):
    """Frames that were not inspected for the same reason, as far as a person would call it the same."""

    reason: Reason
    frames: int = 0
    detail: str
    """Of the first of them."""
    first: str
    """The first of them: its file, else its number and camera."""

    def __str__(self) -> str:
        """``bad_frame 16: is 1263x500 pixels (height x width); expected 256x1600; the first: Part0.jpg``."""
        detail = f"{self.detail}; " if self.detail else ""
        return f"{self.reason.value} {self.frames:,}: {detail}the first: {self.first}"

    @property
    def remedy(self) -> str:
        """What mends it; empty where nothing has to be mended."""
        return _REMEDIES.get(self.reason, "")


class Uninspected:
    """Counts frames that were not inspected by their kind. ``settled`` and ``add`` from one thread at a time, the rest from any."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[Reason, str], UninspectedKind] = {}
        self._told = 0

    def settled(self, settled: Settled) -> None:
        """Count what a verdict is about, where it is UNINSPECTED."""
        outcome, meta = settled.outcome, settled.meta
        if outcome.verdict is Verdict.UNINSPECTED:
            self.add(
                outcome.reason,
                outcome.detail,
                camera=meta.camera,
                frame=meta.frame,
                name=meta.name,
                frames=settled.count,
            )

    def add(self, reason: Reason, detail: str, *, camera: str, frame: int, name: str = "", frames: int = 1) -> None:
        """Count a frame, or ``frames`` from ``frame`` on."""
        if name:
            detail = detail.removeprefix(f"{name}: ")
        key = reason, re.sub(r"\d+", "#", detail)
        kind = self._kinds.get(key)
        if kind is None:
            if len(self._kinds) >= MOST_KINDS:
                key = next((known for known in self._kinds if known[0] is reason), (reason, ""))
            first = name or f"frame {frame} of camera {camera}"
            kind = self._kinds.setdefault(key, UninspectedKind(reason=reason, detail=detail, first=first))
        kind.frames += frames

    def kinds(self) -> list[UninspectedKind]:
        """All kinds so far, the most frequent first."""
        return sorted(self._kinds.values(), key=lambda kind: -kind.frames)

    def new(self) -> list[UninspectedKind]:
        """The kinds that came up since the last call."""
        kinds = list(self._kinds.values())
        new, self._told = kinds[self._told :], len(kinds)
        return new
