"""What several commands print."""

from __future__ import annotations

from typing import Any


def print_json(value: Any) -> None:
    """Print a value of msgspec's kinds as JSON for scripts: null for what is not a number, such as a figure of no frames."""
    import msgspec
    import typer

    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
