"""Detects from the messages of a stream whether any of them was missed.

Publications are numbered from 0 without a gap, and heartbeats carry the last number: every number that was not received was
missed, also those before the first message and after the last. The totals in ``end`` must then agree with what was counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from inspector.client.events import StreamKey
from inspector.frames.outcome import Verdict
from inspector.protocol.codec import Packet
from inspector.protocol.messages import EndBody, GapBody, HeartbeatBody, LineState, ResultBody, StartBody, StatusBody


class OutOfOrderError(ValueError):
    """A sequence number that is not higher than the last one, which a correct publisher never sends."""


MOST_OPEN_RUNS = 16
"""Most runs without an end that are kept; only a faulty publisher sends more."""
MOST_HOLES = 1000
"""Most ranges of missing numbers that are kept. The last one is then a range in which some arrived; their number stays exact."""


@dataclass
class RunCount:
    """The frames of one run, as counted from its messages."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    missed: bool = False
    """True where a publication was missed between its start and its end."""
    end: EndBody | None = None

    @property
    def agrees(self) -> bool | None:
        """Whether the counts are those in ``end``; None without ``end`` or where something was missed."""
        if self.end is None or self.missed:
            return None
        said = {verdict: count for verdict, count in self.end.verdicts.items() if count}
        return said == dict(self.verdicts) and self.end.frames == sum(self.verdicts.values())


class Completeness:
    """Counts the messages of one stream and finds those that are missing."""

    def __init__(self, stream: StreamKey, first_seq: int = 0) -> None:
        """``first_seq``: what was published before is not asked for, because it was received earlier."""
        self.stream = stream
        self.first_seq = first_seq
        self.received = 0
        """Numbered publications that arrived, or were recovered."""
        self.recovered = 0
        """How many of them were recovered."""
        self.last_seq = first_seq - 1
        """Highest number known to have been published."""
        self.missing: list[tuple[int, int]] = []
        """First and last of each range that never arrived, in order; beyond ``MOST_HOLES`` ranges, the last one covers all further ones."""
        self.missed = 0
        """Number of publications that never arrived."""
        self.state: LineState | None = None
        self.runs: dict[str, RunCount] = {}
        """The open runs in the order in which they began; a run may begin before the previous one has ended."""
        self.last_ended: RunCount | None = None
        self.disagreed = False
        """Whether the count of any run was not that of its ``end``."""

    @property
    def complete(self) -> bool:
        """Whether everything known to have been published arrived."""
        return not self.missing

    @property
    def ended(self) -> bool:
        """Whether at least one run began and every run that began has its ``end``."""
        return not self.runs and self.last_ended is not None

    @property
    def verdicts(self) -> Counter[Verdict]:
        """Frames per verdict, as counted from messages, of the run that began last."""
        newest = next(reversed(self.runs.values())) if self.runs else self.last_ended
        return newest.verdicts if newest else Counter()

    @property
    def totals_agree(self) -> bool | None:
        """Whether the counts of the run that ended last are those in its ``end``; None without ``end`` or where some were missed."""
        return self.last_ended.agrees if self.last_ended else None

    @property
    def proven(self) -> bool:
        """Whether nothing was missed from the first publication to the end of the last run, and the totals of every run agree."""
        whole = self.complete and self.first_seq == 0
        return whole and self.ended and self.totals_agree is True and not self.disagreed

    def take(self, packet: Packet) -> tuple[int, int] | None:
        """Count a message; return the range of numbers that it shows to be missing. Raises OutOfOrderError."""
        seq = packet.header.seq
        if isinstance(packet.body, HeartbeatBody):
            self.hear(packet.body)
            return self.miss(packet.body.last_seq)
        if seq is None:  # a start that is repeated for those who joined
            return None
        if seq <= self.last_seq:
            raise OutOfOrderError(f"seq {seq} after {self.last_seq}")
        missing = self.miss(seq - 1)
        self.last_seq = seq
        self.received += 1
        self._count(packet)
        return missing

    def hear(self, heartbeat: HeartbeatBody) -> None:
        """Take the state from a heartbeat; what it says of publications may be yet to come."""
        self.state = heartbeat.state

    def summary(self) -> str:
        """One line for a person."""
        if self.last_seq < self.first_seq:
            return "nothing published yet" if self.first_seq == 0 else f"nothing published since seq {self.first_seq}"
        since = f" since seq {self.first_seq}" if self.first_seq else ""
        recovered = f" ({self.recovered} recovered)" if self.recovered else ""
        heard = f"{self.received} of {self.last_seq + 1 - self.first_seq} publications received{since}{recovered}"
        if not self.complete:
            shown = ", ".join(f"{first}..{last}" for first, last in self.missing[:5])
            return f"{heard}, {self.missed} missed (seq {shown}{', ...' if len(self.missing) > 5 else ''})"
        if not self.ended:
            return f"{heard}, complete so far; the run has not ended"
        if self.disagreed or self.totals_agree is False:
            return f"{heard}, complete; totals DISAGREE"
        return (
            f"{heard}, complete; totals {'agree' if self.totals_agree else 'of a run whose beginning was not received'}"
        )

    def miss(self, seq: int) -> tuple[int, int] | None:
        """Everything up to ``seq`` was published; return the range of those numbers that were not known, which are missing."""
        if seq <= self.last_seq:
            return None
        missing = (self.last_seq + 1, seq)
        self.missed += seq - self.last_seq
        adjacent = self.missing and self.missing[-1][1] == missing[0] - 1
        if adjacent or len(self.missing) == MOST_HOLES:
            self.missing[-1] = (self.missing[-1][0], seq)
        else:
            self.missing.append(missing)
        self.last_seq = seq
        for run in self.runs.values():
            run.missed = True
        return missing

    def _count(self, packet: Packet) -> None:
        body, name = packet.body, packet.header.run or ""
        if isinstance(body, StartBody):
            self.runs.pop(name, None)
            if len(self.runs) == MOST_OPEN_RUNS:  # a publisher has two at the most
                del self.runs[next(iter(self.runs))]
            self.runs[name] = RunCount()
        elif isinstance(body, StatusBody):
            self.state = body.state
        elif isinstance(body, EndBody):
            self.last_ended = self.runs.pop(name, RunCount(missed=True))  # without its start, some of it may be unknown
            self.last_ended.end = body
            self.disagreed |= self.last_ended.agrees is False
        elif name in self.runs:
            if isinstance(body, ResultBody):
                self.runs[name].verdicts[body.verdict] += 1
            elif isinstance(body, GapBody):
                self.runs[name].verdicts[body.verdict] += body.last - body.first + 1
