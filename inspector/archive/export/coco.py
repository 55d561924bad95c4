"""COCO: ``annotations.json`` and ``images/``. Regions are run lengths, down the columns, which keep every pixel and hole. What a person marked as
missed is a box without a segmentation (``box_only``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engines.files.writing import output_folder, write_bytes
from inspector.archive.export.frames import PREDICTED, REVIEWED, ExportedFrame


class CocoWriter:
    """Writes one data set."""

    def __init__(self, folder: Path, classes: tuple[str, ...], *, predicted: bool) -> None:
        self._folder, self._classes, self._predicted = folder, classes, predicted
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []
        output_folder(folder / "images")

    def add(self, frame: ExportedFrame) -> bool:
        """Write a frame; False where this form cannot say what is known of it."""
        if not (frame.located or frame.boxes):
            return False
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
            | {"reviewed": frame.truth is not None}
        )
        scores: dict[str, float] = {}
        for defect in entry.defects:
            scores[defect.class_name] = max(defect.score, scores.get(defect.class_name, 0.0))
        predicted = frame.truth is None
        for k, region, box in frame.regions(len(self._classes)):
            outline = {"size": [height, width], "counts": run_lengths(region)}
            told_of_it = {"predicted": predicted, "score": scores.get(self._classes[k])}
            self._annotate(entry.id, k, box, outline, int(region.sum()), **told_of_it)
        for k, box in frame.boxes:
            self._annotate(entry.id, k, box, [], box[2] * box[3], predicted=False, box_only=True)
        return True

    def _annotate(
        self, image: int, k: int, box: tuple[int, int, int, int], outline: object, area: int, **more: object
    ) -> None:
        self._annotations.append(
            {
                "id": len(self._annotations) + 1,
                "image_id": image,
                "category_id": k + 1,
                "segmentation": outline,
                "bbox": list(box),
                "area": area,
                "iscrowd": 0,
            }
            | more
        )

    def close(self) -> int:
        """Write what is known once all frames are; return how many regions there are."""
        whole = {
            "info": {"description": PREDICTED if self._predicted else REVIEWED, "predicted": self._predicted},
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
