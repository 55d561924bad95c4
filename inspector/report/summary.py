"""The figures of a run as one value: shown as tables, written as ``report.json``, printed by ``--json``."""

from __future__ import annotations

import msgspec

from engines.metrics.confusion import Confusion
from inspector.frames.uninspected import UninspectedKind


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Capture to verdict, of the frames that were inspected or ran out of time. Percentiles within +0.5 %."""

    frames: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


class Decisions(msgspec.Struct, frozen=True, kw_only=True):
    """A yes-or-no decision against the truth, in frames; positive means defective. Null where there is no frame to compute it from."""

    tp: int
    fn: int
    fp: int
    tn: int
    recall: float | None
    false_alarm_rate: float | None
    precision: float | None

    @classmethod
    def of(cls, counted: Confusion) -> Decisions:
        """The counts and the shares that follow from them."""
        return msgspec.convert(counted, cls, from_attributes=True)


class ClassCounts(msgspec.Struct, frozen=True, kw_only=True):
    """In how many frames one class was found."""

    class_name: str = msgspec.field(name="class")
    frames: int
    """Frames whose truth has the class (the positive pairs)."""
    found: int
    """Of these, frames in which a true pixel is marked as the class."""
    as_other: int
    """Of these, frames in which true pixels are marked, but only as another class."""
    false_frames: int
    """Frames without the class in which something is marked as it."""


class ClassFigures(ClassCounts, frozen=True, kw_only=True):
    """How one class was found, over the inspected frames with truth."""

    dice: float | None
    """Mean Dice over the positive pairs; null where there are none."""
    iou: float | None
    """Mean intersection over union over the positive pairs; null where there are none."""


class TruthFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The run against its truth."""

    rule: str
    """What the truth is and which frames count as labelled."""
    labelled: int
    defective: int
    clean: int
    excluded: int
    """Frames without truth: in none of these figures."""
    problems: int
    """Of the excluded, frames whose truth could not be used."""
    first_problems: tuple[str, ...]
    gate: Decisions
    """Let through by the gate, against defective. Frames without a gate score are left out."""
    verdict: Decisions
    """REJECT or SCRAP, against defective. UNINSPECTED frames are left out; they are in ``verdicts_by_truth``."""
    verdicts_by_truth: dict[str, dict[str, int]]
    """Frames by truth (defective, clean) and verdict."""
    compared: int
    """Frames whose mask was compared pixel by pixel: labelled, inspected, with their mask published."""
    classes: tuple[ClassFigures, ...]
    kaggle_mean_dice: float | None
    """Mean over all (frame, class) pairs, 1 where both masks are empty."""
    kaggle_all_empty: float | None
    """The same figure for masks in which nothing is marked."""
    pixel_dice: float | None
    """Dice of all pixels of the defective frames, the class counting."""
    pixel_dice_any_class: float | None
    """The same, with all classes taken as one."""
    kaggle_mean_dice_of_defects: float | None
    """As ``kaggle_mean_dice``, of the published masks without the specks that are too small to be defects."""
    pixel_dice_of_defects: float | None
    pixel_dice_any_class_of_defects: float | None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a run."""

    frames: int
    """Different frames with a verdict, all cameras together."""
    verdicts: dict[str, int]
    reasons: dict[str, int]
    uninspected: tuple[UninspectedKind, ...]
    """Why frames were not inspected, each kind with its first case; the most frequent first."""
    defects: dict[str, int]
    """Published defects per class."""
    frames_per_s: float | None
    """Verdicts per second, from the first to the last publication; null below two frames."""
    latency: Latency | None
    dropped: int
    """Frames lost by the camera or dropped by the overload policy."""
    late: int
    """Results that came after the verdict."""
    unresolved: int
    """Frames without a verdict: none in a sound run."""
    repeated: int
    """Second verdicts for a frame: none in a sound run."""
    truth: TruthFigures | None
    fitted: tuple[str, ...] = ()
    """How frames of another size than the bundle's were fitted, a sentence for each camera; none where they have that size."""
    thresholds_void: bool = False
    """Whether the thresholds were not calibrated on frames fitted so: all verdicts and figures are for a look and mean nothing."""
    pictures: tuple[str, ...] = ()
    """File names, relative to the report."""

    @property
    def sound(self) -> bool:
        """Whether every frame has exactly one verdict."""
        return not self.unresolved and not self.repeated

    @property
    def nothing_inspected(self) -> bool:
        """Whether there were frames and not one of them could be inspected."""
        return bool(self.frames) and self.verdicts["UNINSPECTED"] >= sum(self.verdicts.values())

    @property
    def good(self) -> bool:
        """Whether the run is sound, something was inspected, and verdicts mean something."""
        return self.sound and not self.nothing_inspected and not self.thresholds_void
