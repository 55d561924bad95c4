"""``inspector run``: the daemon in the foreground."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from inspector.cli.service_status import ServiceStatus
    from inspector.config.tree import LineConfig
    from inspector.line.line import Line
    from inspector.verdicts.ledger import CameraCounts

log = logging.getLogger("inspector")

REPORT_EVERY_S = 10.0


def run(
    config: Annotated[Path, typer.Option("--config", "-c", help="Line configuration (YAML).")],
    log_level: Annotated[
        str, typer.Option(help="Least severe messages to log: debug, info, warning or error.")
    ] = "info",
    log_format: Annotated[
        str,
        typer.Option(
            help="How a message is written: text, journal (with a priority), json (an object a line); auto is journal under systemd, else text."
        ),
    ] = "auto",
) -> None:
    """Run a line in the foreground until its cameras end or it receives SIGTERM or Ctrl-C.

    Every frame gets exactly one verdict, published over ZeroMQ and kept in the journal. Stopping finishes the frames in
    flight and takes under 2 seconds. Exit status 1 if a camera or inference failed, or if not one frame could be inspected.

    Example: `inspector run -c line.yaml`
    """
    run_line(config, log_level, log_format)


def run_line(
    config: Path,
    log_level: str,
    log_format: str,
    change: Callable[[LineConfig], LineConfig] | None = None,
    record: Callable[[Line], None] | None = None,
) -> Line:
    """Run a line until it ends, in the foreground. ``change`` changes its configuration after it was read, and ``record`` begins a recording,
    with the end of which the line ends. Raises typer.Exit where it failed."""
    from engines.bundle import open_bundle
    from inspector.cli.service_status import ServiceStatus
    from inspector.config.load import load_config
    from inspector.line.changes import signers_of
    from inspector.line.line import Line
    from inspector.service.line_name import line_name
    from inspector.service.log import log_to_stderr, uncaught_logged
    from inspector.service.notify import ServiceManager
    from inspector.service.process import raise_open_files, spare_collector, tracker_ended
    from inspector.service.signals import stop_on_signals

    asked_to_reload = threading.Event()
    log_to_stderr(log_level, log_format)

    def read() -> LineConfig:
        return change(load_config(config)) if change else load_config(config)

    line_config = read()
    bundle = open_bundle(line_config.bundle, config.parent, signers_of(line_config))
    raise_open_files()
    spare_collector()
    manager = ServiceManager.of_this_process()
    with (
        uncaught_logged(),
        tracker_ended(),
        stop_on_signals(asked_to_reload if manager.there else None) as stop,
        line_name(line_config.line),
        Line(line_config, bundle, read_config=read, folder=config.parent) as line,
        ServiceStatus(manager, line) as status,
        _metrics(line),
    ):
        log.info("line %s: bundle %s, operating point %s", line_config.line, bundle.id, bundle.operating_point.id)
        if record is not None:
            record(line)
        if line.start(stop, status.tick):
            status.running()
            reload = _Reload(asked_to_reload, line, status)
            recorded = _Recorded(line, stop)
            line.wait(stop, tick=_Report(line, status.tick, reload.tick, recorded.tick))
        log.info("stopping")
    log.info("%s", _in_words(line.ledger.counts()))
    failures = [*line.failures, *_nothing_inspected(line)]
    if not failures:
        for kind in line.uninspected.kinds():
            log.info("UNINSPECTED: %s", kind)
    for failure in failures:
        log.error("%s", failure)
    status.ended(failures)
    if failures:
        raise typer.Exit(1)
    return line


@contextmanager
def _metrics(line: Line) -> Iterator[None]:
    """Serve the line's metrics meanwhile, where the configuration says so."""
    endpoint = line.config.metrics.endpoint
    if endpoint is None:
        yield
        return
    from inspector.config.metrics import loopback_address
    from inspector.line.metrics import LineMetrics
    from inspector.service.gpu_watch import GpuWatch
    from inspector.service.metrics_server import MetricsServer

    gpus = GpuWatch()
    with MetricsServer(loopback_address(endpoint), LineMetrics(line, lambda: gpus.figures)), gpus:
        yield


def _nothing_inspected(line: Line) -> list[str]:
    """Why not one frame could be inspected, one line for each kind; empty where some could, and where there were none but those still open
    when the line stopped."""
    from inspector.frames.outcome import Reason, Verdict

    counted = [books.verdicts for books in line.ledger.counts().values()]
    kinds = [kind for kind in line.uninspected.kinds() if kind.reason is not Reason.SHUTDOWN]
    if any(set(verdicts) - {Verdict.UNINSPECTED} for verdicts in counted):
        return []
    return [f"no frame could be inspected: {kind}" + (f"; {kind.remedy}" if kind.remedy else "") for kind in kinds]


class _Reload:
    """Has the line read its configuration again when a signal asked for it, and tells the service manager."""

    def __init__(self, asked: threading.Event, line: Line, status: ServiceStatus) -> None:
        self._asked = asked
        self._line = line
        self._status = status
        self._under_way = False

    def tick(self) -> None:
        """To be called some times a second."""
        control = self._line.control
        if self._under_way and not control.reloading:
            self._under_way = False
            self._status.reloaded()
        if self._asked.is_set() and not self._under_way:
            self._asked.clear()
            self._under_way = True
            self._status.reloading()
            control.reload()


class _Recorded:
    """Ends the line when its recording has all frames that it was to have. One that ended early does not end the line."""

    def __init__(self, line: Line, stop: threading.Event) -> None:
        self._recorder = line.recorder
        self._stop = stop

    def tick(self) -> None:
        """To be called some times a second."""
        if self._recorder.complete:
            self._stop.set()


class _Report:
    """Logs a line of figures every ten seconds, and the first frame of each kind that is not inspected at once; calls ``also`` each time."""

    def __init__(self, line: Line, *also: Callable[[], None]) -> None:
        self._line = line
        self._also = also
        self._counted: Counter[tuple[str, str]] = Counter()
        self._due = time.monotonic() + REPORT_EVERY_S

    def __call__(self) -> None:
        from inspector.service.log import sum_up_repeats

        for also in self._also:
            also()
        sum_up_repeats()
        for kind in self._line.uninspected.new():
            remedy = f"; {kind.remedy}" if kind.remedy else ""
            log.warning(
                "a frame is UNINSPECTED, %s; further ones are only counted%s",
                kind,
                remedy,
                extra={"code": kind.reason.value, "first": kind.first},
            )
        if time.monotonic() < self._due:
            return
        self._due += REPORT_EVERY_S
        snapshot = self._line.snapshot()
        p99 = snapshot.latency_p99_us
        latency = (
            "no verdict yet"
            if p99 is None
            else f"latency p99 {p99 / 1e3:.1f} ms, max {snapshot.latency_max_us / 1e3:.1f} ms"
        )
        log.info("%s; %s; inference %s", _in_words(snapshot.counts), latency, snapshot.inference)
        for kind in self._line.uninspected.kinds():
            before, self._counted[kind.first, kind.detail] = self._counted[kind.first, kind.detail], kind.frames
            if kind.frames > before:
                log.info("UNINSPECTED, %d since the last report: %s", kind.frames - before, kind)


def _in_words(counts: dict[str, CameraCounts]) -> str:
    """Frames and verdicts of each camera in one line."""
    cameras = []
    for name, books in counts.items():
        verdicts = ", ".join(f"{count} {verdict.value}" for verdict, count in books.verdicts.items())
        cameras.append(f"{name}: {books.frames} frames, {verdicts or 'no verdict'}, {books.open} open")
    return "; ".join(cameras) or "no frames"
