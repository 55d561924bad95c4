"""Section ``journal``: the SQLite file that keeps every publication, and how long it keeps them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engines.files.paths import FilePath
from inspector.config.section import AtLeastOne, Positive, Section


class JournalConfig(Section, frozen=True, kw_only=True):
    """The journal. One writer commits waiting publications in groups; the disk never delays a verdict."""

    path: Annotated[
        FilePath | None,
        Meta(description="SQLite file, relative to this file; its folder must exist. Null: no journal."),
    ] = "journal.sqlite"
    commit_interval_ms: Annotated[
        int, Meta(description="Longest time a publication waits for others to be committed with it.", ge=0, le=10_000)
    ] = 20
    max_group: Annotated[int, Meta(description="Most publications in one commit.", ge=1, le=100_000)] = 1000
    max_waiting: Annotated[
        int,
        Meta(
            description="Most publications kept in memory while the disk does not take them; "
            "further ones are published but not journaled, which is counted and reported.",
            ge=1,
        ),
    ] = 20_000
    max_waiting_mib: Annotated[float, Meta(description="The same limit in MiB, because masks can be large.", gt=0)] = (
        256.0
    )
    busy_timeout_ms: Annotated[
        int,
        Meta(
            description="Longest time to wait for another program's lock on the file before it is reported.",
            ge=0,
            le=60_000,
        ),
    ] = 250
    retry_ms: Annotated[int, Meta(description="Pause before a failed commit is tried again.", ge=10, le=60_000)] = 1000
    keep_days: Annotated[
        Positive | None,
        Meta(
            description="Publications and commands older than this are deleted. Age is elapsed time, whatever the clock of the machine does; of the time "
            "that a line is off, at most 3 days count. Null: kept whatever their age."
        ),
    ] = 30.0
    keep_bytes: Annotated[
        AtLeastOne | None,
        Meta(
            description="When the file holds more than this, the oldest publications are deleted, and the commands of their time. Null: no limit."
        ),
    ] = 20_000_000_000
    retention_interval_s: Annotated[float, Meta(description="Time between two checks of these limits.", gt=0)] = 10.0
