"""A subscriber that is far behind: ``python -m inspector.bench.wire.behind ENDPOINT``. It fetches all that the line has published, as any subscriber
does that asks for the running epoch from its beginning."""

from __future__ import annotations

import sys
import time

import msgspec

from inspector.bench.partner import give, requests
from inspector.client import Missed, Packet, Recovered, Subscriber
from inspector.errors import UserError
from inspector.protocol.messages import ResultBody

LONGEST_SILENCE_MS = 10_000


class CatchUp(msgspec.Struct, frozen=True, kw_only=True):
    """Fetch so many publications, and go on until nothing is left to fetch."""

    publications: int


class CaughtUp(msgspec.Struct, frozen=True, kw_only=True):
    """What came."""

    results: int
    """In order, each once."""
    recovered: int
    """Publications that were asked for and came."""
    missed: int
    seconds: float
    """From connecting until all had come."""


def main(endpoint: str) -> None:
    """Answer ``CatchUp`` with ``CaughtUp`` until there are no more requests."""
    for request in requests(CatchUp):
        give(_catch_up(endpoint, request.publications))


def _catch_up(endpoint: str, publications: int) -> CaughtUp:
    results = recovered = missed = 0
    began_s = time.monotonic()
    with Subscriber(endpoint, since="epoch") as subscriber:
        while recovered + missed < publications or subscriber.recovering:
            event = subscriber.receive(LONGEST_SILENCE_MS)
            if event is None:
                raise UserError(f"{endpoint}: nothing came for {LONGEST_SILENCE_MS / 1000:g} s")
            if isinstance(event, Packet):
                results += isinstance(event.body, ResultBody)
            elif isinstance(event, Recovered):
                recovered += event.count
            elif isinstance(event, Missed):
                missed += event.count
    return CaughtUp(results=results, recovered=recovered, missed=missed, seconds=time.monotonic() - began_s)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except UserError as error:
        sys.exit(f"inspector: {error}")
