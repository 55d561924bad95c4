"""Reviews entries in a child process beside a line that writes the archive, ends it by SIGKILL at any moment, and looks whether the next
start of the line finds or makes everything whole.

    python -m tests.archive.killing_reviews FOLDER POINTS TIMES [BREAK]

``POINTS``: killed before each of so many file operations, one after the other; ``TIMES``: killed from outside at random moments. By turns the
line then ends well, is killed too, or loses its index. ``BREAK``: a fault that is planted in what mends, which has to be noticed.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from inspector.archive import review_files, review_mend, reviewing, store
from inspector.archive.places import INDEX
from inspector.archive.reader import Archive
from inspector.archive.review import ConflictError, Judgement, Missed, Proposal
from inspector.archive.store import Store
from tests.archive.making import add, add_two_defects, make_facts
from tests.archive.whole import faults

_EVENTS = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.listdir", "sqlite3.connect"})
SCRIPT = (
    (1, Proposal(base=0, says="right")),
    (1, Proposal(base=1, says="corrected", judgements=(Judgement(defect=0, says="false_alarm"),))),
    (2, Proposal(base=0, says="corrected", missed=(Missed(class_name="scale", box_px=(1, 2, 3, 4)),))),
    (1, Proposal(base=2, says="undone")),
    (1, Proposal(base=3, says="false_alarm")),
    (2, Proposal(base=1, says="undone")),
)
"""What is said of which entry, once and again with higher revisions."""
ROUNDS = 3
BREAKS: dict[str, tuple[ModuleType, str, Callable[..., object]]] = {
    "marks are not looked at": (store, "settle_marked", lambda *_: 0),
    "files are not looked at": (review_mend, "settle_all", lambda *_, **__: review_mend.Found()),
    "masks are not made again": (review_files, "_is_as_written", lambda *_: True),
}


def main(root: Path, points: int, times: int, *, until_wrong: bool) -> int:
    """The number of times that the archive was not whole afterwards; ``until_wrong``: the first time is enough."""
    wrong = settled = 0
    draw = random.Random(5)
    for turn in range(points + times):
        folder = root / str(turn)
        with Store(folder) as made:
            add_two_defects(made, 1)
            add(made, make_facts(2))
        said = _killed(folder, turn // 3 * 3 if turn < points else None, draw.uniform(0.0, 0.1), turn % 3)
        if turn % 3 == 2:
            for path in folder.glob(f"{INDEX}*"):
                path.unlink()
        with Store(folder) as again:
            settled += again.mended.reviews
            problems = faults(folder)
            problems += [f"mended twice: {more.in_words()}" for more in [again.mend()] if more.changed]
        with Archive(folder) as archive:
            for id_ in (1, 2):
                if len(archive.reviews(id_)) < said.get(id_, 0):
                    problems.append(f"entry {id_}: revision {said[id_]} was kept, and is not there")
        for problem in problems:
            print(f"turn {turn}: {problem}", flush=True)
        wrong += bool(problems)
        if wrong and until_wrong:
            break
    print(f"{points + times} times killed, {wrong} times not whole; {settled} entries settled", flush=True)
    return wrong


def _killed(root: Path, point: int | None, after_s: float, ending: int) -> dict[int, int]:
    """The last revision of each entry that the child has told to be kept. ``ending``: 0: the line ends well; else it is killed."""
    reading, writing = os.pipe()
    waiting, going = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            os.read(waiting, 1)
            _review(root, point, writing)
        finally:
            os._exit(1)
    os.close(writing)
    line = Store(root)
    os.write(going, b"\n")
    told = b""
    with open(reading, "rb", buffering=0) as pipe:
        if point is None:
            select.select([], [], [], after_s)
            os.kill(child, signal.SIGKILL)
        while data := pipe.read(65_536):
            told += data
    os.waitpid(child, 0)
    for one in (waiting, going):
        os.close(one)
    if ending:
        line._left_over = True
    line.close()
    pairs = (line.split() for line in told.decode().splitlines())
    return {int(id_): int(revision) for id_, revision in pairs}


def _review(root: Path, point: int | None, pipe: int) -> None:
    count = 0

    def hook(event: str, _: object) -> None:
        nonlocal count
        if event in _EVENTS:
            count += 1
            if point is not None and count > point:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    for turn in range(ROUNDS):
        for id_, asked in SCRIPT:
            base = asked.base + turn * (4 if id_ == 1 else 2)
            try:
                kept = reviewing.review(root, id_, Proposal(**_fields(asked) | {"base": base}), author="Ada")
            except ConflictError as error:
                raise AssertionError("nobody else reviews") from error
            os.write(pipe, f"{id_} {kept.revision}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)


def _fields(asked: Proposal) -> dict[str, object]:
    return {name: getattr(asked, name) for name in asked.__struct_fields__}


if __name__ == "__main__":
    if len(sys.argv) > 4:
        module, name, stub = BREAKS[sys.argv[4]]
        setattr(module, name, stub)
        if module is review_mend:
            from inspector.archive import mend

            setattr(mend, name, stub)
    sys.exit(min(main(Path(sys.argv[1]), *map(int, sys.argv[2:4]), until_wrong=len(sys.argv) > 4), 1))
