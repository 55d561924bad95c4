"""What frames were like: the reference for the drift watch, of the frames that the operating point is chosen on."""

from __future__ import annotations

from calibration.thresholds.observe import Observations
from engines.drift.build import ReferenceBuilder
from engines.drift.reference import Reference


def drift_reference(seen: Observations, gate_threshold: float, defect_rate: float) -> Reference | None:
    """The reference of ``seen``; None where too few of its frames are clean or show anything.

    A calibration set has many more defects than the line. The frames are weighted as if ``defect_rate`` of them were defective, so that the
    distribution of the gate's score is that of the line.
    """
    builder = ReferenceBuilder()
    defective = []
    for look, score, bad in zip(seen.looks, seen.scores, seen.defective, strict=True):
        if look is not None:
            builder.add(look, float(score))
            defective.append(bool(bad))
    bad_frames = sum(defective)
    clean_frames = len(defective) - bad_frames
    if not clean_frames:
        return None
    weights = (1 - defect_rate) / clean_frames, defect_rate / max(bad_frames, 1)
    return builder.reference(gate_threshold, [weights[bad] for bad in defective])
