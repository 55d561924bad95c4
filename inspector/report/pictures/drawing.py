"""Colours, text and lines that all pictures share. Pictures are ``uint8 [H, W, 3]`` in OpenCV's BGR order."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.errors import FileError
from engines.files.writing import write_bytes
from inspector.frames.outcome import Verdict

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]


def _rgb(code: str) -> Colour:
    return int(code[5:7], 16), int(code[3:5], 16), int(code[1:3], 16)


PAGE = _rgb("#14181f")
PANEL = _rgb("#1d232d")
GRID = _rgb("#343d4b")
INK = _rgb("#e8ecf2")
FAINT_INK = _rgb("#98a4b5")
TRUTH = _rgb("#ffffff")

CLASSES = tuple(map(_rgb, ("#ffe14d", "#3fc1ff", "#8dff5a", "#ff66c4", "#b58cff", "#2fe0c8", "#ff9d85", "#c8d4ff")))
"""Colour of each of up to 8 classes: apart from each other, from grey steel and from the verdicts."""

VERDICTS = {
    Verdict.PASS: _rgb("#38a06c"),
    Verdict.REJECT: _rgb("#ff9a1f"),
    Verdict.SCRAP: _rgb("#f0352b"),
    Verdict.UNINSPECTED: _rgb("#8a97ab"),
}

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FINE = 4
"""Text is drawn this much larger and shrunk, which makes OpenCV's stroke font smooth at small sizes."""
_UNIT_HEIGHT = cv2.getTextSize("Hg", _FONT, 1.0, 1)[0][1]


def blank(height: int, width: int, colour: Colour = PAGE) -> Picture:
    """An empty picture."""
    return np.full((height, width, 3), colour, dtype=np.uint8)


def text_width(text: str, height: int) -> int:
    """Width in pixels of ``text`` with capitals about ``height`` pixels high."""
    return -(-cv2.getTextSize(_plain(text), _FONT, _scale(height), _stroke(height))[0][0] // _FINE)


def _scale(height: int) -> float:
    return height * _FINE / _UNIT_HEIGHT


def _stroke(height: int) -> int:
    return max(1, round(height * _FINE * 0.11))


def _plain(text: str) -> str:
    """The font has ASCII only."""
    return text.encode("ascii", "replace").decode()


def write_text(
    picture: Picture, text: str, x: int, y: int, height: int = 11, colour: Colour = INK, align: str = "left"
) -> int:
    """Write with the baseline at ``y``, from, around or up to ``x``; return the x behind the text."""
    width = text_width(text, height)
    left = x - {"left": 0, "centre": width // 2, "right": width}[align]
    pad = height
    ink = np.zeros(((3 * height) * _FINE, (width + 2 * pad) * _FINE), dtype=np.uint8)
    origin = (pad * _FINE, 2 * height * _FINE)
    cv2.putText(ink, _plain(text), origin, _FONT, _scale(height), 255, _stroke(height), cv2.LINE_AA)
    cover = cv2.resize(ink, None, fx=1 / _FINE, fy=1 / _FINE, interpolation=cv2.INTER_AREA)
    _blend(picture, np.asarray(cover, dtype=np.uint8), left - pad, y - 2 * height, colour)
    return left + width


def _blend(picture: Picture, cover: NDArray[np.uint8], x: int, y: int, colour: Colour) -> None:
    """Paint ``colour`` where ``cover`` (0..255) says, clipped to the picture."""
    top, left = max(0, y), max(0, x)
    bottom, right = min(picture.shape[0], y + cover.shape[0]), min(picture.shape[1], x + cover.shape[1])
    if top >= bottom or left >= right:
        return
    share = cover[top - y : bottom - y, left - x : right - x, None].astype(np.float32) / 255
    under = picture[top:bottom, left:right]
    under[:] = np.rint(under + (np.array(colour, np.float32) - under) * share).astype(np.uint8)


def fit_text(text: str, height: int, width: int) -> str:
    """``text``, shortened with dots in the middle until it fits into ``width`` pixels."""
    if text_width(text, height) <= width:
        return text
    for keep in range(len(text) - 1, 2, -1):
        shorter = text[: (keep + 1) // 2] + ".." + text[len(text) - keep // 2 :]
        if text_width(shorter, height) <= width:
            return shorter
    return ""


def fill(picture: Picture, x: int, y: int, width: int, height: int, colour: Colour, share: float = 1.0) -> None:
    """A filled box, mixed with what is there by ``share``; clipped to the picture."""
    x0, y0 = max(0, x), max(0, y)
    area = picture[y0 : max(y0, y + height), x0 : max(x0, x + width)]
    area[:] = np.rint(area + (np.array(colour, np.float32) - area) * share).astype(np.uint8)


def dot(picture: Picture, x: int, y: int, colour: Colour, radius: int = 5) -> None:
    """A filled disc."""
    cv2.circle(picture, (x, y), radius, colour, cv2.FILLED, cv2.LINE_AA)


def write_png(path: Path, picture: Picture) -> None:
    """Write a PNG. Raises FileError."""
    done, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 7])
    if not done:
        raise FileError(f"{path}: cannot be encoded as PNG")
    write_bytes(path, data.tobytes())
