"""Errors of bundles, runtimes, plans, images, data and recipes.

The text of an error says in one line what was found. The remedy depends on the caller: the command line and the line make it from
the type of the error and its fields.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

OverlapReason = Literal["no_split", "other_split", "trained_on"]
"""Why a network may know some frames: no split says which it has learnt from, it was trained with another split, or on this part."""


class FileError(Exception):
    """A file or folder that the user named cannot be found out about, read or written, or does not hold what it should."""


class BundleError(Exception):
    """A model bundle is missing, incomplete, altered or not of this format."""


class UnsignedError(BundleError):
    """A file of a bundle is not signed by one who may, or was altered since."""

    def __init__(self, path: Path, what: str) -> None:
        """`path` is that of the file; `what` says what is wrong with its signature."""
        self.path = path
        super().__init__(f"{path}: {what}")


class EngineError(Exception):
    """An engine cannot be built or loaded, disagrees with its golden frames, or gave an impossible answer."""


class NoGpuError(EngineError):
    """No GPU can run the engines, and the CPU may not take its place."""

    def __init__(self, reason: str, runtime: str) -> None:
        """`runtime` is the one that was asked for: `auto`, `tensorrt` or `torch`."""
        self.reason, self.runtime = reason, runtime
        super().__init__(f"no GPU to run the engines on ({reason})")


class DisagreementError(EngineError):
    """Engines work, but do not answer as the golden frames say."""

    def __init__(
        self,
        device: str,
        score_difference: float,
        score_tolerance: float,
        mask_agreement: float,
        least_agreement: float,
    ) -> None:
        """`score_difference`: largest difference of a score. `mask_agreement`: smallest share of pixels with the golden bitmask."""
        self.device, self.score_difference, self.mask_agreement = device, score_difference, mask_agreement
        super().__init__(
            f"{device}: disagrees with the bundle's golden frames (score off by {score_difference:.3g}, at most "
            f"{score_tolerance:g} allowed; masks agree on {mask_agreement:.2%}, at least {least_agreement:.1%} needed)"
        )


class DeviceMemoryError(EngineError):
    """The GPU has too little free memory."""

    def __init__(self, what: str, needed_for: Literal["batches", "frame ring"]) -> None:
        """`needed_for`: what has to be smaller to need less."""
        self.what, self.needed_for = what, needed_for
        super().__init__(f"{what}: out of device memory")


class PageLockError(EngineError):
    """The frame ring cannot be page-locked."""

    def __init__(self, size_mib: int, reason: str) -> None:
        self.size_mib, self.reason = size_mib, reason
        super().__init__(f"{size_mib} MiB of frames cannot be page-locked: {reason}")


class NoBuildTargetError(EngineError):
    """There is no GPU here to build plans for, and none was named."""

    def __init__(self, reason: str, library: str, version: str, capabilities: tuple[str, ...]) -> None:
        """`capabilities` that could be named; none where the library builds for its own GPU only."""
        self.reason, self.library, self.version, self.capabilities = reason, library, version, capabilities
        super().__init__(f"no GPU to build for ({reason})")


class PlanBuildError(EngineError):
    """TensorRT built no plan from a network it could read."""

    def __init__(self, network: str, library: str, capability: str, reason: str) -> None:
        """`network`: file or name; `library` with its version; `reason`: TensorRT's last error message."""
        self.network, self.library, self.capability, self.reason = network, library, capability, reason
        super().__init__(f"{network}: {library} built no plan for {capability}: {reason}")

    @property
    def needs_workspace(self) -> bool:
        """Whether a layer needs more workspace than it may take."""
        return "workspace" in self.reason


class PlanFolderError(EngineError):
    """Plans cannot be stored in a folder."""

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder, self.reason = folder, reason
        super().__init__(f"{folder}: plans cannot be stored there ({reason})")


class PlanError(EngineError):
    """A plan is missing or cannot be used; building it again helps."""


class MissingPlanError(PlanError):
    """The cache holds no plan that fits."""

    def __init__(self, network: str, bundle: str, capability: str, max_batch: int, reason: str) -> None:
        """What was asked for, and why nothing in the cache fits."""
        self.network, self.bundle, self.capability = network, bundle, capability
        self.max_batch, self.reason = max_batch, reason
        super().__init__(f"{network} of {bundle}: {reason}")


class DamagedPlanError(PlanError):
    """A file of the cache is not as it was stored."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path}: {reason}")


class RefusedPlanError(PlanError):
    """TensorRT does not take a plan that is as it was stored."""

    def __init__(self, network: str, reason: str) -> None:
        self.network, self.reason = network, reason
        super().__init__(f"{network}: {reason}")


class PlanKeyError(PlanError):
    """The key that proves plans cannot be read, or others may know it."""

    def __init__(self, path: Path, reason: str, *, known_to_others: bool = False) -> None:
        """`known_to_others`: none of the plans beside it can be trusted any more."""
        self.path, self.reason, self.known_to_others = path, reason, known_to_others
        super().__init__(f"{path}: {reason}")


class BadFrameError(Exception):
    """A file gives no usable frame; the message says why in one line, without the file's name."""


class DataError(Exception):
    """A data set, one of its files, or a split of it cannot be used."""


class NoTrainingPartError(DataError):
    """A split has no part to train on, and no fold was chosen."""

    def __init__(self, parts: tuple[str, ...], training: str) -> None:
        """`parts` of the split; `training`: name of the missing one."""
        self.parts = parts
        super().__init__(f"the split has the parts {', '.join(parts)}, but no {training}")


class NoCropError(DataError):
    """No crop that is not dark was found for a batch."""


class FrameFormError(DataError):
    """The frames of a data set are not of the size, or not of the classes, that a network takes."""

    def __init__(self, data: str, owner: str, what: Literal["size", "classes"], found: str, expected: str) -> None:
        """`data` names the data set, `owner` what takes the frames, such as "the bundle demo-2-77fc1e3a"."""
        self.data, self.owner, self.what, self.found, self.expected = data, owner, what, found, expected
        subject = "frames" if what == "size" else "classes"
        super().__init__(f"{data}: {subject} are {found}; those of {owner} are {expected}")


class HeldOutError(DataError):
    """A network may have learnt from the frames that it is to be judged by."""

    def __init__(
        self,
        data: str,
        network: str,
        reason: OverlapReason,
        *,
        part: str | None,
        split: str | None,
        trained_split: str,
        others: tuple[str, ...],
    ) -> None:
        """`network` and `part` are names, `split` and `trained_split` ids; `others` are the parts that it has not learnt from."""
        self.data, self.network, self.reason = data, network, reason
        self.part, self.split, self.trained_split, self.others = part, split, trained_split, others
        told = {
            "no_split": f"{network} was trained on frames of this data; without a split nothing says on which",
            "other_split": f"{network} was trained with split {trained_split}, this is {split}: it may know these frames",
            "trained_on": f"{network} learnt from part {part!r}",
        }[reason]
        super().__init__(f"{data}: {told}")


class RecipeError(Exception):
    """A training recipe, or the weights made with one, cannot be used."""


class NoExtraDataError(RecipeError):
    """A recipe wants a share of an extra data set, and there is none."""

    def __init__(self) -> None:
        super().__init__("batches.extra_share: wants an extra data set, and there is none")


class TrainingFolderError(RecipeError):
    """What a folder holds does not fit what is to be done in it."""

    def __init__(
        self, path: Path, found: str, holds: Literal["nothing", "training", "other recipe", "other data"]
    ) -> None:
        """`path`: the folder, or the file in it that shows it; `found`: what was found, as a clause; `holds`: the same for programs."""
        self.path, self.holds = path, holds
        super().__init__(f"{path}: {found}")


class TrainingError(Exception):
    """A training cannot go on: the message says where it stopped and what is left of it."""
