"""How long an archive of a million entries takes to list and filter.

    python -m tests.archive.million [ENTRIES] [FOLDER]

The rows are put straight into the index, without files: it is only the index that is asked. Prints a table; exits with 1 where anything
took a second or longer.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from inspector.archive import files, index
from inspector.archive.entry import Entry, Evidence, Facts
from inspector.archive.index_schema import open_for_writing
from inspector.archive.places import INDEX, image_path, stem_of
from inspector.archive.quota import next_to_delete
from inspector.archive.reader import Archive, Filter
from inspector.frames.outcome import Verdict
from tests.archive.making import make_facts

LIMIT_S = 1.0
_RUNS = 2000
_REVIEWED_EACH = 50
_CLASSES = ("crack", "scale", "scratch", "inclusion", "patch", "pitted", "roll_mark", "hole")


def fill(root: Path, count: int) -> None:
    """An index of so many entries, as a line of four cameras would leave it."""
    draw = random.Random(3)
    connection = open_for_writing(root / INDEX)
    connection.execute("PRAGMA synchronous = OFF")
    verdicts = [Verdict.REJECT, Verdict.SCRAP, Verdict.PASS]
    for first in range(0, count, 20_000):
        with index.transaction(connection):
            for n in range(first, min(first + 20_000, count)):
                rare = n % 100_003 == 0
                facts = make_facts(
                    n,
                    run=f"coil-{n * _RUNS // count}",
                    camera=f"camera-{n % 4}",
                    verdict=verdicts[draw.choices((0, 1, 2), (60, 10, 30))[0]],
                    evidence=Evidence.SCRAP if rare else draw.choice(list(Evidence)[1:]),
                    classes=tuple(draw.sample(_CLASSES[:7], draw.randint(0, 2))) + (_CLASSES[7:] if rare else ()),
                    gate_score=draw.random(),
                    worth=draw.random(),
                )
                index.insert(connection, _entry(facts, n + 1))
                if n % _REVIEWED_EACH == 0:
                    connection.execute("INSERT INTO reviewed VALUES (?, ?)", (n + 1, n % 3 == 0))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _entry(facts: Facts, id_: int) -> Entry:
    stem = stem_of(facts.run, facts.camera, facts.frame, facts.epoch, facts.captured_unix_ns)
    return Entry(
        **{name: getattr(facts, name) for name in Facts.__struct_fields__},
        id=id_,
        added_unix_ns=facts.captured_unix_ns,
        bytes=40_960,
        image=files.kept(image_path(stem, facts.format), b""),
        mask=None,
        thumbnail=None,
    )


def questions(count: int) -> dict[str, Filter]:
    """What is asked, by what it is called."""
    t0 = make_facts(0).captured_unix_ns
    return {
        "all": Filter(),
        "a run": Filter(run="coil-1000"),
        "a class": Filter(class_name="scratch"),
        "a rare class": Filter(class_name="hole"),
        "a verdict": Filter(verdict=Verdict.SCRAP),
        "a camera": Filter(camera="camera-3"),
        "a class of evidence": Filter(evidence=Evidence.UNCERTAIN),
        "a rare class of evidence": Filter(evidence=Evidence.SCRAP),
        "a time": Filter(since_unix_ns=t0 + 1000 * 10**8, until_unix_ns=t0 + 2000 * 10**8),
        "a score": Filter(least_score=0.999999),
        "run, class, verdict, camera": Filter(
            run="coil-3", class_name="crack", verdict=Verdict.SCRAP, camera="camera-1"
        ),
        "class, verdict, camera, evidence, time": Filter(
            class_name="crack", verdict=Verdict.PASS, camera="camera-1", evidence=Evidence.SCRAP,
            until_unix_ns=t0 + count // 2 * 10**8,
        ),
        "nothing": Filter(camera="no-such-camera"),
        "protected": Filter(protected=True),
        "reviewed": Filter(reviewed=True),
        "dismissed": Filter(dismissed=True),
        "to be reviewed, of a class of evidence": Filter(evidence=Evidence.UNCERTAIN, reviewed=False, lost=False),
        "to be reviewed, of a rare one": Filter(evidence=Evidence.SCRAP, reviewed=False, lost=False),
    }  # fmt: skip


def timed(call: Callable[[], object]) -> tuple[float, object]:
    """Seconds, and the answer."""
    began = time.perf_counter()
    answer = call()
    return time.perf_counter() - began, answer


def main(count: int, root: Path) -> int:
    """Ask everything; 1 where an answer took too long."""
    if not (root / INDEX).exists():
        took, _ = timed(lambda: fill(root, count))
        print(f"{count} entries filled in {took:.0f} s, {(root / INDEX).stat().st_size >> 20} MiB")
    worst = 0.0
    with Archive(root) as archive:
        for what, wanted in questions(count).items():
            first_s, page = timed(lambda wanted=wanted: archive.list(wanted, limit=100))  # type: ignore[misc]
            assert isinstance(page, list)
            deep_s, _ = timed(lambda wanted=wanted: archive.list(wanted, limit=100, cursor=count // 2))  # type: ignore[misc]
            count_s, found = timed(lambda wanted=wanted: archive.count(wanted))  # type: ignore[misc]
            worst = max(worst, first_s, deep_s, count_s)
            print(
                f"{what:40} first page {first_s * 1e3:7.1f} ms ({len(page)}), from the middle {deep_s * 1e3:7.1f} ms, count {count_s * 1e3:7.1f} ms ({found})"
            )
        sums_s, _ = timed(archive.totals)
        waiting_s, _ = timed(archive.to_review)
    connection = open_for_writing(root / INDEX)
    delete_s, _ = timed(lambda: list(next_to_delete(connection, Evidence.UNCERTAIN)))
    connection.close()
    worst = max(worst, sums_s, delete_s, waiting_s)
    print(f"to be reviewed, of each class {waiting_s * 1e3:.1f} ms")
    print(f"sums {sums_s * 1e3:.1f} ms, what goes next {delete_s * 1e3:.1f} ms; slowest {worst * 1e3:.0f} ms")
    return int(worst >= LIMIT_S)


if __name__ == "__main__":
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    if len(sys.argv) > 2:
        sys.exit(main(entries, Path(sys.argv[2])))
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(main(entries, Path(folder)))
