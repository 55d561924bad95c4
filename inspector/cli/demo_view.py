"""``inspector demo-view``: a simulated line with all that stands beside it, to be looked at in a browser."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inspector.cli.output import tell

if TYPE_CHECKING:
    from inspector.cli.demo_parts.folder import Demo
    from inspector.cli.demo_parts.processes import Processes
    from inspector.cli.demo_parts.shown import Shown

_TURN_S = 0.3


def demo_view(
    folder: Annotated[
        Path,
        typer.Option(
            help="Folder for configurations, journal, archive, reports and logs: new, empty, or of an earlier demo-view."
        ),
    ] = Path("demo-view"),
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            help="Line configuration with simulated cameras, its paths written whole; addresses, journal, archive and control are replaced. Default: the example `demo-view`.",
        ),
    ] = None,
    browser: Annotated[
        bool,
        typer.Option(
            "--browser/--no-browser", help="Whether the page is opened in a browser, where there is a screen."
        ),
    ] = True,
) -> None:
    """Run a simulated line and show it in a browser, until Ctrl-C: its map, roll marks, coils, trends, frames to review, commands.

    The line, what follows its coils and the viewer are processes as a plant has them; everybody on this machine may do everything on the pages.
    """
    from inspector.errors import UserError

    try:
        from inspector.cli.demo_parts.shown import Shown
        from inspector.view import app as _needed  # noqa: F401
    except ModuleNotFoundError as error:
        raise UserError(
            f"inspector demo-view needs {error.name}, which is not installed: pip install 'inspector[view]'"
        ) from None
    from inspector.cli.demo_parts.coils import coil_name
    from inspector.cli.demo_parts.folder import COIL, LINE, LOGS, VIEW, prepared
    from inspector.cli.demo_parts.processes import EndedError, Processes
    from inspector.service.signals import stop_on_signals

    tree = _tree(config)
    with stop_on_signals() as stop, prepared(folder, tree, coil_name()) as demo:
        try:
            with Processes(folder / LOGS) as processes:
                processes.start("line", "run", "-c", folder / LINE)
                processes.start("coils", "coil", "follow", "-c", folder / COIL, "--since", "epoch")
                processes.start("viewer", "view", "-c", folder / VIEW)
                shown = Shown(demo.port, demo.name)
                try:
                    _watch(demo, processes, shown, stop, browser)
                finally:
                    shown.close()
                    tell("ending the line, what follows its coils, and the viewer", at_once=True)
        except EndedError as error:
            tell(f"inspector: {error}", err=True)
            raise typer.Exit(1) from None
    tell(f"{folder}/ keeps coils, pictures and reviews; to look at them again: inspector view -c {folder / VIEW}")


def _tree(config: Path | None) -> dict[str, Any]:
    """The line's configuration as it is written. Raises UserError."""
    from engines.bundle import find_bundle
    from engines.files.yaml_text import read_yaml
    from inspector.cli.examples import Kind, find_example
    from inspector.config.load import load_config
    from inspector.config.simulator import SimulatorConfig
    from inspector.errors import UserError

    if config is None:
        example: dict[str, Any] = read_yaml(find_example("demo-view", Kind.LINE).path)
        return example
    line = load_config(config)
    if not all(isinstance(camera.source, SimulatorConfig) for camera in line.cameras):
        raise UserError(f"{config}: cameras: the demo shows a simulated line; set source.kind: simulator")
    tree: dict[str, Any] = read_yaml(config)
    return {**tree, "bundle": str(find_bundle(line.bundle, config.parent).resolve())}


def _watch(demo: Demo, processes: Processes, shown: Shown, stop: threading.Event, browser: bool) -> None:
    """Tell what is there and what is seen, until it is to stop. Raises EndedError."""
    from inspector.cli.demo_parts.coils import Coils

    tell(
        f"starting a simulated line, what follows its coils, and the viewer; all their files are in {demo.folder}/",
        at_once=True,
    )
    while not shown.take(_TURN_S):
        processes.check()
        if stop.wait(_TURN_S):
            return
    tell(_guide(demo), at_once=True)
    if browser:
        _open(demo.url)
    coils = Coils(demo.control)
    over = False
    while not stop.is_set():
        processes.check()
        if not shown.take(_TURN_S):
            stop.wait(_TURN_S)
        for line in shown.news():
            tell(f"seen: {line}", at_once=True)
        if processes.status("line") is None:
            if begun := coils.turn():
                tell(f"{begun} begins; the one before is under Coils, with its grade", at_once=True)
        elif not over:
            over = True
            tell("the line has ended by itself; the pages stay until Ctrl-C", at_once=True)


def _guide(demo: Demo) -> str:
    at = f"?line={demo.name}"
    return f"""
  {demo.url}

  live      the strip as a map that grows; within a minute the marks of a roll are found, each 1960 mm; the last rejects
  coils     {demo.url}coil{at}    every 3 minutes a coil is over: its defects, its grade
  trends    {demo.url}trends{at}    what the line found from hour to hour
  review    {demo.url}review{at}    frames of which the model is not sure: say what is right

Ctrl-C ends it.
"""


def _open(url: str) -> None:
    """In a browser, where there is a screen."""
    import webbrowser

    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        threading.Thread(target=webbrowser.open, args=(url,), name="browser", daemon=True).start()
