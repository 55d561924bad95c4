"""How the caller of a command can correct an error: by its options, or as in `inspector.inference.remedies`."""

from __future__ import annotations

from engines.errors import (
    DeviceMemoryError,
    DisagreementError,
    FrameFormError,
    HeldOutError,
    NoBuildTargetError,
    NoCropError,
    NoExtraDataError,
    NoTrainingPartError,
    PlanBuildError,
    PlanFolderError,
    TrainingFolderError,
)
from inspector.inference import remedies

_OF_A_TRAINING_FOLDER = {
    "nothing": "leave out --resume to begin one",
    "training": "--resume goes on with it, or choose another --out",
    "other recipe": "resume with the recipe it began with, or choose another --out",
    "other data": "go on with the same data and split, or choose another --out",
}
"""By the content of the folder."""


def with_remedy(error: Exception) -> str:
    """The text of an error followed by its remedy, in one line."""
    return remedies.joined(error, _remedy(error) or remedies.remedy(error))


def with_remedy_for_a_build(error: Exception) -> str:
    """The same for an error of the check after `inspector engines build`."""
    mends = remedies.remedy(error)
    if isinstance(error, DisagreementError):
        mends = "export the bundle again"
    elif isinstance(error, DeviceMemoryError):
        mends = "use a smaller --max-batch, or stop what else uses the GPU"
    return f"{remedies.joined(error, mends)}; no plan was stored"


def _remedy(error: Exception) -> str:
    match error:
        case PlanFolderError():
            return "name another folder with --cache or INSPECTOR_CACHE"
        case NoBuildTargetError(capabilities=()):
            return (
                f"{error.library} builds for its own GPU only: build on the machine that has it, or ahead of time with "
                "tensorrt_rtx"
            )
        case NoBuildTargetError():
            known = ", ".join(error.capabilities)
            return f"name one with --capability: {error.library} {error.version} builds for {known}"
        case PlanBuildError(needs_workspace=True):
            return "give it more with --workspace-mib"
        case NoTrainingPartError():
            return "make a new split, or choose a fold with --fold"
        case NoCropError():
            return "check the frames with `inspector data check`, or lower batches.dark_level"
        case NoExtraDataError():
            return "give one with --extra, or write 0"
        case FrameFormError(what="size"):
            return "use frames of its own size"
        case FrameFormError():
            return "name the classes in the data set's dataset.yaml alike, in this order"
        case HeldOutError(reason="no_split"):
            return "give the split file of the training with --split"
        case HeldOutError(reason="other_split"):
            return "give the split file of its training with --split, or train both networks with this one"
        case HeldOutError(others=()):
            return "train a model for each fold, without it, and give them with --folds"
        case HeldOutError():
            return f"take one that it has not seen with --part ({', '.join(error.others)}), or measure by --folds"
        case TrainingFolderError():
            return _OF_A_TRAINING_FOLDER[error.holds]
        case _:
            return ""
