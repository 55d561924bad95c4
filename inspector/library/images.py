"""Images as users have them, an array or a file, become the frames that the engines take."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engines.errors import BadFrameError
from engines.images.decoder import Decoder
from inspector.errors import UserError

Image: TypeAlias = "NDArray[np.uint8] | str | os.PathLike[str]"
"""uint8 ``[H, W]``, grey, in the geometry of the bundle; or the path of an image file, read as a replay reads it."""


def read_image(image: Image, decoder: Decoder, name: str) -> tuple[str, NDArray[np.uint8]]:
    """Name and pixels of an image, uint8 ``[H, W]``, C-contiguous, a copy; an array is called ``name``.

    Raises UserError where it is of another form or cannot be read.
    """
    if isinstance(image, np.ndarray):
        return name, _copied(image, decoder, name)
    if isinstance(image, (str, os.PathLike)):
        path = Path(image)
        try:
            return str(path), decoder.decode(path)
        except BadFrameError as error:
            raise UserError(f"{path}: {error}") from None
    raise UserError(f"{name} is a {type(image).__qualname__}; expected {_form(decoder)}, or the path of an image file")


def _copied(image: NDArray[np.uint8], decoder: Decoder, name: str) -> NDArray[np.uint8]:
    expected = (decoder.height, decoder.width)
    if image.dtype == np.uint8 and image.shape == expected:
        return np.array(image, order="C")
    mend = ""
    if image.shape[:2] == expected and image.ndim == 3:
        mend = "; make it grey first, e.g. by cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)"
    elif image.dtype != np.uint8:
        mend = "; scale its values to 0..255 and convert them by .astype(numpy.uint8)"
    raise UserError(f"{name} is {image.dtype} {list(image.shape)}; expected {_form(decoder)}{mend}")


def _form(decoder: Decoder) -> str:
    return f"a grey numpy array, uint8 [{decoder.height}, {decoder.width}]"
