"""The judge: turns the engines' result for a frame into its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.config.positions import PlacementConfig
from inspector.config.verdicts import Scale, VerdictsConfig
from inspector.frames.outcome import BundleIdentity, Outcome, Reason, Verdict
from inspector.frames.size import FrameSize
from inspector.verdicts.defects import measure
from inspector.verdicts.measured import Settings, Unlisted
from inspector.verdicts.places import Places
from inspector.verdicts.rules import judge

_MOST_CLASSES = 8


class Judge:
    """Judges the results of one bundle on the frames of one camera. It keeps no state between frames: threads may share it."""

    def __init__(
        self,
        config: VerdictsConfig,
        bundle: BundleIdentity,
        minimum_area_px: Sequence[int],
        scale: Scale | None,
        places: Places | None = None,
        size: FrameSize | None = None,
    ) -> None:
        """``bundle`` is the one whose results are judged; ``minimum_area_px`` is the least area of a defect, for each of its classes; ``size`` is
        that of the frames that are judged, where it is not the bundle's, and ``scale`` is that of their pixels. ``places`` says where on the
        strip defects are; None: as a camera without a placement sees it. ``check_rules`` has accepted ``config`` for the bundle's classes.
        Raises ValueError for lists that do not match."""
        class_names = bundle.classes
        if not 1 <= len(class_names) <= _MOST_CLASSES or len(minimum_area_px) != len(class_names):
            raise ValueError(
                f"{len(class_names)} classes and {len(minimum_area_px)} minimum areas; expected 1..8 of each"
            )
        self._config = config
        self.bundle = bundle
        """The bundle whose results are judged."""
        self._class_names = tuple(class_names)
        self._measuring = Settings(self._class_names, tuple(minimum_area_px), config.max_defects, scale)
        self._size = size or bundle.size
        self._other_size = None if self._size == bundle.size else self._size
        self.places = places or Places(PlacementConfig(), config, self._size, scale)
        """Where on the strip defects are."""
        self._frame_length_mm = None
        if scale is not None:
            self._frame_length_mm = _length_mm(scale, self._size, config.travel_axis == "x")

    def clean(self, gate_score: float) -> Outcome:
        """The outcome of a frame with a gate score below the threshold: PASS. Raises ValueError unless the score is a
        probability."""
        return Outcome(
            verdict=Verdict.PASS,
            reason=Reason.GATE_CLEAN,
            gate_score=_probability(gate_score, "the gate's score"),
            bundle=self.bundle,
            places=self.places,
            size=self._other_size,
        )

    def segmented(
        self,
        gate_score: float | None,
        mask: NDArray[np.uint8],
        pixels: Sequence[int] | NDArray[np.integer[Any]] | None,
        scores: Sequence[float] | NDArray[np.floating[Any]],
        position_um: int | None = None,
    ) -> Outcome:
        """The outcome of a frame that was segmented: PASS, REJECT or SCRAP.

        ``gate_score`` is None on a line without a gate; ``mask`` is uint8 ``[H, W]``, bit k set where class k is, and is only
        read during the call; ``pixels`` and ``scores`` (maximum probability) are per class. ``pixels`` None: the mask was put together from
        others, which were compared with the segmenter's counts. ``position_um`` is that of the frame, None where it is unknown.

        Raises ValueError where the result is implausible: a score that is no probability (NaN, infinite), another
        frame size, a class the bundle does not have, pixel counts that differ from the mask. Such a frame was not inspected.
        """
        if gate_score is not None:
            gate_score = _probability(gate_score, "the gate's score")
        if mask.shape != self._size or mask.dtype != np.uint8:
            raise ValueError(f"the mask is {mask.dtype} {list(mask.shape)}; expected uint8 {list(self._size)}")
        counted = None if pixels is None else tuple(int(count) for count in pixels)
        counts = len(scores) if counted is None else len(counted)
        if len(scores) != len(self._class_names) or counts != len(self._class_names):
            raise ValueError(f"{len(scores)} scores and {counts} pixel counts for {len(self._class_names)} classes")
        probabilities = [
            _probability(score, f"the score of {name}") for name, score in zip(self._class_names, scores, strict=True)
        ]
        found = measure(mask, probabilities, self._measuring)
        if counted is not None and counted != found.pixels:
            raise ValueError(f"the segmenter counts {counted} pixels per class, its mask holds {found.pixels}")
        verdict, reason, detail = judge(
            found.defects, self._config.rules, self._class_names, self._frame_length_mm, found.unlisted
        )
        return Outcome(
            verdict=verdict,
            reason=reason,
            detail=detail + _left_out(found.unlisted),
            gate_score=gate_score,
            pixels=found.pixels,
            defect_pixels=found.defect_pixels(self._class_names),
            scores=tuple(probabilities),
            defects=self.places.placed(found.defects, position_um),
            mask=found.encoded,
            bundle=self.bundle,
            places=self.places,
            size=self._other_size,
        )


def _length_mm(scale: Scale, size: FrameSize, along_x: bool) -> float:
    """The frame's length along the travel, through its middle."""
    if along_x:
        middle = (size.height - 1) / 2
        return scale.x_mm(size.width - 0.5, middle) - scale.x_mm(-0.5, middle)
    middle = (size.width - 1) / 2
    return scale.y_mm(middle, size.height - 0.5) - scale.y_mm(middle, -0.5)


def _probability(score: float, what: str) -> float:
    score = float(score)
    if not 0.0 <= score <= 1.0:  # also false for NaN
        raise ValueError(f"{what} is {score}, not a probability; the engine's output cannot be trusted")
    return score


def _left_out(unlisted: Unlisted | None) -> str:
    """Text on the defects that are not listed. They are in the mask and in the pixel counts, and the rules were applied to them."""
    if unlisted is None:
        return ""
    return f"; {len(unlisted):,} smaller defects ({int(unlisted.area_px.sum()):,} px2) not listed"
