"""``inspector run``: the daemon in the foreground."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from inspector.line.line import Line
    from inspector.verdicts.ledger import CameraCounts

log = logging.getLogger("inspector")

REPORT_EVERY_S = 10.0


def run(
    config: Annotated[Path, typer.Option("--config", "-c", help="Line configuration (YAML).")],
    log_level: Annotated[
        str, typer.Option(help="Least severe messages to log: debug, info, warning or error.")
    ] = "info",
) -> None:
    """Run a line in the foreground until its cameras end or it receives SIGTERM or Ctrl-C.

    Every frame gets exactly one verdict, published over ZeroMQ and kept in the journal. Stopping finishes the frames in
    flight and takes under 2 seconds. Exit status 1 if a camera or inference failed.

    Example: `inspector run -c configs/demo.yaml`
    """
    from engines.bundle import open_bundle
    from inspector.config.load import load_config
    from inspector.line.line import Line
    from inspector.service.log import log_to_stderr
    from inspector.service.process import raise_open_files, spare_collector
    from inspector.service.signals import stop_on_signals

    log_to_stderr(log_level)
    line_config = load_config(config)
    bundle = open_bundle(line_config.bundle, config.parent)
    raise_open_files()
    spare_collector()
    with stop_on_signals() as stop, Line(line_config, bundle) as line:
        log.info("line %s: bundle %s, operating point %s", line_config.line, bundle.id, bundle.operating_point.id)
        if line.start(stop):
            line.wait(stop, tick=_Report(line))
        log.info("stopping")
    log.info("%s", _in_words(line.ledger.counts()))
    for failure in line.failures:
        log.error("%s", failure)
    if line.failures:
        raise typer.Exit(1)


class _Report:
    """Logs a line of figures every ten seconds."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._due = time.monotonic() + REPORT_EVERY_S

    def __call__(self) -> None:
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


def _in_words(counts: dict[str, CameraCounts]) -> str:
    """Frames and verdicts of each camera in one line."""
    cameras = []
    for name, books in counts.items():
        verdicts = ", ".join(f"{count} {verdict.value}" for verdict, count in books.verdicts.items())
        cameras.append(f"{name}: {books.frames} frames, {verdicts or 'no verdict'}, {books.open} open")
    return "; ".join(cameras) or "no frames"
