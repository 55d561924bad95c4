"""``inspector config``: check a configuration, or print its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from inspector.cli.output import tell

app = typer.Typer(no_args_is_help=True, help="Check a line configuration, or print its JSON Schema.")


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Line configurations (YAML).")],
) -> None:
    """Check configurations against the schema, their bundle and its classes. Nothing is started.

    Every file is checked; the first error in each is printed as one line. Exit status 2 if there was one.
    """
    from engines.bundle import find_bundle, read_bundle
    from engines.errors import BundleError, FileError
    from inspector.config.load import load_config
    from inspector.errors import UserError
    from inspector.verdicts.rule_check import check_rules

    wrong = 0
    for path in files:
        try:
            config = load_config(path)
            bundle = read_bundle(find_bundle(config.bundle, path.parent))
            for camera in config.cameras:
                check_rules(config.verdicts, bundle.classes, camera.scale)
        except (UserError, BundleError, FileError) as error:
            wrong += 1
            message = str(error)
            tell(message if message.startswith(str(path)) else f"{path}: {message}", err=True)
        else:
            names = ", ".join(camera.name for camera in config.cameras)
            tell(f"{path}: fine (line {config.line}; cameras {names}; bundle {bundle.id})")
    if wrong:
        raise typer.Exit(2)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a line configuration, for editors that complete and check YAML."""
    from inspector.config.load import config_schema

    tell(json.dumps(config_schema(), indent=2))
