"""What parent and child say to each other over their channel. Slots only: pixels stay in the ring."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

import msgspec

from inspector.config.inference import InferenceConfig


class Forced(int, Enum):
    """Whether the gate's decision is replaced by a fixed one, for measurements at a known pass rate; both engines still run."""

    NO = 0
    CLEAN = 1
    LET_THROUGH = 2


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a child needs to start."""

    bundle: str
    """Directory of the model bundle."""
    inference: InferenceConfig


class Work(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Parent to child: slots to inspect, oldest first."""

    slots: list[tuple[int, Forced]]


class Stop(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Parent to child: finish what is enqueued and end."""


class Ready(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Child to parent: engines are loaded and proved."""

    device: str
    note: str
    cpu_fallback: bool
    """Whether a CPU stands in for a GPU."""
    in_flight: int
    """Frames in flight that keep the device busy."""


class Failed(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Child to parent, its last word: why it ends."""

    reason: str
    mendable: bool
    """True where a user can mend it (bundle, configuration) and a restart cannot."""


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What the engines say of one slot. The mask is in the slot's mask plane where the frame was let through."""

    slot: int
    gate_score: float
    let_through: bool
    pixels: tuple[int, ...] = ()
    """Pixels per class; empty where the segmenter did not run."""
    scores: tuple[float, ...] = ()
    """Maximum probability per class; empty where the segmenter did not run."""


class Answers(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Child to parent: answers, in the order they were reached."""

    answers: list[Answer]


ToChild: TypeAlias = Work | Stop
FromChild: TypeAlias = Ready | Failed | Answers
