"""Candidates beside the tiny bundle, records that a test can look at, and frames on which a candidate is known to differ."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from engines.bundle import Bundle, read_bundle
from engines.operating_point import write_operating_point
from inspector.results.shadow_record import Comparison, Disagreement
from tests.tiny_bundle import frame_with

CLEAN, BRIGHT = frame_with([]), frame_with([(192, 5)])
DARK = frame_with([(64, 5)])
"""Its defect is dark: only a gate with a threshold below that of the sheet's own grey lets it through."""
LOW = 0.1
"""A gate's threshold that lets everything through."""


def at_threshold(bundle: Bundle, directory: Path, gate_threshold: float = LOW) -> Bundle:
    """The same bundle at another operating point."""
    shutil.copytree(bundle.path, directory)
    point = msgspec.structs.replace(bundle.operating_point, gate_threshold=gate_threshold, version=2)
    write_operating_point(point, directory / "operating_point.yaml")
    return read_bundle(directory)


class ListedRecords:
    """Keeps what is recorded in lists."""

    def __init__(self) -> None:
        self.disagreements: list[Disagreement] = []
        self.comparisons: list[Comparison] = []

    def record_disagreement(self, disagreement: Disagreement) -> None:
        """See ``inspector.line.shadow.session.Records``."""
        self.disagreements.append(disagreement)

    def record_comparison(self, comparison: Comparison) -> None:
        """See ``inspector.line.shadow.session.Records``."""
        self.comparisons.append(comparison)
