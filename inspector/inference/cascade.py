"""The cascade: decides which frames go to which engine next. It has no thread and no clock, and calls no engine.

Gate batches are formed from frames in order of arrival; frames let through are collected, from several gate batches, for the segmenter.
A full segmenter batch goes before a gate batch, so that a frame that was let through has its result soon and the number of
frames held stays small. A partial batch waits a limited time for more frames: longer for the segmenter than for the gate where few
frames are let through.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from inspector.frames.planes import Window
from inspector.inference.messages import Forced


class Stage(Enum):
    """The two engines in the order in which they process a frame."""

    GATE = "gate"
    SEGMENTER = "segmenter"

    # Enum's own is a function in Python, and stages are keys several times for every frame.
    __hash__ = object.__hash__


class Item(NamedTuple):
    """A frame inside the cascade."""

    window: Window
    forced: Forced
    since_ns: int
    """When it began to wait for its next engine, monotonic ns."""
    gate_score: float = 0.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames that go through one engine together."""

    stage: Stage
    items: tuple[Item, ...]


_ROOM = dict.fromkeys(Stage, 1)


@dataclass
class _Queue:
    """Frames that wait for one engine."""

    stage: Stage
    max_batch: int
    max_wait_ns: int
    items: deque[Item] = field(default_factory=deque)

    def due_ns(self) -> int | None:
        """When the next batch may go, monotonic ns; None where nothing waits."""
        if not self.items:
            return None
        first = self.items[0].since_ns
        return first if len(self.items) >= self.max_batch else first + self.max_wait_ns

    def take(self, batches: int, largest: int) -> Batch:
        """The next of ``batches`` that could go now; ``largest`` is as in ``Cascade.next_batch``."""
        waiting = len(self.items)
        count = min(waiting, max(self.max_batch, min(largest, -(-waiting // batches))))
        return Batch(self.stage, tuple(self.items.popleft() for _ in range(count)))


class Cascade:
    """Frames that wait for the gate and frames that wait for the segmenter."""

    def __init__(
        self, gate_threshold: float, gate_batch: int, segmenter_batch: int, gate_wait_ns: int, segmenter_wait_ns: int
    ) -> None:
        """``gate_threshold`` is a probability, 0..1. The batches are the most frames per batch; the waits are how long a partial batch
        waits for more frames, ns."""
        self._threshold = gate_threshold
        self._gate = _Queue(Stage.GATE, gate_batch, gate_wait_ns)
        self._segmenter = _Queue(Stage.SEGMENTER, segmenter_batch, segmenter_wait_ns)

    def arrive(self, window: Window, forced: Forced, now_ns: int) -> None:
        """Add a frame that waits for the gate."""
        self._gate.items.append(Item(window, forced, now_ns))

    def gated(self, item: Item, score: float, now_ns: int) -> bool:
        """Take the gate's score of a frame. True: it now waits for the segmenter; False: it is clean and done."""
        let_through = score >= self._threshold if item.forced is Forced.NO else item.forced is Forced.LET_THROUGH
        if let_through:
            self._segmenter.items.append(item._replace(since_ns=now_ns, gate_score=score))
        return let_through

    def next_batch(
        self, now_ns: int, room: Mapping[Stage, int] = _ROOM, largest: Callable[[Stage], int] = lambda stage: 0
    ) -> Batch | None:
        """The batch to run now on one of the engines in ``room``, each with the number of further batches that it accepts; None where no
        batch is due.

        ``largest(stage)`` is how many frames a batch may hold where so many wait that every batch that is accepted is as large; where it is
        less than the usual number, that holds."""
        for queue in (self._segmenter, self._gate):
            due = queue.due_ns()
            if due is not None and due <= now_ns and queue.stage in room:
                return queue.take(room[queue.stage], largest(queue.stage))
        return None

    def wake_ns(self, room: Collection[Stage] = tuple(Stage)) -> int | None:
        """When the next batch is due without a further frame, monotonic ns; None where nothing waits for the engines in ``room``."""
        dues = [queue.due_ns() for queue in (self._segmenter, self._gate) if queue.stage in room]
        return min((due for due in dues if due is not None), default=None)
