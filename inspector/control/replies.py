"""Makes replies: each tells the line, the epoch and the daemon's clocks."""

from __future__ import annotations

import time

import msgspec

from inspector.control.remembered import Answer
from inspector.protocol.control_messages import Outcome, Reply, encode

LARGEST_REPLY = 1 << 20
"""Bytes of a result; a larger one is an error of the program."""


class Replies:
    """Makes the replies of one epoch of a line. May be used from any thread."""

    def __init__(self, line: str, epoch: str) -> None:
        self.line = line
        self.epoch = epoch

    def encoded(self, request_id: str | None, answer: Answer, *, repeated: bool = False) -> bytes:
        """The reply as it is sent."""
        return encode(
            Reply(
                id=request_id,
                line=self.line,
                epoch=self.epoch,
                monotonic_ns=time.monotonic_ns(),
                unix_ns=time.time_ns(),
                outcome=answer.outcome,
                code=answer.code,
                text=answer.text,
                result=answer.result,
                journaled=answer.journaled,
                repeated=repeated,
            )
        )


def checked(result: dict[str, object]) -> dict[str, object]:
    """The result as JSON has it. Raises TypeError or ValueError where it cannot be sent."""
    data = msgspec.json.encode(result)
    if len(data) > LARGEST_REPLY:
        raise ValueError(f"a result of {len(data)} bytes is too large")
    found: dict[str, object] = msgspec.json.decode(data, type=dict[str, object])
    return found


def refused(code: str, text: str) -> Answer:
    """The answer to a request that is not done."""
    return Answer(outcome=Outcome.REFUSED, code=code, text=text)
