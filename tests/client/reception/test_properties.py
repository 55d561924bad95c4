"""Whatever is lost, doubled or late, of messages, requests and answers: every number is given once, in order, or is reported as missed once."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.client.events import Missed, NewEpoch, Recovered, Why
from inspector.client.reception.ordering import Room
from inspector.protocol.recovery import Outcome, Reply
from tests.client.reception.world import Line, World, covered, heartbeat, key, published

MOST = 14
EPOCHS = ("a", "b", "c")


class Step(NamedTuple):
    """What happens after a message was sent."""

    fate: str
    """Of the message."""
    answers: tuple[str, ...]
    """Fates of the next answers."""
    pause_s: float


FAIR = ("come", "come", "lose", "busy", "empty", "part")
FOUL = (*FAIR, "refuse", "bad")
steps = st.builds(
    Step,
    st.sampled_from(("come", "come", "come", "lose", "lose", "twice", "late")),
    st.lists(st.sampled_from(FAIR), max_size=2).map(tuple),
    st.sampled_from((0.0, 0.0, 0.0, 0.25, 1.0)),
)
lines = st.builds(
    Line,
    st.lists(st.integers(1, MOST), min_size=1, max_size=3).map(lambda counts: dict(zip(EPOCHS, counts, strict=False))),
    st.fixed_dictionaries({}, optional={epoch: st.sets(st.integers(0, MOST - 1), max_size=4) for epoch in EPOCHS}),
    st.integers(1, 6),
)


def altered(parts: list[bytes], fate: str) -> list[bytes] | None:
    """What becomes of an answer on its way."""
    if fate == "lose":
        return None
    if fate == "bad":
        return [part.replace(b'"seq":3,', b'"seq":x,') for part in parts]
    if fate not in ("busy", "empty", "refuse", "part"):
        return parts
    reply = msgspec.json.decode(parts[0], type=Reply)
    if fate == "part":
        kept = reply.publications // 2
        sent = msgspec.structs.replace(
            reply, publications=kept, absent=(), next=0 if reply.next is None else reply.next
        )
        return [msgspec.json.encode(sent), *parts[1 : 1 + 4 * kept]] if not reply.streams else parts
    outcome = {"busy": Outcome.BUSY, "empty": Outcome.DONE, "refuse": Outcome.REFUSED}[fate]
    newest = reply.newest if fate == "empty" else -1
    following = reply.next if fate != "empty" or reply.streams else 0
    return [msgspec.json.encode(Reply(id=reply.id, outcome=outcome, epoch="x", newest=newest, next=following))]


def play(world: World, script: list[Step], foul: bool) -> None:
    """Send everything that the line publishes, a heartbeat after each, with the fates of ``script``."""
    late: list[list[bytes]] = []
    moves = iter(script)
    for epoch, count in world.line.epochs.items():
        for seq, parts in enumerate(published(epoch, count)):
            for message in (parts, heartbeat(epoch, seq)):
                step = next(moves, Step("come", (), 0.0))
                if step.fate == "late":
                    late.append(message)
                elif step.fate != "lose":
                    world.hear(*[message] * (2 if step.fate == "twice" else 1))
                    world.hear(*late)
                    late.clear()
                for fate in step.answers:
                    if world.requests:
                        world.answer(lambda parts, fate=fate: altered(parts, fate))  # type: ignore[misc]
                if step.pause_s:
                    world.wait(step.pause_s)
    world.hear(*late, heartbeat(epoch, count - 1))


def check(world: World) -> None:
    """Every number once, in order, of one epoch after the other."""
    heard = [epoch for epoch in world.line.epochs if world.given(epoch)]
    for epoch in heard:
        given_ = world.given(epoch)
        end = covered(given_)
        for one in given_:
            if isinstance(one, int):
                assert one < world.line.epochs[epoch]
        assert end <= world.line.epochs[epoch]
        if epoch == list(world.line.epochs)[-1]:
            assert end == world.line.epochs[epoch], "the last heartbeat said so"
    for event in world.events:
        if isinstance(event, NewEpoch) and event.end_known:
            assert covered(world.given(event.previous_epoch)) == world.line.epochs[event.previous_epoch]
        if isinstance(event, Recovered):
            numbers = set(range(event.first_seq, event.last_seq + 1))
            assert numbers <= set(world.given(event.stream.epoch))


@settings(max_examples=250, deadline=None)
@given(lines, st.lists(steps, max_size=90), st.sampled_from(("epoch", "now", "a")), st.integers(0, 12))
def test_with_a_line_that_answers_in_the_end_only_what_is_gone_is_missed(
    line: Line, script: list[Step], since: str, room: int
) -> None:
    begin = {key("a"): 0} if since == "a" else since
    world = World(line, since=begin, patience_s=1e9, room=Room(room, 1 << 20), told=False)  # type: ignore[arg-type]
    play(world, script, foul=False)
    world.finish(most_s=1000)
    check(world)
    for event in world.events:
        if isinstance(event, Missed):
            gone = line.gone.get(event.stream.epoch, set())
            assert event.why is Why.BEFORE_JOINING or gone.issuperset(range(event.first_seq, event.last_seq + 1)), event
        if isinstance(event, NewEpoch):
            # A line that lists no epochs where it is asked for them does not know which one came next.
            assert event.end_known or since == "now" or any("empty" in step.answers for step in script)
    if since == "a":
        assert [epoch for epoch in line.epochs if world.given(epoch)] == list(line.epochs), "those between, too"


@settings(max_examples=250, deadline=None)
@given(
    lines,
    st.lists(steps, max_size=90),
    st.lists(st.sampled_from(FOUL), max_size=60),
    st.sampled_from(("epoch", "now")),
    st.integers(0, 12),
)
def test_with_a_line_that_answers_badly_or_not_at_all_nothing_waits_for_ever(
    line: Line, script: list[Step], fates: list[str], since: str, room: int
) -> None:
    world = World(line, since=since, patience_s=5.0, room=Room(room, 1 << 20))  # type: ignore[arg-type]
    play(world, script, foul=True)
    for fate in fates:
        if world.requests:
            world.answer(lambda parts, fate=fate: altered(parts, fate))  # type: ignore[misc]
        world.wait(0.5)
    world.finish(answers=False, most_s=300)
    check(world)


@settings(max_examples=60, deadline=None)
@given(lines, st.lists(steps, max_size=90))
def test_without_recovery_every_number_is_given_or_missed_as_well(line: Line, script: list[Step]) -> None:
    world = World(line, recovers=False)
    play(world, [step._replace(fate="lose" if step.fate == "late" else step.fate) for step in script], foul=False)
    for epoch in line.epochs:
        covered(world.given(epoch))
    assert not world.requests
