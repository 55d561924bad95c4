"""When a session ends by itself, and what of it is kept."""

from __future__ import annotations

from inspector.view.access.people import Person, Role
from inspector.view.access.sessions import IDLE_S, Sessions

ANA = Person("ana", Role.OPERATOR)
MOST_S = 12 * 3600.0


class Clock:
    """Goes when it is told to."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_session_that_is_not_used_ends() -> None:
    clock = Clock()
    sessions = Sessions(MOST_S, clock)
    id_, session = sessions.begin(ANA)
    for _ in range(3):
        clock.now_s += IDLE_S - 1
        assert sessions.of([id_]) is session
    clock.now_s += IDLE_S
    sessions.look()
    assert session.ended.is_set()
    assert sessions.of([id_]) is None
    assert len(sessions) == 0


def test_an_open_page_is_use_until_the_longest_is_over() -> None:
    clock = Clock()
    sessions = Sessions(MOST_S, clock)
    id_, session = sessions.begin(ANA)
    session.open(1)
    clock.now_s += MOST_S - 1
    sessions.look()
    session.open(-1)
    assert sessions.of([id_]) is session
    session.open(1)
    clock.now_s += 1
    sessions.look()
    assert session.ended.is_set()


def test_the_id_is_not_kept() -> None:
    sessions = Sessions(MOST_S, Clock())
    id_, session = sessions.begin(ANA)
    assert len(id_) == 43
    kept = repr([vars(sessions), vars(session)])
    assert id_ not in kept
    assert sessions.begin(ANA)[1].csrf != session.csrf
