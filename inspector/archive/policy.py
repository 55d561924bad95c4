"""Which frames are kept, and as evidence of what. It decides by what is known when the verdict is reached, in microseconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from engines.operating_point import OperatingPoint
from inspector.archive.entry import Evidence
from inspector.config.archive import ArchiveConfig
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import BundleIdentity, Outcome, Verdict
from inspector.frames.sampling import Sampling

OperatingPointOf = Callable[[BundleIdentity], OperatingPoint | None]
"""The operating point of a bundle that the line has loaded; None where it has not."""

_WORTH_OF_DIFFERENCE = {"verdict": 1.0, "classes": 0.7, "gate": 0.4}
_MOST_BUNDLES = 16
"""Whose thresholds are remembered."""


class Found(NamedTuple):
    """What a frame is evidence of."""

    evidence: Evidence
    worth: float
    """From 0 to 1: of two frames of the class the one with more is kept longer."""


class _Thresholds(NamedTuple):
    gate: float
    masks: tuple[float, ...]
    """By class, in the bundle's order."""


class Policy:
    """Decides for one line. Every method may be called from any thread."""

    def __init__(self, config: ArchiveConfig, point_of: OperatingPointOf) -> None:
        """``point_of`` is asked once for each bundle."""
        self._config = config
        self._point_of = point_of
        self._known: dict[BundleIdentity, _Thresholds | None] = {}
        self._sampling = Sampling(config.clean.share)

    def found(self, meta: FrameMeta, outcome: Outcome) -> Found | None:
        """What a frame with this verdict is evidence of; None where it is not kept."""
        found = self._of_verdict(meta, outcome)
        return found if found is not None and self._config.kept(found.evidence.value).keep else None

    def disagreement(self, difference: str) -> Found | None:
        """The same of a frame on which active and shadow bundle differ in that way: ``verdict``, ``classes`` or ``gate``."""
        if not self._config.disagreement.keep:
            return None
        return Found(Evidence.DISAGREEMENT, _WORTH_OF_DIFFERENCE.get(difference, 0.4))

    def _of_verdict(self, meta: FrameMeta, outcome: Outcome) -> Found | None:
        if outcome.verdict is Verdict.UNINSPECTED or outcome.bundle is None:
            return None
        if outcome.verdict is not Verdict.PASS:
            worth = max((defect.score for defect in outcome.defects), default=0.0)
            return Found(Evidence.SCRAP if outcome.verdict is Verdict.SCRAP else Evidence.REJECT, worth)
        nearness = self._nearness(outcome.bundle, outcome) if self._config.uncertain.keep else None
        if nearness is not None:
            return Found(Evidence.UNCERTAIN, nearness)
        if self._config.clean.keep and self._sampling.chosen(meta.camera, meta.frame):
            return Found(Evidence.CLEAN, 0.0)
        return None

    def _nearness(self, bundle: BundleIdentity, outcome: Outcome) -> float | None:
        """How near a passed frame is to a threshold: 1 at it, 0 where it just counts as near; None where it is not near."""
        thresholds = self._thresholds(bundle)
        if thresholds is None:
            return None
        distances = [] if outcome.gate_score is None else [abs(outcome.gate_score - thresholds.gate)]
        if not outcome.defects:
            distances += [abs(score - at) for score, at in zip(outcome.scores, thresholds.masks, strict=False)]
        distance, near = min(distances, default=1.0), self._config.uncertain.near
        return 1.0 - distance / near if distance <= near else None

    def _thresholds(self, bundle: BundleIdentity) -> _Thresholds | None:
        if bundle in self._known:
            return self._known[bundle]
        point = self._point_of(bundle)
        found = None if point is None else _Thresholds(point.gate_threshold, tuple(point.thresholds(bundle.classes)))
        if len(self._known) >= _MOST_BUNDLES:
            self._known.clear()
        self._known[bundle] = found
        return found
