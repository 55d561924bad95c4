"""When a request is sent, sent again and given up. Knows no socket; times are given."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

from inspector.client.events import Why
from inspector.protocol.recovery import Answer, Ask, Outcome

_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 4.0
"""Without an answer a request is sent again after so long, each time after twice as long."""
_FIRST_IDLE_S, _LONGEST_IDLE_S = 0.05, 1.0
"""The same for one that could not be sent, or was answered with nothing."""
_SHORTEST_BUSY_S, _LONGEST_BUSY_S = 0.01, 5.0
_SECOND_PATIENCE_S = 0.25
_SILENT_S = 2.0
"""The patience with somebody who has not answered in all of it before: a firewall, say, that lets only the results through."""
_UNKNOWN_S = 1.0
"""So long nobody has to say where to ask: a heartbeat does, every 250 ms at least."""


class Asker(ABC):
    """Asks for one thing at a time, with one request that waits for its answer."""

    def __init__(self, patience_s: float) -> None:
        """``patience_s``: what brings nothing for so long is given up."""
        self.sent = ""
        """The id of the request that waits for its answer; empty: none does."""
        self._patience_s = patience_s
        self._since_s: float | None = None
        """When it began to want something, or when an answer brought something last; None: it wants nothing."""
        self._again_s = 0.0
        self._wait_s = _FIRST_WAIT_S
        self._idle_s = _FIRST_IDLE_S
        self.heard = False
        """Whether any answer that is ``done`` came since then."""

    @property
    @abstractmethod
    def wants(self) -> bool:
        """Whether something is to be asked for."""

    @abstractmethod
    def ask(self) -> Ask:
        """What is asked for, where something is. It is kept until ``sent`` is empty."""

    @abstractmethod
    def take(self, answer: Answer) -> bool:
        """An answer that is ``done``; return whether it brought anything."""

    @abstractmethod
    def give_up(self, why: Why, detail: str, *, everything: bool) -> None:
        """What was asked for cannot be had; ``everything``: nor anything else that is wanted now."""

    def look(self, now_s: float) -> bool:
        """Whether something is wanted; to be called whenever that may have changed."""
        if not self.wants:
            self._since_s, self.sent = None, ""
            return False
        if self._since_s is None:
            self._begin(now_s)
        return True

    def due_s(self) -> float:
        """When something is to be done: a request to be sent, or to be given up."""
        return math.inf if self._since_s is None else min(self._again_s, self._since_s + self._patience_s)

    def ready(self, now_s: float) -> bool:
        """Whether a request is to be sent."""
        return self._since_s is not None and now_s >= self._again_s

    def request(self, id_: str, now_s: float) -> tuple[str, Ask]:
        """What to send, and its id. Both stay the same while the same is asked again, because the answer to any of them will do."""
        ask = self.ask()
        if not self.sent:
            self.sent, self._wait_s = id_, _FIRST_WAIT_S
        self._again_s, self._wait_s = now_s + self._wait_s, min(2 * self._wait_s, _LONGEST_WAIT_S)
        return self.sent, ask

    def unsent(self, now_s: float) -> None:
        """The request could not be sent now."""
        self.sent = ""
        self._idle(now_s)

    def expire(self, now_s: float, endpoint: str, *, silent: bool) -> bool:
        """Give up where the patience is over: what was asked for, or everything where nobody answers at all; return whether that was so.
        ``endpoint``: where it is asked for; empty: that is not known. ``silent``: nobody there has answered before."""
        patience_s = self._patience_s if endpoint else min(self._patience_s, _UNKNOWN_S)
        patience_s = min(patience_s, _SILENT_S) if silent else patience_s
        if self._since_s is None or now_s < self._since_s + patience_s:
            return False
        what = "answers, but not with this," if self.heard else "no answer"
        detail = f"{what} from {endpoint} for {patience_s:g} s" if endpoint else "no heartbeat said where to ask"
        answers = self.heard
        self._end(Why.NO_ANSWER, detail, now_s, everything=not answers)
        if answers:  # what is missing besides is asked for as well, but not with all this patience
            self._since_s = now_s - max(0.0, patience_s - _SECOND_PATIENCE_S)
        return not answers

    def refuse(self, why: Why, detail: str, now_s: float) -> None:
        """Nothing that is wanted now can be had."""
        self._end(why, detail, now_s, everything=True)

    def answered(self, answer: Answer, now_s: float) -> None:
        """Take in the answer to the request that was sent."""
        reply = answer.reply
        if reply.outcome is Outcome.BUSY:
            self.sent = ""
            self._again_s = now_s + min(max(_SHORTEST_BUSY_S, (reply.retry_ms or 0) / 1000), _LONGEST_BUSY_S)
        elif reply.outcome is Outcome.REFUSED:
            self._end(Why.REFUSED, reply.text, now_s, everything=False)
        else:
            brought, self.heard = self.take(answer), True
            self.sent = ""
            if brought:
                self._begin(now_s)
            else:
                self._idle(now_s)

    def _end(self, why: Why, detail: str, now_s: float, *, everything: bool) -> None:
        self.give_up(why, detail, everything=everything)
        self.sent = ""
        self._begin(now_s)

    def _begin(self, now_s: float) -> None:
        self._since_s = self._again_s = now_s
        self._idle_s, self.heard = _FIRST_IDLE_S, False

    def _idle(self, now_s: float) -> None:
        self._again_s, self._idle_s = now_s + self._idle_s, min(2 * self._idle_s, _LONGEST_IDLE_S)
