"""``inspector keys``: key pairs for results and control over TCP, and what the owner of each may do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.output import console, print_json, tell

if TYPE_CHECKING:
    from inspector.protocol.control import Role

app = typer.Typer(
    no_args_is_help=True,
    help="Make keys for results and control over TCP, and say what the owner of each may do; at once, without a restart.",
)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Line configuration; its keys.clients is the folder.")
]
ClientsOption = Annotated[Path | None, typer.Option(help="The folder itself, in place of --config.")]
SECRET_MODE, PUBLIC_MODE, FOLDER_MODE = 0o600, 0o644, 0o755
"""Whatever the umask: the daemon refuses a folder that others may write to."""


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the client, a program or a person; or of the line.")],
    folder: Annotated[Path, typer.Option(help="Where the two files are written.")] = Path(),
) -> None:
    """Make a key pair: NAME.key, which `keys allow` takes, and NAME.key_secret, which stays with the client (mode 0600).

    Example: `inspector keys new hmi-1`
    """
    import os

    import zmq.auth

    from engines.files.writing import folder_beside, output_folder
    from inspector.errors import UserError

    _check_name(name)
    public, secret = folder / f"{name}.key", folder / f"{name}.key_secret"
    output_folder(folder)
    for path in (public, secret):
        if path.exists():
            raise UserError(f"{path}: is there already, and its owner may use it; choose another name")
    with folder_beside(public) as scratch:  # which nobody else may enter
        zmq.auth.create_certificates(scratch, name)
        os.chmod(scratch / secret.name, SECRET_MODE)
        os.chmod(scratch / public.name, PUBLIC_MODE)
        os.rename(scratch / secret.name, secret)
        os.rename(scratch / public.name, public)
    tell(f"{secret}  stays with {name}; nobody else may read it")
    tell(
        f"{public}  is public. A client's goes to the line's machine: inspector keys allow {public.name} --role ROLE -c line.yaml"
    )
    tell(
        f"{' ' * len(str(public))}  The line's own goes to its clients: inspector subscribe --server-key {public.name}"
    )


@app.command()
def show(
    config: ConfigOption = None,
    clients: ClientsOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """List who may connect, and as what. Exit status 1 where a file cannot be used."""
    from rich.table import Table

    from engines.files.looking import is_there

    folder = _folder(config, clients)
    found, damaged = _read(folder)
    if as_json:
        print_json(
            {"clients": [{"name": name, "role": role, "key": key} for name, role, key in found], "damaged": damaged}
        )
    else:
        table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
        for column in ("name", "role", "public key"):
            table.add_column(column, no_wrap=True)
        for row in found:
            table.add_row(row[0], row[1].value, row[2])
        absent = "" if is_there(folder) else f": {folder} is not there yet; `inspector keys allow` makes it"
        console().print(table if found else f"nobody{absent}", soft_wrap=True)
        for problem in damaged:
            tell(problem, err=True)
    if damaged:
        raise typer.Exit(1)


@app.command()
def allow(
    key: Annotated[Path, typer.Argument(metavar="FILE", help="The client's public key file (NAME.key).")],
    role: Annotated[
        str,
        typer.Option(
            help="subscriber (results), viewer (and look on the control socket), operator or engineer; each may do what the one before it may."
        ),
    ],
    name: Annotated[str | None, typer.Option(help="Of the client. Default: that of the file.")] = None,
    config: ConfigOption = None,
    clients: ClientsOption = None,
) -> None:
    """Let the owner of a key in. Where the key is there already, its role is changed.

    Example: `inspector keys allow hmi-1.key --role operator -c line.yaml`
    """
    import os

    from engines.files.writing import output_folder, write_text
    from inspector.errors import UserError
    from inspector.protocol.keys import KeyFileError, read_key_file

    wanted = _role(role)
    try:
        pair = read_key_file(key)
    except KeyFileError as error:
        raise UserError(str(error)) from None
    if pair.secret is not None:
        raise UserError(f"{key}: holds a secret key, which stays with its owner; give the *.key file beside it")
    name = name or key.stem
    _check_name(name)
    folder = _folder(config, clients)
    public = pair.public.decode()
    found, _ = _read(folder)
    for other, _, known in found:
        if other == name and known != public:
            raise UserError(f"{name}: is the name of another key; revoke that one, or give this one another --name")
    for place in (folder, folder / wanted.value):
        if not place.exists():
            os.chmod(output_folder(place), FOLDER_MODE)
    place = folder / wanted.value / f"{name}.key"
    write_text(place, f'# A client of the line, by `inspector keys allow`.\ncurve\n    public-key = "{public}"\n')
    os.chmod(place, PUBLIC_MODE)
    for other, before, known in found:
        if known == public and (other, before) != (name, wanted):
            (folder / before.value / f"{other}.key").unlink(missing_ok=True)
    tell(f"{name} may connect as {wanted.value}")


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the client, as `keys show` lists it.")],
    config: ConfigOption = None,
    clients: ClientsOption = None,
) -> None:
    """Take a client's key out, under whatever name it is there. Its open connections to the line are closed within a second, without a restart."""
    from engines.files.looking import entries
    from engines.files.text import brief
    from inspector.errors import UserError
    from inspector.protocol.control import Role

    folder = _folder(config, clients)
    places = [folder / role.value for role in Role if (folder / role.value).is_dir()]
    files = [path for place in places for path in entries(place, "*.key") if path.stem == name]
    if not files:
        raise UserError(f"{brief(name)}: no such client in {folder}; `inspector keys show` lists them")
    found, _ = _read(folder)
    keys = {key for other, _, key in found if other == name}
    for path in files:
        path.unlink()
    for other, role, key in found:
        if key in keys and other != name:
            path = folder / role.value / f"{other}.key"
            path.unlink(missing_ok=True)
            tell(f"{path} held the same key, and is taken out too", err=True)
    tell(f"{brief(name)} may not connect any more")


def _role(text: str) -> Role:
    from inspector.errors import UserError
    from inspector.protocol.control import Role

    try:
        return Role(text)
    except ValueError:
        raise UserError(f"--role: found {text[:40]!r}, expected subscriber, viewer, operator or engineer") from None


def _check_name(name: str) -> None:
    import re

    from engines.files.names import NAME, NAME_IN_WORDS
    from inspector.errors import UserError

    if not re.search(NAME, name):
        raise UserError(f"{name[:80]!r}: cannot be a client's name; expected {NAME_IN_WORDS}")


def _folder(config: Path | None, clients: Path | None) -> Path:
    from inspector.config.addresses import ADD_KEYS
    from inspector.config.load import load_config
    from inspector.errors import UserError

    if (config is None) == (clients is None):
        raise UserError("give either --config, with keys.clients in it, or --clients, the folder itself")
    if clients is not None:
        return clients
    assert config is not None
    keys = load_config(config, calibrated=False).keys
    if keys is None:
        raise UserError(
            f"{config}: the line has no keys; add `{ADD_KEYS}` (docs/keys.md), or give --clients, the folder itself"
        )
    return Path(keys.clients)


def _read(folder: Path) -> tuple[list[tuple[str, Role, str]], list[str]]:
    """Name, role and public key of each client, and what is wrong with files that cannot be used."""
    from engines.files.looking import entries
    from inspector.protocol.control import Role
    from inspector.protocol.keys import KeyFileError, read_key_file

    found, damaged = [], []
    for role in Role:
        if not (folder / role.value).is_dir():
            continue
        for path in sorted(entries(folder / role.value, "*.key")):
            try:
                found.append((path.stem, role, read_key_file(path).public.decode()))
            except KeyFileError as error:
                damaged.append(str(error))
    return found, damaged
