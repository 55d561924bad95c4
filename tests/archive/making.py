"""Entries to put into an archive."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.archive.entry import Evidence, Facts
from inspector.archive.store import Store
from inspector.frames.outcome import Defect, Reason, Verdict

SIZE = (64, 96)
CLASSES = ("crack", "scale")


def make_facts(frame: int = 0, **other: Any) -> Facts:
    """Facts of a rejected frame with one defect."""
    values: dict[str, Any] = {
        "line": "line-1", "camera": "top", "epoch": "0b0e7c1e-epoch", "frame": frame, "run": "coil-7", "recipe": None,
        "part": None, "captured_unix_ns": 1_790_000_000_000_000_000 + frame * 10**8, "position_um": frame * 500_000,
        "travel_um": frame * 500_000, "verdict": Verdict.REJECT, "reason": Reason.DEFECT, "detail": "crack of 12 mm",
        "gate_score": 0.93, "classes": ("crack",), "pixels": {"crack": 200, "scale": 0},
        "defect_pixels": {"crack": 200, "scale": 0}, "defects": (make_defect(),), "bundle": "demo-2-77fc1e3a",
        "operating_point": "op-1", "calibration": None, "flat_field": None, "simulated": False, "name": "",
        "evidence": Evidence.REJECT, "worth": 1.0, "height_px": SIZE[0], "width_px": SIZE[1], "bits": CLASSES,
        "format": "png", "box_px": None,
    }  # fmt: skip
    return Facts(**(values | other))


def make_clean(frame: int = 0, **other: Any) -> Facts:
    """Facts of a frame that the gate let through."""
    clean = {
        "verdict": Verdict.PASS, "reason": Reason.GATE_CLEAN, "detail": "", "gate_score": 0.02, "classes": (), "pixels": {},
        "defect_pixels": {}, "defects": (), "evidence": Evidence.CLEAN,
    }  # fmt: skip
    return make_facts(frame, **(clean | other))


def make_defect(**other: Any) -> Defect:
    """The defect that `mask` draws."""
    values: dict[str, Any] = {
        "class_name": "crack", "score": 0.9, "area_px": 200, "bbox_px": (10, 20, 20, 10), "centroid_px": (19.5, 24.5),
        "length_px": 20.0, "width_px": 10.0, "area_mm2": None, "length_mm": None, "width_mm": None, "x_mm": None,
        "position_um": None,
    }  # fmt: skip
    return Defect(**(values | other))


def pixels(frame: int = 0) -> NDArray[np.uint8]:
    """A picture that is another one for each frame."""
    return np.random.default_rng(frame).integers(90, 120, SIZE, dtype=np.uint8)


def mask() -> NDArray[np.uint8]:
    """One crack."""
    drawn = np.zeros(SIZE, np.uint8)
    drawn[20:30, 10:30] = 1
    return drawn


def two_defects() -> NDArray[np.uint8]:
    """A crack, a scale that overlaps it, and a pixel that is no defect."""
    drawn = mask()
    drawn[25:35, 25:45] |= 2
    drawn[50, 80] = 1
    return drawn


def add_two_defects(store: Store, frame: int, picture: NDArray[np.uint8] | None = None, **other: Any) -> int:
    """Add an entry with the mask of `two_defects`."""
    scale = make_defect(class_name="scale", bbox_px=(25, 25, 20, 10))
    facts = make_facts(
        frame, defects=(make_defect(), scale), classes=CLASSES, pixels={"crack": 201, "scale": 200},
        defect_pixels={"crack": 200, "scale": 200}, **other,
    )  # fmt: skip
    return store.add(facts, png(pixels(frame) if picture is None else picture), png(two_defects()), None)


def png(values: NDArray[np.uint8]) -> bytes:
    """As a PNG."""
    return bytes(cv2.imencode(".png", values)[1])


def add(store: Store, facts: Facts, picture: NDArray[np.uint8] | None = None) -> int:
    """Add an entry with picture, mask and thumbnail."""
    thumbnail = bytes(cv2.imencode(".jpg", cv2.resize(pixels(facts.frame), (24, 16)))[1])
    shown = pixels(facts.frame) if picture is None else picture
    return store.add(facts, png(shown), png(mask()) if facts.pixels else None, thumbnail)
