"""The batches of a training, as a LightningDataModule."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import engines.networks.torchvision_guard  # noqa: F401, before Lightning

# isort: split
import cv2
import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from engines.errors import RecipeError
from engines.training.draw import Drawer
from engines.training.frames import Frames

Place = tuple[int, int]
"""Epoch and step."""


class EpochSteps(Sampler[Place]):
    """The steps of an epoch, shared out over the ranks; Lightning tells it the epoch."""

    def __init__(self, steps: int, rank: int, ranks: int) -> None:
        self._steps, self._rank, self._ranks = steps, rank, ranks
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """The epoch to come."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._steps // self._ranks

    def __iter__(self) -> Iterator[Place]:
        return ((self._epoch, self._rank + i * self._ranks) for i in range(len(self)))


class DrawnBatches(Dataset[dict[str, Tensor]]):
    """Whole training batches by epoch and step."""

    def __init__(self, drawer: Drawer) -> None:
        self._drawer = drawer

    def __getitem__(self, place: Place) -> dict[str, Tensor]:
        batch = self._drawer.draw(*place)
        return {
            "frames": torch.from_numpy(batch.frames),
            "masks": torch.from_numpy(batch.masks),
            "defective": torch.from_numpy(batch.defective),
            "located": torch.from_numpy(batch.located),
        }


class WholeFrames(Dataset[dict[str, Tensor]]):
    """Validation frames, each a batch of one."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        frame, mask = self._frames.pair(number)
        labelled = self._frames.frames[number]
        return {
            "frames": torch.from_numpy(frame)[None].clone(),
            "masks": torch.from_numpy(mask)[None].clone(),
            "defective": torch.tensor([labelled.defective]),
            "located": torch.tensor([labelled.located]),
            "number": torch.tensor([number]),
        }


@dataclass
class _Share(Sampler[int]):
    """The validation frames of one rank."""

    frames: int
    rank: int
    ranks: int

    def __len__(self) -> int:
        return len(range(self.rank, self.frames, self.ranks))

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.rank, self.frames, self.ranks))


class TrainingData(LightningDataModule):
    """`steps` batches an epoch from `drawer`, and `validation` frames; read by `workers` processes, 0: by this one."""

    def __init__(self, drawer: Drawer, steps: int, validation: Frames, workers: int = 0) -> None:
        super().__init__()
        self._drawer, self._steps, self._validation, self._workers = drawer, steps, validation, workers

    def train_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Raises RecipeError where there are fewer steps than devices."""
        rank, ranks = self._ranks()
        if self._steps < ranks:
            raise RecipeError(
                f"steps_per_epoch: found {self._steps}, expected at least one for each of {ranks} devices"
            )
        return self._loader(DrawnBatches(self._drawer), EpochSteps(self._steps, rank, ranks))

    def val_dataloader(self) -> DataLoader[dict[str, Tensor]]:
        """Whole frames; the loader is empty where no part is held out."""
        return self._loader(WholeFrames(self._validation), _Share(len(self._validation), *self._ranks()))

    def _ranks(self) -> tuple[int, int]:
        trainer = self.trainer
        return (0, 1) if trainer is None else (trainer.global_rank, trainer.world_size)

    def _loader(
        self, dataset: Dataset[dict[str, Tensor]], sampler: Sampler[int] | Sampler[Place]
    ) -> DataLoader[dict[str, Tensor]]:
        return DataLoader(
            dataset,
            batch_size=None,
            sampler=sampler,
            num_workers=self._workers,
            persistent_workers=self._workers > 0,
            worker_init_fn=_single_threaded,
            pin_memory=torch.cuda.is_available(),
        )


def default_workers() -> int:
    """Processes that read: one per core up to eight beside a GPU; none on a machine whose cores train."""
    return min(8, os.cpu_count() or 1) if torch.cuda.is_available() else 0


def _single_threaded(_: int) -> None:
    """OpenCV computes in one thread: the worker processes use the cores already."""
    cv2.setNumThreads(0)
