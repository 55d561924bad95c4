"""What a stream said of a run, counted, against what its ``end`` says."""

from __future__ import annotations

from dataclasses import dataclass, field

from inspector.frames.outcome import Reason, Verdict
from inspector.protocol.messages import EndBody


@dataclass(slots=True)
class Books:
    """One camera in one epoch."""

    camera: str
    epoch: str
    frames: int = 0
    verdicts: dict[Verdict, int] = field(default_factory=dict)
    reasons: dict[Reason, int] = field(default_factory=dict)
    missing: int = 0
    """Frames between others of which no message said anything."""
    end: EndBody | None = None

    def add(self, verdict: Verdict, reason: Reason, count: int) -> None:
        """So many frames got this verdict."""
        self.frames += count
        self.verdicts[verdict] = self.verdicts.get(verdict, 0) + count
        self.reasons[reason] = self.reasons.get(reason, 0) + count

    @property
    def complete(self) -> bool:
        """Whether the ``end`` is there and says what was counted."""
        return self.end is not None and self.end.verdicts == self.verdicts
