"""A line whose journal's disk refuses for a while: ``python -m tests.results.recovery.refusing locked|full FOLDER``.

A process of its own, because a full disk is made by a limit of the process.
"""

from __future__ import annotations

import resource
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from inspector.config.recovery import RecoveryConfig
from inspector.line.status import LineStatus
from inspector.protocol.messages import LineState
from inspector.results.results import Results
from tests.results.publishing import Ear, eventually, make_identity, make_results, make_settled
from tests.results.recovery.asking import Asker, address_of, numbers


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program holds the file."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


@contextmanager
def full(path: Path) -> Iterator[None]:
    """No file may grow any more."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


WAYS: dict[str, tuple[Callable[[Path], AbstractContextManager[None]], str]] = {
    "locked": (locked, "locked"),
    "full": (full, "disk"),
}
"""With a word of what SQLite says."""


def main(way: str, folder: Path) -> None:
    path, identity = folder / "j.sqlite", make_identity()
    results = make_results(
        identity, path, results={"recovery": RecoveryConfig(memory_mib=1)},
        journal_changed=lambda well, *told: (status.well if well else status.trouble)("journal", *told),
        busy_timeout_ms=10, retry_ms=20, commit_interval_ms=1, max_waiting=60,
    )  # fmt: skip
    status = LineStatus(results.status)
    results.start()
    status.enter(LineState.RUNNING, "running", "")
    durable: dict[int, bool] = {}
    with Ear(results.endpoint, "v1/line1/cam1/") as ear, Asker(address_of(results), identity) as asker:
        ear.packet()

        def publish(count: int) -> None:
            until = results.snapshot().last_seq["cam1"] + count
            for frame in range(count):
                results.settled(make_settled(frame))
            while max(durable, default=-1) < until:
                header = ear.packet().header
                if header.seq is not None:
                    durable[header.seq] = header.durable

        publish(20)
        eventually(lambda: journal(results)[0] == 0)
        assert all(durable.values())

        refuse, said = WAYS[way]
        with refuse(path):
            while not (journal(results)[1] and said in results.snapshot().journal.error):  # type: ignore[union-attr]
                publish(10)
            publish(700)
            assert not durable[max(durable)], "what may be lost says so"
            eventually(lambda: status.state is LineState.DEGRADED)
            newest = max(durable)
            seen, gone = everything(asker, newest)
            assert {*seen, *gone} >= set(range(newest + 1))
            assert seen.isdisjoint(gone)
            assert gone, "1 MiB does not hold all of them"
            assert not any(durable[seq] for seq in gone if seq in durable), (
                "all that is lost was published as not durable"
            )
            assert set(range(20)) <= seen, "what was stored before is read from the disk"
        eventually(lambda: status.state is LineState.RUNNING)
        eventually(lambda: journal(results)[0] == 0)
        for _ in range(20):
            publish(40)
            eventually(lambda: journal(results)[0] == 0)
        assert durable[max(durable)]
        seen, gone_then = everything(asker, max(durable))
        assert {*seen, *gone_then} >= set(range(max(durable) + 1))
        assert gone <= gone_then, "gone for good"
        assert len(gone_then) == journal(results)[1]
        assert not any(durable.get(seq) for seq in gone_then)
    assert results.close()
    print(len(seen), len(gone_then))


def journal(results: Results) -> tuple[int, int]:
    """Publications that wait, and that were let go."""
    state = results.snapshot().journal
    assert state is not None
    return state.waiting, state.not_journaled


def everything(asker: Asker, newest: int) -> tuple[set[int], set[int]]:
    """The numbers that can be had and those that are gone, up to ``newest``."""
    seen: set[int] = set()
    gone: set[int] = set()
    at: int | None = 0
    while at is not None:
        answer = asker.get(at, newest)
        seen |= set(numbers(answer))
        gone |= {seq for first, last in answer.reply.absent for seq in range(first, last + 1)}
        at = answer.reply.next  # type: ignore[assignment]
    return seen, gone


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
