"""From observations to an operating point: gate threshold by promise, mask thresholds by metric, and the facts of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.thresholds.bounds import miss_rate_bound
from calibration.thresholds.curve import Costs, TradeOff, trade_offs
from calibration.thresholds.figures import figures
from calibration.thresholds.gate_threshold import GateChoice, Kept, count_at, keep_promise
from calibration.thresholds.mask_thresholds import MaskChoices, Metric, choose_masks
from calibration.thresholds.observe import Observations
from calibration.thresholds.promise import Promise, percent
from calibration.thresholds.units import Units, make_units, size_weights
from engines.errors import DataError
from engines.operating_point import OperatingPoint

MASK_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def default_areas_px(height: int, width: int) -> tuple[int, ...]:
    """Minimum areas to try: from nothing up to 1/512 of the frame."""
    return (1, *(max(2, round(height * width / part)) for part in (8192, 4096, 2048, 1024, 512)))


@dataclass(frozen=True)
class Wishes:
    """What the user asks for."""

    promise: Promise = field(default_factory=Promise)
    metric: Metric = "balanced"
    false_defects_per_frame: float = 0.1
    """Budget of the metric ``recall``."""
    costs: Costs | None = None


@dataclass(frozen=True)
class Calibration:
    """An operating point and everything that led to it."""

    point: OperatingPoint
    promise: Promise
    kept: Kept
    gate: GateChoice
    """The same threshold, frame by frame."""
    masks: MaskChoices | None
    """None where the bundle's own mask thresholds were kept."""
    curve: list[TradeOff]
    figures: dict[str, Any]
    """What the point does on the frames it was chosen on: flattering."""
    missed_by_class: dict[str, dict[str, Any]]
    unit: str

    @property
    def sentence(self) -> str:
        """One line: what holds, or what does not and how many frames would mend it."""
        return _sentence(self.promise, self.kept, self.unit)

    @property
    def cheapest(self) -> TradeOff | None:
        """The point of the curve that costs least; None where no costs were given."""
        priced = [point for point in self.curve if point.cost_per_1000 is not None]
        return min(priced, key=lambda point: (point.cost_per_1000 or 0.0, -point.threshold), default=None)


def calibrate(
    seen: Observations,
    classes: Sequence[str],
    wishes: Wishes,
    facts: dict[str, Any],
    version: int = 1,
    keep_masks: bool = False,
) -> Calibration:
    """Choose the operating point of a bundle on ``seen``.

    ``facts`` (data, split, date, bundle, device) go into the point's ``chosen`` as they are. With ``keep_masks`` the options of ``seen``
    are the single pair of the bundle's own point, which stays. Raises DataError where the frames allow no choice at all.
    """
    promise = wishes.promise
    units, unit = _units(seen, promise)
    kept = keep_promise(units, seen.scores, promise)
    gate = count_at(kept.threshold, seen.scores, seen.defective)
    let_through = seen.scores.astype(np.float64) >= kept.threshold
    try:
        behind = seen.counts.behind(let_through).of(seen.located)
        masks = choose_masks(behind, wishes.metric, false_defects_per_frame=wishes.false_defects_per_frame)
    except ValueError as error:
        raise DataError(str(error)) from None
    at = seen.counts.at(masks.index)
    point = OperatingPoint(
        version=version,
        gate_threshold=kept.threshold,
        mask_thresholds={name: choice.threshold for name, choice in zip(classes, masks.classes, strict=True)},
        minimum_area_px={name: choice.minimum_area_px for name, choice in zip(classes, masks.classes, strict=True)},
        chosen={
            **facts,
            "frames": _frame_facts(seen),
            "gate": _gate_facts(promise, kept, gate, unit),
            "masks": {"kept_from": facts.get("bundle")} if keep_masks else _mask_facts(masks, wishes, seen),
        },
    )
    return Calibration(
        point=point,
        promise=promise,
        kept=kept,
        gate=gate,
        masks=None if keep_masks else masks,
        curve=trade_offs(seen.scores, seen.defective, at.any_marked(), promise.confidence, wishes.costs),
        figures=figures(seen.scores, at, seen.located, classes, kept.threshold),
        missed_by_class=_missed_by_class(seen, let_through, classes, promise.confidence),
        unit=unit,
    )


def _units(seen: Observations, promise: Promise) -> tuple[Units, str]:
    """The defective units, and what one is called."""
    use: NDArray[np.bool_] = seen.defective & (seen.located if promise.by_size else True)
    if not use.any():
        raise DataError(
            "no defective frame whose mask is known is among the frames; a gate threshold weighted by size needs them"
            if promise.by_size
            else "no defective frame is among the frames; a gate threshold needs them: choose another part or data set"
        )
    groups = [group for group, used in zip(seen.groups, use, strict=True) if used]
    weights = size_weights(seen.defective_px[use], promise.size_cap_px) if promise.by_size else np.ones(len(groups))
    unit = "frames" if len(set(groups)) == len(groups) else "groups of frames"
    return make_units(seen.scores[use], weights, groups), unit


def _frame_facts(seen: Observations) -> dict[str, int]:
    return {
        "defective": int(seen.defective.sum()),
        "clean": int((~seen.defective).sum()),
        "not_located": int((~seen.located).sum()),
        "groups": len(set(seen.groups)),
    }


def _gate_facts(promise: Promise, kept: Kept, gate: GateChoice, unit: str) -> dict[str, Any]:
    asked = {key: value for key, value in asdict(promise).items() if promise.by_size or key != "size_cap_px"}
    return {
        "asked": asked,
        "kept": kept.kept,
        "says": _sentence(promise, kept, unit),
        "bound": round(kept.bound, 6),
        "unit": unit,
        "missed_units": kept.missed,
        "units": kept.units,
        "missed_frames": gate.missed,
        "defective_frames": gate.defective,
        "clean_passed_on": gate.passed_on,
        "clean_frames": gate.clean,
    }


def _mask_facts(masks: MaskChoices, wishes: Wishes, seen: Observations) -> dict[str, Any]:
    budget = {"false_defects_per_frame": wishes.false_defects_per_frame} if masks.metric == "recall" else {}
    options = seen.counts.options
    return {
        "metric": masks.metric,
        **budget,
        "value": round(masks.value, 4),
        "behind_the_gate": True,
        "thresholds_tried": sorted({value for values in options.thresholds for value in values}),
        "areas_px_tried": sorted({value for values in options.areas_px for value in values}),
    }


def _missed_by_class(
    seen: Observations, let_through: NDArray[np.bool_], classes: Sequence[str], confidence: float
) -> dict[str, dict[str, Any]]:
    """Frames of each class that the gate stops; a bound for each, not for all together."""
    table = {}
    for k, name in enumerate(classes):
        own = np.array([k in holds for holds in seen.holds], bool)
        missed, count = int((own & ~let_through).sum()), int(own.sum())
        bound = round(miss_rate_bound(missed, count, confidence), 4) if count else 1.0
        table[name] = {"missed": missed, "frames": count, "bound": bound}
    return table


def _sentence(promise: Promise, kept: Kept, unit: str) -> str:
    counted = f"{kept.missed} of {kept.units} defective {unit} missed"
    bound = f"{percent(kept.bound)} {'on average' if promise.method == 'conformal' else f'with {percent(promise.confidence)} confidence'}"
    if kept.kept:
        return f"kept: {promise.words} ({counted}, so at most {bound})"
    about = "about " if promise.by_size else ""
    needed = f"{about}{kept.needed_without_miss} defective {unit} would be needed with none missed"
    if kept.missed:
        needed += f", {about}{kept.needed_with_misses} with {kept.missed} missed"
    return f"cannot be kept: {promise.words}: {counted} allows no more than {bound}; {needed}"
