"""What a bundle is to be built from, and whether that can be: checked before anything is exported."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from calibration.thresholds.calibrate import CalibrationRequest
from engines.bundle import naming_problem
from engines.data.dataset import Dataset
from engines.data.fit import Provenance, require_form, require_held_out
from engines.data.inputs import input_folders
from engines.data.part import Part
from engines.data.split import Split
from engines.files.looking import entries, is_folder, is_there
from engines.files.writing import refuse_folders
from inspector.errors import UserError

if TYPE_CHECKING:
    from engines.training.weights import Trained

HELD_OUT = ("calibration", "validation")
"""Parts to calibrate on, the first there is."""


@dataclass(frozen=True)
class BuildRequest:
    """What to build, from what."""

    gate: Path
    segmenter: Path
    data: Path
    split: Path | None
    out: Path
    """New directory."""
    name: str
    version: str = "1"
    part: str | None = None
    """To calibrate on; None: the first of ``HELD_OUT`` in the split."""
    folds: Path | None = None
    """Calibrate on all folds instead, each with the fold model in this folder; the bundle's own networks may know them all."""
    golden_data: Path | None = None
    """Labelled frames to take the golden ones from; None: those calibrated on."""
    calibration: CalibrationRequest = field(default_factory=CalibrationRequest)
    areas_px: tuple[int, ...] = ()
    """Minimum areas to try; empty: what ``calibration.thresholds`` tries by itself."""
    notes: str = ""
    """Markdown to end the model card with."""
    golden_frames: int = 6
    precision: str = "auto"
    """Arithmetic to calibrate in: the line's."""


def require_new(request: BuildRequest) -> None:
    """Raise UserError unless the directory is new, not among the frames, and the bundle can be called this; FileError where it cannot be
    looked for."""
    out = request.out
    if is_there(out) and (not is_folder(out) or entries(out)):
        raise UserError(f"{out}: is there already; give a new directory with --out")
    for data in (request.data, request.golden_data):
        if data is not None:
            refuse_folders(out, input_folders(data), "--out", below=True)
    if problem := naming_problem(request.name, request.version, ()):
        raise UserError(f"--{problem}")


def require_match(request: BuildRequest, gate: Trained, segmenter: Trained, dataset: Dataset) -> None:
    """Raise UserError unless the weights are of a gate and a segmenter, FrameFormError unless both fit the data."""
    for trained, path, kind in ((gate, request.gate, "gate"), (segmenter, request.segmenter, "segmenter")):
        if trained.kind != kind:
            raise UserError(
                f"{path}: holds a {trained.kind}, expected a {kind}; give the gate first, then the segmenter"
            )
        require_form(dataset, trained, str(path))
    if problem := naming_problem(request.name, request.version, gate.classes):
        raise UserError(f"{request.gate}: {problem}; train with other names in the data set's dataset.yaml")


def held_out_part(split: Split | None) -> str | None:
    """The first part of ``HELD_OUT`` in the split; None without a split. Raises UserError where it has neither."""
    if split is None:
        return None
    for name in HELD_OUT:
        if name in split.parts:
            return name
    raise UserError(f"--split: has no part {' or '.join(HELD_OUT)}, but {', '.join(split.parts)}; name one with --part")


def require_networks_held_out(request: BuildRequest, gate: Trained, segmenter: Trained, part: Part) -> None:
    """Raise HeldOutError where the networks may know the frames to calibrate on, and no fold models are run on these instead."""
    if request.folds is not None:
        return
    networks = ((gate, request.gate), (segmenter, request.segmenter))
    require_held_out(part, [Provenance(str(path), one.data_id, one.split_id, one.trained_on) for one, path in networks])
