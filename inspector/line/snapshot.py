"""Figures of a line at one moment, for those who look at it while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from inspector.verdicts.ledger import CameraCounts

if TYPE_CHECKING:
    from inspector.line.line import Line


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of the line at one moment."""

    counts: dict[str, CameraCounts]
    latency_p50_us: float | None
    latency_p99_us: float | None
    latency_max_us: float
    held_by_inference: int
    free_slots: int
    inference: str


def snapshot_of(line: Line) -> Snapshot:
    """Counts, latencies and load now; on a busy line the figures are from slightly different moments."""
    return Snapshot(
        counts=line.ledger.counts(),
        latency_p50_us=line.latency.percentile_us(0.50),
        latency_p99_us=line.latency.percentile_us(0.99),
        latency_max_us=line.latency.max_us,
        held_by_inference=line.inference.held,
        free_slots=line.ring.leases.free,
        inference=line.inference.active.supervisor.state.value,
    )
