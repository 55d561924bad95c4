"""The part of ``inspector replay`` that plays a recording: all its cameras, with its runs, losses and positions."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engines.files.looking import is_file
from inspector.cli.output import tell
from inspector.cli.replay_line import REPLAY_DEADLINE_MS, Played, fitted, only_cameras, replace
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
    from inspector.capture.preparation import Preparation
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
    recording: RecordingReader,
    config: Path | None,
    camera: str | None,
    pace: Pace,
    played: Played,
    fit: str | None = None,
) -> LineConfig:
    """The line that plays a recording: the configured one, or one with the recorded rules, with the recorded cameras; ``fit``: frames of
    another size are fitted so. Raises UserError."""
    names = recording.cameras if camera is None else (recording.camera(camera).name,)
    deadline_ms = played.deadline_ms
    if config is None:
        cameras = tuple(_as_recorded(recording, name) for name in names)
        base = LineConfig(line=recording.manifest.line, cameras=cameras, verdicts=recording.manifest.verdicts)
        deadline_ms = deadline_ms or REPLAY_DEADLINE_MS
    else:
        base = load_config(config)
        known = {one.name: one for one in base.cameras}
        for name in names:
            if name not in known:
                raise UserError(
                    f"{config}: has no camera {name}, which is in the recording; its cameras: {', '.join(known)}; --camera names one to play"
                )
        base = only_cameras(base, tuple(known[name] for name in names))
        deadline_ms = deadline_ms or base.deadline_ms
    sources = {name: RecordedSource(path=str(recording.folder), camera=name, pace=pace) for name in names}
    base = replace(base, cameras=tuple(replace(one, source=sources[one.name]) for one in base.cameras))
    if fit is not None:
        base = replace(base, cameras=tuple(_fitted(one, fit) for one in base.cameras))
    return played._replace(deadline_ms=deadline_ms).line(base, live=pace == "recorded")


def run_recording(
    recording: RecordingReader, line_config: LineConfig, bundle: Bundle, report: Path | None
) -> tuple[list[str], str, Summary]:
    """Play it and write the report, where one is asked for; return what failed, what to do where most frames do not fit, and the figures."""
    from inspector.cli.progress import live_line
    from inspector.cli.recording_sizes import misfit
    from inspector.cli.replay import verdicts_of
    from inspector.cli.replay_publish import announce
    from inspector.line.line import Line
    from inspector.service.signals import stop_on_signals

    names = [one.name for one in line_config.cameras]
    contents = {name: recording.contents(name) for name in names}
    total = sum((one.last + 1 - (one.first or 0)) for one in contents.values() if one.last is not None)
    _tell_other_bundles(recording, bundle)
    with stop_on_signals() as stop, Line(line_config, bundle) as line:
        announce(line_config)
        with live_line("replaying", total) as update:
            if line.start(stop):
                line.wait(stop, tick=lambda: update(*verdicts_of(line)))
        tell(f"engines ran on {line.inference.active.supervisor.device}", err=True)
    made = _report(line, recording)
    found = made.summary()
    failures = line.failures
    if stop.is_set() and found.frames < total:
        failures.append(f"interrupted after {found.frames} of {total} frames")
    hints = [misfit(recording.frame_sizes(name), line.fits.of(name), "frames") for name in names]
    hint = next(filter(None, hints), "")
    if found.nothing_inspected:
        first = found.uninspected[0]
        remedy, hint = hint or first.remedy, ""
        failures.append(f"no frame could be inspected: {first}" + (f"; {remedy}" if remedy else ""))
    return failures, hint, found if report is None else made.write(report, found)


def _as_recorded(recording: RecordingReader, name: str) -> CameraConfig:
    from inspector.capture.recording import Recorded

    one = recording.camera(name)
    flat_field = Recorded(recording, one).flat_field_file if one.flat_field else None
    if flat_field is not None and not is_file(flat_field):
        raise UserError(
            f"{flat_field}: is missing, and camera {name} was recorded with the flat field {one.flat_field}; copy the whole folder, or give "
            "--config with a line that names it (cameras[].flat_field)"
        )
    return CameraConfig(
        name=name,
        source=RecordedSource(path=str(recording.folder), camera=name),
        scale=one.calibrated_scale or one.scale,
        placement=one.placement,
        flat_field=None if flat_field is None else str(flat_field),
        fit=one.fit,
        travel_um_per_frame=one.travel_um_per_frame,
        frame_check=one.frame_check,
    )


def _fitted(camera: CameraConfig, mode: str) -> CameraConfig:
    """The camera with the fit of ``--fit MODE``, for frames as they were recorded."""
    from inspector.capture.recording import recorded_camera

    recorded = recorded_camera(camera.source)
    assert recorded is not None, "its source is a recording"
    size = recorded.commonest_size if mode in ("tile", "resize") else None
    return replace(camera, fit=fitted(mode, camera.fit, size))


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

    bundle, names = line.bundle, [one.name for one in line.config.cameras]
    preparations = {name: line.fits.of(name) for name in names}
    report = Report(
        bundle.classes,
        *preparations[names[0]].judged,
        sizes=line.fits.judged,
        minimum_area_px=bundle.operating_point.minimum_areas(bundle.classes),
        title=f"Replay of {recording.folder.name}",
    )
    frames = {name: _Frames(recording, name, preparations[name]) for name in names}
    assert line.config.journal.path is not None
    with JournalReader(Path(line.config.journal.path)) as reader:
        for row in reader.walk():
            packet = row.packet()
            report.add(packet, _pixels_of(frames.get(packet.header.camera), row.frame))
    return report


class _Frames:
    """Frames of one camera as they are judged, by the numbers of the replay."""

    def __init__(self, recording: RecordingReader, camera: str, preparation: Preparation) -> None:
        from inspector.recording.records import Frame

        self._recording, self._camera, self._preparation = recording, camera, preparation
        self._frames: dict[int, Frame] = {}
        first: int | None = None
        for record in recording.records(camera):
            first = record.frame if first is None else first
            if isinstance(record, Frame):
                self._frames[record.frame - first] = record

    def pixels(self, number: int) -> NDArray[np.uint8] | None:
        """None where the recording has none, or none that could be judged."""
        from inspector.recording.reader import DamagedPixelsError

        try:
            raw = self._recording.pixels(self._camera, self._frames[number]) if number in self._frames else None
        except DamagedPixelsError:
            return None
        return None if raw is None or self._preparation.refusal(raw) else self._preparation.judged_frame(raw)


def _pixels_of(frames: _Frames | None, number: int | None) -> Callable[[], NDArray[np.uint8] | None]:
    return lambda: None if frames is None or number is None else frames.pixels(number)
