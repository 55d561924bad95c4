"""Pictures inside a report."""

from __future__ import annotations

import base64
from typing import NamedTuple

import cv2

from engines.errors import FileError
from inspector.report.pictures.drawing import Colour, Picture


class Shown(NamedTuple):
    """An encoded picture with what is written below it."""

    data: bytes
    """PNG or JPEG."""
    width: int
    height: int
    caption: str

    @property
    def uri(self) -> str:
        """The picture as part of a page."""
        kind = "png" if self.data.startswith(b"\x89PNG") else "jpeg"
        return f"data:image/{kind};base64,{base64.b64encode(self.data).decode('ascii')}"


def shown(picture: Picture, caption: str, *, lossless: bool = True) -> Shown:
    """The picture, encoded. Raises FileError."""
    suffix, options = (
        (".png", [cv2.IMWRITE_PNG_COMPRESSION, 9]) if lossless else (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 85])
    )
    done, data = cv2.imencode(suffix, picture, options)
    if not done:
        raise FileError(f"a picture of {picture.shape[1]} x {picture.shape[0]} px cannot be encoded")
    return Shown(data.tobytes(), picture.shape[1], picture.shape[0], caption)


def css(colour: Colour) -> str:
    """A colour (blue, green, red) in the words of a page."""
    blue, green, red = colour
    return f"#{red:02x}{green:02x}{blue:02x}"
