"""The recovery socket: requests and replies."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from inspector.protocol import recovery as wire
from inspector.protocol.codec import MalformedError, decode
from tests.fuzz.mutation import json_changed
from tests.fuzz.target import MARK, Target, joined, parts_of, promised, require
from tests.fuzz.targets import scratch
from tests.fuzz.targets.asked_socket import AskedSocket
from tests.fuzz.targets.wire import messages
from tests.results.publishing import PASSED, REJECTED, RUN, START, make_identity, make_results, make_settled

_EPOCH = "0f8fad5b-d9cb-469f-a165-70867728950e"


def request_seeds() -> Iterator[bytes]:
    """One of each kind."""
    asked = (
        wire.Get(line="line1", camera="cam1", epoch=_EPOCH, first=0, last=99),
        wire.Find(line="line1", run="coil-7", first_frame=3, last_frame=9, since_unix_ns=5, after="c1", limit=20),
        wire.Streams(line="line1"),
    )
    for number, ask in enumerate(asked):
        yield wire.encode_request(wire.Request(id=f"r{number}", do=ask))


def request(data: bytes) -> None:
    """A request: decoded, and encoded again to the same."""
    wire.id_in(data)
    with promised(MalformedError):
        found = wire.decode_request(data)
        require(wire.decode_request(wire.encode_request(found)) == found, "a request that comes back as another one")


def answer_seeds() -> Iterator[bytes]:
    """Replies with publications, streams, and none."""
    parts = tuple(wire.Parts(*one.parts()[:3], one.blob) for one in messages()[:3])
    stream = wire.StreamEntry(
        line="line1", camera="cam1", epoch=_EPOCH, order=2, opened_unix_ns=1, oldest_available=0, newest=9, simulated=True, ended=False,
        current=True,
    )  # fmt: skip
    replies = (
        wire.Answer(
            wire.Reply(id="a", outcome=wire.Outcome.DONE, epoch=_EPOCH, publications=3, next=3, absent=((4, 5),)), parts
        ),
        wire.Answer(wire.Reply(id="b", outcome=wire.Outcome.DONE, epoch=_EPOCH, next="c2", streams=(stream,))),
        wire.Answer(wire.Reply(id="c", outcome=wire.Outcome.BUSY, epoch=_EPOCH, text="wait", retry_ms=50)),
    )
    for one in replies:
        yield joined(*wire.encode_answer(one))


def answer(data: bytes) -> None:
    """A reply in its parts, and the publications in it."""
    with promised(MalformedError):
        found = wire.decode_answer(parts_of(data, 64))
        require(wire.decode_answer(wire.encode_answer(found)) == found, "a reply that comes back as another one")
        for publication in found.publications:
            with promised(MalformedError):
                decode(publication.sent())


def frame_seeds() -> Iterator[bytes]:
    """Requests as REQ and DEALER sockets send them, and what asks for something that is there."""
    yield from map(joined, request_seeds())
    yield joined(b"", b"", b"{}", b"more")
    for ask in (
        wire.Get(line="line1", camera="cam1", epoch="0" * 8, first=0, last=99),
        wire.Find(run="coil-7", limit=2),
        wire.Streams(),
    ):
        yield joined(b"", wire.encode_request(wire.Request(id="there", do=ask)))


def frames(data: bytes) -> None:
    """A message of any parts to a real socket: it is answered or not, no error is logged, and the next request is answered."""
    _line().send(parts_of(data, 12))


class _Line(AskedSocket):
    """The results of a line in this process, with a journal that holds some of them, and its clients."""

    def __init__(self) -> None:
        folder = scratch.folder("recovery")
        identity = make_identity(epoch="0" * 8)
        self._results = make_results(identity, folder / "j.sqlite", results={"endpoint": f"ipc://{folder}/s"})
        self._results.start()
        self._results.begin("cam1", RUN, START)
        for frame in range(8):
            self._results.settled(make_settled(frame, REJECTED if frame % 2 else PASSED))
        state = self._results.snapshot().recovery
        assert state is not None
        super().__init__(
            state.endpoint, lambda id_: wire.encode_request(wire.Request(id=id_, do=wire.Streams())), _told
        )

    def close(self) -> None:
        super().close()
        self._results.close()


_line = functools.cache(_Line)


def close() -> None:
    """End the line."""
    _line().close()
    _line.cache_clear()


def _told(parts: list[bytes]) -> tuple[str | None, str]:
    found = wire.decode_answer(parts if parts[0] else parts[1:])  # as for a REQ socket, which sends an empty part first
    for publication in found.publications:
        decode(publication.sent())
    return found.reply.id, found.reply.text


_KINDS = (wire.Request, wire.Get, wire.Find, wire.Streams, wire.Reply, wire.StreamEntry)
_KEYS = tuple(
    dict.fromkeys(f'"{key}":'.encode() for kind in _KINDS for key in (*kind.__struct_encode_fields__, "request"))
)
_JSON = (
    b"null",
    b"{}",
    b"[]",
    b'"get"',
    b'"find"',
    b'"streams"',
    b'"done"',
    b"[" * 1500,
    rb'"\ud800"',
    rb'"\u001b[2J"',
    b"1e999",
    b"9" * 30,
)

TARGETS = (
    Target("recovery_request", request, request_seeds, (*_KEYS, *_JSON), json_changed, longest=1 << 12),
    Target("recovery_frames", frames, frame_seeds, (*_KEYS, *_JSON, MARK), json_changed, close, longest=1 << 12),
    Target("recovery_answer", answer, answer_seeds, (*_KEYS, *_JSON, MARK), json_changed, longest=1 << 13),
)
