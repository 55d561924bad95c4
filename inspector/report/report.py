"""Collects the messages of a run and writes the report about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from engines.files.writing import output_folder, write_bytes, write_text
from engines.metrics.overlap import overlap
from inspector.frames.outcome import Reason, Verdict
from inspector.frames.sheet import SHEET
from inspector.frames.uninspected import Uninspected
from inspector.protocol.codec import Packet
from inspector.protocol.messages import EndBody, GapBody, Header, LateBody, ResultBody
from inspector.protocol.settings import Fit, Settings
from inspector.report.against_truth import AgainstTruth
from inspector.report.coverage import Coverage
from inspector.report.durations import Durations
from inspector.report.fitted import in_words
from inspector.report.page import page
from inspector.report.pictures.contact_sheet import contact_sheet
from inspector.report.pictures.drawing import write_png
from inspector.report.pictures.strip_map import strip_map
from inspector.report.record import Record, record_of
from inspector.report.selection import GetPixels, Selection
from inspector.report.summary import Latency, Summary
from inspector.report.trace import Mark, Trace
from inspector.report.truth import Truth

_DROPPED = (Reason.CAMERA_LOST, Reason.OVERLOAD)


class Report:
    """The report of a run: ``add`` every packet, then ask for the ``summary`` and ``write`` it."""

    def __init__(
        self,
        class_names: Sequence[str],
        height: int,
        width: int,
        truth: Truth | None = None,
        *,
        sizes: Mapping[str, tuple[int, int]] | None = None,
        minimum_area_px: Sequence[int] | None = None,
        title: str = "Run",
    ) -> None:
        """Classes in the order of the mask's bits, frame size in pixels, and ``sizes`` (height, width) of cameras with other frames;
        ``minimum_area_px`` of a defect, per class: default 1."""
        self._class_names = tuple(class_names)
        self._size = (height, width)
        self._sizes = dict(sizes or {})
        self._title = title
        self._truth = (
            None if truth is None else AgainstTruth(class_names, truth, minimum_area_px or [1] * len(class_names))
        )
        self._verdicts: Counter[Verdict] = Counter()
        self._reasons: Counter[Reason] = Counter()
        self._uninspected = Uninspected()
        self._defects: Counter[str] = Counter()
        self._latency = Durations()
        self._late = 0
        self._published_ns: tuple[int, int] | None = None
        self._coverage: dict[str, Coverage] = {}
        self._traces: dict[str, Trace] = {}
        self._ended: dict[str, int] = {}
        self._selection = Selection()
        self._fits: dict[str, Fit] = {}

    def add(self, packet: Packet, pixels: GetPixels | None = None) -> None:
        """One message of the run, in the order of publication. ``pixels`` gives the frame behind a result, for the pictures. The stream of whole
        sheets is left out: the report is of frames.

        Raises ValueError where a published mask or the truth is not of this run's geometry and classes.
        """
        header, body = packet.header, packet.body
        if header.camera == SHEET:
            return
        if isinstance(body, ResultBody):
            self._count(header, body, header.frame or 0, 1, body.name)
            self._result(record_of(header, body, packet.blob), pixels or _no_pixels)
        elif isinstance(body, GapBody):
            count = body.last - body.first + 1
            self._count(header, body, body.first, count)
            self._traces[header.camera].add(body.first, body.verdict, count)
            if self._truth is not None:
                self._truth.exclude(count)
        elif isinstance(body, LateBody):
            self._late += 1
        elif isinstance(body, Settings):
            self._fits[header.camera] = body.fit
        elif isinstance(body, EndBody):
            self._ended[header.camera] = self._ended.get(header.camera, 0) + body.frames

    def _count(self, header: Header, body: ResultBody | GapBody, first: int, count: int, name: str = "") -> None:
        camera, published_ns = header.camera, header.published_unix_ns
        self._verdicts[body.verdict] += count
        self._reasons[body.reason] += count
        if body.verdict is Verdict.UNINSPECTED:
            self._uninspected.add(body.reason, body.detail, camera=camera, frame=first, name=name, frames=count)
        self._coverage.setdefault(camera, Coverage()).add(first, count)
        self._traces.setdefault(camera, Trace())
        begun = published_ns if self._published_ns is None else self._published_ns[0]
        self._published_ns = (begun, published_ns)

    def _result(self, record: Record, pixels: GetPixels) -> None:
        if record.inspected or record.reason is Reason.DEADLINE:
            self._latency.add(record.latency_us)
        true = None if self._truth is None else self._truth.mask(record)
        if self._truth is not None and true is not None:
            counted = self._truth.add(record, true)
        else:
            counted = overlap(record.mask, None, len(self._class_names))
        self._selection.offer(record, true, counted, true is not None, pixels)
        trace = self._traces[record.camera]
        trace.add(record.frame, record.verdict, defective=counted.defective)
        if record.position_um is not None:
            trace.place(record.frame, record.position_um)
        for defect in record.defects:
            self._defects[defect.class_name] += 1
            if defect.class_name in self._class_names:
                kind = self._class_names.index(defect.class_name)
                trace.mark(Mark(record.frame, kind, defect.bbox_px, defect.area_px))

    def summary(self, expected: Mapping[str, int] | None = None) -> Summary:
        """The figures so far. ``expected`` is the number of frames of each camera; without it the ``end`` messages say."""
        expected = expected or self._ended
        cameras = self._coverage.keys() | expected.keys()
        seen = {camera: self._coverage.get(camera, Coverage()) for camera in cameras}
        return Summary(
            frames=sum(one.frames for one in seen.values()),
            verdicts={verdict.value: self._verdicts[verdict] for verdict in Verdict},
            reasons={reason.value: self._reasons[reason] for reason in Reason if self._reasons[reason]},
            uninspected=tuple(self._uninspected.kinds()),
            defects={name: self._defects[name] for name in self._class_names},
            frames_per_s=self._rate(),
            latency=self._latency_figures(),
            dropped=sum(self._reasons[reason] for reason in _DROPPED),
            late=self._late,
            unresolved=sum(one.missing(expected.get(camera)) for camera, one in seen.items()),
            repeated=sum(one.repeated for one in seen.values()),
            truth=None if self._truth is None else self._truth.figures(),
            fitted=tuple(
                f"Camera {name}: {words}" for name, fit in sorted(self._fits.items()) if (words := in_words(fit))
            ),
            thresholds_void=any(fit.thresholds_void for fit in self._fits.values()),
        )

    def _rate(self) -> float | None:
        frames = sum(self._verdicts.values())
        if self._published_ns is None or frames < 2 or self._published_ns[1] <= self._published_ns[0]:
            return None
        return (frames - 1) * 1e9 / (self._published_ns[1] - self._published_ns[0])

    def _latency_figures(self) -> Latency | None:
        if not self._latency.count:
            return None
        p50, p95, p99 = (self._latency.percentile_ms(percent) for percent in (50, 95, 99))
        return Latency(
            frames=self._latency.count, p50_ms=p50, p95_ms=p95, p99_ms=p99, max_ms=self._latency.max_us / 1e3
        )

    def write(self, directory: Path, summary: Summary) -> Summary:
        """Write ``report.json``, ``index.html`` and the pictures; return the summary with the pictures named.

        Raises FileError where the directory cannot be written.
        """
        pictures = {}
        sections = self._selection.sections()
        if sections:
            pictures["contact_sheet.png"] = contact_sheet(sections, self._class_names, self._size)
        for camera, trace in sorted(self._traces.items()):
            if trace.frames:
                name = "strip_map.png" if len(self._traces) == 1 else f"strip_map_{camera}.png"
                has_truth = self._truth is not None
                pictures[name] = strip_map(
                    trace, self._class_names, self._sizes.get(camera, self._size), camera, has_truth
                )
        summary = msgspec.structs.replace(summary, pictures=tuple(pictures))
        output_folder(directory)
        for name, picture in pictures.items():
            write_png(directory / name, picture)
        write_bytes(directory / "report.json", msgspec.json.format(msgspec.json.encode(summary), indent=2))
        write_text(directory / "index.html", page(self._title, summary))
        return summary


def _no_pixels() -> None:
    return None
