"""Trains one network: recipe and data in; weights, checkpoints and metrics out. The loop itself is Lightning's."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import engines.networks.torchvision_guard  # noqa: F401, before Lightning

# isort: split
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Callback, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.utilities import rank_zero_only

from engines.data.dataset import Dataset, LabelledFrame
from engines.data.split import Split
from engines.errors import RecipeError
from engines.files.looking import is_file
from engines.files.text import brief
from engines.networks.encoder_weights import load_network_weights
from engines.networks.factory import start_encoder
from engines.training.data_module import TrainingData, default_workers
from engines.training.draw import Drawer
from engines.training.folder import begin_folder
from engines.training.frames import Frames
from engines.training.gate_training import GateTraining
from engines.training.module import NetworkTraining
from engines.training.parts import Parts, check_fit
from engines.training.recipe import Precision, Recipe
from engines.training.segmenter_training import SegmenterTraining
from engines.training.weights import Trained, save_weights

_PRECISIONS: dict[Precision, Any] = {"float32": "32-true", "bfloat16": "bf16-mixed", "float16": "16-mixed"}
_HARMLESS = (
    ".*does not have many workers.*",  # on a CPU the cores are better used for training
    ".*Checkpoint directory .* exists and is not empty.*",  # it is checked and written to on purpose
    ".*isinstance\\(treespec, LeafSpec\\).*",  # Lightning's own
)


@dataclass(frozen=True)
class Hardware:
    """Where to train, in Lightning's words; several devices or nodes train together by its DDP."""

    accelerator: str = "auto"
    devices: str = "auto"
    nodes: int = 1
    workers: int | None = None
    """Processes that read frames, per device; None: as suits the machine."""


@dataclass(frozen=True)
class Task:
    """One training: the recipe (with whole paths), the data, its split, and the folder to write to."""

    recipe: Recipe
    dataset: Dataset
    split: Split
    parts: Parts
    out: Path
    extra: Dataset | None = None


def train(
    task: Task, *, resume: bool = False, hardware: Hardware = Hardware(), progress: bool = True
) -> Trained | None:
    """Train, and write `recipe.yaml`, `split.csv`, `last.ckpt`, `best.ckpt`, `metrics.csv` and `weights.safetensors` to `task.out`.

    With `resume` a training that was stopped goes on after its last whole epoch, to the same result on the same
    hardware. Shows a progress bar, or without `progress` prints a line an epoch. Returns what was trained, or None on all
    but the first of several devices. Raises RecipeError or DataError for what does not fit, TrainingError for a loss that
    is not finite.
    """
    leads = not getattr(
        rank_zero_only, "rank", 0
    )  # other ranks run the same command and must not prepare the folder again
    checkpoint = task.out / "last.ckpt"
    check_fit(task.recipe, task.dataset)
    if task.extra is not None:
        check_fit(task.recipe, task.extra, task.dataset)
    if leads:
        begin_folder(task.out, task.recipe, task.dataset, task.split, resume)
    module, data = _module(task), _data(task, hardware)
    if task.recipe.encoder_weights is not None and not resume:
        start_encoder(module.network, task.recipe.network, task.recipe.encoder_weights)
    if task.recipe.weights is not None and not resume:
        load_network_weights(module.network, Path(task.recipe.weights))
    if module.average is not None:
        module.average.module.load_state_dict(module.network.state_dict())
    module.tell = None if progress else partial(print, flush=True)
    if resume:
        _require_plain(checkpoint)
    with _quiet():
        trainer = _trainer(task, module, hardware, progress)
        trainer.fit(module, datamodule=data, ckpt_path=checkpoint if resume else None)
    if not trainer.is_global_zero:
        return None
    trained = _result(task, module)
    save_weights(trained, task.out / "weights.safetensors")
    return trained


def _require_plain(checkpoint: Path) -> None:
    """Lightning reads a checkpoint as a pickle, which may run anything; so it is read before as one that holds tensors and plain values only.
    Raises RecipeError where it does not."""
    try:
        torch.load(checkpoint, map_location="cpu", weights_only=True)
    except Exception as error:  # torch fails on foreign files in a dozen ways
        reason = brief((str(error).splitlines() or [type(error).__name__])[0], 120)
        raise RecipeError(
            f"{checkpoint}: is no checkpoint of a training ({reason}); begin it again in another folder"
        ) from None


def _module(task: Task) -> NetworkTraining:
    identity = {"data": task.dataset.id, "split": task.split.id}
    if task.recipe.kind == "gate":
        held_out = len(task.parts.validation)
        return GateTraining(task.recipe, task.dataset.classes, identity, task.out, held_out)
    return SegmenterTraining(task.recipe, task.dataset.classes, identity, task.out)


def _data(task: Task, hardware: Hardware) -> TrainingData:
    recipe, classes = task.recipe, task.dataset.classes

    def usable(frames: tuple[LabelledFrame, ...]) -> Frames:
        located = tuple(frame for frame in frames if frame.located or recipe.kind == "gate")
        return Frames(located, len(classes), recipe.scale)

    training, validation = usable(task.parts.training), usable(task.parts.validation)
    extra = None if task.extra is None or not recipe.batches.extra_share else usable(task.extra.frames)
    steps = recipe.steps_per_epoch or -(-len(training) // recipe.batches.size)
    workers = default_workers() if hardware.workers is None else hardware.workers
    return TrainingData(Drawer(recipe, training, classes, extra), steps, validation, workers)


def _trainer(task: Task, module: NetworkTraining, hardware: Hardware, progress: bool) -> Trainer:
    out, recipe = task.out, task.recipe
    monitor, mode = _best_epoch_by(task.parts.validation, module.best_figure)
    callbacks: list[Callback] = [
        ModelCheckpoint(out, "last", save_on_train_epoch_end=True, enable_version_counter=False)
    ]
    if monitor:
        callbacks.append(
            ModelCheckpoint(out, "best", monitor, mode=mode, save_on_train_epoch_end=True, enable_version_counter=False)
        )
    if progress:
        callbacks.append(TQDMProgressBar())
    return Trainer(
        accelerator=hardware.accelerator,
        devices=int(hardware.devices) if hardware.devices.isdigit() else hardware.devices,
        num_nodes=hardware.nodes,
        max_epochs=recipe.epochs,
        precision=_PRECISIONS[recipe.precision],
        gradient_clip_val=recipe.optimiser.clip_norm,
        callbacks=callbacks,
        logger=False,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        limit_val_batches=1.0 if task.parts.validation else 0,
        enable_model_summary=False,
        enable_progress_bar=progress,
        default_root_dir=out,
    )


def _best_epoch_by(validation: tuple[LabelledFrame, ...], figure: str) -> tuple[str, str]:
    """The figure by which epochs are compared, and its mode; the loss where the validation frames cannot give another, empty without any."""
    defective = {frame.defective for frame in validation if frame.located or figure == "auc"}
    if not defective:
        return "", ""
    possible = len(defective) == 2 if figure == "auc" else True in defective
    return (figure, "max") if possible else ("validation_loss", "min")


def _result(task: Task, module: NetworkTraining) -> Trained:
    """The weights the recipe asks to keep, of the checkpoint that holds them."""
    best = task.out / "best.ckpt"
    path = best if task.recipe.keep == "best" and is_file(best) else task.out / "last.ckpt"
    if not is_file(path):
        raise RecipeError(f"{path}: was not written: no epoch was trained")
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    prefix = "network." if module.average is None else "average.module."
    state = checkpoint["state_dict"]
    return Trained(
        kind=task.recipe.kind,
        network=task.recipe.network,
        scale=task.recipe.scale,
        classes=task.dataset.classes,
        height=task.dataset.height,
        width=task.dataset.width,
        recipe=task.recipe.name,
        data_id=module.identity["data"],
        split_id=module.identity["split"],
        trained_on=task.parts.trained_on,
        metrics={"epoch": float(checkpoint["epoch"]), **checkpoint["inspector"]["figures"]},
        state={key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)},
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Lightning's advertisements, and without warnings about what is done on purpose."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        for message in _HARMLESS:
            warnings.filterwarnings("ignore", message=message)
        for logger in loggers:
            logger.setLevel(logging.WARNING)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
