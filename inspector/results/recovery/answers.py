"""The answer to a request, worked out in steps: each ``yield`` tells how many publications the step has found."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias

from engines.files.text import brief
from inspector.protocol.recovery import Answer, Find, Get, Outcome, Reply, Request
from inspector.results.recovery.archive import Damaged, Unavailable
from inspector.results.recovery.finding import find
from inspector.results.recovery.getting import get
from inspector.results.recovery.listing import streams
from inspector.results.recovery.sources import Refused, Sources

Steps: TypeAlias = Generator[int, None, Answer]
RETRY_MS = 1000
"""Where the journal cannot be read."""
_LONGEST_TEXT = 512


def answer(sources: Sources, request: Request) -> Steps:
    """The answer to ``request``. Raises nothing that is foreseen: what is wrong with request or journal is in the answer."""
    try:
        return (yield from _done(sources, request))
    except Refused as refusal:
        return without(sources, request.id, Outcome.REFUSED, str(refusal))
    except Damaged as damage:
        return without(sources, request.id, Outcome.REFUSED, str(damage))
    except Unavailable as trouble:
        return without(sources, request.id, Outcome.BUSY, str(trouble), RETRY_MS)


def without(sources: Sources, id_: str, outcome: Outcome, text: str, retry_ms: int | None = None) -> Answer:
    """An answer that holds nothing."""
    epoch = sources.identity.epoch
    return Answer(Reply(id=id_, outcome=outcome, text=brief(text, _LONGEST_TEXT), retry_ms=retry_ms, epoch=epoch))


def _done(sources: Sources, request: Request) -> Steps:
    done, epoch, ask = Outcome.DONE, sources.identity.epoch, request.do
    if isinstance(ask, Get):
        got = yield from get(sources, ask)
        reply = Reply(
            id=request.id,
            outcome=done,
            text=brief(got.text, _LONGEST_TEXT),
            epoch=epoch,
            publications=len(got.publications),
            next=got.next,
            absent=got.absent,
            oldest_available=got.oldest_available,
            newest=got.newest,
        )
        return Answer(reply, got.publications)
    if isinstance(ask, Find):
        found = yield from find(sources, ask)
        reply = Reply(
            id=request.id,
            outcome=done,
            text=brief(found.text, _LONGEST_TEXT),
            epoch=epoch,
            publications=len(found.publications),
            next=found.next,
        )
        return Answer(reply, found.publications)
    listed = yield from streams(sources, ask)
    return Answer(Reply(id=request.id, outcome=done, epoch=epoch, next=listed.next, streams=listed.streams))
