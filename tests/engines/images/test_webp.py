"""WebP as cameras' archives keep it: lossless grey comes back as it was, and what is cut short is refused."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.errors import BadFrameError
from engines.images.decoder import Decoder

PIXELS = np.random.default_rng(1).integers(0, 256, (37, 61), dtype=np.uint8)
LOSSLESS, LOSSY = 101, 90


def webp(quality: int) -> bytes:
    return bytes(cv2.imencode(".webp", PIXELS, [cv2.IMWRITE_WEBP_QUALITY, quality])[1])


def test_lossless_grey_is_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    path.write_bytes(webp(LOSSLESS))
    assert Decoder().size(path) == (37, 61)
    assert np.array_equal(Decoder(37, 61).decode(path), PIXELS)


def test_lossy_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    path.write_bytes(webp(LOSSY))
    assert Decoder().decode(path).shape == (37, 61)


@pytest.mark.parametrize("quality", [LOSSLESS, LOSSY])
@pytest.mark.parametrize("left", [0.01, 0.3, 0.99])
def test_what_is_cut_short_is_refused(quality: int, left: float, tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    data = webp(quality)
    path.write_bytes(data[: int(len(data) * left)])
    with pytest.raises(BadFrameError, match=r"damaged or cut-short WebP|is not a JPEG"):
        Decoder().decode(path)


def test_noise_behind_a_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    data = bytearray(webp(LOSSLESS))
    data[40:] = np.random.default_rng(2).bytes(len(data) - 40)
    path.write_bytes(data)
    with pytest.raises(BadFrameError):
        Decoder(1000, 1000).decode(path)
