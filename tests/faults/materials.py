"""What all scenarios share: the tiny bundle, a dozen images, and what `inspector replay` says of each."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from engines.bundle import Bundle
from inspector.bench.lines import render_pool
from tests.line.camera_line import Judgement, Replay
from tests.tiny_bundle import HEIGHT, WIDTH, make_tiny_bundle

IMAGES = 12


class Materials:
    """In a folder of their own; the replay runs in the background until somebody asks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.images: NDArray[np.uint8] = np.stack(render_pool(HEIGHT, WIDTH, IMAGES))
        """uint8 [12, 32, 48], sheets with and without defects; the bundle's gate takes about half of them for clean."""
        self.bundle: Bundle = make_tiny_bundle(folder / "tiny", gate_threshold=0.8)
        config = folder / "replay.yaml"
        config.write_text(
            yaml.safe_dump(
                {
                    "line": "replay",
                    "bundle": str(self.bundle.path),
                    "cameras": [{"name": "top", "source": {"kind": "replay", "path": str(folder / "images")}}],
                    "inference": {"runtime": "openvino", "precision": "f32"},
                }
            )
        )
        self._replay = Replay(folder, config, self.images)

    @property
    def pictures(self) -> Path:
        """Folder of the images, 000000.png and so on."""
        return self.folder / "images"

    def copy_pictures(self, folder: Path) -> Path:
        """The images, in a folder that a scenario may spoil."""
        folder.mkdir()
        for number, image in enumerate(self.images):
            cv2.imwrite(str(folder / f"{number:06}.png"), image)
        return folder

    @cached_property
    def expected(self) -> dict[str, Judgement]:
        """What the replay says of each image, by the name of its file."""
        found = {f"{number:06}.png": one for number, one in enumerate(self._replay.judgements())}
        assert {verdict for verdict, *_ in found.values()} == {"PASS", "REJECT"}
        return found
