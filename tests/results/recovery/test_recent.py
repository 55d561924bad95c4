"""From memory to the disk: a publication is let go of in memory once it is stored, and not before."""

from __future__ import annotations

import threading
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import pytest

from inspector.protocol.recovery import Find, Get
from inspector.results.recovery.archive import Archive
from inspector.results.recovery.finding import find
from inspector.results.recovery.getting import get
from inspector.results.recovery.recent import Recent
from inspector.results.recovery.sources import Sources
from tests.results.publishing import eventually, make_identity
from tests.results.recovery.asking import numbers_in
from tests.results.test_journal import make_journal, publications

T = TypeVar("T")


def ended(steps: Generator[int, None, T]) -> T:
    """What the steps end with."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: T = end.value
            return found


@pytest.mark.parametrize("kind", ["get", "find"])
def test_no_moment_in_which_a_publication_is_in_neither(tmp_path: Path, kind: str) -> None:
    """Memory holds as little as it may, and is asked for the newest numbers again and again while they move to the disk."""
    identity = make_identity()
    journal = make_journal(tmp_path / "j.sqlite", identity, commit_interval_ms=1)
    journal.open()
    recent = Recent(identity.streams, 1, journal.done_through)
    archive = Archive(tmp_path / "j.sqlite")
    sources = Sources(identity, recent, archive, 0)
    made = publications(identity, 3000)

    def publish() -> None:
        for publication in made:
            recent.add(publication, journal.append(publication))
            if publication.seq % 20 == 0:
                eventually(lambda: journal.state().waiting < 60)

    publishing = threading.Thread(target=publish)
    publishing.start()
    try:
        while publishing.is_alive():
            newest = recent.newest("cam1") or 0
            first = max(0, newest - 150)
            if kind == "get":
                got = ended(
                    get(sources, Get(line="line1", camera="cam1", epoch=identity.epoch, first=first, last=newest))
                )
                assert got.absent == ()
                assert numbers_in(got.publications) == list(range(first, newest + 1))
            else:
                frame = max(0, newest - 150)
                sought, after = set[int](), None
                while True:
                    ask = Find(camera="cam1", epoch=identity.epoch, first_frame=frame, after=after)
                    found = ended(find(sources, ask))
                    sought |= set(numbers_in(found.publications))
                    after = found.next
                    if after is None:
                        break
                wanted = {one.seq for one in made[: newest + 1] if one.frame is not None and one.frame >= frame}
                assert wanted <= sought
    finally:
        publishing.join()
        archive.close()
        assert journal.close(5)
    assert len(recent.all()) < 200, "what is stored is let go of"


def test_without_a_journal_the_latest_are_kept() -> None:
    identity = make_identity()
    made = publications(identity, 100)
    recent = Recent(identity.streams, sum(one.size for one in made[-20:]) + 20 * 1000)
    for publication in made:
        recent.add(publication, None)
    assert [held.publication.seq for held in recent.all()] == list(range(80, 100))
    assert recent.next_from("cam1", 0) == 80
    assert recent.next_from("cam1", 100) is None
    assert list(recent.held("cam1", 70, 82)) == [80, 81, 82]
    assert (recent.newest("cam1"), recent.newest("cam9")) == (99, None)


def test_what_the_journal_lets_go_of_is_bounded_and_what_it_holds_is_not() -> None:
    identity = make_identity()
    made = publications(identity, 400)
    stored = 0
    recent = Recent(identity.streams, 10 * 2500, lambda: stored)
    for ticket, publication in enumerate(made[:100], 1):
        recent.add(publication, ticket)
    for publication in made[100:300]:
        recent.add(publication, None)
    kept = [held.publication.seq for held in recent.all()]
    assert kept[:100] == list(range(100)), "they wait for the disk"
    assert kept[100:] == list(range(300 - len(kept[100:]), 300))
    assert 5 < len(kept[100:]) < 30
    stored = 100
    for publication in made[300:]:
        recent.add(publication, None)
    assert len(recent.all()) < 30
