"""How a user can correct an error of the engines: commands of this program and keys of a line's configuration.

`engines` knows neither and raises errors with data only. Code that shows such an error to a user takes the text from here.
"""

from __future__ import annotations

from pathlib import Path

from engines.errors import (
    DeviceMemoryError,
    DisagreementError,
    MissingPlanError,
    NoGpuError,
    PageLockError,
    PlanError,
    PlanKeyError,
    UnsignedError,
)

BUILD = "build it again with `inspector engines build"
AS_THE_USER = "as the user who runs the line"


def with_remedy(error: Exception) -> str:
    """The text of an error followed by its remedy, in one line."""
    return joined(error, remedy(error))


def joined(error: Exception, mends: str) -> str:
    """The text of an error followed by ``mends``; the text alone where that is empty."""
    return f"{error}; {mends}" if mends else str(error)


def remedy(error: Exception) -> str:
    """What the user can do about the error; empty where the text of the error is enough."""
    match error:
        case NoGpuError(runtime="auto"):
            return "`inspector doctor` shows why; or set inference.allow_cpu: true"
        case NoGpuError():
            return "`inspector doctor` shows why; or choose the runtime auto, and allow the CPU"
        case DisagreementError():
            return (
                "set inference.precision: f32 (on a CPU), build its plans again with `inspector engines build` (for TensorRT), "
                "or export the bundle again"
            )
        case DeviceMemoryError(needed_for="frame ring"):
            return "use fewer ring.slots, or stop what else uses the GPU"
        case DeviceMemoryError():
            return "use a smaller inference.max_batch, or stop what else uses the GPU"
        case PageLockError():
            return "use fewer ring.slots, or start with INSPECTOR_CUDA_WITHOUT=direct in the environment"
        case PlanError():
            return _build_again(error)
        case UnsignedError():
            return f"one who may signs it: `{_signing(error.path)}`"
        case _:
            return ""


def _signing(path: Path) -> str:
    """The command for a file of a bundle, or for an operating point that lies elsewhere."""
    from engines.bundle.manifest import MANIFEST
    from engines.bundle.signature import NAMESPACE
    from engines.files.looking import is_there

    if is_there(path.parent / MANIFEST):
        return f"inspector bundle sign {path.parent} --key KEY"
    return f"ssh-keygen -Y sign -n {NAMESPACE} -f KEY {path}"


def _build_again(error: PlanError) -> str:
    if isinstance(error, PlanKeyError):
        first = f"remove {error.path.parent}, then " if error.known_to_others else ""
        return f"{first}{BUILD}` {AS_THE_USER}"
    if isinstance(error, MissingPlanError):
        from engines.tensorrt.build_plan import DEFAULT_MAX_BATCH

        return f"{BUILD} --max-batch {error.max_batch}`" if error.max_batch > DEFAULT_MAX_BATCH else f"{BUILD}`"
    return f"{BUILD}`"
