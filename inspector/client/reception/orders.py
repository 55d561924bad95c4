"""Learns in which order the epochs of a camera were, and which there are between two of them."""

from __future__ import annotations

from inspector.client.events import Why
from inspector.client.reception.asker import Asker
from inspector.protocol.recovery import Answer, StreamEntry, Streams

_MOST_PAGES = 50
"""Of ``MOST_STREAMS`` each."""


class Orders(Asker):
    """The requests for the list of epochs."""

    def __init__(self, line: str, camera: str, patience_s: float) -> None:
        super().__init__(patience_s)
        self.epochs: dict[str, StreamEntry] = {}
        """Those of this camera of which the line still has something."""
        self._line, self._camera = line, camera
        self._after: str | None = None
        self._pages = 0
        self._done = False

    @property
    def wants(self) -> bool:
        """Whether there is more to be learnt."""
        return not self._done

    def ask(self) -> Streams:
        """The next page."""
        return Streams(line=self._line, camera=self._camera, after=self._after)

    def take(self, answer: Answer) -> bool:
        """Note a page."""
        for entry in answer.reply.streams:
            if (entry.line, entry.camera) == (self._line, self._camera):
                self.epochs[entry.epoch] = entry
        self._pages += 1
        following = answer.reply.next
        self._done = not isinstance(following, str) or self._pages == _MOST_PAGES
        self._after = following if isinstance(following, str) else None
        return True

    def give_up(self, why: Why, detail: str, *, everything: bool) -> None:
        """The epochs stay unknown."""
        self._done = True

    def order(self, epoch: str) -> int | None:
        """The order of an epoch, where it is known."""
        entry = self.epochs.get(epoch)
        return None if entry is None else entry.order

    def between(self, first: str, last: str) -> list[StreamEntry] | None:
        """The epochs later than ``first`` and earlier than ``last``, in their order; None where the order of one of these is unknown."""
        low, high = self.order(first), self.order(last)
        if low is None or high is None:
            return None
        return sorted(
            (entry for entry in self.epochs.values() if low < entry.order < high), key=lambda entry: entry.order
        )
