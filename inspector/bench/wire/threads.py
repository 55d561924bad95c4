"""CPU time and context switches of threads, from Linux's ``/proc``."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import NamedTuple

THREADS = ("camera", "supervisor", "verdicts", "publisher", "journal", "deadlines")
"""What the names of the line's threads begin with."""
REST = "rest"
"""All other threads, those of libraries too."""


class Spent(NamedTuple):
    """What threads have used since they began."""

    cpu_ns: int
    switches: int
    """Voluntary context switches: how often a thread waited for something."""

    def since(self, before: Spent) -> Spent:
        """What was used after ``before``."""
        return Spent(self.cpu_ns - before.cpu_ns, self.switches - before.switches)

    def plus(self, other: Spent) -> Spent:
        """Both together."""
        return Spent(self.cpu_ns + other.cpu_ns, self.switches + other.switches)


NOTHING = Spent(0, 0)


def spent_here() -> dict[str, Spent]:
    """Of this process, by ``THREADS`` and ``REST``."""
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    found = dict.fromkeys((*THREADS, REST), NOTHING)
    for number, spent in _tasks(os.getpid()).items():
        name = names.get(number, REST)
        group = next((one for one in THREADS if name.startswith(one)), REST)
        found[group] = found[group].plus(spent)
    return found


def spent_by(pid: int | None) -> Spent:
    """Of another process, all threads together; nothing where it is gone."""
    total = NOTHING
    for spent in _tasks(pid).values() if pid else ():
        total = total.plus(spent)
    return total


def _tasks(pid: int) -> dict[int, Spent]:
    """By the system's number of the thread."""
    found = {}
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return {}
    for task in tasks:
        try:
            found[int(task.name)] = Spent(_cpu_ns(task), _switches(task))
        except OSError:  # it has ended meanwhile
            continue
    return found


def _cpu_ns(task: Path) -> int:
    try:
        return int((task / "schedstat").read_text().split()[0])
    except OSError:  # a kernel without these figures; the others are in ticks, mostly of 10 ms
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def _switches(task: Path) -> int:
    for line in (task / "status").read_text().splitlines():
        if line.startswith("voluntary_ctxt_switches"):
            return int(line.split()[1])
    return 0
