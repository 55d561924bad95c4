"""Errors of what commands do are told with the option or command that mends them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.errors import (
    DeviceMemoryError,
    DisagreementError,
    FrameFormError,
    HeldOutError,
    MissingPlanError,
    NoBuildTargetError,
    NoCropError,
    NoExtraDataError,
    NoTrainingPartError,
    OverlapReason,
    PlanBuildError,
    PlanFolderError,
    TrainingFolderError,
)
from inspector.cli.remedies import with_remedy, with_remedy_for_a_build


def overlap(reason: OverlapReason, others: tuple[str, ...] = ()) -> HeldOutError:
    return HeldOutError("d", "the gate", reason, part="a", split="s", trained_split="s", others=others)


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (PlanFolderError(Path("p"), "No space"), "(No space); name another folder with --cache or INSPECTOR_CACHE"),
        (
            NoBuildTargetError("no driver", "tensorrt_rtx", "1.7", ("7.5", "8.9")),
            "(no driver); name one with --capability: tensorrt_rtx 1.7 builds for 7.5, 8.9",
        ),
        (
            NoBuildTargetError("no driver", "tensorrt", "10.13", ()),
            "; tensorrt builds for its own GPU only: build on the machine that has it, or ahead of time with tensorrt_rtx",
        ),
        (
            PlanBuildError("gate.onnx", "tensorrt 10.13", "8.9", "no tactic within workspace limit"),
            "no tactic within workspace limit; give it more with --workspace-mib",
        ),
        (PlanBuildError("gate.onnx", "tensorrt 10.13", "8.9", "an odd layer"), "built no plan for 8.9: an odd layer"),
        (NoTrainingPartError(("a", "b"), "training"), "no training; make a new split, or choose a fold with --fold"),
        (NoCropError("no crop"), "; check the frames with `inspector data check`, or lower batches.dark_level"),
        (NoExtraDataError(), "; give one with --extra, or write 0"),
        (FrameFormError("d", "w.pt", "size", "32x48", "32x64"), "of w.pt are 32x64; use frames of its own size"),
        (
            FrameFormError("d", "w.pt", "classes", "a, b", "b, a"),
            "are b, a; name the classes in the data set's dataset.yaml alike, in this order",
        ),
        (overlap("no_split"), "; give the split file of the training with --split"),
        (overlap("other_split"), "with --split, or train both networks with this one"),
        (
            overlap("trained_on"),
            "learnt from part 'a'; train a model for each fold, without it, and give them with --folds",
        ),
        (
            overlap("trained_on", ("b", "c")),
            "; take one that it has not seen with --part (b, c), or measure by --folds",
        ),
        (TrainingFolderError(Path("t"), "holds no training to resume", "nothing"), "leave out --resume to begin one"),
        (TrainingFolderError(Path("t"), "holds a training", "training"), "goes on with it, or choose another --out"),
        (MissingPlanError("gate", "b", "8.9", 8, "has none"), "; build it again with `inspector engines build`"),
    ],
)
def test_one_line_with_what_mends_it(error: Exception, end: str) -> None:
    line = with_remedy(error)
    assert line.startswith(str(error))
    assert line.endswith(end)
    assert "\n" not in line


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (DisagreementError("A GPU", 0.3, 0.02, 0.5, 0.995), "; export the bundle again; no plan was stored"),
        (DeviceMemoryError("64 MiB", "batches"), "--max-batch, or stop what else uses the GPU; no plan was stored"),
    ],
)
def test_a_build_says_that_nothing_was_stored(error: Exception, end: str) -> None:
    assert with_remedy_for_a_build(error).endswith(end)
