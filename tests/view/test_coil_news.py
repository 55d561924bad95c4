"""What is found on a coil, as the page of its line is told it."""

from __future__ import annotations

import msgspec

from inspector.protocol.codec import Packet, decode
from inspector.protocol.coil import CoilBody, CoilState, MarkState, RollMarkBody
from inspector.view.live.coil_news import Coils
from tests.protocol.examples import stream_of_a_coil

SECOND_NS = 10**9
EXAMPLES = {name: decode(one.parts()) for name, one in stream_of_a_coil().items()}
RUN = EXAMPLES["coil"].header.run


def said(name: str, at_s: float, **changes: object) -> Packet:
    packet = EXAMPLES[name]
    header = msgspec.structs.replace(packet.header, published_unix_ns=int(at_s * SECOND_NS))
    return Packet(header, msgspec.structs.replace(packet.body, **changes))  # type: ignore[type-var]


def mark(at_s: float, number: int, count: int, to_mm: float, state: MarkState = MarkState.FOUND) -> Packet:
    body = EXAMPLES["roll mark"].body
    assert isinstance(body, RollMarkBody)
    area = msgspec.structs.replace(body.mark.area, to_mm=to_mm)
    grown = msgspec.structs.replace(body.mark, count=count, area=area)
    return said("roll mark", at_s, number=number, state=state, mark=grown)


def test_a_mark_that_goes_on_is_one_mark() -> None:
    coils = Coils()
    coils.feed(mark(110, 1, 19, 48_000))
    coils.feed(mark(120, 2, 9, 50_000))
    coils.feed(mark(130, 1, 68, 148_000))
    coils.feed(mark(140, 2, 12, 60_000, MarkState.OVER))
    told = coils.of(RUN, 100 * SECOND_NS).listed()
    assert [(one["count"], one["area"]["to_mm"], one["over"]) for one in told] == [
        (68, 148_000, False),
        (12, 60_000, True),
    ]
    assert coils.changed == 5


def test_a_new_run_of_the_same_name_has_no_marks_of_the_one_before() -> None:
    coils = Coils()
    coils.feed(mark(110, 1, 19, 48_000))
    coils.feed(said("coil, over", 150))
    assert coils.of(RUN, 100 * SECOND_NS).body is not None
    assert coils.of(RUN, 200 * SECOND_NS).listed() == []
    assert coils.of(RUN, 200 * SECOND_NS).body is None
    begun = said("coil", 201, state=CoilState.BEGUN)
    assert isinstance(begun.body, CoilBody)
    coils.feed(begun)
    assert coils.of(RUN).listed() == []
    coils.feed(mark(260, 1, 7, 50_000))
    assert [one["count"] for one in coils.of(RUN, 200 * SECOND_NS).listed()] == [7]
