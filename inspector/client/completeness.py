"""Proves from a stream alone whether anything of it was missed.

Publications are numbered from 0 without a gap, and heartbeats carry the last number: every number that was not received was
missed, also those before the first message and after the last. The totals in ``end`` must then agree with what was counted.
"""

from __future__ import annotations

from collections import Counter

from inspector.client.events import StreamKey
from inspector.frames.outcome import Verdict
from inspector.protocol.codec import Packet
from inspector.protocol.messages import EndBody, GapBody, HeartbeatBody, LineState, ResultBody, StartBody, StatusBody


class OutOfOrderError(ValueError):
    """A sequence number that is not higher than the last one; a publisher never sends that."""


class Completeness:
    """Counts the messages of one stream and finds those that are missing."""

    def __init__(self, stream: StreamKey) -> None:
        self.stream = stream
        self.received = 0
        """Numbered publications that arrived."""
        self.last_seq = -1
        """Highest number known to have been published."""
        self.missing: list[tuple[int, int]] = []
        """First and last of each range that never arrived, in order."""
        self.ended = False
        """Whether the last run that began has ended, by its ``end``."""
        self.state: LineState | None = None
        self.verdicts: Counter[Verdict] = Counter()
        """Frames per verdict of the current run, as counted here."""
        self._totals: EndBody | None = None
        self._missed_in_run = False

    @property
    def missed(self) -> int:
        """How many publications never arrived."""
        return sum(last - first + 1 for first, last in self.missing)

    @property
    def complete(self) -> bool:
        """Whether everything known to have been published arrived."""
        return not self.missing

    @property
    def totals_agree(self) -> bool | None:
        """Whether the frames counted here are those of ``end``; None without ``end`` or where some were missed."""
        if self._totals is None or self._missed_in_run:
            return None
        said = {verdict: count for verdict, count in self._totals.verdicts.items() if count}
        return said == dict(self.verdicts) and self._totals.frames == sum(self.verdicts.values())

    @property
    def proven(self) -> bool:
        """Whether nothing was missed from the first publication to the end of the last run, and the totals agree."""
        return self.complete and self.ended and self.totals_agree is True

    def take(self, packet: Packet) -> tuple[int, int] | None:
        """Count a message; return the range of numbers that it shows to be missing. Raises OutOfOrderError."""
        seq = packet.header.seq
        if isinstance(packet.body, HeartbeatBody):
            self.state = packet.body.state
            return self._reach(packet.body.last_seq)
        assert seq is not None, "the decoder lets only heartbeats pass without a number"
        if seq <= self.last_seq:
            raise OutOfOrderError(f"seq {seq} after {self.last_seq}")
        missing = self._reach(seq - 1)
        self.last_seq = seq
        self.received += 1
        self._count(packet)
        return missing

    def summary(self) -> str:
        """One line for a person."""
        if self.last_seq < 0:
            return "nothing published yet"
        heard = f"{self.received} of {self.last_seq + 1} publications received"
        if not self.complete:
            shown = ", ".join(f"{first}..{last}" for first, last in self.missing[:5])
            return f"{heard}, {self.missed} missed (seq {shown}{', ...' if len(self.missing) > 5 else ''})"
        if not self.ended:
            return f"{heard}, complete so far; the run has not ended"
        return f"{heard}, complete; totals {'agree' if self.totals_agree else 'DISAGREE'}"

    def _reach(self, seq: int) -> tuple[int, int] | None:
        """``seq`` was published; whatever lies between it and what was known is missing."""
        if seq <= self.last_seq:
            return None
        missing = (self.last_seq + 1, seq)
        if self.missing and self.missing[-1][1] == missing[0] - 1:
            self.missing[-1] = (self.missing[-1][0], seq)
        else:
            self.missing.append(missing)
        self.last_seq = seq
        self._missed_in_run = True
        return missing

    def _count(self, packet: Packet) -> None:
        body = packet.body
        if isinstance(body, StartBody):
            self.verdicts.clear()
            self.ended, self._totals, self._missed_in_run = False, None, False
        elif isinstance(body, ResultBody):
            self.verdicts[body.verdict] += 1
        elif isinstance(body, GapBody):
            self.verdicts[body.verdict] += body.last - body.first + 1
        elif isinstance(body, EndBody):
            self.ended, self._totals = True, body
        elif isinstance(body, StatusBody):
            self.state = body.state
