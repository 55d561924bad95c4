"""The publisher's mailbox: nothing is lost, and a receiver that is at work is not woken."""

from __future__ import annotations

import select
import sys
import threading

from inspector.results.mailbox import Mailbox


def readable(mailbox: Mailbox[int]) -> bool:
    return bool(select.select([mailbox.fileno()], [], [], 0)[0])


def test_only_a_receiver_that_waits_is_woken() -> None:
    mailbox: Mailbox[int] = Mailbox()
    mailbox.put(1)
    assert not readable(mailbox), "it is at work and looks before it waits"
    assert not mailbox.rest()
    assert [mailbox.take(), mailbox.take()] == [1, None]
    assert mailbox.rest()
    mailbox.add(2)
    mailbox.add(3)
    assert not readable(mailbox), "the sender wakes it when it has added all"
    mailbox.wake()
    assert readable(mailbox)
    mailbox.awake()
    assert not readable(mailbox)
    assert [mailbox.take(), mailbox.take()] == [2, 3]


def test_an_interruption_ends_the_wait_that_follows() -> None:
    mailbox: Mailbox[int] = Mailbox()
    mailbox.interrupt()
    assert mailbox.rest()
    assert readable(mailbox)
    mailbox.awake()
    assert not readable(mailbox)


def test_no_wake_is_lost_between_threads() -> None:
    """A lost one would leave the receiver in ``select``, until its time is over."""
    mailbox: Mailbox[int] = Mailbox()
    senders, each = 3, 2000
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)

    def send(number: int) -> None:
        for n in range(each):
            mailbox.add(number * each + n)
            mailbox.wake()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(senders)]
    got: list[int] = []
    try:
        for thread in threads:
            thread.start()
        while len(got) < senders * each:
            if mailbox.rest():
                assert select.select([mailbox.fileno()], [], [], 10)[0], f"asleep beside {len(mailbox)} items"
                mailbox.awake()
            while (item := mailbox.take()) is not None:
                got.append(item)
    finally:
        sys.setswitchinterval(before)
    for thread in threads:
        thread.join(10)
    assert sorted(got) == list(range(senders * each))
    for number in range(senders):
        assert [item for item in got if item // each == number] == list(range(number * each, (number + 1) * each))
