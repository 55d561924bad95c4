"""The decisions of a reject controller, without sockets and clocks: messages and monotonic times in, decisions and the output out.

The rule that everything here serves: the output is PASS only while everything that may be at the gate belongs to sheets that every covering
camera has explicitly passed, in time, in the present epoch. Anything else is REJECT.
"""

from __future__ import annotations

from collections import Counter

from inspector.client.controller.clock import MILLISECOND_NS, SECOND_NS, LineClock
from inspector.client.controller.config import ControllerConfig, PositionArrival, TimeArrival, hold_ms_of
from inspector.client.controller.faults import Latch
from inspector.client.controller.frame_sizes import FrameSizes
from inspector.client.controller.gate import Decision, Gate, Window
from inspector.client.controller.hearing import Hearing, frames_of, passes
from inspector.client.controller.places import UM_PER_MM, ByPosition, ByTime, Captured, Jumped, Places, Shown
from inspector.client.controller.registers import KeyedRegister, Register, StripRegister
from inspector.client.controller.sights import Place, Sight, Why
from inspector.protocol.codec import Packet
from inspector.protocol.messages import GapBody, ResultBody, SheetBody
from inspector.protocol.settings import Settings

PAUSE_NS = 400 * MILLISECOND_NS
"""Two ticks further apart than this: the program stood still, and the actuator may have rejected by itself meanwhile."""
_TIDY_NS = 250 * MILLISECOND_NS
MOST_LOST = 1000
"""Lost frames of one message that are kept as such; older ones are absent, which passes nothing either."""


class DecisionCore:
    """Decides for one gate. Every method that takes ``now`` is given monotonic ns of this machine, which never go back."""

    def __init__(self, config: ControllerConfig, *, armed: bool = False, faults: dict[str, str] | None = None) -> None:
        self.latch = Latch(armed or config.trial, faults, config.most_late)
        self.counts: Counter[Why] = Counter()
        """Sheets decided, by reason. A sheet that was revoked later is counted again."""
        self.malformed = 0
        self.open = False
        """The output, as of the last ``tick``: True is PASS."""
        self.closed_why = self.latch.closed or "nothing was heard of the line"
        """Why nothing can pass at present; empty where it can."""
        self._config = config
        self._hearing = Hearing(config)
        clock = config.clock
        self._clock = LineClock(
            config.control is not None, round(clock.least_delay_ms * MILLISECOND_NS), round(clock.settle_s * SECOND_NS)
        )
        self._places = _places(config)
        self._register = _register(config)
        self._margin, gap = _lengths(config)
        self._ticked: int | None = None
        self._tidy_at = 0
        self._sizes = FrameSizes()
        self._gate = Gate(gap, config.sheets.by == "length")
        self._taken: list[int] = []
        """Decisions that the actuator has taken since the last tick."""

    @property
    def epoch(self) -> str | None:
        """The epoch that is listened to."""
        return self._hearing.epoch

    @property
    def told_epoch(self) -> str | None:
        """The epoch that the control socket told last; None: it told none."""
        return self._hearing.told_epoch

    def take(self, packet: Packet, now: int) -> None:
        """A message arrived."""
        header = packet.header
        if not self._hearing.counts(header):
            if self._hearing.places(header) and isinstance(packet.body, (ResultBody, GapBody)):
                self._strip(packet, now)
            return
        if self._hearing.retired(header.epoch):
            self.latch.fault("second_publisher", "two daemons claim this line: an epoch that had ended speaks again")
            return
        if self._hearing.changes(header.epoch):
            self._forget("the daemon was started again")
            self._clock.forget()
            self._places.forget()
        self._hearing.adopt(header.epoch)
        self._hearing.heard(header.camera, now)
        self._clock.heard(header.published_unix_ns, now)
        self._look_at_clock()
        if isinstance(packet.body, (ResultBody, GapBody)):
            self._verdict(packet, now)
        elif isinstance(packet.body, Settings) and (change := self._sizes.changed(header.camera, packet.body)):
            self.latch.fault("frame_size", change)

    def exchanged(self, sent: int, received: int, told_unix_ns: int, line: str, epoch: str) -> None:
        """The control socket answered: its line, epoch and wall clock."""
        if line == self._config.line:
            self._hearing.told_epoch = epoch
            self._clock.exchange(sent, received, told_unix_ns)
            self._look_at_clock()

    def tick(self, now: int) -> list[Decision]:
        """Decide what has come near the gate and set ``open``. To be called often: a sheet is decided in the first tick after its time."""
        window = self._places.window(now)
        paused, self._ticked = self._ticked is not None and now - self._ticked > PAUSE_NS, now
        self.closed_why = "the controller stood still" if paused else self._closed(now, window)
        if isinstance(window, Window):
            # What cannot be at the gate yet may still be decided when the line is heard again.
            wait = self.closed_why and not self.latch.closed
            for judged in self._register.due(window.front if wait else window.decide, window.front):
                why = Why.BLOCKED if self.closed_why else judged.why
                if not self.closed_why:
                    self.latch.decided(judged.why not in (Why.ABSENT, Why.LATE))
                self._gate.decide(judged, why, self.closed_why)
        self.closed_why = self.closed_why or self.latch.closed
        if self.closed_why and (self.latch.closed or not isinstance(window, Window)):
            self._gate.revoke(None, Why.BLOCKED, self.closed_why)
        if isinstance(window, Window):
            self._gate.overdue(window)  # those, too, that have passed the gate meanwhile
            self._gate.forget_before(window.back)
            if self.closed_why:
                self._gate.revoke_in(window, self.closed_why)
            self._confirm()
            if now >= self._tidy_at:
                self._tidy_at = now + _TIDY_NS
                self._register.forget_before(window.back - self._margin)
        self.open = not self.closed_why and isinstance(window, Window) and self._gate.open(window)
        said, self._gate.said = self._gate.said, []
        self.counts.update(one.why for one in said)
        return said

    def confirmed(self, sequence: int) -> None:
        """The actuator has taken the decision of this sequence. It counts where the sheet is not at the gate yet in the next ``tick``: what is
        heard of later may have been taken too late."""
        self._taken.append(sequence)

    def _confirm(self) -> None:
        for sequence in self._taken:
            self._gate.confirmed(sequence)
        self._taken.clear()

    def rearm(self) -> None:
        """A person has looked. The line's clock is measured anew."""
        if "clock" in self.latch.faults:
            self._clock.forget()
        self.latch.rearm()

    def clock_ms(self, now: int) -> tuple[float, float] | None:
        """The bounds of the difference between the clocks, ms; None: unknown."""
        bounds = self._clock.bounds(now)
        return None if bounds is None else (bounds.least / MILLISECOND_NS, bounds.most / MILLISECOND_NS)

    def _look_at_clock(self) -> None:
        """Where the line's clock was set, what was heard shortly before may be dated wrongly."""
        if self._clock.stepped():
            self._forget("the line's clock was set")
            self._places.forget()

    def _verdict(self, packet: Packet, now: int) -> None:
        header, camera = packet.header, packet.header.camera
        passed = passes(packet, now, self._clock.bounds(now), self._config.control is not None)
        captured = self._captured(packet, now) if isinstance(packet.body, ResultBody) else None
        if isinstance(packet.body, SheetBody):
            self._hearing.made_of(packet.body)
        for frame in frames_of(packet, MOST_LOST):
            is_there, place = self._place(packet, captured, frame)
            if not is_there:
                return
            contradicted = self._register.take(camera, Sight(frame, place, passed), header.part)
            if contradicted:
                self._gate.revoke(contradicted, Why.VERDICT, f"camera {camera}, frame {frame} says something else")

    def _strip(self, packet: Packet, now: int) -> None:
        """A frame says where the strip is, and nothing else."""
        captured = self._captured(packet, now) if isinstance(packet.body, ResultBody) else None
        for frame in frames_of(packet, MOST_LOST):
            is_there, _ = self._place(packet, captured, frame)
            if not is_there:
                return

    def _captured(self, packet: Packet, now: int) -> Captured | None:
        """When a frame was captured; None: that is not known, or cannot be true."""
        header, bounds = packet.header, self._clock.bounds(now)
        if bounds is None or header.captured_unix_ns is None:
            return None
        age = header.published_unix_ns - header.captured_unix_ns  # exact, and no message arrives before it was sent
        earliest = header.captured_unix_ns - bounds.most
        return Captured(earliest, now - age, header.captured_unix_ns) if 0 <= age <= now - earliest else None

    def _place(self, packet: Packet, captured: Captured | None, frame: int) -> tuple[bool, Place | None]:
        """Where a frame is, None: unknown; and False where it shows that nothing is any more where it was."""
        header, is_result = packet.header, isinstance(packet.body, ResultBody)
        shown = Shown(header.camera, frame, header.position_um if is_result else None, header.run)
        try:
            return True, self._places.of(shown, captured)
        except Jumped as jump:
            self._places.jumped(header.camera, frame, header.run)
            self._forget(str(jump))
            return False, None

    def _closed(self, now: int, window: Window | str) -> str:
        """Why nothing can pass at present; empty where it can."""
        if self._clock.behind:
            self.latch.fault(
                "clock",
                "messages come more than a second late: the line's clock was set back, or the network has fallen behind",
            )
        if why := self.latch.closed or self._hearing.silence(now):
            return why
        if self._clock.bounds(now) is None:
            return "the difference between the line's clock and this machine's is not known"
        return window if isinstance(window, str) else ""

    def _forget(self, why: str) -> None:
        """What was said so far is of no sheet any more."""
        self._register.clear()
        self._gate.clear(why)


def _places(config: ControllerConfig) -> Places:
    arrival = config.arrival
    hold_ms = hold_ms_of(config)
    if isinstance(arrival, TimeArrival):
        return ByTime(arrival, hold_ms)
    return ByPosition(config.cameras, arrival, hold_ms)


def _register(config: ControllerConfig) -> Register:
    cameras, sheets = tuple(one.name for one in config.cameras), config.sheets
    if sheets.length_mm is not None:
        overlaps = {one.name: round(one.overlap_mm * UM_PER_MM) for one in config.cameras}
        return StripRegister(overlaps, round(sheets.length_mm * UM_PER_MM), round(sheets.unseen_mm * UM_PER_MM))
    return KeyedRegister(cameras, sheets.frames_per_part or 1, sheets.by == "part")


def _lengths(config: ControllerConfig) -> tuple[int, int]:
    """How long what has passed is kept, and the gap between two sheets, in the coordinate of the sheets."""
    arrival = config.arrival
    if isinstance(arrival, PositionArrival):
        longest = max((one.frame_mm or 0.0) for one in config.cameras)
        return round((2 * longest + (config.sheets.length_mm or 0.0)) * UM_PER_MM), round(arrival.gap_mm * UM_PER_MM)
    return round(2 * arrival.passing_ms * MILLISECOND_NS), round(arrival.gap_ms * MILLISECOND_NS)
