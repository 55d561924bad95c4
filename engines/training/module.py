"""What gate and segmenter training share, as a LightningModule: phases, schedule, averaging, figures, checkpoints."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import engines.networks.torchvision_guard  # noqa: F401, before Lightning

# isort: split
import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from engines.errors import TrainingError, TrainingFolderError
from engines.files.looking import is_file
from engines.files.writing import text_output
from engines.networks.factory import build_network
from engines.training.recipe import OneCycle, Phase, Plateau, Recipe
from engines.training.schedules import PlateauWatch, one_cycle

GREY_MIDDLE = 127.0
GREY_SPAN = 128.0

TensorBatch = Mapping[str, Tensor]
"""`frames`, `masks` uint8 `[N, h, w]`; `defective`, `located` bool `[N]`; for validation also `number` int64 `[N]`."""


class NetworkTraining(LightningModule):
    """Trains one network by a recipe; a subclass provides `step_loss` and the validation figures.

    `identity` names data and split: a checkpoint made with others is refused.
    """

    best_figure: str
    """Name of the validation figure by which epochs are compared, the higher the better."""

    def __init__(self, recipe: Recipe, classes: tuple[str, ...], identity: dict[str, str], out: Path) -> None:
        super().__init__()
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.classes = classes
        self.identity = identity
        self.out = out
        self.tell: Callable[[str], None] | None = None
        """Where a line an epoch goes, where there is no progress bar."""
        self.history: list[dict[str, float]] = []
        self.figures: dict[str, float] = {}
        self.network = build_network(recipe.network, len(classes))
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average: AveragedModel | None = None
        if recipe.averaging is not None:
            moving = get_ema_multi_avg_fn(recipe.averaging)  # type: ignore[no-untyped-call]
            self.average = AveragedModel(self.network, multi_avg_fn=moving, use_buffers=True).requires_grad_(False)
        chosen = recipe.schedule
        self._plateau = PlateauWatch(chosen.factor, chosen.epochs) if isinstance(chosen, Plateau) else None
        self._losses: list[Tensor] = []
        self._phase = 0

    def step_loss(self, batch: TensorBatch, phase: Phase) -> Tensor:
        """The loss of a training batch."""
        raise NotImplementedError

    def figures_of_epoch(self) -> dict[str, float]:
        """The validation's figures, of what `validation_step` has gathered; called on every rank."""
        raise NotImplementedError

    @property
    def trained(self) -> nn.Module:
        """The network that is validated and kept."""
        return self.network if self.average is None else self.average.module

    @property
    def phase(self) -> Phase:
        """The phase of the present epoch."""
        return self.recipe.phase_at(self.current_epoch)[1]

    def normalised(self, batch: TensorBatch) -> Tensor:
        """Network input `[N, 1, h, w]` of a batch."""
        frames = (batch["frames"].unsqueeze(1).float() - GREY_MIDDLE) / GREY_SPAN
        return frames.to(memory_format=torch.channels_last)

    def planes(self, batch: TensorBatch) -> Tensor:
        """Masks of a batch, a plane per class: float32 `[N, K, h, w]`."""
        bits = (1 << torch.arange(len(self.classes), device=self.device)).view(1, -1, 1, 1)
        return ((batch["masks"].unsqueeze(1) & bits) > 0).float()

    def configure_optimizers(self) -> Any:
        """Adam or AdamW; a one-cycle schedule steps with the batches, a plateau is judged at the end of an epoch."""
        chosen = self.recipe.optimiser
        kind = torch.optim.Adam if chosen.name == "adam" else torch.optim.AdamW
        optimizer = kind(self.network.parameters(), lr=chosen.learning_rate, weight_decay=chosen.weight_decay)
        schedule = self.recipe.schedule
        if not isinstance(schedule, OneCycle):
            return optimizer
        steps = int(self.trainer.estimated_stepping_batches)
        scheduler = LambdaLR(optimizer, lambda step: one_cycle(step, steps, schedule.warmup_steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def on_train_epoch_start(self) -> None:
        """Begin a phase where one begins; draw dropout from a seed of the epoch, so that a resumed one draws the same."""
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.current_epoch * 1009 + self.global_rank)
        self._losses.clear()
        number, phase = self.recipe.phase_at(self.current_epoch)
        if number == self._phase:
            return
        self._phase = number
        if self._plateau is not None:
            self._plateau.restart()
        if phase.learning_rate is not None:
            for group in self.trainer.optimizers[0].param_groups:
                group["lr"] = phase.learning_rate

    def training_step(self, batch: TensorBatch, batch_idx: int) -> Tensor:
        """The loss; stops the training where it is not finite."""
        loss = self.step_loss(batch, self.phase)
        if not torch.isfinite(loss):
            self._stop(f"step {batch_idx} of epoch {self.current_epoch}: the loss is {loss.item()}")
        self._losses.append(loss.detach())
        self.log("loss", loss.detach(), prog_bar=True, logger=False, batch_size=1)
        return loss

    def on_train_batch_end(self, *_: Any) -> None:
        """Update the moving average of the weights."""
        if self.average is not None:
            self.average.update_parameters(self.network)

    def on_validation_epoch_end(self) -> None:
        """Work out the figures."""
        self.figures = self.figures_of_epoch()

    def on_train_epoch_end(self) -> None:
        """Note the epoch, judge the plateau. Runs before checkpoints are written, which so hold all of the epoch."""
        optimizer = self.trainer.optimizers[0]
        loss = self.total(torch.stack([torch.stack(self._losses).sum(), torch.tensor(float(len(self._losses)))]))
        row = {
            "epoch": float(self.current_epoch),
            "phase": float(self._phase),
            "learning_rate": float(optimizer.param_groups[0]["lr"]),
            "training_loss": float(loss[0] / loss[1]),
            **self.figures,
        }
        self.history.append(row)
        if self._plateau is not None:
            self._plateau.judge(self.figures.get("validation_loss", row["training_loss"]), optimizer)
        shown = {name: value for name, value in row.items() if name not in ("epoch", "phase")}
        self.log_dict(shown, prog_bar=True, logger=False, sync_dist=True)
        if self.trainer.is_global_zero:
            _write_history(self.history, self.out / "metrics.csv")
            if self.tell is not None:
                told = ", ".join(f"{name} {value:.4g}" for name, value in shown.items())
                self.tell(f"epoch {self.current_epoch + 1} of {self.recipe.epochs}: {told}")

    def total(self, values: Tensor) -> Tensor:
        """The sum over all ranks."""
        return self.trainer.strategy.reduce(values.to(self.device), reduce_op="sum").cpu()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what Lightning does not know; refuse to write weights that are not finite over the last good ones."""
        for name, value in self.state_dict().items():
            if value.is_floating_point() and not torch.isfinite(value).all():
                self._stop(f"epoch {self.current_epoch}: {name} is not finite")
        checkpoint["inspector"] = {
            "identity": self.identity,
            "history": self.history,
            "figures": self.figures,
            "phase": self._phase,
            "plateau": None if self._plateau is None else asdict(self._plateau),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore it. Raises TrainingFolderError for a checkpoint of other data or another split."""
        kept = checkpoint.get("inspector", {})
        for what, value in self.identity.items():
            found = kept.get("identity", {}).get(what)
            if found != value:
                trained_on = f"was trained on {what} {found}, this is {value}"
                raise TrainingFolderError(self.out / "last.ckpt", trained_on, "other data")
        self.history, self.figures, self._phase = kept["history"], kept["figures"], kept["phase"]
        if kept["plateau"] is not None:
            self._plateau = PlateauWatch(**kept["plateau"])

    def _stop(self, what: str) -> None:
        last = self.out / "last.ckpt"
        kept = f"{last} holds the last good epoch" if is_file(last) else "no epoch was finished before"
        raise TrainingError(f"{what}; {kept}. Train again with a lower optimiser.learning_rate or optimiser.clip_norm")


def _write_history(rows: list[dict[str, float]], path: Path) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with text_output(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([f"{row[name]:.6g}" if name in row else "" for name in names] for row in rows)
