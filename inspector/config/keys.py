"""Section ``keys``: who the line is to its clients on other machines, and what each of them may do."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engines.files.paths import FilePath
from inspector.config.section import Section


class KeysConfig(Section, frozen=True, kw_only=True):
    """CURVE keys for every TCP socket of the line: results, recovery and control. ``docs/keys.md`` leads from nothing to the first clients."""

    secret_key: Annotated[
        FilePath,
        Meta(
            description="File with the line's own key pair (`*.key_secret`, made by `inspector keys new`), relative to this file; for the daemon alone (0600)."
        ),
    ]
    clients: Annotated[
        FilePath,
        Meta(
            description="Folder with the public keys of those that may connect, by role; relative to this file. `inspector keys` keeps it. "
            "It holds the folders `subscriber`, `viewer`, `operator` and `engineer`, with one `*.key` file for each client, and is read again when one changes."
        ),
    ]
