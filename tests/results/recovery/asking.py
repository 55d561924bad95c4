"""A client of the recovery socket, as an outsider has it: a plain DEALER socket and JSON."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any

import zmq

from inspector.protocol.recovery import Answer, Outcome, Parts, decode_answer
from inspector.results.identity import Identity
from inspector.results.results import Results


def address_of(results: Results) -> str:
    """Where a started line answers."""
    state = results.snapshot().recovery
    assert state is not None
    return state.endpoint


class Asker:
    """A client of one line."""

    def __init__(
        self, endpoint: str, identity: Identity | None = None, options: dict[int, int | bytes] | None = None
    ) -> None:
        self._context = zmq.Context()
        self.socket = self._context.socket(zmq.DEALER)
        for option, value in (options or {}).items():
            self.socket.setsockopt(option, value)
        self.socket.connect(endpoint)
        self._identity = identity
        self._ids = itertools.count()

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.destroy(linger=0)

    def send(self, **do: Any) -> str:
        """Ask; return the id of the request."""
        id_ = f"request-{next(self._ids)}"
        self.socket.send(json.dumps({"recovery": 1, "id": id_, "do": do}).encode())
        return id_

    def receive(self, timeout_s: float = 10.0) -> Answer:
        """The next reply."""
        assert self.socket.poll(round(timeout_s * 1000)), f"no reply in {timeout_s} s"
        return decode_answer(self.socket.recv_multipart())

    def ask(self, **do: Any) -> Answer:
        """The reply to a request, whatever it is."""
        id_ = self.send(**do)
        answer = self.receive()
        assert answer.reply.id == id_
        return answer

    def done(self, **do: Any) -> Answer:
        """The reply to a request that is to be done."""
        answer = self.ask(**do)
        assert answer.reply.outcome is Outcome.DONE, answer.reply
        return answer

    def get(self, first: int, last: int, camera: str = "cam1", epoch: str | None = None) -> Answer:
        """``get`` of the line's stream."""
        assert self._identity is not None
        return self.done(
            request="get",
            line=self._identity.line,
            camera=camera,
            epoch=epoch or self._identity.epoch,
            **{"from": first, "to": last},
        )

    def find(self, **conditions: Any) -> Iterator[Answer]:
        """All replies to a search, one after another."""
        after = None
        while True:
            answer = self.done(request="find", after=after, **conditions)
            yield answer
            after = answer.reply.next
            if after is None:
                return


def numbers(answer: Answer) -> list[int]:
    """The numbers of the publications in a reply."""
    return numbers_in(answer.publications)


def numbers_in(publications: Iterable[Parts]) -> list[int]:
    """The numbers of publications."""
    return [json.loads(one.header)["seq"] for one in publications]


def frames(answers: Iterator[Answer]) -> list[int]:
    """The frames of the publications in replies."""
    return [json.loads(one.header)["frame"] for answer in answers for one in answer.publications]
