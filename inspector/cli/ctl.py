"""``inspector ctl``: gives a running line a command, and prints what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.control_options import (
    NO_ANSWER,
    Address,
    ConfigOption,
    EndpointOption,
    KeyOption,
    ServerKeyOption,
    TimeoutOption,
)
from inspector.cli.options import Limits, number_option
from inspector.cli.output import print_json, tell

if TYPE_CHECKING:
    from inspector.protocol.control import AnyCommand

SLOW_S = 600.0

app = typer.Typer(no_args_is_help=True)
run = typer.Typer(no_args_is_help=True, help="Begin and end runs.")
recipe = typer.Typer(no_args_is_help=True, help="Prepare recipes for a run.")
bundle = typer.Typer(no_args_is_help=True, help="Change the model.")
shadow = typer.Typer(no_args_is_help=True, help="Compare a candidate with the model that decides.")
app.add_typer(run, name="run")
app.add_typer(recipe, name="recipe")
app.add_typer(bundle, name="bundle")
app.add_typer(shadow, name="shadow")


@app.callback()
def ctl(
    context: typer.Context,
    config: ConfigOption = None,
    endpoint: EndpointOption = None,
    server_key: ServerKeyOption = None,
    key: KeyOption = None,
    on_behalf_of: Annotated[
        str, typer.Option(help="The person for whom this is asked; it is journaled beside the key's name.")
    ] = "",
    timeout_s: TimeoutOption = 5.0,
    wait_s: Annotated[
        float,
        number_option(
            "--wait", Limits(0.1, 86_400), help="Longest wait, in seconds, for a command that loads engines."
        ),
    ] = SLOW_S,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole reply as JSON.")] = False,
) -> None:
    """Give a running line a command, and print what was done (docs/control.md).

    Exit status: 0 done, 1 refused or failed, 2 a mistake in the call, 3 no answer: whether it was done is not known.

    Example: `inspector ctl -c line.yaml run start coil-4711`
    """
    who = _bounded("--on-behalf-of", on_behalf_of, 200)
    context.obj = Address(config, endpoint, server_key, key, who, timeout_s), wait_s, as_json


@app.command()
def status(context: typer.Context) -> None:
    """Show the line on one screen."""
    from inspector.protocol.control import ReadStatus

    _do(context, ReadStatus())


@app.command("start-info")
def start_info(context: typer.Context) -> None:
    """Show what the last `start` said of each camera: classes, rules, limits, recipe."""
    from inspector.protocol.control import ReadStart

    _do(context, ReadStart())


@app.command()
def pause(
    context: typer.Context, why: Annotated[str, typer.Option(help="For whoever looks at the line.")] = ""
) -> None:
    """Inspect nothing: frames captured from now on are UNINSPECTED (`paused`)."""
    from inspector.protocol.control import Pause

    _do(context, Pause(why=_bounded("--why", why, 200)))


@app.command()
def resume(context: typer.Context) -> None:
    """Inspect again."""
    from inspector.protocol.control import Resume

    _do(context, Resume())


@app.command()
def drain(context: typer.Context) -> None:
    """Take no further frame, give every open one its verdict, and end the daemon."""
    from inspector.protocol.control import Drain

    _do(context, Drain())


@app.command()
def part(
    context: typer.Context,
    part_id: Annotated[str, typer.Argument(metavar="ID", help="Of the sheet that comes next.")],
) -> None:
    """Name the sheet that comes next: frames captured from now on carry its id."""
    from inspector.protocol.control import Part

    _do(context, Part(part=_bounded("ID", part_id, 64, least=1)))


@app.command()
def reload(context: typer.Context) -> None:
    """Have the configuration file read again; lists what changed and what needs a restart."""
    from inspector.protocol.control import Reload

    _do(context, Reload())


@app.command()
def log(
    context: typer.Context,
    level: Annotated[str, typer.Argument(metavar="LEVEL", help="debug, info, warning or error.")],
) -> None:
    """Set the least severe messages that the daemon logs, until it is started again."""
    from inspector.errors import UserError
    from inspector.protocol.control import Log

    if level not in ("debug", "info", "warning", "error"):
        raise UserError(f"LEVEL: found {level[:40]!r}, expected debug, info, warning or error")
    _do(context, Log(level=level))  # type: ignore[arg-type]


@run.command("start")
def run_start(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="RUN", help="Name of the run: coil or batch.")],
    recipe: Annotated[str | None, typer.Option(help="A recipe that was prepared. Default: the line's stays.")] = None,
) -> None:
    """Begin a run between two frames; the run that was on ends."""
    from inspector.protocol.control import RunStart

    _do(context, RunStart(run=_name("RUN", name), recipe=None if recipe is None else _name("--recipe", recipe)))


@run.command("end")
def run_end(context: typer.Context) -> None:
    """End the run; frames captured from now on belong to none."""
    from inspector.protocol.control import RunEnd

    _do(context, RunEnd())


@recipe.command("prepare")
def recipe_prepare(
    context: typer.Context, name: Annotated[str, typer.Argument(metavar="RECIPE", help="Its name.")]
) -> None:
    """Load and verify a recipe, so that a run can begin with it."""
    from inspector.protocol.control import RecipePrepare

    _do(context, RecipePrepare(recipe=_name("RECIPE", name)))


@recipe.command("list")
def recipe_list(context: typer.Context) -> None:
    """List the recipes, and which one is prepared and which active."""
    from inspector.protocol.control import RecipeList

    _do(context, RecipeList())


@bundle.command("activate")
def bundle_activate(
    context: typer.Context,
    path: Annotated[str, typer.Argument(metavar="BUNDLE", help="Folder, or name of an included one.")],
) -> None:
    """Load another bundle beside the active one, verify it, and have it give the verdicts."""
    from inspector.protocol.control import BundleActivate

    _do(context, BundleActivate(bundle=_bundle(path)))


@bundle.command("rollback")
def bundle_rollback(context: typer.Context) -> None:
    """Go back to the bundle that was active before."""
    from inspector.protocol.control import BundleRollback

    _do(context, BundleRollback())


@bundle.command("list")
def bundle_list(context: typer.Context) -> None:
    """List the loaded bundles."""
    from inspector.protocol.control import BundleList

    _do(context, BundleList())


@shadow.command("start")
def shadow_start(
    context: typer.Context,
    path: Annotated[str, typer.Argument(metavar="BUNDLE", help="Folder of the candidate, or name of an included one.")],
    share: Annotated[
        float, number_option("--share", Limits(0, 1, above=True), help="Share of the frames that it sees.")
    ] = 0.1,
) -> None:
    """Have a candidate inspect a share of the frames, without any effect on verdicts."""
    from inspector.protocol.control import ShadowStart

    _do(context, ShadowStart(bundle=_bundle(path), share=share))


@shadow.command("stop")
def shadow_stop(context: typer.Context) -> None:
    """End the shadow."""
    from inspector.protocol.control import ShadowStop

    _do(context, ShadowStop())


@shadow.command("report")
def shadow_report(context: typer.Context) -> None:
    """Show what the shadow would have changed so far."""
    from inspector.protocol.control import ShadowReport

    _do(context, ShadowReport())


def _do(context: typer.Context, command: AnyCommand) -> None:
    from inspector.cli.control_output import tell_reply
    from inspector.client.control import KeyRefused, NoAnswer
    from inspector.protocol.control import LOOKS
    from inspector.protocol.control_messages import Outcome, name_of

    address, wait_s, as_json = context.obj
    try:
        with address.connect() as client:
            reply = client.ask(command, wait_s)
    except KeyboardInterrupt:
        if type(command) not in LOOKS:
            tell(
                f"inspector: {name_of(command)}: no longer waited for; a line that has begun with it goes on, and keeps in its journal "
                "what came of it (`inspector journal commands`)",
                err=True,
            )
        raise
    except NoAnswer as silence:
        tell(f"inspector: {silence}", err=True)
        raise typer.Exit(NO_ANSWER) from None
    except KeyRefused as refusal:
        tell(f"inspector: {refusal}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        print_json(reply)
    else:
        tell_reply(command, reply)
    if reply.outcome is not Outcome.DONE:
        raise typer.Exit(1)


def _name(what: str, text: str) -> str:
    import re

    from engines.files.names import NAME, NAME_IN_WORDS
    from inspector.errors import UserError

    if not re.search(NAME, text):
        raise UserError(f"{what}: found {text[:80]!r}, expected {NAME_IN_WORDS}")
    return text


def _bounded(what: str, text: str, most: int, least: int = 0) -> str:
    from inspector.errors import UserError

    if not least <= len(text) <= most:
        raise UserError(f"{what}: has {len(text)} characters, expected {least} to {most}")
    return text


def _bundle(path: str) -> str:
    """The daemon does not know where this command was called: a folder that is there is named whole; anything else is a name."""
    from engines.files.looking import expanded

    folder = expanded(path)
    return _bounded("BUNDLE", str(folder.resolve()) if folder.is_dir() else path, 4096, least=1)
