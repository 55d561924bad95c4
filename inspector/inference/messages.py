"""The messages between parent and child. They name windows of slots; pixels stay in the ring."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

import msgspec

from engines.operating_point import OperatingPoint
from inspector.config.inference import InferenceConfig
from inspector.frames.background import Priority


class Forced(int, Enum):
    """Whether the gate's decision is replaced by a fixed one, for measurements at a known pass rate; both engines still run."""

    NO = 0
    CLEAN = 1
    LET_THROUGH = 2


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a child needs to start."""

    bundle: str
    """Directory of the model bundle."""
    bundle_id: str
    bundle_sha256: str
    """Of the manifest of the bundle that the line was started with; another one must not take its place unnoticed."""
    operating_point: OperatingPoint
    """Thresholds that the line was started with: they hold until it ends, although the bundle's file may be replaced meanwhile."""
    inference: InferenceConfig
    priority: Priority = Priority.USUAL


class WorkItem(msgspec.Struct, frozen=True, array_like=True):
    """A window of the ring to inspect. Its size is that of the bundle's frames."""

    slot: int
    offset: int = 0
    """Pixels from the beginning of the slot's plane."""
    forced: Forced = Forced.NO


class Work(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Parent to child: windows to inspect, oldest first."""

    items: list[WorkItem]


class Stop(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Parent to child: finish what is enqueued and end."""


class Ready(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Child to parent: the engines are loaded and verified with the golden frames."""

    device: str
    note: str
    cpu_fallback: bool
    """Whether the engines run on the CPU because no GPU can be used."""
    runtime: str
    """What both engines run on: openvino, tensorrt or torch."""
    in_flight: int
    """How many frames in flight keep the device busy."""


class Failed(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Child to parent, the last message: why the child ends."""

    reason: str
    mendable: bool
    """True where a restart cannot help, but the user can: by correcting bundle or configuration."""
    traceback: str = ""
    """Of an internal error."""


class InferenceResult(msgspec.Struct, frozen=True, array_like=True):
    """The engines' result for one window. Where the gate let the frame through, its mask is in the same window of the mask planes."""

    slot: int
    offset: int
    gate_score: float
    let_through: bool
    pixels: tuple[int, ...] = ()
    """Pixels per class; empty where the segmenter did not run."""
    scores: tuple[float, ...] = ()
    """Maximum probability per class; empty where the segmenter did not run."""


class StageFigures(msgspec.Struct, frozen=True, array_like=True):
    """Figures of one engine since those sent before."""

    wait: list[int]
    """How long frames waited for it in the child, as ``LatencyTally.take`` gives it."""
    time: list[int]
    """How long it took for a batch, likewise."""
    batches: list[int]
    """Frames of a batch and number of such batches in turn."""


class ChildFigures(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Child to parent: figures of both engines, a few times a second: see ``inspector.inference.figures``."""

    gate: StageFigures
    segmenter: StageFigures


class InferenceResults(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Child to parent: results, in the order they were reached."""

    results: list[InferenceResult]
    in_flight: int
    """How many frames may be in flight from now on: at least as many as ``Ready`` says, more where the engines are fast."""


ToChild: TypeAlias = Work | Stop
FromChild: TypeAlias = Ready | Failed | InferenceResults | ChildFigures
