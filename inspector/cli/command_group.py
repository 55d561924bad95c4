"""A command that has others below it: ``inspector bench`` by itself, and ``inspector bench wire``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import typer

from inspector.errors import UserError


def command_group(own: Callable[..., None], *below: Callable[..., None]) -> typer.Typer:
    """``own`` runs where none of the commands ``below`` is named. Its options are not theirs: given before one of them, they are refused."""

    @functools.wraps(own)
    def called(context: typer.Context, **options: Any) -> None:
        name = context.invoked_subcommand
        if name is None:
            own(**options)
            return
        given = [option for option in options if _is_given(context, option)]
        if given:
            option = "--" + given[0].removeprefix("as_").replace("_", "-")
            raise UserError(f"{option}: is an option of {context.command_path}; give those of {name} after {name!r}")

    signature = inspect.signature(own, eval_str=True)
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    called.__signature__ = signature.replace(parameters=[context, *signature.parameters.values()])  # type: ignore[attr-defined]
    group = typer.Typer()
    group.callback(invoke_without_command=True)(called)
    for command in below:
        group.command()(command)
    return group


def _is_given(context: typer.Context, option: str) -> bool:
    source = context.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"
