"""Checks what the reject controller lets through against what was published; shares no code with the controller.

A frame is at the gate from ``transport_ms`` after its capture on, for ``passing_ms``. The output may be PASS only while every frame there has a
PASS that was published before, and before its deadline.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from typing import NamedTuple

from inspector.client import Packet
from inspector.frames.outcome import Verdict
from inspector.protocol.messages import ResultBody
from inspector.soak.findings import Findings, Kind
from inspector.soak.gate import Decided, Opened, Standing

_FRAMES_KEPT = 6_000
_MOST_WAITING = 6_000
_MARGIN_NS = 2_000_000
"""By how much two readings of the clock may differ."""
_REVOKED_NS = 2_000_000_000
"""A PASS that comes too late is taken back in this time."""
_UNKNOWN_NS = 60_000_000_000
"""After so long a frame that was decided is given up as unknown."""


class Frame(NamedTuple):
    """What was published of a frame."""

    captured_ns: int
    published_ns: int
    in_time: bool
    """It is a PASS, published before its deadline."""
    said: str


class Audit:
    """The account of the gate. Times are unix ns."""

    def __init__(self, findings: Findings, transport_ms: float, passing_ms: float) -> None:
        self.decided: Counter[str] = Counter()
        self.passed = self.in_time = self.unknown = 0
        """Decisions to pass; frames with a PASS in time; decisions of frames that the subscriber never got."""
        self.open_s = 0.0
        self.rearmed: Counter[str] = Counter()
        """Faults that the controller found, by code."""
        self.standing: Standing | None = None
        self._findings = findings
        self._transport_ns, self._passing_ns = round(transport_ms * 1e6), round(passing_ms * 1e6)
        self._frames: OrderedDict[tuple[str, int], Frame] = OrderedDict()
        self._closed: deque[tuple[int, str]] = deque()
        """When a frame was captured that does not pass, and which."""
        self._decisions: deque[Decided] = deque()
        self._opened: deque[Opened] = deque()
        self._revoked: OrderedDict[tuple[str, int], int] = OrderedDict()
        """Sheets that were rejected, and when; of two decisions the later one holds."""
        self._newest_ns = 0

    def heard(self, packet: Packet) -> None:
        """A publication, as the subscriber was given it."""
        header, body = packet.header, packet.body
        if not isinstance(body, ResultBody) or header.captured_unix_ns is None or header.frame is None:
            return
        timely = header.deadline_unix_ns is None or header.published_unix_ns <= header.deadline_unix_ns
        in_time = body.verdict is Verdict.PASS and timely
        said = body.verdict.value if timely else f"{body.verdict.value}, after its deadline"
        self._frames[header.epoch, header.frame] = Frame(
            header.captured_unix_ns, header.published_unix_ns, in_time, said
        )
        self.in_time += in_time
        self._newest_ns = max(self._newest_ns, header.captured_unix_ns)
        if not in_time:
            self._closed.append((header.captured_unix_ns, f"frame {header.frame} ({said})"))
        while len(self._frames) > _FRAMES_KEPT:
            self._frames.popitem(last=False)
        while len(self._closed) > _FRAMES_KEPT:
            self._closed.popleft()

    def said(self, said: Decided | Opened | Standing) -> None:
        """The controller said something."""
        if isinstance(said, Standing):
            self.standing = said
            return
        if isinstance(said, Decided):
            self.decided[said.why] += 1
            if said.passed:
                self.passed += 1
                self._decisions.append(said)
            else:
                self._revoked[said.epoch, said.number] = said.unix_ns
                while len(self._revoked) > _FRAMES_KEPT:
                    self._revoked.popitem(last=False)
        else:
            self.open_s += (said.to_ns - said.from_ns) / 1e9
            self._opened.append(said)
        if len(self._decisions) + len(self._opened) > _MOST_WAITING:
            self.unknown += 1
            (self._decisions or self._opened).popleft()

    def check(self, now_ns: int) -> None:
        """Settle what can be settled."""
        while self._decisions:
            decided = self._decisions[0]
            if now_ns - decided.unix_ns < _REVOKED_NS:
                break
            frame = self._frames.get((decided.epoch, decided.number))
            if frame is None:
                if now_ns - decided.unix_ns < _UNKNOWN_NS:
                    break
                self.unknown += 1
            elif problem := self._wrong(decided, frame):
                self._findings.broken(Kind.GATE, f"sheet {decided.number} was passed: {problem}")
            self._decisions.popleft()
        while self._opened:
            opened = self._opened[0]
            until_ns = opened.to_ns - self._transport_ns
            if self._newest_ns < until_ns and now_ns - opened.to_ns < _UNKNOWN_NS:
                break
            self._output(opened, until_ns)
            self._opened.popleft()

    def end(self, now_ns: int) -> None:
        """Nothing comes any more."""
        self.check(now_ns + 2 * _UNKNOWN_NS)

    def _wrong(self, decided: Decided, frame: Frame) -> str:
        if not frame.in_time:
            return f"what was published is {frame.said}"
        if decided.unix_ns + _MARGIN_NS < frame.published_ns:
            return "before its PASS was published"
        late_ns = decided.unix_ns - frame.captured_ns - self._transport_ns
        revoked = self._revoked.get((decided.epoch, decided.number), 0) >= decided.unix_ns
        if late_ns > _MARGIN_NS and not revoked:
            return f"{late_ns / 1e6:.0f} ms after it was at the gate, and this was not taken back"
        return ""

    def _output(self, opened: Opened, until_ns: int) -> None:
        since_ns = opened.from_ns - self._transport_ns - self._passing_ns
        for captured_ns, which in reversed(self._closed):
            if captured_ns < since_ns - 10 * self._transport_ns:
                return
            if since_ns + _MARGIN_NS < captured_ns < until_ns - _MARGIN_NS:
                self._findings.broken(Kind.GATE, f"the output was PASS while {which} was at the gate")
                return
