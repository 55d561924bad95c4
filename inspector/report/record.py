"""One frame's published result as the report uses it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.frames.outcome import Defect, Reason, Verdict
from inspector.protocol import masks
from inspector.protocol.messages import Header, ResultBody


@dataclass(frozen=True, slots=True)
class Record:
    """The result of one frame, as it was received or as the journal holds it."""

    camera: str
    frame: int
    name: str
    verdict: Verdict
    reason: Reason
    detail: str
    gate_score: float | None
    defects: tuple[Defect, ...]
    mask: NDArray[np.uint8] | None
    """``uint8 [H, W]``, bit k = class k; None where no pixel is set or none was published."""
    masked: bool
    """Whether ``mask`` is the segmenter's: False where it marked pixels but its mask was not published."""
    latency_us: int
    position_um: int | None

    @property
    def inspected(self) -> bool:
        """Whether the engines' result decided the verdict."""
        return self.verdict is not Verdict.UNINSPECTED

    @property
    def let_through(self) -> bool | None:
        """Whether the gate let the frame through to the segmenter; None where the gate did not run."""
        return None if self.gate_score is None else self.reason is not Reason.GATE_CLEAN

    @property
    def caught(self) -> bool:
        """Whether the verdict is REJECT or SCRAP, which a found defect leads to."""
        return self.verdict in (Verdict.REJECT, Verdict.SCRAP)


def record_of(header: Header, body: ResultBody, blob: bytes) -> Record:
    """The record of a result message. Raises ValueError for a blob that is no mask."""
    mask = masks.decode(blob, body.mask.height_px, body.mask.width_px) if blob and body.mask else None
    return Record(
        camera=header.camera,
        frame=header.frame or 0,
        name=body.name,
        verdict=body.verdict,
        reason=body.reason,
        detail=body.detail,
        gate_score=body.gate_score,
        defects=body.defects,
        mask=mask,
        masked=mask is not None or not any(body.pixels.values()),
        latency_us=body.latency_us,
        position_um=header.position_um,
    )
