"""The mask codec: what goes in comes out, and no bytes can make it lie or take more memory than the frame."""

from __future__ import annotations

import struct

import hypothesis.extra.numpy as npst
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspector.protocol import masks

shapes = npst.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24)
# Few different values, so that there are runs to find.
some_masks = shapes.flatmap(lambda shape: npst.arrays(np.uint8, shape, elements=st.sampled_from([0, 0, 1, 2, 3, 255])))


def as_a_stranger(data: bytes, height: int, width: int) -> NDArray[np.uint8]:
    """The decoder of the module's docstring."""
    pixels = bytearray()
    for offset in range(0, len(data), 8):
        length, value = struct.unpack_from("<II", data, offset)
        pixels += bytes([value]) * length
    pixels = pixels or bytearray(height * width)
    return np.frombuffer(bytes(pixels), dtype=np.uint8).reshape(height, width)


@given(some_masks)
def test_a_mask_comes_back(mask: NDArray[np.uint8]) -> None:
    data = masks.encode(mask)
    assert np.array_equal(masks.decode(data, *mask.shape), mask)
    assert np.array_equal(as_a_stranger(data, *mask.shape), mask)
    assert masks.encode(np.asfortranarray(mask)) == data


@given(some_masks.filter(lambda mask: bool(mask.any())))
def test_neighbouring_runs_differ_and_cover_the_frame(mask: NDArray[np.uint8]) -> None:
    runs = np.frombuffer(masks.encode(mask), dtype="<u4").reshape(-1, 2)
    assert runs[:, 0].sum() == mask.size
    assert (runs[1:, 1] != runs[:-1, 1]).all()


def test_the_bytes_are_the_documented_ones() -> None:
    mask = np.array([[0, 0, 5], [5, 0, 0]], dtype=np.uint8)
    assert masks.encode(mask) == bytes.fromhex("02000000 00000000  02000000 05000000  02000000 00000000")
    assert masks.encode(np.zeros((3, 4), dtype=np.uint8)) == b""
    decoded = masks.decode(b"", 3, 4)
    assert decoded.shape == (3, 4)
    assert not decoded.any()
    decoded[0, 0] = 1  # the caller owns it


@given(st.binary(max_size=64), st.integers(1, 6), st.integers(1, 6))
def test_any_bytes_are_decoded_or_refused(data: bytes, height: int, width: int) -> None:
    try:
        mask = masks.decode(data, height, width)
    except ValueError:
        return
    assert mask.shape == (height, width)
    assert np.array_equal(as_a_stranger(data, height, width), mask)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 300)), max_size=6))
def test_exactly_the_documented_runs_are_accepted(runs: list[tuple[int, int]]) -> None:
    data = b"".join(struct.pack("<II", *run) for run in runs)
    valid = not runs or (
        sum(length for length, _ in runs) == 12 and all(length >= 1 and value <= 255 for length, value in runs)
    )
    if valid:
        assert np.array_equal(masks.decode(data, 3, 4), as_a_stranger(data, 3, 4))
    else:
        with pytest.raises(ValueError, match=r"mask|runs"):
            masks.decode(data, 3, 4)


@pytest.mark.parametrize(
    ("data", "height", "width", "says"),
    [
        (b"\1\0\0\0\1\0\0", 1, 1, "7 bytes"),
        (struct.pack("<II", 5, 1), 2, 2, "cover 5 pixels"),
        (struct.pack("<II", 3, 1), 2, 2, "cover 3 pixels"),
        (struct.pack("<IIII", 4, 1, 0, 2), 2, 2, "no pixels"),
        (struct.pack("<II", 4, 256), 2, 2, "value 256"),
        (struct.pack("<II", 2**32 - 1, 1) * 2, 2, 2, "cover 8589934590 pixels"),
        (struct.pack("<II", 2**31, 1) * 2 + struct.pack("<II", 4, 1), 2, 2, "cover 4294967300 pixels"),
        (struct.pack("<II", 1, 1) * 5, 2, 2, "5 runs"),
        (b"", 0, 4, "0 x 4"),
        (struct.pack("<II", 4, 1), -2, -2, "-2 x -2"),
    ],
)
def test_hostile_bytes_are_refused_by_name(data: bytes, height: int, width: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        masks.decode(data, height, width)


@pytest.mark.parametrize("mask", [np.zeros((2, 2), np.int32), np.zeros(4, np.uint8), np.zeros((1, 2, 2), np.uint8)])
def test_only_masks_are_encoded(mask: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="uint8"):
        masks.encode(mask)
