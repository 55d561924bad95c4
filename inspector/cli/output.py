"""Output of several commands."""

from __future__ import annotations

from typing import Any


def print_json(value: Any) -> None:
    """Print a value that msgspec can encode as JSON, for scripts; NaN, such as a figure of no frames, becomes null."""
    import msgspec
    import typer

    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
