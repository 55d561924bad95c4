"""Section ``results.recovery``: where subscribers ask for what they missed, and how much that may take of the line."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engines.files.paths import PathRule, path_key
from inspector.config.section import AtLeastOne, Section

AUTO = "auto"


class RecoveryConfig(Section, frozen=True, kw_only=True):
    """The recovery socket. ``docs/protocol.md`` (Recovery) describes what it answers."""

    endpoint: Annotated[
        Annotated[str, path_key(PathRule(prefix="ipc://", other="@*"))] | None,
        Meta(
            description="ZeroMQ address to bind, as `results.endpoint`, with the same keys. `auto`: the port behind that of the results at the same "
            "address (5551 for 5550), or the path of the results with `.recovery` behind it. Null: nothing can be asked for."
        ),
    ] = AUTO
    publications_per_s: Annotated[
        int,
        Meta(
            description="Most publications sent again in a second, all subscribers together.",
            ge=100,
            le=1_000_000,
        ),
    ] = 12_000
    memory_mib: Annotated[
        AtLeastOne,
        Meta(
            description="MiB of the latest publications that are kept in memory. Without a journal that is all that can be asked for."
        ),
    ] = 32
