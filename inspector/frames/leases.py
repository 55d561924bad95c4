"""Who holds which slot of the ring. A slot is free when its last lease is released.

A frame's slot is leased to the stage that needs its pixels: acquisition while it writes them, then inference, then judging, each of
which passes its lease on. Others that need the pixels (archive, recorder, shadow bundle) are observers and take leases of their own, which
they may keep after the verdict. Observers have extra slots, so that the slowest of them cannot take one from a
camera: a slot that only observers hold does not count as one of the ``slots`` for cameras.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, eq=False, slots=True)
class Holder:
    """Holds slots: a stage of a frame's path, a child process, an observer. Compared by identity."""

    name: str
    observer: bool = False
    """True: its leases count against ``observer_slots``."""


class Lease:
    """The right of one holder to the pixels of one slot, until it is passed on or released, each once only."""

    __slots__ = ("_leases", "holder", "slot")

    def __init__(self, leases: SlotLeases, slot: int, holder: Holder) -> None:
        self._leases = leases
        self.slot = slot
        self.holder: Holder | None = holder
        """None after the lease was released or taken back."""

    def pass_on(self, taker: Holder) -> None:
        """Make ``taker`` the holder. From the first call on the slot's pixels are read-only, until it is free again.

        Raises ValueError for a lease that was released, and between an observer and a holder that is not one."""
        self._leases.pass_on((self,), taker)

    def share(self, observer: Holder) -> Lease | None:
        """A further lease of the slot, for an observer; None where observers already hold ``observer_slots`` slots.

        Raises ValueError for a lease that was released, and while the slot is still written to."""
        return self._leases.share(self, observer)

    def release(self) -> None:
        """End the lease. Raises ValueError for a lease that was released."""
        self._leases.release(self)


def release_each(leases: Sequence[Lease]) -> None:
    """End leases of one ring; see ``SlotLeases.release_each``."""
    if leases:
        leases[0]._leases.release_each(leases)


def pass_on_each(leases: Sequence[Lease], taker: Holder) -> None:
    """Pass leases of one ring on; see ``Lease.pass_on``."""
    if leases:
        leases[0]._leases.pass_on(leases, taker)


class SlotLeases:
    """The leases of all slots. Thread-safe.

    ``slots`` is how many slots cameras, inference and judging may hold at a time, ``observer_slots`` how many more observers may.
    """

    def __init__(self, slots: int, observer_slots: int = 0) -> None:
        self.slots = slots
        self.observer_slots = observer_slots
        self.total = slots + observer_slots
        """All slots: the number of planes the memory needs."""
        self._free = list(range(self.total))
        self._leases: list[list[Lease]] = [[] for _ in range(self.total)]
        self._writing: set[int] = set()
        self._on_road = 0
        """Slots held by a holder that is not an observer."""
        self._observed = 0
        """Slots held by an observer, also where another holder has them too."""
        self._lock = threading.Lock()
        self._released = threading.Condition(self._lock)
        self._waiting = 0
        """Number of cameras that wait for a slot; without any, a release needs no notification."""

    def acquire(self, writer: Holder, timeout_s: float = 0.0) -> Lease | None:
        """Lease a free slot to ``writer``, which writes a frame into it and passes the lease on; None where none is free within ``timeout_s``."""
        with self._lock:
            if self._on_road >= self.slots and not (timeout_s and self._wait(timeout_s)):
                return None
            return self._take(writer)

    def exchange(self, lease: Lease, writer: Holder) -> Lease:
        """Release ``lease`` and acquire a free slot in one step, so that no other thread can take the slot in between."""
        with self._lock:
            self._let_go(lease)
            return self._take(writer)

    def pass_on(self, leases: Sequence[Lease], taker: Holder) -> None:
        """Make ``taker`` the holder of ``leases``; see ``Lease.pass_on``."""
        with self._lock:
            for lease in leases:
                giver = self._holder(lease)
                if giver.observer is not taker.observer:
                    raise ValueError(f"{giver.name} cannot pass a lease on to {taker.name}: one of them is an observer")
                self._writing.discard(lease.slot)
                lease.holder = taker

    def share(self, lease: Lease, observer: Holder) -> Lease | None:
        """See ``Lease.share``."""
        if not observer.observer:
            raise ValueError(
                f"{observer.name} is no observer: only observers share a slot; other holders pass leases on"
            )
        with self._lock:
            self._holder(lease)
            slot = lease.slot
            if slot in self._writing:
                raise ValueError(f"slot {slot} is being written to")
            if not self._is_observed(slot):
                if self._observed >= self.observer_slots:
                    return None
                self._observed += 1
            shared = Lease(self, slot, observer)
            self._leases[slot].append(shared)
            return shared

    def release(self, lease: Lease) -> None:
        """See ``Lease.release``."""
        with self._lock:
            self._let_go(lease)
            if self._waiting:
                self._released.notify()

    def release_each(self, leases: Sequence[Lease]) -> None:
        """Release ``leases``, with the lock taken once. Raises ValueError, after the others were released, where one was already."""
        failure: ValueError | None = None
        with self._lock:
            for lease in leases:
                try:
                    self._let_go(lease)
                except ValueError as error:
                    failure = failure or error
            if self._waiting:
                self._released.notify(len(leases))
        if failure is not None:
            raise failure

    def take_back(self, holder: Holder) -> int:
        """Release all leases of ``holder``, a dead or stopped process; return how many there were."""
        with self._lock:
            left = [lease for leases in self._leases for lease in leases if lease.holder is holder]
            for lease in left:
                self._let_go(lease)
            self._released.notify_all()
        return len(left)

    def held_by(self, holder: Holder) -> int:
        """Number of leases of ``holder``."""
        with self._lock:
            return sum(lease.holder is holder for leases in self._leases for lease in leases)

    @property
    def free(self) -> int:
        """Number of slots that cameras could acquire now."""
        with self._lock:
            return self.slots - self._on_road

    @property
    def observed(self) -> int:
        """Number of slots that observers hold."""
        with self._lock:
            return self._observed

    # What follows runs under the lock.

    def _wait(self, timeout_s: float) -> bool:
        self._waiting += 1
        try:
            return self._released.wait_for(lambda: self._on_road < self.slots, timeout_s)
        finally:
            self._waiting -= 1

    def _take(self, writer: Holder) -> Lease:
        # One is free: at most ``slots`` - 1 are held by others than observers, and at most ``observer_slots`` by observers.
        slot = self._free.pop()
        lease = Lease(self, slot, writer)
        self._leases[slot].append(lease)
        self._writing.add(slot)
        self._on_road += 1
        return lease

    def _let_go(self, lease: Lease) -> None:
        holder = self._holder(lease)
        leases, slot = self._leases[lease.slot], lease.slot
        leases.remove(lease)
        lease.holder = None
        self._writing.discard(slot)
        if not holder.observer:
            self._on_road -= 1
        elif not self._is_observed(slot):
            self._observed -= 1
        if not leases:
            self._free.append(slot)

    @staticmethod
    def _holder(lease: Lease) -> Holder:
        if lease.holder is None:
            raise ValueError(f"the lease of slot {lease.slot} was released already")
        return lease.holder

    def _is_observed(self, slot: int) -> bool:
        return any(lease.holder is not None and lease.holder.observer for lease in self._leases[slot])
