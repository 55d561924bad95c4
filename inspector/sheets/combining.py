"""The verdict of a sheet: that of its worst frame, and UNINSPECTED where any frame is missing or was not inspected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome, Reason, Settled, Verdict
from inspector.frames.sheet import SHEET, SettledSheet, SheetFrame
from inspector.protocol.limits import MOST_SHEET_FRAMES
from inspector.sheets.overlap import View, once

_SEVERITY = {Verdict.PASS: 0, Verdict.REJECT: 1, Verdict.SCRAP: 2, Verdict.UNINSPECTED: 3}
_DETAILS = 3
"""So many frames are named in the text of a sheet."""


@dataclass(slots=True)
class Sheet:
    """The frames of a sheet so far."""

    number: int
    run: str
    part: str = ""
    span_mm: tuple[float, float] | None = None
    """Where it begins and ends along the strip; None: its frames show nothing else."""
    views: list[View] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)
    """By camera: what is known of frames that it lost."""
    deadline_ns: int | None = None
    over: set[str] = field(default_factory=set)
    """Cameras of which no further frame of it is expected."""

    def see(self, view: View) -> None:
        """Add a frame. A sheet of too many is UNINSPECTED: one that never ends would take ever more memory, and its message ever more bytes."""
        if len(self.views) < MOST_SHEET_FRAMES:
            self.views.append(view)
        else:
            self.lost.setdefault(
                view.camera, f"the sheet has more than {MOST_SHEET_FRAMES:,} frames; not all were looked at"
            )


@dataclass(frozen=True, slots=True)
class Limits:
    """What the listing of defects depends on."""

    tolerance_mm: float
    most_defects: int


def combined(
    sheet: Sheet, missing: dict[str, str], why: Reason, settled_ns: int, through: int, limits: Limits
) -> SettledSheet:
    """The sheet with its verdict. ``missing`` says by camera what is not there, for the reason ``why``; ``through`` is the watermark of sheets. A
    sheet whose deadline has passed is UNINSPECTED, whatever its frames say: no PASS is ever late."""
    views = sorted(sheet.views, key=lambda view: (view.camera, view.frame))
    absent = {**missing, **sheet.lost}
    if not absent and sheet.deadline_ns is not None and settled_ns >= sheet.deadline_ns:
        why, absent_text = Reason.DEADLINE, "the sheet's deadline has passed"
    else:
        absent_text = "; ".join(f"{camera}: {text}" for camera, text in list(absent.items())[:_DETAILS])
    return SettledSheet(
        meta=_meta(sheet, views, settled_ns),
        outcome=_outcome(views, absent_text, Reason.CAMERA_LOST if sheet.lost else why, limits, sheet.span_mm),
        settled_ns=settled_ns,
        resolved_through=through,
        frames=tuple(
            SheetFrame(
                camera=view.camera,
                frame=view.frame,
                verdict=view.settled.outcome.verdict,
                reason=view.settled.outcome.reason,
            )
            for view in views
        ),
        missing=tuple(absent),
    )


def skipped(first: int, last: int, run: str, detail: str, settled_ns: int, through: int) -> Settled:
    """Sheets of which too many were lost to look at each."""
    return Settled(
        meta=FrameMeta(camera=SHEET, frame=first, captured_ns=settled_ns, run=run),
        outcome=Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.CAMERA_LOST, detail=detail),
        settled_ns=settled_ns,
        resolved_through=through,
        count=last - first + 1,
    )


def _outcome(
    views: Sequence[View], absent: str, why: Reason, limits: Limits, span_mm: tuple[float, float] | None
) -> Outcome:
    outcomes = [view.settled.outcome for view in views]
    worst = max((outcome.verdict for outcome in outcomes), key=_SEVERITY.__getitem__, default=Verdict.UNINSPECTED)
    decisive = [view for view in views if view.settled.outcome.verdict is worst]
    verdict = Verdict.UNINSPECTED if absent else worst
    if worst is Verdict.UNINSPECTED and decisive:
        reason = decisive[0].settled.outcome.reason
    elif absent:
        reason, decisive = why, []
    else:
        reason = _reason(outcomes, worst)
    details = [absent] if absent else []
    details += [f"{one.camera}: {text}" for one in decisive[:_DETAILS] if (text := one.settled.outcome.detail)]
    defects = once(views, limits.tolerance_mm, span_mm)
    if (left_out := len(defects) - limits.most_defects) > 0:
        details.append(f"{left_out:,} smaller defects not listed")
    bundles = {outcome.bundle for outcome in outcomes if outcome.bundle is not None}
    scores = [outcome.gate_score for outcome in outcomes if outcome.gate_score is not None]
    counted = [outcome for outcome in outcomes if outcome.pixels] if len(bundles) == 1 else []
    return Outcome(
        verdict=verdict,
        reason=reason,
        detail="; ".join(details),
        gate_score=max(scores, default=None),
        pixels=_summed([outcome.pixels for outcome in counted]),
        defect_pixels=_summed([outcome.defect_pixels for outcome in counted]),
        defects=tuple(defects[: limits.most_defects]),
        bundle=bundles.pop() if len(bundles) == 1 else None,
    )


def _summed(counts: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The sum for each class."""
    return tuple(sum(of_class) for of_class in zip(*counts, strict=True))


def _reason(outcomes: Sequence[Outcome], verdict: Verdict) -> Reason:
    if verdict is not Verdict.PASS:
        return Reason.DEFECT
    clean = all(outcome.reason is Reason.GATE_CLEAN for outcome in outcomes)
    return Reason.GATE_CLEAN if clean else Reason.NO_DEFECT


def _meta(sheet: Sheet, views: Sequence[View], settled_ns: int) -> FrameMeta:
    metas = [view.settled.meta for view in views]
    positions = [meta.position_um for meta in metas if meta.position_um is not None]
    travels = [meta.travel_um for meta in metas if meta.travel_um is not None]
    sources = {meta.position_source for meta in metas if meta.position_source is not None}
    position = min(positions, default=None) if sheet.span_mm is None else round(sheet.span_mm[0] * 1000)
    parts = {meta.part for meta in metas}
    return FrameMeta(
        camera=SHEET,
        frame=sheet.number,
        captured_ns=min((meta.captured_ns for meta in metas), default=settled_ns),
        deadline_ns=sheet.deadline_ns,
        position_um=position,
        travel_um=min(travels, default=None) if sheet.span_mm is None else None,
        position_source=sources.pop() if len(sources) == 1 and position is not None else None,
        run=sheet.run,
        recipe=metas[0].recipe if metas else "",
        part=sheet.part or (parts.pop() if len(parts) == 1 else ""),
    )
