"""Reads and checks the configuration of the viewer; each error is one line with the key and what mends it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from inspector.config.addresses import is_loopback
from inspector.config.metrics import Address, tcp_address
from inspector.config.other_file import load_file, parse_text
from inspector.errors import UserError
from inspector.view.config import ViewConfig, line_id

_KEYS = "docs/view-configuration.md lists all"


def load_view(path: Path) -> ViewConfig:
    """The configuration in ``path``; paths in it are relative to its folder. Raises UserError."""
    missing = "give an existing configuration of the viewer; `inspector config example view` prints one"
    return load_file(path, parse_view, missing)


def parse_view(text: str, origin: str) -> ViewConfig:
    """The configuration in a YAML text; ``origin`` names it in errors. Raises UserError."""
    config = parse_text(text, origin, ViewConfig, "configuration of the viewer", _KEYS)
    return checked(config, origin)


def checked(config: ViewConfig, origin: str) -> ViewConfig:
    """The configuration, where what its types do not say holds too. Raises UserError."""
    listen_address(config, origin)
    counts = Counter(line_id(config, number) for number in range(len(config.lines)))
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise UserError(f"{origin}: lines: the name {twice[0]!r} is used twice")
    for number, line in enumerate(config.lines):
        if (line.server_key is None) != (line.client_key is None):
            raise UserError(f"{origin}: lines[{number}]: server_key and client_key go together; give both, or neither")
        if line.control is not None and line.control.startswith("tcp://") and line.client_key is None:
            raise UserError(
                f"{origin}: lines[{number}].control: commands over TCP need server_key and client_key (docs/keys.md), or use the ipc:// address "
                "on the line's machine"
            )
    return config


def listen_address(config: ViewConfig, origin: str) -> Address:
    """Where the pages are served. Raises UserError for one that other machines can reach, where users or encryption are missing."""
    try:
        address = tcp_address(config.listen)
    except ValueError as error:
        raise UserError(f"{origin}: listen: {error}") from None
    if is_loopback(address.host):
        return address
    missing = [text for text, there in ((_USERS, config.users), (_TLS, config.tls)) if there is None]
    if missing:
        raise UserError(
            f"{origin}: listen: {config.listen} can be reached from other machines, and {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing (docs/view-users.md); "
            "or use 127.0.0.1:PORT, and from another machine `ssh -L 8090:127.0.0.1:8090 HOST`"
        )
    if config.anyone not in (None, "auto", "viewer"):
        raise UserError(
            f"{origin}: anyone: {config.anyone} would be everybody who can reach {config.listen}; expected viewer, auto or null"
        )
    return address


_USERS = "`users: FILE`"
_TLS = "`tls: {certificate: FILE, key: FILE}`"
