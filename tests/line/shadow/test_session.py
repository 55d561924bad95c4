"""Two answers of a frame are paired and compared, whichever comes first, and memory stays bounded where one never comes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from inspector.frames.clock import now_ns
from inspector.frames.leased_frame import Inspected, LeasedFrame
from inspector.frames.leases import Holder, SlotLeases
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import BundleIdentity, Defect, Outcome, Reason, Verdict
from inspector.frames.size import FrameSize
from inspector.inference.state import State
from inspector.line.shadow.answers import name_of
from inspector.line.shadow.figures import report, share
from inspector.line.shadow.session import MOST_OPEN, Session
from tests.line.shadow.candidates import ListedRecords

ACTIVE, SUCCESSOR, SHADOW = (
    BundleIdentity(bundle=name, operating_point="p1", classes=("dark", "bright"), size=FrameSize(8, 16))
    for name in ("active-1", "active-2", "shadow-1")
)
JUDGES: Any = None
LEASE = SlotLeases(1).acquire(Holder("camera"))


def clean(bundle: BundleIdentity) -> Outcome:
    return Outcome(verdict=Verdict.PASS, reason=Reason.GATE_CLEAN, gate_score=0.1, bundle=bundle)


def segmented(bundle: BundleIdentity, verdict: Verdict, defects: str = "", pixels: tuple[int, int] = (0, 0)) -> Outcome:
    found = tuple(
        Defect(
            class_name=name,
            score=0.9,
            area_px=9,
            bbox_px=(0, 0, 3, 3),
            centroid_px=(1, 1),
            length_px=3,
            width_px=3,
            area_mm2=None,
            length_mm=None,
            width_mm=None,
            x_mm=None,
            position_um=None,
        )
        for name in defects.split()
    )
    reason = Reason.DEFECT if found else Reason.NO_DEFECT
    return Outcome(verdict=verdict, reason=reason, gate_score=0.9, pixels=pixels, defects=found, bundle=bundle)


class Bench:
    """A session, and the two bundles as far as it looks at them."""

    def __init__(self, share: float = 1.0) -> None:
        self.records = ListedRecords()
        self.session = Session(SHADOW, share, self.records, epoch="e", most_held=4, started_unix_ns=1)
        self.active: Any = SimpleNamespace(identity=ACTIVE, behind=False)
        self.shadow: Any = SimpleNamespace(held=0, supervisor=SimpleNamespace(state=State.READY))

    def meta(self, frame: int, deadline_s: float | None = 100.0, age_s: float = 0.0) -> FrameMeta:
        captured = now_ns() - int(age_s * 1e9)
        due = None if deadline_s is None else captured + int(deadline_s * 1e9)
        return FrameMeta(camera="top", frame=frame, captured_ns=captured, deadline_ns=due, run="r")

    def wants(self, meta: FrameMeta) -> bool:
        return self.session.wants(meta, self.active, self.shadow)

    def show(self, meta: FrameMeta, outcome: Outcome, *, shadow: bool) -> None:
        assert LEASE is not None
        self.session.inspected(Inspected(LeasedFrame(LEASE, meta, JUDGES, shadow), outcome, None))

    def compare(self, frame: int, active: Outcome, shadow: Outcome, *, shadow_first: bool = False) -> None:
        meta = self.meta(frame)
        assert self.wants(meta)
        for is_shadow in (shadow_first, not shadow_first):
            self.show(meta, shadow if is_shadow else active, shadow=is_shadow)

    def report(self) -> Any:
        self.session.close()
        made = report(self.session.comparisons(), self.records.disagreements, state="ended")
        return made.comparisons[0]


@pytest.mark.parametrize("shadow_first", [False, True])
def test_what_differs_is_told_by_its_gravest_kind(shadow_first: bool) -> None:
    bench = Bench()
    pairs = [
        (clean(ACTIVE), clean(SHADOW)),
        (clean(ACTIVE), segmented(SHADOW, Verdict.PASS)),
        (clean(ACTIVE), segmented(SHADOW, Verdict.REJECT, "dark", (20, 0))),
        (segmented(ACTIVE, Verdict.SCRAP, "dark", (40, 0)), segmented(SHADOW, Verdict.REJECT, "dark", (20, 0))),
        (segmented(ACTIVE, Verdict.REJECT, "dark", (30, 5)), segmented(SHADOW, Verdict.REJECT, "bright", (0, 10))),
        (segmented(ACTIVE, Verdict.REJECT, "dark dark", (9, 0)), segmented(SHADOW, Verdict.REJECT, "dark", (9, 0))),
    ]
    for frame, (active, shadow) in enumerate(pairs):
        bench.compare(frame, active, shadow, shadow_first=shadow_first)
    made = bench.report()
    assert [(one.frame, one.kind) for one in bench.records.disagreements] == [
        (1, "gate"),
        (2, "verdict"),
        (3, "verdict"),
        (4, "classes"),
    ]
    assert [(one.frame, one.run, one.shadow.verdict) for one in made.frames][1:3] == [
        (2, "r", "REJECT"),
        (3, "r", "REJECT"),
    ]
    assert (made.compared, made.disagreed.count, made.changed.count) == (6, 4, 2)
    assert (made.stricter.count, made.laxer.count, made.sample.gate) == (1, 1, {"shadow": 2})
    assert made.verdicts["SCRAP"] == {"PASS": 0, "REJECT": 1, "SCRAP": 0}
    dark = next(one for one in made.classes if one.name == "dark")
    assert (dark.counts.active, dark.counts.shadow, dark.counts.both) == (3, 3, 2)
    assert (dark.no_longer.count, dark.newly.count) == (1, 1)
    assert dark.pixel_agreement == (20 + 0 + 9) / (40 + 30 + 9)


def test_the_shadow_is_the_first_to_get_nothing() -> None:
    bench = Bench()
    assert bench.wants(bench.meta(0))
    assert not bench.wants(bench.meta(9, age_s=30.0)), "it was captured before the session began"
    bench.session._begun_ns = 0
    assert not bench.wants(bench.meta(1, age_s=30.0)), "it came late already"
    bench.active.behind = True
    assert not bench.wants(bench.meta(2))
    assert bench.wants(bench.meta(3, deadline_s=None)), "without a deadline nothing can come too late"
    bench.active.behind = False
    bench.shadow.held = 4
    assert not bench.wants(bench.meta(4))
    bench.shadow.held, bench.shadow.supervisor.state = 0, State.RESTARTING
    assert not bench.wants(bench.meta(5))
    bench.session.no_slot(bench.meta(3))
    found = bench.report().sample
    assert found.skipped == {"line_behind": 2, "shadow_busy": 1, "not_ready": 1, "no_slot": 1}
    assert (found.frames, found.chosen, found.unanswered) == (6, 6, {"active none": 1})


def test_a_late_answer_is_compared_and_counted_apart_and_what_was_not_inspected_is_not_compared() -> None:
    bench = Bench()
    meta = bench.meta(0, deadline_s=1e-6)
    bench.session._expect(meta, bench.session._counts_of("top", ACTIVE))
    bench.show(meta, clean(ACTIVE), shadow=False)
    bench.show(meta, segmented(SHADOW, Verdict.REJECT, "dark"), shadow=True)
    down = Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.ENGINE_DOWN)
    bench.compare(1, down, clean(SHADOW))
    bench.compare(2, clean(ACTIVE), down)
    made = bench.report()
    assert (made.compared, made.sample.late, made.frames[0].active.late) == (1, 1, True)
    assert made.sample.unanswered == {"active engine_down": 1, "shadow engine_down": 1}


def test_frames_without_their_second_answer_do_not_pile_up() -> None:
    bench = Bench()
    for frame in range(3 * MOST_OPEN):
        assert bench.wants(bench.meta(frame))
    assert len(bench.session._open) == MOST_OPEN
    bench.show(bench.meta(0), clean(ACTIVE), shadow=False)  # one that was given up
    assert bench.report().sample.unanswered == {"active none": 3 * MOST_OPEN}


def test_counts_are_those_of_the_bundle_that_was_active_and_a_second_session_is_told_apart() -> None:
    bench = Bench()
    bench.compare(0, clean(ACTIVE), clean(SHADOW))
    bench.active.identity = SUCCESSOR
    bench.compare(1, clean(SUCCESSOR), segmented(SHADOW, Verdict.REJECT, "dark"))
    rows = bench.session.comparisons()
    assert [(one.active_bundle, one.compared, one.agreed) for one in rows] == [
        (name_of(ACTIVE), 1, 1),
        (name_of(SUCCESSOR), 1, 0),
    ]
    later = [msgspec.structs.replace(one, started_unix_ns=2**62) for one in rows[:1]]
    made = report([*rows, *later], bench.records.disagreements, state="ended")
    assert (made.started_unix_ns, len(made.comparisons)) == (2**62, 1)
    assert made.comparisons[0].frames == ()


def test_a_share_says_what_may_still_be() -> None:
    none, some, nothing = share(0, 300), share(3, 300), share(0, 0)
    assert none.low == 0
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 300))
    # Clopper and Pearson's interval of 3 in 300, from R's binom.test.
    assert (some.low, some.high) == (pytest.approx(0.002068, abs=1e-5), pytest.approx(0.028946, abs=1e-4))
    assert (nothing.share, nothing.low, nothing.high) == (None, None, None)
