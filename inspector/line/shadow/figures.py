"""The report of a shadow session, from its counts and disagreements, whether they come from the running line or from the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from engines.files.text import brief
from engines.metrics.clopper_pearson import rate_upper_bound
from inspector.frames.outcome import Verdict
from inspector.line.shadow.counts import Verdicts
from inspector.protocol.shadow_report import (
    BundleComparison,
    ChangedFrame,
    ClassChange,
    ClassCounts,
    SampleCounts,
    ShadowAnswer,
    ShadowReportBody,
    Share,
)
from inspector.results.shadow_record import Comparison, Disagreement

CONFIDENCE = 0.95
MOST_COMPARED = 10**11
"""Frames of ten years; more are no count of a line."""
SEVERITY = {Verdict.PASS.value: 0, Verdict.REJECT.value: 1, Verdict.SCRAP.value: 2}

Classes = dict[str, ClassCounts]


class AlteredRowsError(ValueError):
    """What a journal holds of a shadow is not what this program wrote; the text is one line."""


def report(comparisons: Sequence[Comparison], disagreements: Iterable[Disagreement], *, state: str) -> ShadowReportBody:
    """The report of the newest session among ``comparisons``, of which there is at least one. ``disagreements`` may hold those of other
    sessions. Raises AlteredRowsError."""
    try:
        return _report(comparisons, disagreements, state)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, ArithmeticError) as error:
        raise AlteredRowsError(brief(f"{type(error).__name__}: {error}", 200)) from None


def _report(comparisons: Sequence[Comparison], disagreements: Iterable[Disagreement], state: str) -> ShadowReportBody:
    newest = newest_of(comparisons)
    session = [one for one in comparisons if _session(one) == _session(newest)]
    frames = [
        one
        for one in disagreements
        if (one.epoch, one.shadow_bundle) == (newest.epoch, newest.shadow_bundle)
        and one.captured_unix_ns >= newest.started_unix_ns
    ]
    by_active: dict[str, list[Comparison]] = {}
    for one in session:
        by_active.setdefault(one.active_bundle, []).append(one)
    return ShadowReportBody(
        epoch=newest.epoch,
        started_unix_ns=newest.started_unix_ns,
        shadow_bundle=newest.shadow_bundle,
        state=state,
        confidence=CONFIDENCE,
        comparisons=tuple(
            _comparison(rows, [one for one in frames if one.active_bundle == active])
            for active, rows in by_active.items()
        ),
    )


def newest_of(comparisons: Sequence[Comparison]) -> Comparison:
    """A row of the newest session; there is at least one."""
    return max(comparisons, key=lambda one: one.started_unix_ns)


def share(count: int, of: int) -> Share:
    """So many of the compared frames, with the exact two-sided interval. Raises AlteredRowsError."""
    if not 0 <= count <= of <= MOST_COMPARED:
        raise AlteredRowsError(f"{count} of {of} frames")
    if not of:
        return Share(count=count, of=of, share=None, low=None, high=None)
    one_side = (1 + CONFIDENCE) / 2
    return Share(
        count=count,
        of=of,
        share=count / of,
        low=1 - rate_upper_bound(of - count, of, one_side),
        high=rate_upper_bound(count, of, one_side),
    )


def _session(one: Comparison) -> tuple[str, str, int]:
    return one.epoch, one.shadow_bundle, one.started_unix_ns


def _comparison(rows: Sequence[Comparison], frames: Sequence[Disagreement]) -> BundleComparison:
    compared = sum(one.compared for one in rows)
    disagreed = compared - sum(one.agreed for one in rows)
    cameras = {one.camera: msgspec.json.decode(one.sample, type=SampleCounts) for one in rows}
    verdicts = _verdicts(rows)
    stricter, laxer = (
        sum(
            number
            for active, row in verdicts.items()
            for shadow, number in row.items()
            if sign * (SEVERITY[shadow] - SEVERITY[active]) > 0
        )
        for sign in (1, -1)
    )
    return BundleComparison(
        active_bundle=rows[0].active_bundle,
        shadow_bundle=rows[0].shadow_bundle,
        cameras=cameras,
        sample=_sum_of_samples(cameras.values()),
        compared=compared,
        disagreed=share(disagreed, compared),
        changed=share(stricter + laxer, compared),
        stricter=share(stricter, compared),
        laxer=share(laxer, compared),
        verdicts=verdicts,
        classes=tuple(_class(name, one, compared) for name, one in sorted(_classes(rows).items())),
        frames=tuple(_frame(one) for one in frames),
        frames_left_out=max(0, disagreed - len(frames)),
    )


def _verdicts(rows: Sequence[Comparison]) -> Verdicts:
    """Every pair of verdicts, also those that never came."""
    found: Verdicts = {active: dict.fromkeys(SEVERITY, 0) for active in SEVERITY}
    for one in rows:
        for active, row in msgspec.json.decode(one.pairs, type=Verdicts).items():
            for shadow, number in row.items():
                found[active][shadow] += number
    return found


def _classes(rows: Sequence[Comparison]) -> Classes:
    found: Classes = {}
    for one in rows:
        for name, counts in msgspec.json.decode(one.classes, type=Classes).items():
            mine = found.setdefault(name, ClassCounts())
            for field in ClassCounts.__struct_fields__:
                setattr(mine, field, getattr(mine, field) + getattr(counts, field))
    return found


def _class(name: str, counts: ClassCounts, compared: int) -> ClassChange:
    return ClassChange(
        name=name,
        counts=counts,
        no_longer=share(counts.active - counts.both, compared),
        newly=share(counts.shadow - counts.both, compared),
        pixel_agreement=counts.smaller_px / counts.larger_px if counts.larger_px else None,
    )


def _sum_of_samples(samples: Iterable[SampleCounts]) -> SampleCounts:
    found = SampleCounts()
    for one in samples:
        found.share = one.share
        found.frames += one.frames
        found.chosen += one.chosen
        found.late += one.late
        found.skipped = dict(Counter(found.skipped) + Counter(one.skipped))
        found.unanswered = dict(Counter(found.unanswered) + Counter(one.unanswered))
        found.gate = dict(Counter(found.gate) + Counter(one.gate))
    return found


def _frame(one: Disagreement) -> ChangedFrame:
    return ChangedFrame(
        camera=one.camera,
        frame=one.frame,
        run=one.run,
        captured_unix_ns=one.captured_unix_ns,
        kind=one.kind,
        active=msgspec.json.decode(one.active, type=ShadowAnswer),
        shadow=msgspec.json.decode(one.shadow, type=ShadowAnswer),
    )
