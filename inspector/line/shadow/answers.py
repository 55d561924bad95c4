"""What a bundle said of a frame, and how two answers differ."""

from __future__ import annotations

from collections import Counter

from inspector.frames.outcome import BundleIdentity, Outcome, Reason, Verdict
from inspector.protocol.shadow_report import ShadowAnswer


def name_of(identity: BundleIdentity) -> str:
    """Bundle and operating point: a candidate may be the same bundle with other thresholds."""
    return f"{identity.bundle}@{identity.operating_point}"


def answer_of(outcome: Outcome, *, late: bool = False) -> ShadowAnswer | None:
    """The answer in an outcome; None where the bundle gave none."""
    identity = outcome.bundle
    if outcome.verdict is Verdict.UNINSPECTED or identity is None:
        return None
    return ShadowAnswer(
        bundle=identity.bundle,
        operating_point=identity.operating_point,
        verdict=outcome.verdict.value,
        reason=outcome.reason.value,
        detail=outcome.detail,
        gate_score=outcome.gate_score,
        let_through=outcome.reason is not Reason.GATE_CLEAN,
        defects=dict(Counter(defect.class_name for defect in outcome.defects)),
        pixels=dict(zip(identity.classes, outcome.pixels, strict=True)) if outcome.pixels else {},
        late=late,
    )


def difference(active: ShadowAnswer, shadow: ShadowAnswer) -> str:
    """How two answers differ: the first of ``verdict``, ``classes`` (other classes of defects) and ``gate``; empty where they agree. How many
    defects there are, where and how large, is no difference."""
    if active.verdict != shadow.verdict:
        return "verdict"
    if active.defects.keys() != shadow.defects.keys():
        return "classes"
    return "gate" if active.let_through != shadow.let_through else ""
