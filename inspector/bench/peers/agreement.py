"""Whether two arms found the same on the same frames: only then are their speeds compared."""

from __future__ import annotations

from typing import NamedTuple

from inspector.bench.peers.arms import Answers, Task
from inspector.errors import UserError


class Tolerance(NamedTuple):
    """How much the counts of two arms may differ."""

    share: float
    """Of the larger count."""
    pixels: float = 0
    """Besides, for the pixels of a class: of all pixels of the frames segmented."""
    frames: float = 0
    """Besides: of the frames, for those above the gate's threshold; of those segmented, for the defects."""


SAME_RUNTIME = Tolerance(0.002)
"""The same runtime and precision. On the machines tried nothing differed; kernels for another number of threads may round otherwise."""
OTHER_RUNTIME = Tolerance(0.05, pixels=0.001, frames=0.1)
"""Another runtime, which may compute in f32 where the line takes bf16: the edges of regions move, and small regions come and go."""


def require_same(task: Task, line: Answers, name: str, loop: Answers, tolerance: Tolerance) -> None:
    """Raise UserError where the loop ``name`` found something else than the line on the same frames. The frames that were segmented have
    to be the very same."""
    segmented = line.let_through
    counts = [
        ("frames above the gate's threshold", line.gate_positive, loop.gate_positive, line.frames * tolerance.frames)
    ]
    counts += [
        (f"pixels of {what}", ours, theirs, segmented * task.frame_px * tolerance.pixels)
        for what, ours, theirs in zip(task.classes, line.pixels, loop.pixels, strict=True)
    ]
    if line.defects is not None and loop.defects is not None:
        counts.append(("defects", line.defects, loop.defects, segmented * tolerance.frames))
    differing = [
        (what, ours, theirs)
        for what, ours, theirs, slack in counts
        if abs(ours - theirs) > tolerance.share * max(ours, theirs) + slack
    ]
    if loop.let_through != segmented:
        differing.insert(0, ("frames segmented", segmented, loop.let_through))
    if differing:
        found = ", ".join(f"{theirs:,} {what} (the line: {ours:,})" for what, ours, theirs in differing)
        raise UserError(
            f"not compared, because the answers differ: {name!r} found {found} on the same {line.frames:,} frames"
        )
