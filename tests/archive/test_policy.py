"""What a frame is evidence of, and which class of evidence finds room."""

from __future__ import annotations

from typing import Any

import pytest

from engines.operating_point import OperatingPoint
from inspector.archive.entry import Evidence
from inspector.archive.policy import Found, Policy
from inspector.archive.room import Room
from inspector.config.archive import ArchiveConfig, CleanConfig, KeptConfig, UncertainConfig
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import BundleIdentity, Outcome, Reason, Verdict
from inspector.frames.size import FrameSize

BUNDLE = BundleIdentity(bundle="b", operating_point="o", classes=("dark", "bright"), size=FrameSize(32, 48))
POINT = OperatingPoint(gate_threshold=0.5, mask_thresholds={"dark": 0.6, "bright": 0.4})


def frame(number: int = 0) -> FrameMeta:
    return FrameMeta(camera="top", frame=number, captured_ns=0)


def outcome(verdict: Verdict = Verdict.PASS, reason: Reason = Reason.NO_DEFECT, **more: Any) -> Outcome:
    return Outcome(verdict=verdict, reason=reason, bundle=BUNDLE, **more)


def policy(**sections: Any) -> Policy:
    return Policy(ArchiveConfig(clean=CleanConfig(share=0.0), **sections), lambda identity: POINT)


@pytest.mark.parametrize(
    ("gate", "scores", "worth"),
    [
        (0.5, (), 1.0),
        (0.45, (), 0.0),
        (0.4499, (), None),
        (0.525, (), 0.5),
        (0.9, (0.1, 0.1), None),
        (0.9, (0.575, 0.0), 0.5),
        (0.9, (0.0, 0.4), 1.0),
        (None, (0.62, 0.0), 0.6),
    ],
)
def test_a_passed_frame_is_uncertain_by_its_distance_from_the_nearest_threshold(
    gate: float | None, scores: tuple[float, ...], worth: float | None
) -> None:
    found = policy().found(frame(), outcome(gate_score=gate, scores=scores))
    if worth is None:
        assert found is None
    else:
        assert found is not None
        assert found.evidence is Evidence.UNCERTAIN
        assert found.worth == pytest.approx(worth, abs=1e-6)


def test_a_verdict_decides_before_any_threshold_does() -> None:
    near = {"gate_score": 0.5}
    asked = policy()
    for verdict, evidence in ((Verdict.SCRAP, Evidence.SCRAP), (Verdict.REJECT, Evidence.REJECT)):
        assert asked.found(frame(), outcome(verdict, Reason.DEFECT, **near)) == Found(evidence, 0.0)
    assert asked.found(frame(), outcome(Verdict.UNINSPECTED, Reason.DEADLINE, **near)) is None


def test_classes_that_are_not_kept_are_not_kept() -> None:
    off = KeptConfig(keep=False)
    asked = policy(scrap=off, disagreement=off, uncertain=UncertainConfig(keep=False))
    assert asked.found(frame(), outcome(Verdict.SCRAP, Reason.DEFECT)) is None
    assert asked.found(frame(), outcome(gate_score=0.5)) is None
    assert asked.disagreement("verdict") is None
    assert asked.found(frame(), outcome(Verdict.REJECT, Reason.DEFECT)) is not None


def test_thresholds_of_a_bundle_that_is_not_loaded_any_more_make_nothing_uncertain() -> None:
    assert (
        Policy(ArchiveConfig(clean=CleanConfig(share=0.0)), lambda identity: None).found(
            frame(), outcome(gate_score=0.5)
        )
        is None
    )


def test_a_share_of_the_clean_frames_is_kept_the_same_ones_each_time() -> None:
    def chosen(share: float) -> set[int]:
        asked = Policy(ArchiveConfig(clean=CleanConfig(share=share)), lambda identity: POINT)
        return {n for n in range(5000) if asked.found(frame(n), outcome(gate_score=0.1)) == Found(Evidence.CLEAN, 0.0)}

    assert chosen(0.0) == set()
    assert 400 < len(chosen(0.1)) < 600
    assert chosen(0.1) == chosen(0.1) <= chosen(0.2)


@pytest.mark.parametrize(
    ("evidence", "leases", "frames"),
    [
        (Evidence.SCRAP, 8, 100),
        (Evidence.REJECT, 7, 90),
        (Evidence.DISAGREEMENT, 4, 60),
        (Evidence.UNCERTAIN, 4, 50),
        (Evidence.CLEAN, 2, 30),
    ],
)
def test_the_less_worthy_find_no_room_before_the_more_worthy(evidence: Evidence, leases: int, frames: int) -> None:
    room = Room(leases=8, memory_bytes=1000)
    while room.is_for(evidence, 10):
        room.leased += 1
    assert room.leased == leases
    room.leased = 0
    while room.is_for(evidence, 10):
        room.waiting_bytes += 10
    assert room.waiting_bytes == 10 * frames


def test_a_frame_that_is_larger_than_all_memory_has_room_alone() -> None:
    room = Room(leases=1, memory_bytes=1000)
    assert room.is_for(Evidence.CLEAN, 5000)
    room.waiting_bytes = 5000
    assert not room.is_for(Evidence.SCRAP, 1)
