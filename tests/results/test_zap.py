"""Whatever asks who may connect is answered, and only a key is let in."""

from __future__ import annotations

import pytest
import zmq

from inspector.results.zap import LET_IN, NO_CURVE, REFUSED, Answer, answer_all

KEY = b"k" * 32
GOOD = [b"1.0", b"7", b"results", b"10.0.0.3", b"", b"CURVE", KEY]


@pytest.mark.parametrize(
    ("request_parts", "expected"),
    [
        (GOOD, LET_IN),
        ([*GOOD[:6], b"x" * 32], REFUSED),
        ([*GOOD[:6], b"short"], NO_CURVE),
        ([*GOOD[:5], b"NULL"], NO_CURVE),
        ([*GOOD[:5], b"PLAIN", b"name", b"password"], NO_CURVE),
        ([*GOOD[:3], b"\xff\xfe", *GOOD[4:]], LET_IN),
        ([*GOOD, b"more"], LET_IN),
        ([], NO_CURVE),
        ([b"1.0"], NO_CURVE),
        ([b""] * 9, NO_CURVE),
    ],
)
def test_a_request_is_answered_whatever_it_is(request_parts: list[bytes], expected: Answer) -> None:
    from zmq.utils import z85

    with zmq.Context() as context, context.socket(zmq.ROUTER) as zap, context.socket(zmq.DEALER) as asking:
        zap.bind("inproc://zap")
        asking.connect("inproc://zap")
        asking.send_multipart([b"", *request_parts])
        let_in = z85.encode(KEY).decode()
        refused = answer_all(zap, lambda key, address: LET_IN if key == let_in else REFUSED)
        answer = asking.recv_multipart(zmq.NOBLOCK)
    assert refused == (expected is not LET_IN)
    assert tuple(answer[-4:-2]) == expected
    assert answer[-2] == (let_in.encode() if expected is LET_IN else b"")


def test_a_decision_that_fails_lets_nobody_in() -> None:
    def broken(key: str, address: str) -> Answer:
        raise OSError("the disk has gone")

    with zmq.Context() as context, context.socket(zmq.ROUTER) as zap, context.socket(zmq.DEALER) as asking:
        zap.bind("inproc://zap")
        asking.connect("inproc://zap")
        asking.send_multipart([b"", *GOOD])
        with pytest.raises(OSError, match="gone"):
            answer_all(zap, broken)
        assert asking.recv_multipart(zmq.NOBLOCK)[-4] == b"300"
