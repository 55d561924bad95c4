"""Calibrates a bundle on a data set: loads engines as the line does, runs them over frames they never saw, chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np

from calibration.thresholds.calibrate import MASK_THRESHOLDS, Calibration, Wishes, calibrate, default_areas_px
from calibration.thresholds.figures import figures
from calibration.thresholds.mask_counts import Options
from calibration.thresholds.observe import Observations, observe
from engines.bundle import Bundle
from engines.data.dataset import Dataset, LabelledFrame
from engines.data.split import TRAINING, Split
from engines.errors import DataError
from engines.runtime.load import load_engines

Progress = Callable[[int], None]


def _silent(done: int) -> None:
    """No progress shown."""


@dataclass(frozen=True)
class Part:
    """Frames to calibrate on, and where they come from."""

    dataset: Dataset
    split: Split | None
    name: str | None
    """None: all frames of the data set."""
    frames: tuple[LabelledFrame, ...]

    @property
    def facts(self) -> dict[str, Any]:
        """For ``chosen``."""
        return {
            "data": {"name": self.dataset.name, "id": self.dataset.id},
            "split": self.split.id if self.split else None,
            "part": self.name,
        }


@dataclass(frozen=True)
class Trial:
    """Frames, and the bundle that answers for them: the one to calibrate, or a sister of it (see ``calibration.thresholds.folds``)."""

    bundle: Bundle
    part: Part


def choose_part(dataset: Dataset, split: Split | None, name: str | None) -> Part:
    """The frames of part ``name`` of the split, or all frames without a split.

    Raises DataError for a part that is not there or empty, or for the part the networks learned from, where any promise would be void.
    """
    if split is None:
        frames = dataset.frames
    elif name is None:
        raise DataError("split: name the part to calibrate on")
    elif name == TRAINING:
        raise DataError("part 'training': the networks know these frames; calibrate on a part that was held out")
    else:
        frames = split.frames(dataset, name)
    frames = tuple(frame for frame in frames if not frame.training_only)
    if not frames:
        raise DataError(f"{dataset.name}: part {name!r} holds no frame to calibrate on; choose another")
    return Part(dataset, split, name if split else None, frames)


def require_fit(bundle: Bundle, part: Part) -> None:
    """Raise DataError unless the frames have the bundle's size and classes and, as far as the bundle tells, were held out."""
    data = part.dataset
    if (data.height, data.width) != (bundle.height, bundle.width):
        raise DataError(
            f"{data.name}: frames are {data.height}x{data.width}, those of the bundle {bundle.id} are "
            f"{bundle.height}x{bundle.width}; calibrate on frames of its own size"
        )
    if data.classes != bundle.classes:
        raise DataError(
            f"{data.name}: classes are {', '.join(data.classes)}; those of the bundle {bundle.id} are "
            f"{', '.join(bundle.classes)}; name the data set's classes in its dataset.yaml as the bundle does, in its order"
        )
    for name, network in bundle.manifest.training.get("networks", {}).items():
        if network["data_id"] != data.id:
            continue
        if part.split is None:
            raise DataError(
                f"{data.name}: the {name} was trained on frames of this data; give the split file of the training with --split"
            )
        if network["split_id"] != part.split.id:
            raise DataError(
                f"{data.name}: the {name} was trained with split {network['split_id']}, this is {part.split.id}; it may know "
                "these frames: give the split file of the training with --split"
            )
        if part.name in network.get("trained_on", ()):
            raise DataError(
                f"part {part.name!r}: the {name} of {bundle.id} learnt from it; take a part that it was not trained on "
                f"({', '.join(name for name in part.split.parts if name not in network['trained_on']) or 'there is none'})"
            )


def calibrate_bundle(
    bundle: Bundle,
    trials: Sequence[Trial],
    wishes: Wishes,
    *,
    thresholds: Sequence[float] = MASK_THRESHOLDS,
    areas_px: Sequence[int] | None = None,
    keep_masks: bool = False,
    precision: str = "auto",
    lanes: int | None = None,
    progress: Progress = _silent,
) -> Calibration:
    """Choose an operating point for ``bundle`` on the frames of ``trials``.

    ``keep_masks`` leaves mask thresholds and minimum areas as they are. Raises DataError, BundleError or EngineError.
    """
    point = bundle.operating_point
    if keep_masks:
        options = Options.single(point.thresholds(bundle.classes), point.minimum_areas(bundle.classes))
    else:
        areas = areas_px or default_areas_px(bundle.height, bundle.width)
        options = Options.grid(thresholds, areas, len(bundle.classes))
    seen, device = _observed(trials, options, precision, lanes, progress)
    facts = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "bundle": bundle.id,
        **trials[0].part.facts,
        "device": device,
    }
    if len(trials) > 1:
        facts["part"] = None
        facts["folds"] = {trial.part.name: trial.bundle.id for trial in trials}
    return calibrate(seen, bundle.classes, wishes, facts, point.version + 1, keep_masks)


def measure_bundle(bundle: Bundle, part: Part, precision: str = "auto", progress: Progress = _silent) -> dict[str, Any]:
    """Figures of ``bundle`` at its own operating point on ``part``, see ``calibration.thresholds.figures``. Raises as ``calibrate_bundle``."""
    point = bundle.operating_point
    options = Options.single(point.thresholds(bundle.classes), point.minimum_areas(bundle.classes))
    seen, _ = _observed([Trial(bundle, part)], options, precision, None, progress)
    located = np.asarray(seen.located, bool)
    return figures(seen.scores, seen.counts, located, bundle.classes, point.gate_threshold)


def _observed(
    trials: Sequence[Trial], options: Options, precision: str, lanes: int | None, progress: Progress
) -> tuple[Observations, str]:
    """What each trial's bundle makes of its frames, put together, and the device."""
    for trial in trials:
        require_fit(trial.bundle, trial.part)
    seen: list[Observations] = []
    device = ""
    for trial in trials:
        loaded = load_engines(trial.bundle, runtime="openvino", precision=precision, lanes=lanes)
        try:
            before = sum(len(one.names) for one in seen)
            seen.append(observe(loaded.engines, trial.part.frames, options, _counting_on(progress, before)))
        finally:
            loaded.engines.close()
        device = loaded.engines.device
    return Observations.joined(seen), device


def _counting_on(progress: Progress, before: int) -> Progress:
    return lambda done: progress(before + done)
