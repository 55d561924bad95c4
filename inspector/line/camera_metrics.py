"""Figures of the cameras as metrics: their connections, what they count, and their clocks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from inspector.capture.source import SourceCounters
from inspector.frames.camera_state import CameraState

if TYPE_CHECKING:
    from inspector.line.cameras import Cameras

_FRAMES = ("received", "lost", "incomplete", "dropped")
_PACKETS = ("resent", "missing")


def collect(cameras: Cameras) -> Iterator[Metric]:
    """The metrics of all cameras."""
    yield from _connections(cameras)
    yield from _counters(cameras)
    yield from _clocks(cameras)


def _connections(cameras: Cameras) -> Iterator[Metric]:
    states = GaugeMetricFamily(
        "inspector_camera_state", "1 for the state the camera's connection is in.", labels=["camera", "state"]
    )
    gaps = CounterMetricFamily(
        "inspector_camera_gaps", "How often a camera lost frames, one or several in a row.", labels=["camera"]
    )
    silences = CounterMetricFamily(
        "inspector_camera_silences", "How often a camera delivered nothing for too long.", labels=["camera"]
    )
    reconnects = CounterMetricFamily(
        "inspector_camera_reconnects", "How often a lost camera was opened again.", labels=["camera"]
    )
    for one in cameras:
        name, now = one.camera.name, one.connection.state
        for state in CameraState:
            states.add_metric([name, state.value], int(state is now))
        gaps.add_metric([name], one.numbering.gaps)
        silences.add_metric([name], one.watch.silences)
        reconnects.add_metric([name], one.connection.reconnects)
    yield from (states, gaps, silences, reconnects)


def _counters(cameras: Cameras) -> Iterator[Metric]:
    """All are there for every camera, NaN where it does not count them."""
    frames = CounterMetricFamily("inspector_camera_frames", "What the camera counts.", labels=["camera", "counted"])
    packets = CounterMetricFamily("inspector_camera_packets", "What the camera counts.", labels=["camera", "counted"])
    for one in cameras:
        name, counters = one.camera.name, one.counters() or _NOT_COUNTED
        for counted in _FRAMES:
            frames.add_metric([name, counted], _figure(getattr(counters, counted)))
        for counted in _PACKETS:
            packets.add_metric([name, counted], _figure(getattr(counters, f"{counted}_packets")))
    yield from (frames, packets)


def _clocks(cameras: Cameras) -> Iterator[Metric]:
    offset = GaugeMetricFamily(
        "inspector_camera_clock_offset_seconds", "Camera's time minus this machine's UTC.", labels=["camera"]
    )
    spread = GaugeMetricFamily(
        "inspector_camera_clock_spread_seconds", "How far the measured offsets are apart.", labels=["camera"]
    )
    well = GaugeMetricFamily(
        "inspector_camera_clock_in_specification", "Whether the camera's clock is in order.", labels=["camera"]
    )
    for one in cameras:
        name, clock = one.camera.name, one.clock()
        offset.add_metric([name], _figure(None if clock is None else clock.offset_ns, 1e9))
        spread.add_metric([name], _figure(None if clock is None else clock.spread_ns, 1e9))
        well.add_metric([name], math.nan if clock is None else int(clock.in_specification))
    yield from (offset, spread, well)


def _figure(value: int | None, unit: float = 1) -> float:
    return math.nan if value is None else value / unit


_NOT_COUNTED = SourceCounters()
