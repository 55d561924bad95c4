"""The figures of a line as Prometheus' metrics. They are read from the line's parts when Prometheus asks.

``docs/metrics.md`` describes each metric; a test compares it with what is collected here and in the ``*_metrics.py`` beside this file.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from itertools import chain
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from engines.drift.reference import FIGURES
from inspector.frames.outcome import Reason, Verdict
from inspector.line import (
    archive_metrics,
    camera_metrics,
    engine_metrics,
    recovery_metrics,
    results_metrics,
    stage_metrics,
)
from inspector.protocol.messages import LineState, Signal
from inspector.service.nvml import GpuFigures
from inspector.verdicts.ledger import CameraCounts
from inspector.version import __version__

if TYPE_CHECKING:
    from inspector.line.line import Line

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

    def __init__(self, line: Line, gpus: Callable[[], Sequence[GpuFigures]] = tuple) -> None:
        """``gpus`` gives the figures of the GPUs, at once."""
        self._line = line
        self._gpus = gpus
        self.limits_s = stage_metrics.limits_s(line.config.deadline_ms)
        """Upper limits of the buckets of all histograms of times, s."""

    def collect(self) -> Iterable[Metric]:
        """All metrics, those without a value too."""
        line = self._line
        published = line.results.snapshot()
        return chain(
            self._about(),
            self._frames(),
            self._sheets(),
            camera_metrics.collect(line.cameras),
            stage_metrics.collect(line, self.limits_s),
            self._places(),
            engine_metrics.collect(line.inference),
            engine_metrics.collect_gpus(self._gpus()),
            results_metrics.collect(published, line.control.bad_messages),
            recovery_metrics.collect(published.recovery),
            self._drift(),
            archive_metrics.collect(line.archive.kept()),
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

    def _sheets(self) -> Iterator[Metric]:
        """0 where there are none."""
        sheets = self._line.sheets
        ended = CounterMetricFamily("inspector_sheets", "Sheets with a verdict.", labels=["verdict", "reason"])
        settled = {} if sheets is None else sheets.settled
        for (verdict, reason), count in {**dict.fromkeys(ENDINGS, 0), **settled}.items():
            ended.add_metric([verdict.value, reason.value], count)
        yield ended
        yield GaugeMetricFamily(
            "inspector_sheets_open",
            "Sheets that wait for their verdict.",
            value=0 if sheets is None else sheets.waiting,
        )

    def _places(self) -> Iterator[Metric]:
        leases = self._line.ring.leases
        yield GaugeMetricFamily("inspector_ring_slots", "Slots of the ring for cameras.", value=leases.slots)
        yield GaugeMetricFamily("inspector_ring_slots_free", "Those of them that are free.", value=leases.free)
        yield GaugeMetricFamily(
            "inspector_observer_slots", "Further slots, for observers.", value=leases.observer_slots
        )
        yield GaugeMetricFamily("inspector_observer_slots_used", "Slots that observers hold.", value=leases.observed)
        yield GaugeMetricFamily(
            "inspector_judging_waiting",
            "Frames that the gate let through and that wait to be judged.",
            value=self._line.postprocessing.waiting,
        )

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


def _states(name: str, text: str, states: type[Enum], now: Enum, label: str = "state") -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for state in states:
        family.add_metric([state.value], int(state is now))
    return family


_NO_FRAMES = CameraCounts(frames=0, open=0, endings={})
