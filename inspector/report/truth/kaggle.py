"""Truth from a CSV of run lengths, as the Kaggle set "Severstal: Steel Defect Detection" has it."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path, PurePath

import numpy as np

from engines.data.kaggle import read_kaggle_rows
from engines.data.run_lengths import Runs, draw_runs, parse_runs
from engines.errors import DataError
from inspector.errors import UserError
from inspector.report.truth.source import Bitmask

SIDECAR = "frames.csv"
"""A list beside the CSV that says which frames are labelled: columns image_id and mask (yes or no)."""


class KaggleTruth:
    """Truth of the frames that a CSV lists, by file name without suffix, so that a lossless copy keeps its label.

    The CSV names defects, and some variants name clean frames too (by empty encodings). What a frame without a row is, is
    decided once, and stated in ``rule``:

    1. where the caller passes ``labelled``, these frames are labelled and no others;
    2. else, where ``frames.csv`` lies beside the CSV, the frames it marks ``mask: yes``;
    3. else, where the CSV has empty encodings, the frames with a row: it evidently lists the clean ones too;
    4. else every frame: Kaggle's own convention for ``train.csv``, in which a frame without a row is clean.
    """

    def __init__(
        self, path: Path, class_count: int, height: int, width: int, labelled: Collection[str] | None = None
    ) -> None:
        """Read and check the whole file. Raises UserError naming the file and the row."""
        self._height, self._width = height, width
        self._runs: dict[str, dict[int, Runs]] = {}
        self._labelled: frozenset[str] | None = None
        try:
            has_empty = self._read(path, class_count)
        except DataError as error:
            raise UserError(str(error)) from None
        self.rule = self._decide(path, labelled, has_empty)

    def mask(self, camera: str, number: int, name: str) -> Bitmask | None:
        """Truth of the frame whose file is called ``name``; None where it is not labelled."""
        stem = PurePath(name).stem
        if not stem or (self._labelled is not None and stem not in self._labelled):
            return None
        mask = np.zeros((self._height, self._width), dtype=np.uint8)
        for bit, runs in self._runs.get(stem, {}).items():
            mask[draw_runs(runs, self._height, self._width)] |= np.uint8(1 << bit)
        return mask

    def _read(self, path: Path, class_count: int) -> bool:
        """Fill ``_runs``; return whether any encoding is empty."""
        has_empty = False
        for row, stem, class_number, text in read_kaggle_rows(path):
            if not 1 <= class_number <= class_count:
                raise UserError(f"{path}: row {row}: class {class_number}; expected 1..{class_count}")
            try:
                runs = parse_runs(text, self._height * self._width)
            except ValueError as error:
                raise UserError(f"{path}: row {row} ({stem}, class {class_number}): {error}") from None
            classes = self._runs.setdefault(stem, {})
            if class_number - 1 in classes:
                raise UserError(f"{path}: row {row}: {stem} has a second row for class {class_number}; join them")
            classes[class_number - 1] = runs
            has_empty |= not len(runs)
        return has_empty

    def _decide(self, path: Path, labelled: Collection[str] | None, has_empty: bool) -> str:
        listed = f"run lengths of {path.name}"
        if labelled is not None:
            self._labelled = frozenset(PurePath(one).stem for one in labelled)
            return f"{listed}; labelled are the {len(self._labelled)} frames named by the caller"
        sidecar = _labelled_in(path.with_name(SIDECAR))
        if sidecar is not None:
            self._labelled = sidecar
            return f"{listed}; labelled are the {len(sidecar)} frames that {SIDECAR} beside it marks mask: yes"
        if has_empty:
            self._labelled = frozenset(self._runs)
            return f"{listed}; it lists clean frames too, so that labelled are the {len(self._runs)} frames with a row"
        return f"{listed}; it lists defects only, so that a frame without a row counts as clean (Kaggle's convention)"


def _labelled_in(path: Path) -> frozenset[str] | None:
    """Stems of the frames that a sidecar marks as labelled; None where there is no such file or column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not {"image_id", "mask"} <= set(reader.fieldnames or ()):
                return None
            return frozenset(PurePath(row["image_id"]).stem for row in reader if row["mask"] == "yes")
    except (OSError, UnicodeDecodeError, csv.Error):
        return None
