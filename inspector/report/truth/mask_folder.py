"""Truth from a folder of mask images, one PNG a frame."""

from __future__ import annotations

from enum import Enum
from pathlib import Path, PurePath

import cv2
import numpy as np

from inspector.errors import UserError
from inspector.report.truth.source import Bitmask, TruthError


class MaskStyle(str, Enum):
    """What a pixel value means."""

    CLASS_NUMBER = "class_number"
    """0 background, 1..K the class: no pixel can belong to two."""
    BITMASK = "bitmask"
    """Bit k set: the pixel belongs to class k."""
    BINARY = "binary"
    """Above 127: the pixel belongs to the one class there is."""


class MaskFolder:
    """Truth of the frames that have a file ``<stem>.png`` in a folder; the others are not labelled."""

    def __init__(
        self, folder: Path, class_count: int, height: int, width: int, style: MaskStyle = MaskStyle.CLASS_NUMBER
    ) -> None:
        """Raises UserError where the folder has no masks or the style cannot hold the classes."""
        if not folder.is_dir():
            raise UserError(f"{folder}: is no folder; expected masks called <frame>.png in it")
        count = sum(1 for _ in folder.glob("*.png"))
        if not count:
            raise UserError(f"{folder}: holds no .png file; expected masks called <frame>.png")
        if style is MaskStyle.BINARY and class_count != 1:
            raise UserError(
                f"{folder}: binary masks know one class, the model {class_count}; choose another mask style"
            )
        self._folder, self._style = folder, style
        self._class_count, self._size = class_count, (height, width)
        self.rule = f"{count} masks in {folder.name} ({style.value}); labelled are the frames that have one"

    def mask(self, camera: str, number: int, name: str) -> Bitmask | None:
        """Truth of the frame whose file is called ``name``; None where it has no mask. Raises TruthError."""
        path = self._folder / (PurePath(name).stem + ".png")
        if not name or not path.is_file():
            return None
        try:
            stored = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
        except (OSError, cv2.error):
            stored = None
        if stored is None:
            raise TruthError(f"{path}: is no readable PNG")
        if stored.ndim == 3 and stored.shape[2] == 3 and (stored == stored[..., :1]).all():
            stored = stored[..., 0]
        if stored.ndim != 2 or stored.dtype != np.uint8:
            raise TruthError(f"{path}: is {stored.dtype} {list(stored.shape)}; expected one 8-bit channel")
        if stored.shape != self._size:
            found, expected = "x".join(map(str, stored.shape)), "x".join(map(str, self._size))
            raise TruthError(f"{path}: is {found} pixels (height x width); expected {expected}")
        return self._bitmask(np.asarray(stored, dtype=np.uint8), path)

    def _bitmask(self, stored: Bitmask, path: Path) -> Bitmask:
        if self._style is MaskStyle.BINARY:
            return (stored > 127).astype(np.uint8)
        limit = self._class_count if self._style is MaskStyle.CLASS_NUMBER else (1 << self._class_count) - 1
        if stored.max() > limit:
            raise TruthError(f"{path}: holds the value {stored.max()}; expected 0..{limit} ({self._style.value})")
        if self._style is MaskStyle.BITMASK:
            return stored
        values = np.array([0, *(1 << bit for bit in range(self._class_count))], dtype=np.uint8)
        return values[stored]
