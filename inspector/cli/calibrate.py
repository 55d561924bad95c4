"""``inspector calibrate``: what is calibrated, a command for each."""

from __future__ import annotations

import typer

from inspector.cli.calibrate_flat_field import calibrate_flat_field
from inspector.cli.calibrate_scale import calibrate_scale
from inspector.cli.calibrate_thresholds import calibrate_thresholds

app = typer.Typer(no_args_is_help=True, help="Calibrate thresholds, a camera's light, or its scale.")


@app.callback()
def calibrate() -> None:
    """Calibrate the thresholds of a bundle, or a camera: its light (flat field), or its scale in millimetres."""


app.command("thresholds")(calibrate_thresholds)
app.command("flat-field")(calibrate_flat_field)
app.command("scale")(calibrate_scale)
