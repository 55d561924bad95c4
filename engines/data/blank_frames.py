"""Frames of a data set that a line would not inspect because they show nothing: figures that count them are not those of the line."""

from __future__ import annotations

from collections.abc import Sequence

from engines.data.dataset import LabelledFrame
from engines.data.threads import in_threads
from engines.images.blank import blank


def blank_note(frames: Sequence[LabelledFrame]) -> str:
    """One sentence about those of ``frames`` that show nothing; empty where there are none. Reads each frame, as it is stored.

    Raises DataError naming a file that cannot be read.
    """
    found = [(frame.name, why) for frame, why in zip(frames, in_threads(_why, frames), strict=True) if why]
    if not found:
        return ""
    name, why = found[0]
    return (
        f"A line would not inspect {len(found)} of these {len(frames)} frames, because nothing can be seen (the first is {name}: {why}), "
        "but they count here; exclude them in a dataset.yaml."
    )


def _why(frame: LabelledFrame) -> str:
    return blank(frame.stored())
