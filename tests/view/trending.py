"""Journals over days: what a line publishes at times that are given, by the real stream into the real file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import BundleIdentity, Defect, Outcome, Reason, Settled, Verdict
from inspector.frames.size import FrameSize
from inspector.protocol.codec import decode_header
from inspector.protocol.messages import Health, HealthReason, LineState, Signal
from inspector.protocol.settings import Thresholds
from inspector.results.identity import Identity, StartInfo
from inspector.results.journal_file import JournalFile
from inspector.results.journal_rows import PreparedRow, prepared
from inspector.results.publication import Publication
from inspector.results.status import Status
from inspector.results.stored_row import Row
from inspector.results.stream import Stream

CLASSES = ("pitting", "inclusion", "scratches", "corrosion")
_SIZE = FrameSize(256, 1600)
_GROUP = 2000
DEADLINE_MS = 100.0


def bundle_of(name: str = "demo-1.0", point: str = "op-1", classes: tuple[str, ...] = CLASSES) -> BundleIdentity:
    return BundleIdentity(bundle=name, operating_point=point, classes=classes, size=_SIZE)


class TrendLine:
    """A line with a journal. ``now_ns`` is its clock, Unix time, and is set by who uses it."""

    def __init__(
        self,
        path: Path,
        cameras: Sequence[str] = ("cam1",),
        *,
        line: str = "line1",
        epoch: str = "epoch-1",
        simulated: bool = False,
        bundle: BundleIdentity | None = None,
    ) -> None:
        identity = Identity(line=line, cameras=tuple(cameras), epoch=epoch, simulated=simulated, sheets=True)
        self.path = path
        self.cameras = tuple(cameras)
        self.now_ns = 10**18
        self.bundle = bundle or bundle_of()
        self.recipe = ""
        self._file = JournalFile(path, identity, 5000)
        self._connection = self._file.connect()
        self._streams = {
            name: Stream(identity, name, heartbeat_ms=200, masks=True, clocks=lambda: (self.now_ns, self.now_ns))
            for name in identity.streams
        }
        self._frames = dict.fromkeys(cameras, 0)
        self._rows: list[PreparedRow] = []

    def start(self, run: str = "coil-1") -> None:
        for name in self.cameras:
            self._say(self._streams[name].start(run, self._info()))

    def change(self, why: str, bundle: BundleIdentity | None = None) -> None:
        self.bundle = bundle or self.bundle
        for name in self.cameras:
            self._say(self._streams[name].change(self._info(), why))

    def end(self, run: str = "coil-1") -> None:
        for name in self.cameras:
            self._say(self._streams[name].end(run))

    def status(self, *troubles: tuple[str, str], state: LineState = LineState.RUNNING) -> None:
        """``troubles``: part and code of each that there is now."""
        reasons = tuple(
            HealthReason(part=part, code=code, text=f"{code} of {part}", signal=Signal.MAINTENANCE_REQUIRED)
            for part, code in troubles
        )
        health = Health(signal=reasons[0].signal if reasons else Signal.NORMAL, reasons=reasons)
        code = troubles[0][1] if troubles else "frames_usable"
        for stream in self._streams.values():
            self._say(stream.status(Status(state=state, code=code, text=code, health=health)))

    def passed(self, camera: str = "cam1", score: float = 0.02, latency_ms: float = 20.0) -> None:
        self._result(camera, self._outcome(Verdict.PASS, Reason.GATE_CLEAN, score), latency_ms)

    def segmented(
        self,
        *classes: str,
        camera: str = "cam1",
        verdict: Verdict = Verdict.REJECT,
        score: float = 0.9,
        latency_ms: float = 40.0,
    ) -> int:
        """A frame that the segmenter looked at, with a defect for each class; its number."""
        reason = Reason.NO_DEFECT if verdict is Verdict.PASS else Reason.DEFECT
        defects = tuple(
            Defect(
                class_name=name, score=0.9, area_px=40, bbox_px=(5, 5, 8, 5), centroid_px=(9.0, 7.0), length_px=8.0, width_px=5.0,
                area_mm2=6.4, length_mm=3.2, width_mm=2.0, x_mm=12.0, position_um=None,
            )
            for name in classes
        )  # fmt: skip
        pixels = tuple(40 * classes.count(name) for name in self.bundle.classes)
        outcome = self._outcome(verdict, reason, score)
        found = msgspec.structs.replace(outcome, defects=defects, pixels=pixels, defect_pixels=pixels)
        self._result(camera, found, latency_ms)
        return self._frames[camera] - 1

    def uninspected(self, reason: Reason, camera: str = "cam1", latency_ms: float = DEADLINE_MS) -> None:
        self._result(camera, Outcome(verdict=Verdict.UNINSPECTED, reason=reason), latency_ms)

    def lost(self, count: int, camera: str = "cam1") -> None:
        self._settle(camera, Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.CAMERA_LOST), 0.0, count)

    def sheet(self) -> None:
        """A verdict that is of no frame."""
        self._say(
            self._streams["sheet"].settled(
                self._settled("sheet", 0, self._outcome(Verdict.REJECT, Reason.DEFECT, 0.9), 50.0, 1)
            )
        )

    def skip(self, messages: int, camera: str = "cam1") -> None:
        """So many messages are not in the journal."""
        self._streams[camera].last_seq += messages

    def skip_to(self, seq: int, camera: str = "cam1") -> None:
        """What follows has this number and more."""
        self._streams[camera].last_seq = seq

    def keep(self, rows: int) -> None:
        """Delete all but the newest rows, as the journal does."""
        self.commit()
        self.alter(f"DELETE FROM publications WHERE id <= (SELECT max(id) - {rows} FROM publications)")

    def alter(self, statement: str) -> None:
        """Damage the file."""
        self._connection.execute(statement)

    def again(self, sent: Sequence[Row]) -> None:
        """Messages as they are in another journal."""
        for row in sent:
            header = decode_header(row.header)
            self._streams[row.camera].last_seq = row.seq
            self._rows.append(
                PreparedRow(
                    row.camera,
                    (row.seq, row.type, header.run, row.frame, row.verdict, row.captured_unix_ns, header.published_unix_ns, row.header, row.body, None, None),
                    0,
                )
            )  # fmt: skip

    def commit(self) -> None:
        if self._rows:
            self._file.insert(self._connection, self._rows)
            self._rows = []

    def close(self) -> None:
        self.commit()
        self._file.close()

    def _outcome(self, verdict: Verdict, reason: Reason, score: float) -> Outcome:
        counts = () if reason is Reason.GATE_CLEAN else (0,) * len(self.bundle.classes)
        return Outcome(
            verdict=verdict, reason=reason, gate_score=score, pixels=counts, defect_pixels=counts, bundle=self.bundle
        )

    def _info(self) -> StartInfo:
        classes = self.bundle.classes
        thresholds = Thresholds(gate=0.05, mask=dict.fromkeys(classes, 0.5), minimum_area_px=dict.fromkeys(classes, 4))
        return StartInfo(
            bundle=self.bundle,
            size=_SIZE,
            thresholds=thresholds,
            recipe=self.recipe,
            deadline_ms=DEADLINE_MS,
            source="simulator",
        )

    def _result(self, camera: str, outcome: Outcome, latency_ms: float) -> None:
        self._settle(camera, outcome, latency_ms, 1)

    def _settle(self, camera: str, outcome: Outcome, latency_ms: float, count: int) -> None:
        frame = self._frames[camera]
        self._frames[camera] += count
        self._say(self._streams[camera].settled(self._settled(camera, frame, outcome, latency_ms, count)))

    def _settled(self, camera: str, frame: int, outcome: Outcome, latency_ms: float, count: int) -> Settled:
        captured = self.now_ns - int(latency_ms * 1e6)
        meta = FrameMeta(
            camera, frame, captured, deadline_ns=captured + int(DEADLINE_MS * 1e6), run="coil-1", recipe=self.recipe
        )
        return Settled(
            meta=meta, outcome=outcome, settled_ns=self.now_ns, resolved_through=frame + count - 1, count=count
        )

    def _say(self, publication: Publication) -> None:
        self._rows.append(prepared(publication))
        if len(self._rows) >= _GROUP:
            self.commit()
