"""What the viewer shows, and where: `view.yaml`. ``docs/view.md`` describes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from engines.files.names import Name
from engines.files.paths import FilePath
from inspector.config.results import Endpoint
from inspector.config.section import AtLeastOne, Section
from inspector.view.people import RoleName


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


class ViewConfig(Section, frozen=True, kw_only=True):
    """The viewer."""

    listen: Annotated[
        str,
        Meta(
            description="Address of the pages, ADDRESS:PORT; port 0: a free one, which is printed. Only addresses of this machine itself "
            "(loopback): there are no users and nothing is encrypted."
        ),
    ] = "127.0.0.1:8090"
    lines: Annotated[
        tuple[ViewLineConfig, ...], Meta(min_length=1, max_length=32, description="The lines that are shown.")
    ]
    anyone: Annotated[
        RoleName | None,
        Meta(
            description="What somebody may do who has not logged in: viewer (look), operator (and pause, run, recipe), quality (and review), "
            "engineer (everything), null (nothing)."
        ),
    ] = "viewer"
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
