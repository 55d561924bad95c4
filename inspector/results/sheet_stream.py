"""The stream of whole sheets: numbered, journaled and read like that of a camera."""

from __future__ import annotations

from typing import cast

from inspector.frames.outcome import Outcome, Settled
from inspector.frames.sheet import SettledSheet, SheetDefect
from inspector.protocol.messages import ResultBody, SheetBody
from inspector.results.message_parts import BundleWords, plain
from inspector.results.stream import Stream, latency_us


class SheetStream(Stream):
    """Makes and numbers the messages about sheets. ``settled`` takes a ``SettledSheet``, or for a range of sheets a ``Settled``."""

    _counts_as_inspected = False

    def _is_gap(self, settled: Settled) -> bool:
        return not isinstance(settled, SettledSheet)

    def _result_body(self, settled: Settled, outcome: Outcome, bundle: BundleWords, masked: bool) -> ResultBody:
        sheet = cast(SettledSheet, settled)
        return SheetBody(
            verdict=outcome.verdict,
            reason=outcome.reason,
            detail=plain(outcome.detail),
            gate_score=outcome.gate_score,
            pixels=bundle.counts(outcome.pixels),
            defect_pixels=bundle.counts(outcome.defect_pixels),
            defects=cast("tuple[SheetDefect, ...]", outcome.defects),
            name="",
            latency_us=latency_us(settled),
            mask=None,
            frames=sheet.frames,
            missing=sheet.missing,
        )
