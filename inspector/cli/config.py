"""``inspector config``: print a configuration to begin with, check one, or print the schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from inspector.cli.output import tell

app = typer.Typer(
    no_args_is_help=True,
    help="Print an example configuration to edit, check a line configuration, or print its JSON Schema.",
)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Line configurations (YAML).")],
) -> None:
    """Check configurations against the schema, their bundle, its classes and its frame size. Nothing is started.

    Every file is checked; the first error in each is printed as one line. Exit status 2 if there was one.
    """
    from engines.bundle import find_bundle, read_bundle
    from engines.errors import BundleError, FileError
    from inspector.config.load import load_config
    from inspector.errors import UserError
    from inspector.frames.size import FrameSize
    from inspector.inference.remedies import with_remedy
    from inspector.line.changes import judges_of, signers_of
    from inspector.line.fits import Fits

    wrong = 0
    for path in files:
        try:
            config = load_config(path)
            bundle = read_bundle(find_bundle(config.bundle, path.parent), signers=signers_of(config))
            judges_of(config, Fits(config, FrameSize(bundle.height, bundle.width))).check(bundle)
        except (UserError, BundleError, FileError) as error:
            wrong += 1
            message = with_remedy(error)
            tell(message if message.startswith(str(path)) else f"{path}: {message}", err=True)
        else:
            names = ", ".join(camera.name for camera in config.cameras)
            tell(f"{path}: fine (line {config.line}; cameras {names}; bundle {bundle.id})")
    if wrong:
        raise typer.Exit(2)


@app.command()
def example(
    name: Annotated[str, typer.Argument(help="Which one; `--list` shows them.")] = "line",
    as_list: Annotated[bool, typer.Option("--list", help="List the names, with a line on each.")] = False,
) -> None:
    """Print a file to edit: the configuration of a line or of a reject controller, a training recipe, or the description of a data set.

    Paths in a file are relative to the folder in which you save it.

    Example: `inspector config example > line.yaml`
    """
    from inspector.cli.examples import Kind, examples, find_example

    if not as_list:
        tell(find_example(name).text().removesuffix("\n"))
        return
    titles = {
        Kind.LINE: "Lines",
        Kind.CONTROLLER: "Reject controllers",
        Kind.COILS: "Coils: grades, rolls, reports",
        Kind.VIEW: "The viewer",
        Kind.PRODUCT: "Recipes of a line",
        Kind.TRAINING: "Training recipes",
        Kind.DATA: "Data sets",
    }
    for kind in Kind:
        tell(f"{titles[kind]}:")
        for one in examples(kind):
            tell(f"  {one.name:<26}{one.summary}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of a line configuration, for editors that complete and check YAML."""
    from inspector.config.load import config_schema

    tell(json.dumps(config_schema(), indent=2))
