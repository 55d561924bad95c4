"""The boxes of a map: they grow at the end, and are bounded."""

from __future__ import annotations

import struct

import numpy as np

from inspector.view.live.boxes import CHUNK, MOST, Boxes


def test_what_is_sent_is_what_was_added() -> None:
    boxes = Boxes(7)
    for number in range(CHUNK + 3):
        boxes.add(number, number + 0.5, 2.0, 3.0, number % 5, number % 2)
    first, last = boxes.message(4, 0)
    assert last == CHUNK
    second, last = boxes.message(4, last)
    assert last == len(boxes) == CHUNK + 3
    assert struct.unpack_from("<6I", second) == (4, 7, CHUNK, 3, CHUNK + 3, 0)
    columns = np.frombuffer(second, "<f4", 12, 24).reshape(4, 3)
    assert columns[:, 0].tolist() == [CHUNK, CHUNK + 0.5, 2.0, 3.0]
    assert list(second[24 + 48 :]) == [*(number % 5 for number in range(CHUNK, CHUNK + 3)), 0, 1, 0]
    assert len(first) == 24 + CHUNK * 18


def test_of_too_many_the_older_half_goes_and_pages_are_sent_all_again() -> None:
    boxes = Boxes(1000)
    for number in range(MOST + 1):
        boxes.add(number, 0.0, 1.0, 1.0, 0, 0)
    assert (len(boxes), boxes.generation, boxes.left_out) == (MOST // 2 + 1, 1001, MOST // 2)
    data, _ = boxes.message(0, 0)
    assert np.frombuffer(data, "<f4", 1, 24)[0] == MOST // 2
