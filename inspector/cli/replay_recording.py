"""The part of ``inspector replay`` that plays a recording: all its cameras, with its runs, losses and positions."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engines.files.looking import is_file
from inspector.cli.output import tell
from inspector.cli.replay_line import REPLAY_DEADLINE_MS, Played, replace
from inspector.config.camera import CameraConfig
from inspector.config.load import load_config
from inspector.config.recording import Pace, RecordedSource
from inspector.config.tree import LineConfig
from inspector.errors import UserError
from inspector.recording.manifest import INDEX, MANIFEST, PHASES
from inspector.recording.reader import RecordingReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from engines.bundle import Bundle
    from inspector.line.line import Line
    from inspector.recording.records import Frame
    from inspector.report import Report, Summary


def pace_of(rate: str) -> Pace:
    """How fast a recording is played. Raises UserError."""
    if rate == "max":
        return "max"
    if rate == "recorded":
        return "recorded"
    raise UserError(f"--rate: found {rate[:40]!r}, expected max or recorded: a recording has its own times")


def refuse_part(folder: Path) -> None:
    """Raise UserError where this is a part of a recording, which cannot be played alone."""
    if is_file(folder / INDEX):
        whole = folder.parent.parent
        raise UserError(f"{folder}: is a camera of the recording {whole}; replay that, with --camera {folder.name}")
    if is_file(folder / PHASES):
        raise UserError(f"{folder}: is a recording whose {MANIFEST} is missing; it cannot be played without")


def recorded_line(
    recording: RecordingReader, config: Path | None, camera: str | None, pace: Pace, played: Played
) -> LineConfig:
    """The line that plays a recording: the configured one, or one with the defaults, with the recorded cameras. Raises UserError."""
    names = recording.cameras if camera is None else (recording.camera(camera).name,)
    deadline_ms = played.deadline_ms
    if config is None:
        cameras = tuple(_as_recorded(recording, name) for name in names)
        base = LineConfig(line=recording.manifest.line, cameras=cameras)
        deadline_ms = deadline_ms or REPLAY_DEADLINE_MS
    else:
        base = load_config(config)
        known = {one.name: one for one in base.cameras}
        for name in names:
            if name not in known:
                raise UserError(
                    f"{config}: has no camera {name}, which is in the recording; its cameras: {', '.join(known)}; --camera names one to play"
                )
        base = replace(base, cameras=tuple(known[name] for name in names))
        deadline_ms = deadline_ms or base.deadline_ms
    sources = {name: RecordedSource(path=str(recording.folder), camera=name, pace=pace) for name in names}
    base = replace(base, cameras=tuple(replace(one, source=sources[one.name]) for one in base.cameras))
    return played._replace(deadline_ms=deadline_ms).line(base, live=pace == "recorded")


def run_recording(
    recording: RecordingReader, line_config: LineConfig, bundle: Bundle, report: Path | None
) -> tuple[list[str], Summary]:
    """Play it and write the report, where one is asked for; return what failed and the figures."""
    from inspector.cli.progress import live_line
    from inspector.cli.replay import verdicts_of
    from inspector.line.line import Line
    from inspector.service.signals import stop_on_signals

    names = [one.name for one in line_config.cameras]
    contents = {name: recording.contents(name) for name in names}
    total = sum((one.last + 1 - (one.first or 0)) for one in contents.values() if one.last is not None)
    _tell_other_bundles(recording, bundle)
    with stop_on_signals() as stop, Line(line_config, bundle) as line:
        with live_line("replaying", total) as update:
            if line.start(stop):
                line.wait(stop, tick=lambda: update(*verdicts_of(line)))
        tell(f"engines ran on {line.inference.active.supervisor.device}", err=True)
    made = _report(line, recording)
    found = made.summary()
    failures = line.failures
    if stop.is_set() and found.frames < total:
        failures.append(f"interrupted after {found.frames} of {total} frames")
    if found.nothing_inspected:
        first = found.uninspected[0]
        failures.append(f"no frame could be inspected: {first}" + (f"; {first.remedy}" if first.remedy else ""))
    return failures, found if report is None else made.write(report, found)


def _as_recorded(recording: RecordingReader, name: str) -> CameraConfig:
    one = recording.camera(name)
    return CameraConfig(
        name=name,
        source=RecordedSource(path=str(recording.folder), camera=name),
        scale=one.scale,
        travel_um_per_frame=one.travel_um_per_frame,
        frame_check=one.frame_check,
    )


def _tell_other_bundles(recording: RecordingReader, bundle: Bundle) -> None:
    """Verdicts are the same only with the bundle of the recorded line."""
    now = bundle.id, bundle.operating_point.id
    others = sorted({(one.bundle, one.operating_point) for one in recording.phases.values()} - {now})
    for other, point in others:
        tell(
            f"inspector: note: recorded with bundle {other}, operating point {point}; played with {now[0]}, {now[1]}: "
            "verdicts may differ",
            err=True,
        )


@contextmanager
def recording_journal(report: Path | None, recording: RecordingReader) -> Iterator[Path]:
    """The journal of the run, which starts empty because the report is made from it."""
    from engines.files.writing import temporary_folder
    from inspector.cli.report_folder import JOURNAL, begin_journal, prepare_report

    if report is None:
        with temporary_folder("inspector-replay-", ", or give --report") as scratch:
            yield scratch / JOURNAL
    else:
        prepare_report(report, {"the recording": recording.folder})
        yield begin_journal(report)


def _report(line: Line, recording: RecordingReader) -> Report:
    """The report, made from the journal: it shows what was published."""
    from inspector.report import Report
    from inspector.results.journal_reader import JournalReader

    bundle, size = line.bundle, line.size
    report = Report(
        bundle.classes,
        size.height,
        size.width,
        minimum_area_px=bundle.operating_point.minimum_areas(bundle.classes),
        title=f"Replay of {recording.folder.name}",
    )
    frames = {one.name: _Frames(recording, one.name) for one in line.config.cameras}
    assert line.config.journal.path is not None
    with JournalReader(Path(line.config.journal.path)) as reader:
        for row in reader.walk():
            packet = row.packet()
            report.add(packet, _pixels_of(frames.get(packet.header.camera), row.frame))
    return report


class _Frames:
    """Pixels of one camera by the numbers of the replay."""

    def __init__(self, recording: RecordingReader, camera: str) -> None:
        from inspector.recording.records import Frame

        self._recording, self._camera = recording, camera
        self._frames: dict[int, Frame] = {}
        first: int | None = None
        for record in recording.records(camera):
            first = record.frame if first is None else first
            if isinstance(record, Frame):
                self._frames[record.frame - first] = record

    def pixels(self, number: int) -> NDArray[np.uint8] | None:
        """None where the recording has none."""
        from inspector.recording.reader import DamagedPixelsError

        try:
            return self._recording.pixels(self._camera, self._frames[number]) if number in self._frames else None
        except DamagedPixelsError:
            return None


def _pixels_of(frames: _Frames | None, number: int | None) -> Callable[[], NDArray[np.uint8] | None]:
    return lambda: None if frames is None or number is None else frames.pixels(number)
