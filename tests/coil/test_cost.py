"""What a run costs while it goes on: memory does not grow with it, whatever lies on the strip."""

from __future__ import annotations

import gc
import tracemalloc
from itertools import islice

import numpy as np
import pytest

from inspector.coil.coil import Coil
from inspector.coil.component import Component
from tests.coil.endless import endless
from tests.coil.strip import RUN, Camera, Mask

SIZE = (40, 24)
"""Of a frame of ``Camera()``."""


def field() -> Mask:
    """Corrosion over the whole frame, with holes, and a scratch beside it."""
    mask = np.ones(SIZE, dtype=np.uint8)
    mask[10:20:2, 5:15] = 0
    mask[30] = 2
    return mask


def clean() -> Mask:
    return np.zeros(SIZE, dtype=np.uint8)


def growth(masks: list[Mask], frames: int = 300) -> int:
    """By how many bytes a coil has grown over the last half of so many frames."""
    coil, packets = Coil(RUN), endless(Camera(), masks)
    tracemalloc.start()
    try:
        for packet in islice(packets, frames // 2):
            coil.feed(packet)
        before = _held()
        for packet in islice(packets, frames // 2):
            coil.feed(packet)
        return _held() - before
    finally:
        tracemalloc.stop()


def _held() -> int:
    """Bytes that the coil's modules hold; other threads of the tests' process hold more or less at any time."""
    gc.collect()
    traces = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/inspector/coil/*")])
    return sum(one.size for one in traces.statistics("filename"))


@pytest.mark.parametrize("masks", [[clean()], [field()]], ids=["clean", "one defect without end"])
def test_memory_does_not_grow_with_the_run(masks: list[Mask]) -> None:
    assert growth(masks) < 4000


def test_a_planted_leak_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Component] = []
    join = Component.join

    def keeping(self: Component, other: Component, frames_kept: int) -> Component:
        kept.append(other)
        return join(self, other, frames_kept)

    monkeypatch.setattr(Component, "join", keeping)
    assert growth([field()]) > 20_000


def test_defects_without_end_side_by_side_are_not_joined() -> None:
    coil = Coil(RUN)
    for packet in islice(endless(Camera(), [field()]), 201):
        assert coil.feed(packet) == []
    coil.finish()
    found = [(one.class_name, one.length_mm, one.pieces, len(one.frames)) for one in coil.findings.defects]
    assert sorted(found) == [
        ("pitting", 2400.0, 200, 16),
        ("pitting", 2400.0, 200, 16),
        ("scratches", 2400.0, 200, 16),
    ]
