"""What the viewer shows, and where: `view.yaml`. ``docs/view.md`` describes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from engines.files.names import Name
from engines.files.paths import FilePath
from inspector.config.results import Endpoint
from inspector.config.section import AtLeastOne, Section
from inspector.view.access.people import Role, RoleName

HostName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$(?!\n)")]
"""As in an address."""


class ViewLineConfig(Section, frozen=True, kw_only=True):
    """A line that is shown."""

    name: Annotated[
        Name | None,
        Meta(
            description="Its name in addresses of pages, of letters, digits, `.`, `_` and `-`. Null: `line1`, `line2`, ..."
        ),
    ] = None
    endpoint: Annotated[
        Endpoint, Meta(description="Address of the line's publisher: tcp://HOST:PORT or ipc://PATH.")
    ] = "tcp://127.0.0.1:5550"
    server_key: Annotated[
        FilePath | None, Meta(description="The line's public key file (`*.key`); null: no CURVE.")
    ] = None
    client_key: Annotated[
        FilePath | None, Meta(description="The viewer's own secret key file (`*.key_secret`, 0600).")
    ] = None
    coil: Annotated[
        Endpoint | None,
        Meta(
            description="Where `inspector coil follow` publishes what it finds on this line's coils, with the same keys; null: no roll marks and no grades."
        ),
    ] = None
    journal: Annotated[FilePath | None, Meta(description="The line's journal, for runs that are over; null: none.")] = (
        None
    )
    archive: Annotated[FilePath | None, Meta(description="The line's defect archive, for pictures; null: none.")] = None
    control: Annotated[
        Endpoint | None,
        Meta(
            description="The line's control socket, for commands: ipc:///run/inspector/NAME/control, or tcp://HOST:PORT with the same keys, whose role "
            "at the line bounds what may be commanded from here; null: none."
        ),
    ] = None
    coil_config: Annotated[
        FilePath | None,
        Meta(description="The line's `coil.yaml`, for grades and rolls on the pages of coils; null: no grades."),
    ] = None


class TlsConfig(Section, frozen=True, kw_only=True):
    """What the pages are encrypted with. Both files are read again when they change."""

    certificate: Annotated[
        FilePath, Meta(description="PEM file with the certificate, and after it those of the authorities between it and the root.")
    ]  # fmt: skip
    key: Annotated[
        FilePath,
        Meta(description="PEM file with its key, not encrypted, of mode 0600 or 0640: others may not read it."),
    ]


class ViewConfig(Section, frozen=True, kw_only=True):
    """The viewer."""

    listen: Annotated[
        str,
        Meta(
            description="Address of the pages, ADDRESS:PORT; port 0: a free one, which is printed. One that other machines can reach, such as "
            "`0.0.0.0:8443`, needs `users` and `tls`."
        ),
    ] = "127.0.0.1:8090"
    lines: Annotated[
        tuple[ViewLineConfig, ...], Meta(min_length=1, max_length=32, description="The lines that are shown.")
    ]
    users: Annotated[
        FilePath | None,
        Meta(description="File with those who may log in, which `inspector users` writes; null: nobody needs to."),
    ] = None
    tls: Annotated[TlsConfig | None, Meta(description="Certificate and key; null: nothing is encrypted.")] = None
    hosts: Annotated[
        tuple[HostName, ...],
        Meta(
            max_length=50,
            description="What this machine is called in addresses of the pages, without the port; another name is refused. Empty: the machine's own name and "
            "the names in the certificate. The address itself is always right.",
        ),
    ] = ()
    session_hours: Annotated[
        float, Meta(gt=0, le=8760, description="After which a login ends; after 2 h without an open page, too.")
    ] = 12.0
    anyone: Annotated[
        RoleName | Literal["auto"] | None,
        Meta(
            description="What somebody may do who has not logged in: viewer (look), operator (and pause, run, recipe), quality (and review), "
            "engineer (everything), null (nothing); auto: look where there are no users, nothing where there are. Where other machines can reach the pages "
            "at most viewer."
        ),
    ] = "auto"
    viewers: Annotated[
        Annotated[AtLeastOne, Meta(le=1000)],
        Meta(description="Pages that may be open at the same time; one more is told that there are too many."),
    ] = 50
    history: Annotated[
        Annotated[int, Meta(ge=0, le=1_000_000)],
        Meta(
            description="Messages of each camera that are fetched when the viewer starts, so that a coil that is running is shown from its beginning; "
            "fewer where the line began later."
        ),
    ] = 50_000
    state: Annotated[
        FilePath | None,
        Meta(
            description="Folder in which this viewer keeps what it counted of journals for trends, so that it does not count it again when it is started "
            "again; made where there is none. Null: kept in memory only."
        ),
    ] = None


@dataclass(frozen=True)
class LineSource:
    """Where what is known of one line lies."""

    id: str
    """Safe in addresses."""
    name: str | None
    """As configured; None: it was not."""
    journal: Path | None
    archive: Path | None
    control: str | None
    """Address of its control socket."""


def stranger_role(config: ViewConfig) -> Role | None:
    """What somebody is who has not logged in; None: may do nothing."""
    if config.anyone == "auto":
        return Role.VIEWER if config.users is None else None
    return None if config.anyone is None else Role(config.anyone)


def line_id(config: ViewConfig, number: int) -> str:
    """Of the line with this place in the configuration, from 0."""
    return config.lines[number].name or f"line{number + 1}"


def coil_configs(config: ViewConfig) -> dict[str, Path]:
    """By id of the line its `coil.yaml`, where one is named."""
    return {
        line_id(config, number): Path(line.coil_config)
        for number, line in enumerate(config.lines)
        if line.coil_config is not None
    }


def line_sources(config: ViewConfig) -> list[LineSource]:
    """Of all lines, in the order of the configuration."""
    return [
        LineSource(
            line_id(config, number),
            line.name,
            None if line.journal is None else Path(line.journal),
            None if line.archive is None else Path(line.archive),
            line.control,
        )
        for number, line in enumerate(config.lines)
    ]
