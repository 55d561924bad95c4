"""Writes an archive in a child process, ends it by SIGKILL at any moment, and looks whether the next start finds or makes it whole.

    python -m tests.archive.killing FOLDER POINTS TIMES REBUILDS [BREAK]

``POINTS``: killed before each of so many file operations, one after the other; ``TIMES``: killed from outside at random moments; ``REBUILDS``:
the index is deleted, and the process killed before each of so many file operations from its start on. ``BREAK``: a
fault that is planted in what mends, which has to be noticed.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from inspector.archive import mend
from inspector.archive.entry import Evidence
from inspector.archive.mend import Mended
from inspector.archive.places import INDEX
from inspector.archive.quota import Quota
from inspector.archive.store import Store
from tests.archive.making import add, make_clean, make_facts
from tests.archive.whole import faults, ids

QUOTA = Quota(class_bytes={Evidence.REJECT: 80_000, Evidence.CLEAN: 40_000}, least_free_bytes=0)
"""Room for some entries only, so that most additions delete something."""
BREAKS: dict[str, tuple[str, Callable[..., object]]] = {
    "nothing is adopted": ("_adopt", lambda *_: None),
    "deleted entries come back": ("_was_deleted", lambda *_: False),
    "half-written files stay": ("_remove", lambda *_: None),
}
"""Names in `inspector.archive.mend`, and what replaces them."""
_EVENTS = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.scandir"})


def main(root: Path, points: int, times: int, rebuilds: int) -> int:
    """The number of times that the archive was not whole afterwards."""
    wrong = 0
    mended = Mended()
    draw = random.Random(7)
    with Store(root, QUOTA) as store:  # full from the first turn on
        for frame in range(10**6, 10**6 + 12):
            add(store, make_facts(frame) if frame % 3 else make_clean(frame))
    for turn in range(points + times + rebuilds):
        number = turn - points - times
        before = ids(root)[0] if number >= 0 else set()
        if number >= 0:
            for path in root.glob(f"{INDEX}*"):
                path.unlink()
        point = number if number >= 0 else turn if turn < points else None
        before |= _killed(root, turn, point, draw.uniform(0.0, 0.06), from_the_start=number >= 0)
        with Store(root, QUOTA) as store:
            now = store.mended
        problems = faults(root)
        there, deleted = ids(root)
        problems += [
            f"entry {one} was added, and is neither there nor deleted" for one in before if one not in there | deleted
        ]
        with Store(root, QUOTA) as store:
            if (again := store.mend()).changed:
                problems.append(f"mended twice: {again.in_words()}")
        for problem in problems:
            print(f"turn {turn}: {problem} (mended: {now.in_words() or 'nothing'})", flush=True)
        wrong += bool(problems)
        mended += now
    print(
        f"{points + times + rebuilds} times killed, {wrong} times not whole; {mended.in_words() or 'nothing mended'}",
        flush=True,
    )
    return wrong


def _killed(root: Path, turn: int, point: int | None, after_s: float, *, from_the_start: bool) -> set[int]:
    """Ids of the entries that the child has told to be added."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _write(root, turn, point, writing, from_the_start=from_the_start)
        finally:
            os._exit(1)
    os.close(writing)
    told = b""
    with open(reading, "rb", buffering=0) as pipe:
        pipe.read(1)  # it is about to add
        if point is None:
            select.select([], [], [], after_s)
            os.kill(child, signal.SIGKILL)
        while data := pipe.read(65_536):
            told += data
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"the child ended by itself: {status}"
    return {int(line) for line in told.decode().splitlines() if line}


def _write(root: Path, turn: int, point: int | None, pipe: int, *, from_the_start: bool) -> None:
    count = 0

    def hook(event: str, _: object) -> None:
        nonlocal count
        if event in _EVENTS:
            count += 1
            if point is not None and count > point:
                os.kill(os.getpid(), signal.SIGKILL)

    if from_the_start:
        sys.addaudithook(hook)
    store = Store(root, QUOTA)
    os.write(pipe, b"\n")
    if not from_the_start:
        sys.addaudithook(hook)
    frame = turn * 1000
    while True:
        frame += 1
        id_ = add(store, make_facts(frame) if frame % 3 else make_clean(frame))
        os.write(pipe, f"{id_}\n".encode())


if __name__ == "__main__":
    if len(sys.argv) > 5:
        setattr(mend, *BREAKS[sys.argv[5]])
    sys.exit(min(main(Path(sys.argv[1]), *map(int, sys.argv[2:5])), 1))
