"""Where a frame is, and what may be at the gate: by the position of the strip, or by time."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from inspector.client.controller.clock import MILLISECOND_NS
from inspector.client.controller.config import CoveringCamera, PositionArrival, TimeArrival
from inspector.client.controller.gate import Window
from inspector.client.controller.sights import Place
from inspector.frames.sheet import SHEET

UM_PER_MM = 1000
CLOCK_READING_NS = 20 * MILLISECOND_NS
"""The line's machine may be interrupted between readings of its two clocks, so times of two messages fit each other only so well."""


class Captured(NamedTuple):
    """When a frame was captured."""

    earliest: int
    latest: int
    """Monotonic ns of this machine."""
    unix_ns: int
    """By the line's wall clock."""


class Shown(NamedTuple):
    """What the line says of a frame."""

    camera: str
    frame: int
    position_um: int | None
    run: str | None


class Jumped(Exception):  # noqa: N818 - what happened, no error of the program
    """The position cannot be true, so that no place in the register is. The text is one line."""


class Places(Protocol):
    """Places of frames and of the gate in one coordinate."""

    def of(self, shown: Shown, captured: Captured | None) -> Place | None:
        """First and last coordinate of a frame; None: unknown. Raises Jumped."""

    def window(self, now: int) -> Window | str:
        """What may be at the gate now; or why that is not known."""

    def jumped(self, camera: str, frame: int, run: str | None) -> None:
        """The position jumped at this frame of this run: forget those before, and take none of older frames any more."""

    def forget(self) -> None:
        """Positions and frames heard so far say nothing any more."""


class _Heard(NamedTuple):
    frame: int
    position: int
    captured: Captured
    run: str | None


class ByPosition:
    """The coordinate is the position on the strip, um. The strip is somewhere between the newest position that was heard and the place to which
    it can have moved since that frame was captured: nothing is extrapolated, and everything in between has to have passed.

    A sheet of the line has a place, and says nothing of where the strip is: it is seen in several moments, by cameras that may stand elsewhere than
    positions are counted. Frames of these cameras do."""

    def __init__(self, cameras: tuple[CoveringCamera, ...], arrival: PositionArrival, hold_ms: float = 0.0) -> None:
        """``hold_ms``: the gate may stay open so long after the last decision."""
        self._lengths = {one.name: round((one.frame_mm or 0.0) * UM_PER_MM) for one in cameras}
        self._least = {
            one.name: max(0, round(((one.frame_mm or 0.0) - one.overlap_mm - arrival.jitter_mm) * UM_PER_MM))
            for one in cameras
        }
        """The strip moves at least so far from one frame to the next."""
        self._along = {one.name: round(one.along_mm * UM_PER_MM) for one in cameras}
        self._distance = round(arrival.distance_mm * UM_PER_MM)
        self._um_per_ns = arrival.fastest_m_per_s / 1000
        self._gate = self._moves(arrival.gate_ms * MILLISECOND_NS)
        self._hold = self._moves(hold_ms * MILLISECOND_NS)
        self._decide = self._moves(arrival.decide_ms * MILLISECOND_NS)
        self._stale_ns = round(arrival.stale_ms * MILLISECOND_NS)
        self._jitter = round(arrival.jitter_mm * UM_PER_MM)
        self._newest: dict[str, _Heard] = {}
        self._floor: dict[str, int] = {}
        """Frames up to this one are of before a jump."""
        self._unknown: dict[str, int] = {}
        """The last frame without a position."""
        self._seams: dict[str, tuple[int, int]] = {}
        """The frames between which a run began: the last one that was heard of the one, and the first one of the other."""
        self._newest_sheet = -1
        self._runs_over: set[str | None] = set()
        """Those of before a jump, of which sheets may still come."""

    def of(self, shown: Shown, captured: Captured | None) -> Place | None:
        """Unknown without a position, and as long as the line's clock is unknown."""
        camera, frame, position_um, run = shown
        if frame <= self._floor.get(camera, -1):
            return None
        if camera == SHEET:
            return self._of_sheet(shown, captured)
        if position_um is None:
            self._unknown[camera] = max(self._unknown.get(camera, -1), frame)
            self._go_on(camera, frame)
            return None
        if captured is None:
            return None
        heard, newest = _Heard(frame, position_um, captured, run), self._newest.get(camera)
        if newest is not None and frame != newest.frame:
            earlier, later = sorted((heard, newest))
            time_ns = min(
                later.captured.latest - earlier.captured.earliest, later.captured.unix_ns - earlier.captured.unix_ns
            )
            moved = later.position - earlier.position
            least = (later.frame - earlier.frame) * self._least.get(camera, 0) - self._jitter
            if not least <= moved <= self._moves(max(time_ns, 0) + CLOCK_READING_NS) + self._jitter:
                raise Jumped(
                    f"camera {camera}: the strip moved {moved / UM_PER_MM:.1f} mm from frame {earlier.frame} to frame {later.frame}, "
                    f"in {max(time_ns, 0) / MILLISECOND_NS:.0f} ms"
                )
        if newest is None or frame > newest.frame:
            if newest is not None and run != newest.run:
                self._seams[camera] = newest.frame, frame
                self._go_on(camera, self._unknown.get(camera, -1))
            self._newest[camera] = heard
        return self._placed(camera, position_um)

    def _of_sheet(self, shown: Shown, captured: Captured | None) -> Place | None:
        self._newest_sheet = max(self._newest_sheet, shown.frame)
        if shown.position_um is None or captured is None or shown.run in self._runs_over:
            return None
        return self._placed(SHEET, shown.position_um)

    def _placed(self, camera: str, position_um: int) -> Place:
        start = position_um - self._along.get(camera, 0)
        return Place(start, start + self._lengths.get(camera, 0))

    def window(self, now: int) -> Window | str:
        """Each camera whose position is not stale bounds it from both sides."""
        fresh = [one for one in self._newest.values() if now - one.captured.earliest <= self._stale_ns]
        if not fresh:
            return "the position of the strip is unknown or stale"
        back = max(one.position for one in fresh)
        front = min(one.position + self._moves(now - one.captured.earliest) for one in fresh)
        if front < back - self._jitter:
            return "cameras disagree about the position of the strip"
        back, now_at = back - self._distance, max(back, front) + self._jitter - self._distance + self._gate
        front = now_at + self._hold
        return Window(back - self._jitter, front, front + self._decide, now_at)

    def jumped(self, camera: str, frame: int, run: str | None) -> None:
        """Of every camera the frames heard so far are of before the jump."""
        for name, heard in [*self._newest.items(), (camera, None)]:
            newest = frame if heard is None else heard.frame
            self._floor[name] = max(self._floor.get(name, -1), newest)
        self._floor[SHEET] = self._newest_sheet
        self._runs_over = {heard.run for heard in self._newest.values()} - {run}
        self._newest.clear()
        self._seams.clear()

    def forget(self) -> None:
        """Another daemon counts frames and positions anew."""
        for known in (self._newest, self._floor, self._unknown, self._seams, self._runs_over):
            known.clear()
        self._newest_sheet = -1

    def _go_on(self, camera: str, unknown: int) -> None:
        """Raises Jumped where a run began beside a frame without a position: positions may begin anew there, and need not look like it."""
        before, after = self._seams.get(camera, (0, 0))
        if before < unknown < after:
            raise Jumped(f"camera {camera}: its positions were unknown until a run began, and count from there")

    def _moves(self, time_ns: float) -> int:
        """How far the strip moves at most in this time, um."""
        return int(time_ns * self._um_per_ns) + 1


class ByTime:
    """The coordinate is the moment of capture, monotonic ns: what was captured ``transport_ms`` ago is at the gate."""

    def __init__(self, arrival: TimeArrival, hold_ms: float = 0.0) -> None:
        """``hold_ms``: the gate may stay open so long after the last decision."""
        transport, tolerance = arrival.transport_ms * MILLISECOND_NS, arrival.tolerance_ms * MILLISECOND_NS
        self._passing = round(arrival.passing_ms * MILLISECOND_NS)
        self._back = round(transport + tolerance)
        self._now = round(transport - tolerance - arrival.gate_ms * MILLISECOND_NS)
        self._front = self._now - round(hold_ms * MILLISECOND_NS)
        self._decide = round(arrival.decide_ms * MILLISECOND_NS)

    def of(self, shown: Shown, captured: Captured | None) -> Place | None:
        """From the earliest moment of its capture until it has passed, at the latest; how long its message travelled is the slack."""
        if captured is None:
            return None
        earliest, latest, _ = captured
        return Place(earliest, latest + self._passing, latest - earliest)

    def window(self, now: int) -> Window | str:
        """By this machine's clock alone."""
        return Window(now - self._back, now - self._front, now - self._front + self._decide, now - self._now)

    def jumped(self, camera: str, frame: int, run: str | None) -> None:
        """Times do not jump."""

    def forget(self) -> None:
        """Nothing is kept."""
