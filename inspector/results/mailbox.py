"""A queue from any thread to one thread that waits in a poll over sockets.

An eventfd wakes the poll. It costs the sender half of what a socketpair or an inproc PAIR costs (measured), and it
takes no lock: ``add`` takes less than a microsecond, because it is called under the ledger's lock. Waking lets other threads
run, which would then wait for that lock: so it is a call of its own, and one for many items. A receiver that is at work is not woken.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """A queue. ``add``, ``put``, ``wake`` and ``interrupt`` may be called from any thread; the rest from the receiving thread only."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._eventfd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._waits = False
        """Whether the receiving thread waits, or is about to."""

    def __len__(self) -> int:
        return len(self._items)

    def fileno(self) -> int:
        """Readable while there may be items."""
        return self._eventfd

    def add(self, item: Item) -> None:
        """Append an item; ``wake`` is to follow. Never blocks."""
        self._items.append(item)

    def put(self, item: Item) -> None:
        """Append an item and wake the receiving thread; never blocks."""
        self._items.append(item)
        self.wake()

    def wake(self) -> None:
        """Make ``fileno`` readable where the receiving thread waits; else it takes what was added before it waits."""
        if self._waits:
            self._waits = False
            os.eventfd_write(self._eventfd, 1)

    def interrupt(self) -> None:
        """Make ``fileno`` readable in any case, to tell of something that is no item."""
        os.eventfd_write(self._eventfd, 1)

    def rest(self) -> bool:
        """Announce that this thread is about to wait for ``fileno``; True: it is to wait, and then to call ``awake``. False where items are
        there to be taken first."""
        # First announced, then looked: an item that comes in between is seen here, or its sender sees the announcement.
        self._waits = True
        if not self._items:
            return True
        self._waits = False
        return False

    def awake(self) -> None:
        """After the wait: make ``fileno`` unreadable; from here on senders need not wake this thread, which is to ``take`` until None."""
        self._waits = False
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._eventfd)

    def take(self) -> Item | None:
        """The oldest item; None where there is none."""
        try:
            return self._items.popleft()
        except IndexError:
            return None

    def __del__(self) -> None:
        # Not earlier: a late sender must not write to a descriptor that is in use for another file by then.
        os.close(self._eventfd)
