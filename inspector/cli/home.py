"""``~`` in the options of every command. A shell fills it in where it begins a word, and leaves ``--report=~/out`` as it is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from engines.files.looking import expanded


def fill_in_homes(app: typer.Typer) -> None:
    """Let every command of `app`, and of the groups in it, get its paths with ``~`` filled in."""
    for command in app.registered_commands:
        if command.callback is not None:
            command.callback = _with_homes(command.callback)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            fill_in_homes(group.typer_instance)


def _with_homes(command: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(command)
    def called(**options: Any) -> Any:
        return command(**{name: _filled_in(value) for name, value in options.items()})

    return called


def _filled_in(value: Any) -> Any:
    if isinstance(value, Path):
        return expanded(value)
    return [_filled_in(one) for one in value] if isinstance(value, list) else value
