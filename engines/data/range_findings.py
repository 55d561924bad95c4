"""Frames that use next to nothing of their range, as 12-bit data do that are read as 16-bit."""

from __future__ import annotations

from collections.abc import Sequence

from engines.data.dataset import LabelledFrame
from engines.data.findings import Finding
from engines.data.scan import FrameScan

_LOW = 1 / 15
"""Share of the range: 12 bits of 16 are a sixteenth."""


def range_findings(frames: Sequence[LabelledFrame], scans: Sequence[FrameScan]) -> list[Finding]:
    """An error where most frames of more than 8 bits, or most others, are all but black; ``scans`` are those of ``frames``."""
    read = [(frame, scan) for frame, scan in zip(frames, scans, strict=True) if not scan.problem]
    found = []
    for is_deep in (True, False):
        alike = [(frame, scan) for frame, scan in read if (scan.brightness.white > 255) is is_deep]
        low = [(frame, scan) for frame, scan in alike if scan.brightness.highest <= _LOW * scan.brightness.white]
        if 2 * len(low) > len(alike):
            found.append(_finding(low, len(alike), is_deep))
    return found


def _finding(low: Sequence[tuple[LabelledFrame, FrameScan]], count: int, is_deep: bool) -> Finding:
    highest = max(scan.brightness.highest for _, scan in low)
    white = max(scan.brightness.white for _, scan in low)
    what = (
        f"{len(low)} of {count} frames of {'more than ' if is_deep else ''}8 bits are nearly black: "
        f"their highest value is {highest}, and white is {white}"
    )
    bits = max(highest.bit_length(), 1)
    advice = (
        f"white_level: {(1 << bits) - 1} in a dataset.yaml, if they hold {bits}-bit data"
        if is_deep
        else "check the exposure, and how they were brought to 8 bits"
    )
    return Finding(True, what, advice, tuple(frame.name for frame, _ in low))
