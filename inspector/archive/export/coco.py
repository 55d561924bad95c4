"""COCO: ``annotations.json`` and ``images/``. Regions are run lengths, down the columns, which keep every pixel and hole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engines.files.writing import output_folder, write_bytes
from inspector.archive.export.frames import PREDICTED, ExportedFrame


class CocoWriter:
    """Writes one data set."""

    def __init__(self, folder: Path, classes: tuple[str, ...]) -> None:
        self._folder, self._classes = folder, classes
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []
        output_folder(folder / "images")

    def add(self, frame: ExportedFrame) -> None:
        """Write a frame."""
        write_bytes(self._folder / "images" / frame.name, frame.image)
        entry, (height, width) = frame.entry, frame.mask.shape
        told = (
            "run",
            "line",
            "camera",
            "frame",
            "verdict",
            "evidence",
            "bundle",
            "operating_point",
            "captured_unix_ns",
        )
        self._images.append(
            {"id": entry.id, "file_name": f"images/{frame.name}", "width": width, "height": height}
            | {key: getattr(entry, key) for key in told}
        )
        scores: dict[str, float] = {}
        for defect in entry.defects:
            scores[defect.class_name] = max(defect.score, scores.get(defect.class_name, 0.0))
        for k, region, box in frame.regions(len(self._classes)):
            self._annotations.append(
                {
                    "id": len(self._annotations) + 1,
                    "image_id": entry.id,
                    "category_id": k + 1,
                    "segmentation": {"size": [height, width], "counts": run_lengths(region)},
                    "bbox": list(box),
                    "area": int(region.sum()),
                    "iscrowd": 0,
                    "predicted": True,
                    "score": scores.get(self._classes[k]),
                }
            )

    def close(self) -> int:
        """Write what is known once all frames are; return how many regions there are."""
        whole = {
            "info": {"description": PREDICTED, "predicted": True},
            "images": self._images,
            "categories": [{"id": k + 1, "name": name} for k, name in enumerate(self._classes)],
            "annotations": self._annotations,
        }
        write_bytes(self._folder / "annotations.json", msgspec.json.encode(whole))
        return len(self._annotations)


def run_lengths(region: NDArray[np.bool_]) -> list[int]:
    """COCO's uncompressed run lengths of bool [H, W]: pixels outside and inside by turns, down the columns, outside first."""
    flat = region.T.ravel()
    ends = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(np.concatenate(([0], ends, [flat.size]))).tolist()
    return [0, *runs] if flat[0] else runs
