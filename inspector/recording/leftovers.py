"""What is left of a recording whose line could not start."""

from __future__ import annotations

import shutil
from pathlib import Path

from inspector.recording.manifest import CAMERAS, INDEX, MANIFEST, PHASES


def remove_without_frames(folder: Path) -> None:
    """Remove a recording of which no frame was written, so that its folder can be used again; any other stays as it is.

    Call it when its writer has ended. Raises OSError.
    """
    indexes = list((folder / CAMERAS).glob(f"*/{INDEX}"))
    if not (folder / MANIFEST).is_file() or any(index.stat().st_size for index in indexes):
        return
    shutil.rmtree(folder / CAMERAS)
    (folder / PHASES).unlink()
    (folder / MANIFEST).unlink()
