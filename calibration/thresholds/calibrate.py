"""From observations to an operating point: gate threshold for a miss-rate target, mask thresholds by metric, and how they were chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.thresholds.drift_reference import drift_reference
from calibration.thresholds.figures import figures
from calibration.thresholds.gate_threshold import GateChoice, choose_gate_threshold
from calibration.thresholds.independent_units import IndependentUnits, make_units, size_weights
from calibration.thresholds.mask_thresholds import MaskChoices, Metric, choose_masks
from calibration.thresholds.miss_rate_target import MissRateTarget, percent
from calibration.thresholds.observe import Observations
from calibration.thresholds.trade_off import Costs, TradeOff, trade_offs
from engines.errors import DataError
from engines.metrics.clopper_pearson import rate_upper_bound
from engines.metrics.confusion import Confusion
from engines.operating_point import OperatingPoint

MASK_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def default_areas_px(height: int, width: int) -> tuple[int, ...]:
    """Minimum areas to try: from nothing up to 1/512 of the frame."""
    return (1, *(max(2, round(height * width / part)) for part in (8192, 4096, 2048, 1024, 512)))


@dataclass(frozen=True)
class CalibrationRequest:
    """What the user asks for."""

    target: MissRateTarget = field(default_factory=MissRateTarget)
    metric: Metric = "balanced"
    """What mask thresholds and minimum areas are chosen for."""
    false_defects_per_frame: float = 0.1
    """Budget of the metric ``recall``."""
    costs: Costs | None = None
    defect_rate: float = 0.05
    """Share of the line's sheets that are defective: the reference for the drift watch is weighted by it."""


@dataclass(frozen=True)
class Calibration:
    """An operating point and everything that led to it."""

    point: OperatingPoint
    target: MissRateTarget
    gate: GateChoice
    masks: MaskChoices | None
    """None where the bundle's own mask thresholds were kept."""
    curve: list[TradeOff]
    figures: dict[str, Any]
    """What the point does on the frames it was chosen on: optimistic."""
    missed_by_class: dict[str, dict[str, Any]]
    unit: str
    """What ``gate`` counts: "frames" or "groups of frames"."""
    blank_note: str = ""
    """A sentence about frames that a line would not inspect because they show nothing; empty where there were none."""

    @property
    def summary(self) -> str:
        """One line: that the target is met, or which bound holds instead and how many frames would be enough."""
        return _summary(self.target, self.gate, self.unit)

    @property
    def cheapest(self) -> TradeOff | None:
        """The point of the curve that costs least; None where no costs were given."""
        priced = [point for point in self.curve if point.cost_per_1000 is not None]
        return min(priced, key=lambda point: (point.cost_per_1000 or 0.0, -point.threshold), default=None)


def calibrate(
    seen: Observations,
    classes: Sequence[str],
    request: CalibrationRequest,
    metadata: dict[str, Any],
    version: int = 1,
    keep_masks: bool = False,
) -> Calibration:
    """Choose the operating point of a bundle on ``seen``.

    ``metadata`` (data, split, date, bundle, device) goes into the point's ``chosen`` as it is. With ``keep_masks`` the grid of ``seen``
    is the single pair of the bundle's own point, which stays. Raises DataError where the frames allow no choice at all.
    """
    target = request.target
    units, unit = _units(seen, target)
    gate = choose_gate_threshold(units, seen.scores, target)
    let_through = seen.scores.astype(np.float64) >= gate.threshold
    try:
        behind = seen.counts.behind(let_through).of(seen.located)
        masks = choose_masks(behind, request.metric, false_defects_per_frame=request.false_defects_per_frame)
    except ValueError as error:
        raise DataError(str(error)) from None
    at = seen.counts.at(masks.index)
    frames = Confusion.of(let_through, seen.defective)
    point = OperatingPoint(
        version=version,
        gate_threshold=gate.threshold,
        mask_thresholds={name: choice.threshold for name, choice in zip(classes, masks.classes, strict=True)},
        minimum_area_px={name: choice.minimum_area_px for name, choice in zip(classes, masks.classes, strict=True)},
        chosen={
            **metadata,
            "frames": _frames(seen),
            "gate": _gate(target, gate, frames, unit),
            "masks": {"kept_from": metadata.get("bundle")} if keep_masks else _masks(masks, request, seen),
        },
        reference=drift_reference(seen, gate.threshold, request.defect_rate),
    )
    return Calibration(
        point=point,
        target=target,
        gate=gate,
        masks=None if keep_masks else masks,
        curve=trade_offs(seen.scores, seen.defective, at.any_marked(), target.confidence, request.costs),
        figures=figures(seen.scores, at, seen.located, classes, gate.threshold),
        missed_by_class=_missed_by_class(seen, let_through, classes, target.confidence),
        unit=unit,
    )


def _units(seen: Observations, target: MissRateTarget) -> tuple[IndependentUnits, str]:
    """The defective units, and what one is called."""
    use: NDArray[np.bool_] = seen.defective & (seen.located if target.by_size else True)
    if not use.any():
        raise DataError(
            "no defective frame whose mask is known is among the frames; a gate threshold weighted by size needs them"
            if target.by_size
            else "no defective frame is among the frames; a gate threshold needs them: choose another part or data set"
        )
    groups = [group for group, used in zip(seen.groups, use, strict=True) if used]
    weights = size_weights(seen.defective_px[use], target.size_cap_px) if target.by_size else np.ones(len(groups))
    unit = "frames" if len(set(groups)) == len(groups) else "groups of frames"
    return make_units(seen.scores[use], weights, groups), unit


def _frames(seen: Observations) -> dict[str, int]:
    return {
        "defective": int(seen.defective.sum()),
        "clean": int((~seen.defective).sum()),
        "not_located": int((~seen.located).sum()),
        "groups": len(set(seen.groups)),
    }


def _gate(target: MissRateTarget, gate: GateChoice, frames: Confusion, unit: str) -> dict[str, Any]:
    asked = {key: value for key, value in asdict(target).items() if target.by_size or key != "size_cap_px"}
    return {
        "target": asked,
        "met": gate.met,
        "summary": _summary(target, gate, unit),
        "bound": round(gate.bound, 6),
        "unit": unit,
        "missed_units": gate.missed,
        "units": gate.units,
        "missed_frames": frames.fn,
        "defective_frames": frames.defective,
        "clean_passed_on": frames.fp,
        "clean_frames": frames.clean,
    }


def _masks(masks: MaskChoices, request: CalibrationRequest, seen: Observations) -> dict[str, Any]:
    recall = masks.metric == "recall"
    budget = {"false_defects_per_frame": request.false_defects_per_frame} if recall else {}
    grid = seen.counts.grid
    return {
        "metric": masks.metric,
        **budget,
        "value": round(masks.value, 4),
        "behind_the_gate": True,
        "thresholds_tried": sorted({value for values in grid.thresholds for value in values}),
        "areas_px_tried": sorted({value for values in grid.areas_px for value in values}),
    }


def _missed_by_class(
    seen: Observations, let_through: NDArray[np.bool_], classes: Sequence[str], confidence: float
) -> dict[str, dict[str, Any]]:
    """Frames of each class that the gate stops; a bound for each, not for all together."""
    table = {}
    for k, name in enumerate(classes):
        own = np.array([k in holds for holds in seen.holds], bool)
        missed, count = int((own & ~let_through).sum()), int(own.sum())
        table[name] = {
            "missed": missed,
            "frames": count,
            "bound": round(rate_upper_bound(missed, count, confidence), 4),
        }
    return table


def _summary(target: MissRateTarget, gate: GateChoice, unit: str) -> str:
    counted = f"{gate.missed} of {gate.units} defective {unit} missed"
    how = "on average" if target.method == "conformal" else f"with {percent(target.confidence)} confidence"
    bound = f"{percent(gate.bound)} {how}"
    if gate.met:
        return f"met: {target.description} ({counted}, so at most {bound})"
    about = "about " if target.by_size else ""
    needed = f"{about}{gate.needed_without_miss} defective {unit} would be needed with none missed"
    if gate.missed:
        needed += f", {about}{gate.needed_with_misses} with {gate.missed} missed"
    return f"not met: {target.description}: {counted} allows no more than {bound}; {needed}"
