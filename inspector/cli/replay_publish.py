"""The part of ``inspector replay`` that publishes what it finds, so that a subscriber can be tried without a line."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from inspector.cli.output import tell
from inspector.config.recovery import AUTO
from inspector.config.tree import LineConfig
from inspector.errors import UserError

replace = msgspec.structs.replace


class Publishing(NamedTuple):
    """Where a replay publishes, and for how many it waits."""

    endpoint: str | None
    """None: where the configuration says."""
    wait_for_subscribers: int | None
    """None: as the configuration says."""

    @classmethod
    def of(cls, publish: bool, endpoint: str | None, wait: int | None) -> Publishing | None:
        """What the options say; None: nothing is published. Raises UserError."""
        if not publish and endpoint is None:
            if wait is not None:
                raise UserError("--wait-for-subscribers: is for a replay that publishes; give --publish too")
            return None
        return cls(endpoint, wait)

    def line(self, played: LineConfig, base: LineConfig) -> LineConfig:
        """The line that is ``played``, with the results of ``base``, the one that is configured. Raises UserError."""
        results = base.results
        if self.endpoint is not None:
            results = replace(results, endpoint=self.endpoint, recovery=replace(results.recovery, endpoint=AUTO))
        key = "results.endpoint" if self.endpoint is None else "--publish-at"
        if results.endpoint.endswith(":*"):
            raise UserError(
                f"{key}: found {results.endpoint}, expected a port, because subscribers have to know it; give --publish-at tcp://127.0.0.1:5550"
            )
        if self.wait_for_subscribers is not None:
            results = replace(results, wait_for_subscribers=self.wait_for_subscribers)
        return replace(played, results=replace(results, masks=True), keys=base.keys)


def announce(line: LineConfig) -> None:
    """Tell where a replay that is about to begin publishes, unless it does so for itself alone, on any port."""
    results = line.results
    if not results.endpoint.endswith(":*"):
        waits = f", once {results.wait_for_subscribers} have subscribed" if results.wait_for_subscribers else ""
        tell(f"publishing on {results.endpoint}{waits}: inspector subscribe {results.endpoint}", err=True)
