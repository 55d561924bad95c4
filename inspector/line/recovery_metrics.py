"""What subscribers ask for again, as metrics."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from inspector.protocol.recovery import REQUESTS, Outcome
from inspector.results.recovery.server import RecoveryState


def collect(state: RecoveryState | None) -> Iterator[Metric]:
    """The metrics of the recovery socket as they are now; without values where there is none."""
    requests = CounterMetricFamily(
        "inspector_recovery_requests",
        "Requests for what was published before, by kind and outcome.",
        labels=["request", "outcome"],
    )
    cut_off = CounterMetricFamily(
        "inspector_recovery_cut_off",
        "Connections to the recovery socket that the line has ended, by cause.",
        labels=["cause"],
    )
    if state is not None:
        for kind, outcome in product(REQUESTS, Outcome):
            requests.add_metric([kind, outcome.value], state.requests.get((kind, outcome.value), 0))
        for cause, count in state.cut_off.items():
            cut_off.add_metric([cause.value], count)
    yield requests
    yield cut_off
    yield CounterMetricFamily(
        "inspector_recovery_publications",
        "Publications that were sent again.",
        value=None if state is None else state.publications,
    )
    yield GaugeMetricFamily(
        "inspector_recovery_waiting",
        "Requests that are being answered or wait for it.",
        value=None if state is None else state.waiting,
    )
    yield GaugeMetricFamily(
        "inspector_recovery_connections",
        "Connections to the recovery socket.",
        value=None if state is None else state.connections,
    )
