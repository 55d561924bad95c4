"""What the archive has kept and left out, as metrics."""

from __future__ import annotations

import math
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from inspector.archive.books import REASONS, Kept
from inspector.archive.entry import Evidence


def collect(kept: Kept | None) -> Iterator[Metric]:
    """The metrics of the archive as they are now; without values where there is none."""
    archived = CounterMetricFamily("inspector_archive_frames", "Frames that were archived.", labels=["evidence"])
    left_out = CounterMetricFamily(
        "inspector_archive_left_out", "Frames that were to be archived and were not.", labels=["evidence", "why"]
    )
    entries = GaugeMetricFamily("inspector_archive_entries", "Frames that the archive holds.", labels=["evidence"])
    size = GaugeMetricFamily("inspector_archive_bytes", "What they take of the disk.", labels=["evidence"])
    if kept is not None:
        for one in Evidence:
            archived.add_metric([one.value], kept.archived.get(one, 0))
            for why in REASONS:
                left_out.add_metric([one.value, why], kept.left_out.get((one, why), 0))
            if kept.standing is not None and (standing := kept.standing.classes.get(one.value)) is not None:
                entries.add_metric([one.value], standing.entries)
                size.add_metric([one.value], standing.bytes)
    yield from (archived, left_out, entries, size)
    yield GaugeMetricFamily(
        "inspector_archive_waiting",
        "Frames that wait to be archived.",
        value=None if kept is None else kept.waiting,
    )
    yield GaugeMetricFamily(
        "inspector_archive_up",
        "1 while frames can be archived, 0 while they cannot.",
        value=None if kept is None else int(not kept.error),
    )
    days = kept.standing.days if kept is not None and kept.standing is not None else None
    yield GaugeMetricFamily(
        "inspector_archive_full_in_days",
        "Days until the archive is full at the present rate; NaN where that is not known.",
        value=None if kept is None else math.nan if days is None else days,
    )
