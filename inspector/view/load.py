"""Reads and checks the configuration of the viewer; each error is one line with the key and what mends it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from inspector.config.metrics import Address, loopback_address
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
    """Where the pages are served. Raises UserError for anything but an address of this machine itself."""
    try:
        return loopback_address(config.listen, _ELSEWHERE)
    except ValueError as error:
        raise UserError(f"{origin}: listen: {error}") from None


_ELSEWHERE = "the viewer has no users and no TLS yet; use 127.0.0.1:PORT, and from another machine `ssh -L 8090:127.0.0.1:8090 HOST`"
