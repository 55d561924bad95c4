"""``inspector users``: who may log in at the viewer, and as what."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.output import console, print_json, tell

if TYPE_CHECKING:
    from inspector.view.access.people import Role

app = typer.Typer(
    no_args_is_help=True,
    help="Say who may log in at `inspector view`, and as what; a running viewer knows it within seconds.",
)

FileOption = Annotated[Path, typer.Option("--file", "-f", metavar="FILE", help="The viewer's `users` file.")]
RoleOption = Annotated[
    str,
    typer.Option(
        metavar="ROLE",
        help="viewer (look), operator (and pause, run, recipe), quality (and review), engineer (everything).",
    ),
]
PasswordOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The first line of it is the password; `-`: of the standard input. Without it, it is asked for.",
    ),
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="With which the person logs in.")]
DEFAULT_FILE = Path("users.yaml")


@app.command()
def add(
    name: NameArgument,
    role: RoleOption,
    file: FileOption = DEFAULT_FILE,
    password_file: PasswordOption = None,
) -> None:
    """Let a person log in. The file is made where there is none, for its owner alone (mode 0600).

    Example: `inspector users add ana --role operator`
    """
    from engines.files.looking import is_there
    from inspector.errors import UserError
    from inspector.view.access.passwords import hashed
    from inspector.view.access.users import MOST_USERS, User, changing_users, read_users

    _check_name(name)
    wanted = _role(role)
    if is_there(file):
        _free(name, read_users(file, "--file"))
    made = hashed(_password(name, password_file))
    with changing_users(file) as users:  # which no other command may change meanwhile, so nobody is asked here
        _free(name, users)
        if len(users) >= MOST_USERS:
            raise UserError(f"--file: {file} has {MOST_USERS} users already")
        users[name] = User(name, wanted, made)
    tell(f"{name} may log in as {wanted.value}")


@app.command("list")
def list_(
    file: FileOption = DEFAULT_FILE,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """List who may log in, and as what."""
    from rich.table import Table

    from inspector.view.access.users import read_users

    users = read_users(_there(file), "--file").values()
    if as_json:
        print_json([{"name": user.name, "role": user.role.value} for user in users])
        return
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    for column in ("name", "role"):
        table.add_column(column, no_wrap=True)
    for user in users:
        table.add_row(user.name, user.role.value)
    console().print(table if users else "nobody", soft_wrap=True)


@app.command()
def remove(name: NameArgument, file: FileOption = DEFAULT_FILE) -> None:
    """Let a person log in no more; who is logged in is logged out within seconds."""
    from inspector.view.access.users import changing_users

    with changing_users(_there(file)) as users:
        _known(name, users)
        del users[name]
    tell(f"{name} may not log in any more")


@app.command()
def role(
    name: NameArgument,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="viewer, operator, quality or engineer.")],
    file: FileOption = DEFAULT_FILE,
) -> None:
    """Give a person another role; who is logged in has to log in again."""
    from inspector.view.access.users import changing_users

    wanted = _role(role)
    with changing_users(_there(file)) as users:
        _known(name, users)
        users[name] = users[name]._replace(role=wanted)
    tell(f"{name} may log in as {wanted.value}")


@app.command()
def passwd(name: NameArgument, file: FileOption = DEFAULT_FILE, password_file: PasswordOption = None) -> None:
    """Give a person another password; who is logged in has to log in again."""
    from inspector.view.access.passwords import hashed
    from inspector.view.access.users import changing_users, read_users

    _known(name, read_users(_there(file), "--file"))
    made = hashed(_password(name, password_file))
    with changing_users(file) as users:
        _known(name, users)
        users[name] = users[name]._replace(password=made)
    tell(f"{name} has another password")


def _password(name: str, file: Path | None) -> str:
    """Asked for twice without showing it, or the first line of a file."""
    from inspector.errors import UserError
    from inspector.view.access.passwords import MOST_BYTES, why_unfit

    if file is None:
        if not sys.stdin.isatty():
            raise UserError("a password is asked for on a terminal, and there is none; give --password-file FILE, or -")
        text = str(typer.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True))
    elif str(file) == "-":
        text = sys.stdin.readline(MOST_BYTES + 2).rstrip("\r\n")
    else:
        from engines.files.reading import read_text

        text = next(iter(read_text(file, 64 << 10).splitlines()), "")
    if why := why_unfit(text, name):
        raise UserError(f"the password {why}")
    return text


def _role(text: str) -> Role:
    from inspector.errors import UserError
    from inspector.view.access.people import Role

    try:
        return Role(text)
    except ValueError:
        raise UserError(f"role: found {text[:40]!r}, expected {', '.join(one.value for one in Role)}") from None


def _check_name(name: str) -> None:
    import re

    from engines.files.names import NAME, NAME_IN_WORDS
    from inspector.errors import UserError

    if not re.search(NAME, name) or name == "local":
        raise UserError(f"{name[:80]!r}: cannot be a user's name; expected {NAME_IN_WORDS}, and not `local`")


def _there(file: Path) -> Path:
    """Raises UserError where there is no such file, which would be made."""
    from engines.files.looking import is_there
    from inspector.errors import UserError

    if not is_there(file):
        raise UserError(f"--file: there is no file {file}; `inspector users add` makes it")
    return file


def _free(name: str, users: Collection[str]) -> None:
    from inspector.errors import UserError

    if name in users:
        raise UserError(f"{name}: is a user already; `inspector users role` and `inspector users passwd` change one")


def _known(name: str, users: Collection[str]) -> None:
    from engines.files.text import brief
    from inspector.errors import UserError

    if name not in users:
        raise UserError(f"{brief(name)}: is no user; `inspector users list` lists them")
