"""``inspector replay``: runs recorded frames through the whole line, and compares with the truth where it is known."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.options import Limits, RuntimeName, limits_of, number_option, read_number
from inspector.cli.output import console, print_json, tell
from inspector.config.replay import ReplayConfig
from inspector.config.results import ResultsConfig
from inspector.config.tree import LineConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engines.bundle import Bundle
    from inspector.cli.replay_truth import TruthOptions
    from inspector.frames.outcome import Verdict
    from inspector.line.line import Line
    from inspector.report import Report, Summary
    from inspector.report.truth import Truth

RATE_HZ = Limits(1e-6, 1_000_000)


def replay(
    path: Annotated[str, typer.Argument(metavar="DIR", help="Directory, glob or list of image files, or a recording.")],
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Line configuration: everything but where frames and results go is used."),
    ] = None,
    camera: Annotated[
        str | None, typer.Option(help="The camera of the configuration whose frames these are, where it has several.")
    ] = None,
    bundle: Annotated[
        str | None,
        typer.Option(help="Bundle directory or name of an included one; default: the configuration's, else demo."),
    ] = None,
    rate: Annotated[
        str,
        typer.Option(
            help="Frames per second, as from a camera, or max: as fast as possible, without loss. Of a recording: recorded, or max."
        ),
    ] = "max",
    deadline_ms: Annotated[
        float | None,
        number_option(
            "--deadline-ms",
            limits_of(LineConfig, "deadline_ms"),
            help="With a rate: longest time from capture to verdict; default: the configuration's, else 100.",
        ),
    ] = None,
    white_level: Annotated[
        int | None,
        number_option(
            "--white-level",
            limits_of(ReplayConfig, "white_level"),
            help="The 16-bit value that becomes 255, e.g. 4095 for 12-bit data; default: the configuration's.",
        ),
    ] = None,
    raw: Annotated[
        str | None,
        typer.Option(help="Pixel type of .raw files: uint8, uint16 or uint16_be; default: the configuration's."),
    ] = None,
    fit: Annotated[
        str | None,
        typer.Option(
            help="Frames of another size than the bundle's: refuse, crop, pad, resize (for a look: thresholds are void) or tile; default: the "
            "configuration's, else refuse."
        ),
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Start again after the last file, until Ctrl-C.")] = False,
    masks: Annotated[
        Path | None, typer.Option(help="Truth: a folder with a mask FRAME.png for each labelled frame.")
    ] = None,
    mask_style: Annotated[
        str | None,
        typer.Option(
            help="What mask pixels mean: class_number (1..K), bitmask (bit k), binary (> 127); default: by their values."
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Truth: run lengths in Kaggle's form (train.csv).")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Directory for report.json, index.html, pictures and journal.")
    ] = None,
    runtime: Annotated[
        RuntimeName | None,
        typer.Option(
            help="What runs the engines; default: as in the configuration, else auto. A replay may always use the CPU."
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(help="Arithmetic on the CPU: auto, f32 or bf16; default: the configuration's, else auto."),
    ] = None,
    publish: Annotated[
        bool,
        typer.Option(
            "--publish",
            help="Publish the results as the line does, simulated, with recovery: at results.endpoint of the configuration.",
        ),
    ] = False,
    publish_at: Annotated[
        str | None, typer.Option("--publish-at", metavar="ENDPOINT", help="Publish them at this address instead.")
    ] = None,
    wait_for_subscribers: Annotated[
        int | None,
        number_option(
            "--wait-for-subscribers",
            limits_of(ResultsConfig, "wait_for_subscribers", 10_000),
            help="With --publish: begin once so many have subscribed; default: the configuration's.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Run recorded frames through the line and report the results.

    Runs the same code as the daemon: capture, ring, inference child, verdicts, journal. With `--config` each frame gets the verdict that
    `inspector run` gives it. With `--masks` or `--csv` the results are compared with the truth. Exit status 1 if any frame has no verdict
    or more than one, or if not one frame could be inspected.

    Example: `inspector replay frames --csv train.csv --report out`
    """
    from engines.bundle import open_bundle
    from engines.files.looking import expanded
    from inspector.cli.replay_line import Played, Recording, replayed_line
    from inspector.cli.replay_publish import Publishing
    from inspector.cli.replay_recording import pace_of, recorded_line, recording_journal, refuse_part, run_recording
    from inspector.cli.replay_truth import TruthOptions
    from inspector.errors import UserError
    from inspector.recording.manifest import is_recording
    from inspector.recording.reader import RecordingReader

    if precision not in (None, "auto", "f32", "bf16"):
        raise UserError(f"--precision: {precision!r} is not known; use auto, f32 or bf16")
    publishing = Publishing.of(publish, publish_at, wait_for_subscribers)
    engine = runtime.value if runtime else None
    if is_recording(expanded(path)):
        for option, value in {
            "--masks": masks,
            "--csv": csv,
            "--white-level": white_level,
            "--raw": raw,
            "--loop": loop or None,
        }.items():
            if value is not None:
                raise UserError(f"{option}: is for image files, and {path} is a recording; leave it out")
        recorded = RecordingReader(expanded(path))
        with recording_journal(report, recorded) as journal:
            played = Played(bundle, engine, precision, deadline_ms, journal, publishing)
            line_config = recorded_line(recorded, config, camera, pace_of(rate), played, fit)
            model = open_bundle(line_config.bundle, config.parent if config and bundle is None else None)
            failures, hint, found = run_recording(recorded, line_config, model, report)
            _end(failures, found, report, as_json, hint)
        return
    refuse_part(expanded(path))
    truth = TruthOptions(masks, mask_style, csv)
    recording = Recording(
        path=str(expanded(path)), rate_hz=_rate(rate), loop=loop, white_level=white_level, raw=raw, fit=fit
    )
    with _journal(report, path, masks) as journal:
        line_config = replayed_line(
            config,
            camera,
            recording,
            bundle=bundle,
            runtime=engine,
            precision=precision,
            deadline_ms=deadline_ms,
            journal=journal,
            publishing=publishing,
        )
        # A path on the command line is relative to the working directory, one in a file to that file.
        model = open_bundle(line_config.bundle, config.parent if config and bundle is None else None)
        failures, hint, found = _run_and_report(line_config, model, journal, truth, report)
    _end(failures, found, report, as_json, hint)


def _end(failures: list[str], found: Summary, report: Path | None, as_json: bool, hint: str = "") -> None:
    """Print the figures, the ``hint`` and what failed; raises typer.Exit where anything did."""
    print_json(found) if as_json else _print_summary(found, report)
    if hint:
        tell(f"inspector: note: {hint}", err=True)
    for failure in failures:
        tell(f"inspector: {failure}", err=True)
    if not found.sound or failures:
        raise typer.Exit(1)


def _print_summary(found: Summary, report: Path | None) -> None:
    from inspector.report.table import summary_table

    console().print(summary_table(found))
    if report is not None:
        tell(f"report: {report / 'index.html'}")


def _rate(text: str) -> float | None:
    if text == "max":
        return None
    return read_number("--rate", text, RATE_HZ, "frames per second, e.g. 60, or max")


@contextmanager
def _journal(report: Path | None, frames: str, masks: Path | None) -> Iterator[Path]:
    """This run's journal, which starts empty because the report is made from it."""
    from engines.files.writing import temporary_folder
    from inspector.capture.replay.listing import list_files
    from inspector.cli.report_folder import JOURNAL, begin_journal, frame_folders, prepare_report

    if report is None:
        with temporary_folder("inspector-replay-", ", or give --report") as scratch:
            yield scratch / JOURNAL
    else:
        read = frame_folders(frames, list_files(frames), report)
        prepare_report(report, read | ({"the folder of the masks": masks} if masks is not None else {}))
        yield begin_journal(report)


def _run_and_report(
    line_config: LineConfig,
    bundle: Bundle,
    journal: Path,
    truth: TruthOptions,
    report: Path | None,
) -> tuple[list[str], str, Summary]:
    """Run the line and write the report, where one is asked for; return what failed, what to do where most frames do not fit, and the
    figures."""
    from inspector.capture.replay.listing import frame_names, list_files
    from inspector.cli.progress import live_line
    from inspector.cli.recording_sizes import misfit, sizes
    from inspector.cli.replay_publish import announce
    from inspector.line.line import Line
    from inspector.service.signals import stop_on_signals

    source = line_config.cameras[0].source
    assert isinstance(source, ReplayConfig), "what is replayed is a recording"
    files = list_files(source.path)
    with stop_on_signals() as stop, Line(line_config, bundle) as line:
        preparation = line.fits.of(line_config.cameras[0].name)
        known = truth.read(bundle.classes, preparation, frame_names(files))
        announce(line_config)
        with live_line("replaying", None if source.loop else len(files)) as update:
            if line.start(stop):
                line.wait(stop, tick=lambda: update(*verdicts_of(line)))
        tell(f"engines ran on {line.inference.active.supervisor.device}", err=True)
    made = _report(line, journal, files, source, known)
    found = made.summary()
    failures = line.failures
    if stop.is_set() and not source.loop and found.frames < len(files):
        failures.append(f"interrupted after {found.frames} of {len(files)} frames")
    hint = misfit(sizes(source), preparation)
    if found.nothing_inspected:
        first = found.uninspected[0]
        remedy, hint = hint or first.remedy, ""
        failures.append(f"no frame could be inspected: {first}" + (f"; {remedy}" if remedy else ""))
    return failures, hint, found if report is None else made.write(report, found)


def verdicts_of(line: Line) -> tuple[int, Counter[Verdict]]:
    """How many frames have their verdict, and which."""
    total: Counter[Verdict] = Counter()
    for books in line.ledger.counts().values():
        total.update(books.verdicts)
    return sum(total.values()), total


def _report(line: Line, journal: Path, files: list[Path], source: ReplayConfig, truth: Truth | None) -> Report:
    """The report, made from the journal: it shows what was published."""
    import numpy as np
    from numpy.typing import NDArray

    from engines.errors import BadFrameError
    from inspector.capture.replay.decoding import recording_decoder
    from inspector.report import Report
    from inspector.results.journal_reader import JournalReader

    bundle, preparation = line.bundle, line.fits.of(line.config.cameras[0].name)
    decoder = recording_decoder(source, *(preparation.camera or (None, None)))
    report = Report(
        bundle.classes,
        *preparation.judged,
        truth,
        minimum_area_px=bundle.operating_point.minimum_areas(bundle.classes),
        title=f"Replay of {files[0].parent.name}",
    )

    def pixels(frame: int) -> NDArray[np.uint8] | None:
        try:
            decoded = decoder.decode(files[frame % len(files)])
        except BadFrameError:
            return None
        return None if preparation.refusal(decoded) else preparation.judged_frame(decoded)

    with JournalReader(journal) as reader:
        for row in reader.walk():
            report.add(row.packet(), lambda frame=row.frame or 0: pixels(frame))  # type: ignore[misc]
    return report
