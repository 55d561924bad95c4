"""``inspector demo``: the daemon on a simulated line, and a subscriber that compares its results with the truth in a report."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.output import console, print_json, tell

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engines.bundle import Bundle
    from inspector.client import Subscriber
    from inspector.config.tree import LineConfig
    from inspector.report import Report

SILENCE_MS = 120_000
"""Longest wait for the daemon's next message; before the first one it renders its sheets and loads the engines."""


def demo(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", help="Line configuration with one simulated camera. Default: the example `demo`."
        ),
    ] = None,
    report: Annotated[Path, typer.Option(help="Directory for the report and its pictures.")] = Path("demo-report"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Start the daemon on a simulated line, subscribe to it as any other program would, and report the results.

    All results in the report are received over ZeroMQ; the truth is computed from the simulator's seed. Exit status 1 if any frame
    has no verdict or more than one, or if a message was missed.
    """
    from engines.bundle import find_bundle, read_bundle
    from inspector.cli.examples import Kind, find_example
    from inspector.cli.report_folder import prepare_report
    from inspector.client import Subscriber
    from inspector.config.load import load_config
    from inspector.report.table import summary_table

    config = config or find_example("demo", Kind.LINE).path
    line = load_config(config)
    bundle = read_bundle(find_bundle(line.bundle, config.parent))
    scored = _Scored(line, bundle)
    prepare_report(report, {})
    daemon = _start_daemon(config)
    try:
        with Subscriber(line.results.endpoint, f"v1/{line.line}/{line.cameras[0].name}/") as subscriber:
            notes = _watch(subscriber, scored, daemon)
        status = daemon.wait(timeout=30)
    finally:
        _end(daemon)
    found = scored.report.write(report, scored.report.summary())
    proven = all(books.proven for books in subscriber.streams.values()) and bool(subscriber.streams)
    if as_json:
        print_json(found)
    else:
        console().print(summary_table(found))
        for books in subscriber.streams.values():
            tell(f"stream: {books.summary()}")
        tell(f"report: {report / 'index.html'}")
        tell("to see a line live in a browser: inspector demo-view (in the source tree: make demo-view)")
    for note in notes:
        tell(f"inspector: {note}", err=True)
    if not found.sound or found.nothing_inspected or not proven or notes or status:
        raise typer.Exit(1)


class _Scored:
    """The report of the run, with the truth drawn from the simulator's seed."""

    report: Report

    def __init__(self, line: LineConfig, bundle: Bundle) -> None:
        """Raises UserError unless the line has one simulated camera."""
        from inspector.capture.simulator import CLASS_NAMES, SimulatorTruth, strip_view
        from inspector.config.simulator import SimulatorConfig
        from inspector.errors import UserError
        from inspector.report import Report
        from inspector.report.truth import NumberedTruth

        camera = line.cameras[0]
        if len(line.cameras) != 1 or not isinstance(camera.source, SimulatorConfig) or camera.source.frames is None:
            raise UserError(
                "the demo needs one camera with a simulator that ends: set source.kind: simulator and frames"
            )
        if camera.source.defect_rate and tuple(bundle.classes) != CLASS_NAMES:
            raise UserError(
                f"the demo needs a bundle whose classes are the simulator's ({', '.join(CLASS_NAMES)}); "
                f"this one has {', '.join(bundle.classes)}, for which only clean sheets (defect_rate: 0) can be scored"
            )
        self.frames = camera.source.frames
        view = strip_view(camera, line.verdicts.travel_axis, bundle.height, bundle.width)
        self._truth = SimulatorTruth(camera.source, bundle.height, bundle.width, keep=camera.source.pool, view=view)
        truth = NumberedTruth(lambda _, number: self._truth(number).mask, "masks drawn by the simulator, from its seed")
        self.report = Report(
            bundle.classes,
            bundle.height,
            bundle.width,
            truth,
            minimum_area_px=bundle.operating_point.minimum_areas(bundle.classes),
            title="Simulated line",
        )

    def pixels(self, frame: int) -> NDArray[np.uint8]:
        """What the frame showed."""
        return self._truth.sheet(frame).frame


def _start_daemon(config: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "inspector", "run", "-c", str(config), "--log-level", "warning"]
    return subprocess.Popen(command)


def _watch(subscriber: Subscriber, scored: _Scored, daemon: subprocess.Popen[bytes]) -> list[str]:
    """Receive the run to its end; return errors, one line each. A silence without a loss is told, and is none."""
    from engines.files.text import printable
    from inspector.cli.progress import live_line
    from inspector.client import Malformed, Missed, Stale
    from inspector.client.completeness import Completeness
    from inspector.errors import UserError
    from inspector.protocol.codec import Packet
    from inspector.protocol.messages import LineState, StatusBody

    notes: list[str] = []
    silent_since = time.monotonic()
    with live_line("inspecting", scored.frames) as update:
        while True:
            event = subscriber.receive(200)
            status = daemon.poll()
            # A daemon that could not start (2) has sent nothing: what arrives is from another one at the same address.
            if status == 2 or (event is None and status is not None):
                raise UserError(f"the daemon ended with status {status} before the run was over; see above")
            if event is None:
                if (time.monotonic() - silent_since) * 1e3 > SILENCE_MS:
                    raise UserError(f"the daemon has been silent for {SILENCE_MS // 1000} s")
                continue
            silent_since = time.monotonic()
            if isinstance(event, Packet):
                scored.report.add(event, lambda event=event: scored.pixels(event.header.frame or 0))  # type: ignore[misc]
                if isinstance(event.body, StatusBody) and event.body.state is LineState.STOPPED:
                    return notes
                books: list[Completeness] = list(subscriber.streams.values())
                update(sum(books[-1].verdicts.values()), books[-1].verdicts)
            elif isinstance(event, Stale):
                tell(f"inspector: the daemon was silent for {event.silent_ms} ms: this machine is very busy", err=True)
            elif isinstance(event, Missed):
                notes.append(
                    f"{event.last_seq - event.first_seq + 1} messages were missed, from number {event.first_seq} on"
                )
            elif isinstance(event, Malformed):
                notes.append(f"a message that is not of this protocol: {printable(event.reason)}")


def _end(daemon: subprocess.Popen[bytes]) -> None:
    """Stop the daemon, however the demo ends."""
    if daemon.poll() is None:
        os.kill(daemon.pid, signal.SIGTERM)
        try:
            daemon.wait(timeout=3)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
