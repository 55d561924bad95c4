"""The figures of a line as Prometheus' metrics. They are read from the line's parts when Prometheus asks.

``docs/metrics.md`` describes each metric; a test compares it with what is collected here.
"""

from __future__ import annotations

import math
import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import chain
from typing import TYPE_CHECKING

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from engines.drift.reference import FIGURES
from inspector.frames.outcome import Reason, Verdict
from inspector.inference.state import State
from inspector.protocol.messages import LineState, Signal
from inspector.results.journal import JournalState
from inspector.results.results import Snapshot as Published
from inspector.verdicts.ledger import CameraCounts
from inspector.version import __version__

if TYPE_CHECKING:
    from inspector.line.line import Line

OF_THE_DEADLINE = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.5, 2.0, 5.0)
"""Limits of the latency histogram, as shares of the deadline."""
WITHOUT_DEADLINE_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0)
"""The same limits where there is no deadline, s."""
ENDINGS = (
    (Verdict.PASS, Reason.GATE_CLEAN),
    (Verdict.PASS, Reason.NO_DEFECT),
    (Verdict.REJECT, Reason.DEFECT),
    (Verdict.SCRAP, Reason.DEFECT),
    *(
        (Verdict.UNINSPECTED, reason)
        for reason in Reason
        if reason not in (Reason.GATE_CLEAN, Reason.NO_DEFECT, Reason.DEFECT)
    ),
)
"""The verdicts with their reasons. Each is there from the start, with 0, so that the first frame of a kind is seen as an increase."""


class LineMetrics(Collector):
    """Collects the figures of a line, from any thread and in any of its states."""

    def __init__(self, line: Line) -> None:
        self._line = line
        deadline_ms = line.config.deadline_ms
        self.limits_s = (
            WITHOUT_DEADLINE_S
            if deadline_ms is None
            else tuple(float(f"{share * deadline_ms / 1e3:.6g}") for share in OF_THE_DEADLINE)
        )
        """Upper limits of the latency histogram's buckets, s."""

    def collect(self) -> Iterable[Metric]:
        """All metrics, those without a value too."""
        return chain(
            self._about(),
            self._frames(),
            self._latency(),
            self._ring(),
            self._inference(),
            self._results(),
            self._drift(),
        )

    def _about(self) -> Iterator[Metric]:
        line = self._line
        yield InfoMetricFamily(
            "inspector_build", "The daemon's version.", {"version": __version__, "python": platform.python_version()}
        )
        yield InfoMetricFamily(
            "inspector_line", "The line and its epoch.", {"line": line.config.line, "epoch": line.epoch.epoch}
        )
        yield _states("inspector_line_state", "1 for the state the line is in.", LineState, line.status.state)
        health = line.health
        yield _states(
            "inspector_health", "1 for the health of the line (NAMUR NE 107).", Signal, health.signal, label="signal"
        )
        reasons = GaugeMetricFamily(
            "inspector_health_reason",
            "1 for each part that is not as it should be.",
            labels=["part", "code", "signal"],
        )
        for one in dict.fromkeys((one.part, one.code, one.signal.value) for one in health.reasons):
            reasons.add_metric(one, 1)
        yield reasons

    def _frames(self) -> Iterator[Metric]:
        numbered = CounterMetricFamily(
            "inspector_frames_numbered", "Frames captured, and frames the camera lost.", labels=["camera"]
        )
        ended = CounterMetricFamily(
            "inspector_frames", "Frames with a verdict.", labels=["camera", "verdict", "reason"]
        )
        still_open = GaugeMetricFamily(
            "inspector_frames_open", "Frames that wait for their verdict.", labels=["camera"]
        )
        counts = self._line.ledger.counts()
        for camera in self._line.config.cameras:
            books = counts.get(camera.name, _NO_FRAMES)
            numbered.add_metric([camera.name], books.frames)
            still_open.add_metric([camera.name], books.open)
            for (verdict, reason), frames in {**dict.fromkeys(ENDINGS, 0), **books.endings}.items():
                ended.add_metric([camera.name, verdict.value, reason.value], frames)
        yield from (numbered, ended, still_open)

    def _latency(self) -> Iterator[Metric]:
        latency = self._line.latency.distribution([limit_s * 1e6 for limit_s in self.limits_s])
        named = [str(limit_s) for limit_s in self.limits_s]
        yield HistogramMetricFamily(
            "inspector_verdict_latency_seconds",
            "From the capture of a frame to its verdict. Frames lost together count once.",
            buckets=[*zip(named, latency.within, strict=True), ("+Inf", latency.added)],
            sum_value=latency.total_us / 1e6,
        )
        deadline_ms = self._line.config.deadline_ms
        yield GaugeMetricFamily(
            "inspector_deadline_seconds",
            "Longest time from capture to verdict, as configured; absent without a deadline.",
            value=None if deadline_ms is None else deadline_ms / 1e3,
        )

    def _ring(self) -> Iterator[Metric]:
        leases = self._line.ring.leases
        yield GaugeMetricFamily("inspector_ring_slots", "Slots of the ring for cameras.", value=leases.slots)
        yield GaugeMetricFamily("inspector_ring_slots_free", "Those of them that are free.", value=leases.free)
        yield GaugeMetricFamily(
            "inspector_observer_slots", "Further slots, for observers.", value=leases.observer_slots
        )
        yield GaugeMetricFamily("inspector_observer_slots_used", "Slots that observers hold.", value=leases.observed)

    def _inference(self) -> Iterator[Metric]:
        inference = self._line.inference
        yield GaugeMetricFamily(
            "inspector_inference_frames_held", "Frames that wait for a child or are with it.", value=inference.held
        )
        yield CounterMetricFamily(
            "inspector_inference_restarts",
            "Children that ended unasked, so that another was started.",
            value=inference.restarts,
        )
        children = GaugeMetricFamily(
            "inspector_inference_children",
            "Inference children by the state they are in.",
            labels=["bundle", "role", "state"],
        )
        engines = GaugeMetricFamily(
            "inspector_engine_info",
            "1 for each device that computes, and the bundle it computes.",
            labels=["bundle", "operating_point", "role", "device"],
        )
        loaded = self._line.inference.loaded()
        states = Counter((one.identity.bundle, role, one.supervisor.state) for role, one in loaded)
        for bundle, role in dict.fromkeys((bundle, role) for bundle, role, _ in states):
            for state in State:
                children.add_metric([bundle, role, state.value], states[bundle, role, state])
        computing = dict.fromkeys(
            (one.identity.bundle, one.identity.operating_point, role, one.supervisor.device)
            for role, one in loaded
            if one.supervisor.state is State.READY
        )
        for labels in computing:
            engines.add_metric(labels, 1)
        yield from (children, engines)

    def _results(self) -> Iterator[Metric]:
        published = self._line.results.snapshot()
        publications = CounterMetricFamily(
            "inspector_publications", "Numbered messages that were published.", labels=["camera"]
        )
        for camera, last_seq in published.last_seq.items():
            publications.add_metric([camera], last_seq + 1)
        yield publications
        yield CounterMetricFamily(
            "inspector_publications_failed",
            "Verdicts and events that could not be published; the log says why.",
            value=published.failed,
        )
        yield GaugeMetricFamily(
            "inspector_publications_waiting",
            "Verdicts and events that wait for the publishing thread.",
            value=published.waiting,
        )
        yield GaugeMetricFamily(
            "inspector_publisher_up", "1 while the publishing thread runs.", value=int(published.alive)
        )
        yield GaugeMetricFamily(
            "inspector_subscriptions", "Subscriptions to the line's streams.", value=published.subscriptions
        )
        yield from _journal(published)

    def _drift(self) -> Iterator[Metric]:
        drift = self._line.drift
        stability = GaugeMetricFamily(
            "inspector_drift_psi",
            "Population stability index of a figure over the last window of frames, against the reference.",
            labels=["camera", "figure"],
        )
        known = drift.figures()
        for camera in self._line.config.cameras:
            for figure in FIGURES:
                stability.add_metric([camera.name, figure], known.get((camera.name, figure), math.nan))
        frames = GaugeMetricFamily(
            "inspector_drift_reference_frames",
            "Frames in the reference; 0 where there is none.",
            labels=["camera"],
        )
        for name, count in drift.reference_frames().items():
            frames.add_metric([name], count)
        yield from (stability, frames)


def _journal(published: Published) -> Iterator[Metric]:
    """Without values where there is no journal."""
    state = published.journal

    def known(value: int) -> int | None:
        return None if state is None else value

    now = state or JournalState(path="")
    yield CounterMetricFamily("inspector_journal_committed", "Publications in the journal.", value=known(now.committed))
    yield CounterMetricFamily("inspector_journal_commits", "Commits of the journal.", value=known(now.commits))
    yield GaugeMetricFamily(
        "inspector_journal_waiting", "Publications that wait for the disk.", value=known(now.waiting)
    )
    yield CounterMetricFamily(
        "inspector_journal_dropped",
        "Publications left out of the journal, because the disk was too slow or refused them.",
        value=known(now.not_journaled),
    )
    yield CounterMetricFamily(
        "inspector_journal_commands_dropped",
        "Commands left out of the journal: thousands waited, or a value cannot be stored.",
        value=known(now.commands_not_journaled),
    )
    yield CounterMetricFamily(
        "inspector_journal_shadow_dropped",
        "Disagreements and counts of a shadow bundle left out of the journal. They are dropped first.",
        value=known(now.shadow_not_journaled),
    )
    yield GaugeMetricFamily(
        "inspector_journal_failing",
        "1 while the last commit failed; the log says why.",
        value=known(int(bool(now.error))),
    )


def _states(name: str, text: str, states: type[Enum], now: Enum, label: str = "state") -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for state in states:
        family.add_metric([state.value], int(state is now))
    return family


_NO_FRAMES = CameraCounts(frames=0, open=0, endings={})
