"""What the archive is told of a frame: the facts of its verdict, as they are published, and which part of it is kept."""

from __future__ import annotations

from typing import NamedTuple

from inspector.archive.entry import Box, Facts
from inspector.archive.policy import Found
from inspector.config.archive import KeptConfig
from inspector.frames.clock import unix_ns
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import BundleIdentity, Defect, Outcome
from inspector.frames.size import FrameSize
from inspector.protocol.limits import LONGEST_FILE_NAME
from inspector.results.message_parts import BundleWords, plain


class Origin(NamedTuple):
    """Where all frames of a line come from."""

    line: str
    epoch: str
    simulated: bool


def facts_of(origin: Origin, meta: FrameMeta, outcome: Outcome, found: Found, kept: KeptConfig) -> Facts:
    """What is kept of a frame with its verdict. Raises ValueError for one that no bundle inspected."""
    bundle = outcome.bundle
    if bundle is None:
        raise ValueError(f"frame {meta.frame} of {meta.camera} was not inspected")
    words, size = BundleWords(bundle), judged_size(outcome, bundle)
    return Facts(
        line=origin.line,
        camera=meta.camera,
        epoch=origin.epoch,
        frame=meta.frame,
        run=meta.run or None,
        recipe=meta.recipe or None,
        part=meta.part or None,
        captured_unix_ns=unix_ns(meta.captured_ns),
        position_um=meta.position_um,
        travel_um=meta.travel_um,
        verdict=outcome.verdict,
        reason=outcome.reason,
        detail=plain(outcome.detail),
        gate_score=outcome.gate_score,
        classes=_classes(words, outcome),
        pixels=words.counts(outcome.pixels),
        defect_pixels=words.counts(outcome.defect_pixels),
        defects=outcome.defects,
        bundle=bundle.bundle,
        operating_point=bundle.operating_point,
        calibration=meta.calibration or None,
        flat_field=meta.flat_field or None,
        simulated=origin.simulated,
        name=plain(meta.name, LONGEST_FILE_NAME),
        evidence=found.evidence,
        worth=found.worth,
        height_px=size.height,
        width_px=size.width,
        bits=words.classes,
        format=kept.format,
        box_px=_around(outcome.defects, kept.margin_px, size) if kept.image == "crop" else None,
    )


def judged_size(outcome: Outcome, bundle: BundleIdentity) -> FrameSize:
    """Size of the frame that was judged."""
    return outcome.size or bundle.size


def _classes(words: BundleWords, outcome: Outcome) -> tuple[str, ...]:
    """Those with a pixel that is set, in the bundle's order."""
    return tuple(name for name, count in words.counts(outcome.pixels).items() if count)


def _around(defects: tuple[Defect, ...], margin_px: int, size: FrameSize) -> Box | None:
    """The smallest box around all defects and the margin; None where it is the frame, or there is no defect."""
    if not defects:
        return None
    boxes = [defect.bbox_px for defect in defects]
    left = max(0, min(x for x, _, _, _ in boxes) - margin_px)
    top = max(0, min(y for _, y, _, _ in boxes) - margin_px)
    right = min(size.width, max(x + width for x, _, width, _ in boxes) + margin_px)
    bottom = min(size.height, max(y + height for _, y, _, height in boxes) + margin_px)
    box = left, top, right - left, bottom - top
    return None if box == (0, 0, size.width, size.height) else box
