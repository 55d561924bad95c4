"""What the registers keep is bounded, whatever a line says."""

from __future__ import annotations

import tracemalloc

import pytest

from inspector.client.controller.registers import KeyedRegister
from inspector.client.controller.sights import Place, Sight, Why


@pytest.mark.parametrize("decided", [False, True])
def test_a_part_that_never_ends_fills_no_memory_and_does_not_pass(decided: bool) -> None:
    """The line was told of one part and of no other since."""
    register = KeyedRegister(("top",), 2, by_part=True)
    for frame in range(2):
        register.take("top", Sight(frame, Place(100 * frame, 100 * frame + 100), True), "7")
    if decided:
        assert [one.why for one in register.due(10, -10)] == [Why.PASSED]
    tracemalloc.start()
    try:
        for frame in range(2, 20_000):
            said = register.take("top", Sight(frame, Place(200, 300), True), "7")
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 50_000
    assert said == (7,) if decided else [one.why for one in register.due(10, -10)] == [Why.ABSENT]
