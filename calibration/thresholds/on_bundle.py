"""Calibrates a bundle on a data set: loads engines as the line does, runs them over frames they never saw, chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

import msgspec
import numpy as np

from calibration.thresholds.calibrate import (
    MASK_THRESHOLDS,
    Calibration,
    CalibrationRequest,
    calibrate,
    default_areas_px,
)
from calibration.thresholds.figures import figures
from calibration.thresholds.mask_counts import SearchGrid
from calibration.thresholds.observe import Observations, observe
from engines.bundle import Bundle
from engines.data.blank_frames import blank_note
from engines.data.dataset import LabelledFrame
from engines.data.fit import provenance, require_form, require_held_out
from engines.data.images import Size
from engines.data.part import Part
from engines.runtime.load import load_engines

Progress = Callable[[int], None]
"""Called with the number of frames done."""


def _silent(done: int) -> None:
    """No progress shown."""


@dataclass(frozen=True)
class BundleOnPart:
    """Frames, and the bundle that is run on them: the one to calibrate, or the fold model that has not learnt from them."""

    bundle: Bundle
    part: Part


def require_fit(run: BundleOnPart) -> None:
    """Raise FrameFormError or HeldOutError unless the frames have the bundle's size and classes and, as far as it tells, were held out."""
    require_form(run.part.dataset, run.bundle, f"the bundle {run.bundle.id}")
    require_held_out(run.part, provenance(run.bundle.manifest.training, run.bundle.id))


def calibrate_bundle(
    bundle: Bundle,
    runs: Sequence[BundleOnPart],
    request: CalibrationRequest,
    *,
    thresholds: Sequence[float] = MASK_THRESHOLDS,
    areas_px: Sequence[int] | None = None,
    keep_masks: bool = False,
    precision: str = "auto",
    lanes: int | None = None,
    progress: Progress = _silent,
) -> Calibration:
    """Choose an operating point for ``bundle`` on the frames of ``runs``.

    ``keep_masks`` leaves mask thresholds and minimum areas as they are. Raises DataError, BundleError or EngineError.
    """
    point = bundle.operating_point
    if keep_masks:
        grid = SearchGrid.single(point.thresholds(bundle.classes), point.minimum_areas(bundle.classes))
    else:
        areas = areas_px or default_areas_px(bundle.height, bundle.width)
        grid = SearchGrid.uniform(thresholds, areas, len(bundle.classes))
    seen, device = _observed(runs, grid, precision, lanes, progress)
    metadata = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "bundle": bundle.id,
        **runs[0].part.metadata,
        "device": device,
    }
    if len(runs) > 1:
        metadata["part"] = None
        metadata["folds"] = {run.part.name: run.bundle.id for run in runs}
    made = calibrate(seen, bundle.classes, request, metadata, point.version + 1, keep_masks)
    frames = [frame for run in runs for frame in run.part.frames]
    chosen = msgspec.structs.replace(made.point, resized_from=stretched_from(frames))
    return replace(made, point=chosen, blank_note=blank_note(frames))


def stretched_from(frames: Sequence[LabelledFrame]) -> tuple[Size, ...]:
    """The sizes that frames had before they were stretched to the size of the data set, each once; those that had its size are left out."""
    sizes = {
        frame.size
        for frame in frames
        if frame.fit is not None and frame.fit.way == "stretch" and frame.size != (frame.fit.height, frame.fit.width)
    }
    return tuple(sorted(sizes))


def measure_bundle(bundle: Bundle, part: Part, precision: str = "auto", progress: Progress = _silent) -> dict[str, Any]:
    """Figures of ``bundle`` at its own operating point on ``part``, see ``calibration.thresholds.figures``. Raises as ``calibrate_bundle``."""
    point = bundle.operating_point
    grid = SearchGrid.single(point.thresholds(bundle.classes), point.minimum_areas(bundle.classes))
    seen, _ = _observed([BundleOnPart(bundle, part)], grid, precision, None, progress)
    located = np.asarray(seen.located, bool)
    return figures(seen.scores, seen.counts, located, bundle.classes, point.gate_threshold)


def _observed(
    runs: Sequence[BundleOnPart], grid: SearchGrid, precision: str, lanes: int | None, progress: Progress
) -> tuple[Observations, str]:
    """What each bundle answers on its frames, put together, and the device."""
    for run in runs:
        require_fit(run)
    seen: list[Observations] = []
    device = ""
    for run in runs:
        loaded = load_engines(run.bundle, runtime="openvino", precision=precision, lanes=lanes)
        try:
            before = sum(len(one.names) for one in seen)
            seen.append(observe(loaded.engines, run.part.frames, grid, _counting_on(progress, before)))
        finally:
            loaded.engines.close()
        device = loaded.engines.device
    return Observations.joined(seen), device


def _counting_on(progress: Progress, before: int) -> Progress:
    return lambda done: progress(before + done)
