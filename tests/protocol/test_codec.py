"""Whatever arrives, the decoder answers with a message or with MalformedError, and with nothing else."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.frames.outcome import Reason, Verdict
from inspector.protocol.codec import MalformedError, decode
from inspector.protocol.messages import BODIES, Header, MessageType, ResultBody
from inspector.results.stream import Stream
from tests.results.publishing import LOST, REJECTED, RUN, START, make_identity, make_meta, make_settled


def a_stream() -> Stream:
    return Stream(make_identity(), "cam1", heartbeat_ms=200, masks=True)


def a_result() -> list[bytes]:
    stream = a_stream()
    stream.start(RUN, START)
    return stream.settled(make_settled(0, REJECTED)).parts()


def altered(part: int, /, **changes: Any) -> list[bytes]:
    """A good result with some keys of its header (1) or body (2) changed; ``...`` removes one."""
    parts = a_result()
    values = {**json.loads(parts[part]), **changes}
    parts[part] = json.dumps({key: value for key, value in values.items() if value is not ...}).encode()
    return parts


def test_the_good_ones_pass() -> None:
    stream = a_stream()
    good = [
        stream.start(RUN, START), stream.settled(make_settled(0, REJECTED)), stream.settled(make_settled(1, LOST, count=4)),
        stream.late(make_meta(0), REJECTED), stream.end(RUN), stream.heartbeat(),
    ]  # fmt: skip
    for publication in good:
        assert decode(publication.parts()).header.type is publication.type
    assert decode(altered(1, unheard_of={"by": "a later version 1"})).header.seq == 1


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([], "0 parts"),
        ([b"v1/line1/cam1/result"], "1 parts"),
        (a_result()[:2], "2 parts"),
        ([*a_result(), b"more"], "5 parts"),
        (a_result()[:3], "announces a mask that is not there"),
        (altered(2, mask=None), "a blob that the body does not announce"),
        ([b"v1/line1/cam2/result", *a_result()[1:]], "does not agree with the header"),
        ([b"", *a_result()[1:]], "does not agree with the header"),
        ([a_result()[0], b"", *a_result()[2:]], "header: "),
        ([a_result()[0], a_result()[1][:-9], *a_result()[2:]], "header: "),
        ([*a_result()[:2], a_result()[2][:-1], a_result()[3]], "body of result: "),
        ([*a_result()[:2], b"[" * 100_000, a_result()[3]], "body of result: "),
        ([*a_result()[:2], b'{"x":' * 100_000, a_result()[3]], "body of result: "),
        ([a_result()[0], b"\xff\xfe", *a_result()[2:]], "header: "),
        ([a_result()[0], b"null", *a_result()[2:]], "header: "),
        (altered(1, protocol=2), "protocol version 2; this program reads version 1"),
        (altered(1, protocol=2, type="verdict", seq=...), "protocol version 2; this program reads version 1"),
        (altered(1, protocol=10**40), "header: "),
        (altered(1, seq=10**40), "header: "),
        (altered(1, seq=2**53), "header: "),
        (altered(1, seq=-1), "header: "),
        (altered(1, seq=1.5), "header: "),
        (altered(1, seq="1"), "header: "),
        (altered(1, seq=True), "header: "),
        (altered(1, seq=None), "result with seq null"),
        (altered(1, frame=None), "result with frame null"),
        (altered(1, simulated="no"), "header: "),
        (altered(1, simulated=...), "header: "),
        (altered(1, camera="a/b"), "header: "),
        (altered(1, camera="cam1\n"), "header: "),
        (altered(1, line="line1\n"), "header: "),
        (altered(1, position_um=10**400), "header: "),
        (altered(2, latency_us=10**400), "body of result: "),
        (altered(2, latency_us=2**53), "body of result: "),
        (altered(2, gate_score=1e300), "body of result: "),
        (altered(1, type="verdict"), "header: "),
        (altered(1, captured_unix_ns=2**63), "header: "),
        (altered(2, verdict="pass"), "body of result: "),
        (altered(2, verdict=...), "body of result: "),
        (altered(2, reason="because"), "body of result: "),
        (altered(2, defects=[{}]), "body of result: "),
        (altered(2, mask={"height_px": 10**9, "width_px": 1, "bits": []}), "body of result: "),
    ],
)  # fmt: skip
def test_bad_peers(parts: list[bytes], said: str) -> None:
    with pytest.raises(MalformedError) as caught:
        decode(parts)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_gap_that_runs_backwards() -> None:
    parts = a_stream().settled(make_settled(5, LOST, count=3)).parts()
    parts[2] = parts[2].replace(b'"last":7', b'"last":4')
    with pytest.raises(MalformedError, match="gap from 5 to 4"):
        decode(parts)


def test_a_verdict_with_the_reason_of_another_is_never_published(caplog: pytest.LogCaptureFixture) -> None:
    stream = a_stream()
    wrong = msgspec.structs.replace(REJECTED, verdict=Verdict.PASS)
    body = decode(stream.settled(make_settled(0, wrong)).parts()).body
    assert isinstance(body, ResultBody)
    assert (body.verdict, body.reason) == (Verdict.UNINSPECTED, Reason.INTERNAL)
    assert "its PASS cannot be put into a message" in caplog.text


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_any_bytes(parts: list[bytes]) -> None:
    with pytest.raises(MalformedError):
        decode(parts)


@given(
    st.sampled_from(Header.__struct_fields__),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=5,
    ),
)
def test_any_value_in_any_header_field(field: str, value: object) -> None:
    with contextlib.suppress(MalformedError):
        assert decode(altered(1, **{field: value})).header


@pytest.mark.parametrize("kind", BODIES)
def test_every_number_of_every_message_has_bounds(kind: MessageType) -> None:
    """Whoever divides, adds or prints one must not be surprised by a thousand digits."""

    def unbounded(node: msgspec.inspect.Type, path: str) -> Iterator[str]:
        if isinstance(node, (msgspec.inspect.IntType, msgspec.inspect.FloatType)) and (
            node.le is None or (node.ge is None and node.gt is None)
        ):
            yield path
        for field in getattr(node, "fields", ()):
            yield from unbounded(field.type, f"{path}.{field.name}")
        for name in ("type", "item_type", "value_type"):
            if isinstance(inner := getattr(node, name, None), msgspec.inspect.Type):
                yield from unbounded(inner, path)
        for inner in (*getattr(node, "types", ()), *(getattr(node, "item_types", ()))):
            yield from unbounded(inner, path)

    for message in (Header, BODIES[kind]):
        assert list(unbounded(msgspec.inspect.type_info(message), message.__name__)) == []
