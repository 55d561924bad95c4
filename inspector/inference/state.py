"""The states of an inference child, and which may follow which."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """The state of an inference child."""

    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    GIVEN_UP = "given_up"
    STOPPED = "stopped"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.STARTING: frozenset({State.READY, State.RESTARTING, State.GIVEN_UP, State.STOPPED}),
    State.READY: frozenset({State.RESTARTING, State.GIVEN_UP, State.STOPPED}),
    State.RESTARTING: frozenset({State.STARTING, State.GIVEN_UP, State.STOPPED}),
    State.GIVEN_UP: frozenset({State.STOPPED}),
    State.STOPPED: frozenset(),
}


def refusal(state: State) -> str:
    """Why a frame is not taken in this state."""
    return {
        State.STARTING: "inference child is starting",
        State.RESTARTING: "inference child is restarting",
        State.GIVEN_UP: "inference child was given up",
        State.STOPPED: "the line stopped",
    }.get(state, state.value)
