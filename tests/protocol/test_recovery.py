"""Requests and replies of the recovery socket: what is encoded is decoded again, and whatever else comes is malformed and nothing worse."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.frames.outcome import Verdict
from inspector.protocol.codec import MalformedError
from inspector.protocol.recovery import (
    LARGEST_REQUEST,
    Answer,
    Ask,
    Find,
    Get,
    Outcome,
    Parts,
    Reply,
    Request,
    Streams,
    decode_answer,
    decode_request,
    encode_answer,
    encode_request,
    id_in,
)

GET = Get(line="line1", camera="cam1", epoch="e", first=0, last=99)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True)
counts = st.integers(0, 2**53 - 1)
asks: st.SearchStrategy[Ask] = st.one_of(
    st.builds(
        lambda line, camera, ends: Get(line=line, camera=camera, epoch="e", first=min(ends), last=max(ends)),
        names,
        names,
        st.tuples(counts, counts),
    ),
    st.builds(
        Find,
        run=st.none() | st.text(st.characters(codec="utf-8"), max_size=20),
        first_frame=st.none() | counts,
        verdict=st.none() | st.sampled_from(Verdict),
        since_unix_ns=st.none() | st.integers(-(2**63), 2**63 - 1),
        limit=st.integers(1, 500),
    ),
    st.builds(Streams, after=st.none() | st.just("12")),
)


@given(asks)
def test_a_request_is_read_as_it_was_written(ask: Ask) -> None:
    request = Request(id="a-1", do=ask)
    assert decode_request(encode_request(request)) == request


@given(st.lists(st.tuples(*[st.binary(max_size=20)] * 4), max_size=5), st.none() | counts | st.just("7-3-abc"))
def test_a_reply_is_read_as_it_was_written(publications: list[tuple[bytes, bytes, bytes, bytes]], next_: int) -> None:
    parts = tuple(Parts(*one) for one in publications)
    reply = Reply(id="x", outcome=Outcome.DONE, epoch="e", publications=len(parts), next=next_, absent=((3, 7),))
    answer = Answer(reply, parts)
    assert decode_answer(encode_answer(answer)) == answer


VALID = encode_request(Request(id="a", do=GET))
REPLY = encode_answer(Answer(Reply(id="a", outcome=Outcome.DONE, epoch="e"), ()))[0]


@given(
    st.binary(max_size=300)
    | st.tuples(st.integers(0, len(VALID)), st.binary(max_size=9)).map(
        lambda change: VALID[: change[0]] + change[1] + VALID[change[0] + len(change[1]) :]
    )
)
def test_whatever_comes_is_a_request_or_malformed(data: bytes) -> None:
    id_in(data)
    with suppress(MalformedError):
        decode_request(data)


@given(st.lists(st.binary(max_size=50) | st.just(REPLY), max_size=7))
def test_whatever_comes_is_a_reply_or_malformed(parts: list[bytes]) -> None:
    try:
        answer = decode_answer(parts)
    except MalformedError:
        return
    assert answer.reply.publications == len(answer.publications)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"from": 5, "to": 4}, "from 5 is behind to 4"),
        ({"from": -1}, ">= 0"),
        ({"to": 2**53}, "<="),
        ({"line": "a/b"}, "line"),
        ({"request": "delete"}, "delete"),
        ({"more": 1}, "unknown field"),
        ({"epoch": None}, "epoch"),
    ],
)
def test_what_is_out_of_bounds_is_told(change: dict[str, object], expected: str) -> None:
    request = msgspec.json.decode(VALID)
    request["do"] |= change
    with pytest.raises(MalformedError, match=expected):
        decode_request(msgspec.json.encode(request))


def test_a_request_that_is_too_large_is_not_read() -> None:
    with pytest.raises(MalformedError, match="at most 4096"):
        decode_request(VALID + b" " * LARGEST_REQUEST)
    assert id_in(VALID + b" " * LARGEST_REQUEST) is None
