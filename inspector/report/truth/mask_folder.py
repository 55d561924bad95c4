"""Truth from a folder of mask images, one PNG a frame."""

from __future__ import annotations

from pathlib import Path, PurePath

from engines.data.masks import MaskStyle, read_mask_image, to_bitmask
from engines.errors import DataError
from inspector.errors import UserError
from inspector.report.truth.source import Bitmask, TruthError


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
            return to_bitmask(read_mask_image(path, self._size), self._style, self._class_count, path)
        except DataError as error:
            raise TruthError(str(error)) from None
