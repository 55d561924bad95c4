"""Section ``results.recovery``: where subscribers ask for what they missed, and how much that may take of the line."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engines.files.paths import PathRule, path_key
from inspector.config.addresses import TCP
from inspector.config.section import AtLeastOne, Section

AUTO = "auto"
ENDPOINT = "results.recovery.endpoint"
"""The key of the address."""
_SUFFIX = ".recovery"


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
    ] = 10_000
    memory_mib: Annotated[
        AtLeastOne,
        Meta(
            description="MiB of the latest publications that are kept in memory. Without a journal that is all that can be asked for."
        ),
    ] = 32


def recovery_address(results: str, config: RecoveryConfig) -> str | None:
    """The address to bind where the results have the address ``results``; None: there is to be no socket. Raises ValueError where no port is
    behind theirs."""
    if config.endpoint != AUTO:
        return config.endpoint
    if results.startswith("ipc://"):
        return results if results == "ipc://*" else f"{results}{_SUFFIX}"
    found = TCP.fullmatch(results)
    if found is None:
        return results  # which is refused for what it is
    if found[2] == "65535":
        raise ValueError(
            "results.recovery.endpoint: auto is the port behind that of the results, and 65535 is the last one; name an address"
        )
    return f"tcp://{found[1]}:{'*' if found[2] in ('*', '0') else int(found[2]) + 1}"
