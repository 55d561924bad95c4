"""The inspection of one image: its outcome, as on the line, and pictures of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.frames.outcome import Defect, Outcome, Verdict
from inspector.protocol import masks
from inspector.report.pictures.contact_sheet import outlined


@dataclass(frozen=True, eq=False, repr=False)
class Inspection:
    """One inspected image. A notebook shows it as its overlay."""

    name: str
    """The path that was given, or which image it was."""
    outcome: Outcome
    """As on the line: verdict, reason, detail, gate score, pixels per class, defects."""
    classes: tuple[str, ...]
    """Names of the classes; class k is bit k of ``mask`` and place k of ``outcome.pixels``."""
    frame: NDArray[np.uint8]
    """The pixels that were inspected, uint8 ``[H, W]``: a copy of what was given."""

    @property
    def verdict(self) -> Verdict:
        """PASS, REJECT or SCRAP, or UNINSPECTED for an image that shows nothing; a string too: ``inspection.verdict == "PASS"``."""
        return self.outcome.verdict

    @property
    def defects(self) -> tuple[Defect, ...]:
        """The defects, largest first; figures in mm where the configuration has a scale."""
        return self.outcome.defects

    @cached_property
    def mask(self) -> NDArray[np.uint8]:
        """Class bitmask, uint8 ``[H, W]``: bit k (value ``1 << k``) is set where class k is, in regions too small for a defect too.
        All 0 where the gate passed the frame as clean, and where it was not inspected."""
        return masks.decode(self.outcome.mask, *self.frame.shape)

    @cached_property
    def overlay(self) -> NDArray[np.uint8]:
        """The frame with all that ``mask`` marks tinted and outlined, a colour for each class as in the reports: uint8 ``[H, W, 3]`` in
        RGB order. Dark and flat frames are brightened for the eye."""
        picture = outlined(self.frame, self.mask, None, len(self.classes), 1.0)
        return np.ascontiguousarray(picture[..., ::-1])

    def __repr__(self) -> str:
        count = len(self.defects)
        return f"<Inspection {self.name}: {self.verdict.value}, {count} defect{'' if count == 1 else 's'}>"

    def _repr_png_(self) -> bytes:
        """The overlay as a PNG file; what IPython asks for."""
        return cv2.imencode(".png", self.overlay[..., ::-1])[1].tobytes()
