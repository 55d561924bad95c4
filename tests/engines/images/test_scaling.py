"""Every value of every kind of white, exactly."""

from __future__ import annotations

import numpy as np
import pytest

from engines.images.scaling import to_eight_bits

EVERY = np.arange(1 << 16, dtype=np.uint16)[None]


@pytest.mark.parametrize("white", [1, 2, 6, 255, 256, 510, 1000, 1023, 4095, 4096, 16383, 40000, 65521, 65534, 65535])
def test_values_are_rounded_to_nearest_and_stop_at_white(white: int) -> None:
    below = np.minimum(EVERY.astype(np.int64), white)
    for white_is_zero, counted in ((False, below), (True, white - below)):
        doubled_error = 2 * (to_eight_bits(EVERY, white, white_is_zero).astype(np.int64) * white - 255 * counted)
        assert (doubled_error > -white).all()
        assert (doubled_error <= white).all(), "a half is rounded up"
        bytes_only = EVERY[:, :256].astype(np.uint8)
        if white <= 255:
            np.testing.assert_array_equal(
                to_eight_bits(bytes_only, white, white_is_zero), to_eight_bits(EVERY[:, :256], white, white_is_zero)
            )
