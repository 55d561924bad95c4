"""The check that all scenarios share finds what is planted: a lost verdict, a second one, a wrong PASS, a late one, a missing number."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from inspector.frames.outcome import Reason, Verdict
from inspector.protocol.codec import Packet, decode
from inspector.protocol.messages import ResultBody
from inspector.results.stream import Stream
from tests.faults import books
from tests.line.camera_line import Judgement, judgement
from tests.results.publishing import PASSED, REJECTED, RUN, START, make_identity, make_settled

IDENTITY = make_identity()

Change = Callable[[list[Packet]], object]


def packets() -> list[Packet]:
    """The start of a run, then results of frames 0 to 9, every third of which is rejected."""
    stream = Stream(IDENTITY, "cam1", heartbeat_ms=200, masks=True)
    made = [stream.start(RUN, START)]
    made += [stream.settled(make_settled(frame, PASSED if frame % 3 else REJECTED)) for frame in range(10)]
    return [decode(one.parts()) for one in made]


def image_of(packet: Packet) -> str:
    """What a frame shows, by its number."""
    assert packet.header.frame is not None
    return "good" if packet.header.frame % 3 else "bad"


def change(number: int, *, header: dict[str, object] | None = None, **body: object) -> Change:
    """Replace fields of one packet."""

    def apply(found: list[Packet]) -> None:
        old = found[number]
        assert isinstance(old.body, ResultBody)
        found[number] = Packet(
            msgspec.structs.replace(old.header, **(header or {})), msgspec.structs.replace(old.body, **body)
        )

    return apply


def lose_a_verdict(found: list[Packet]) -> None:
    """The message of frame 4 was never made, and the numbers close behind it."""
    del found[5]
    for number in range(5, 10):
        change(number, header={"seq": number})(found)


GOOD = packets()
EXPECTED: dict[str, Judgement] = {
    image_of(packet): judgement(packet.body) for packet in GOOD[1:3] if isinstance(packet.body, ResultBody)
}


def looked_through(received: list[Packet], journal: list[Packet]) -> None:
    opened = books.opened([received], journal)
    books.check(opened, lambda: EXPECTED, image_of, ended=False)


def test_what_is_right_passes() -> None:
    looked_through(GOOD, GOOD[:7])
    looked_through(GOOD[:5], GOOD[2:])


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (lambda all_of_them: all_of_them.pop(4), "neither with a subscriber nor in the journal"),
        (lose_a_verdict, "ahead of frame 4"),
        (change(5, header={"frame": 3}), "two verdicts"),
        (change(4, verdict=Verdict.PASS, reason=Reason.GATE_CLEAN, defects=(), gate_score=0.02), "frame 3, PASS: "),
        (change(5, latency_us=3_600_000_000), "after its deadline"),
        (change(5, gate_score=None), "without a score"),
        (change(5, header={"resolved_through": 2}), "the watermark fell"),
        (lambda all_of_them: all_of_them.insert(5, all_of_them[4]), "4 behind 4"),
    ],
    ids=["number", "lost verdict", "second verdict", "wrong pass", "late pass", "pass of nothing", "watermark", "twice"],
)  # fmt: skip
def test_what_is_planted_is_found(plant: Change, found: str) -> None:
    spoiled = GOOD[:]
    plant(spoiled)
    with pytest.raises(AssertionError, match=found):
        looked_through(spoiled, [])


def test_a_publication_that_differs_between_subscriber_and_journal_is_found() -> None:
    spoiled = GOOD[:]
    change(5, gate_score=0.3)(spoiled)
    with pytest.raises(AssertionError, match="5 differs"):
        looked_through(GOOD, spoiled)
