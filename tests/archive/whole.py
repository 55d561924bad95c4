"""Whether an archive is whole: every file has its row, every row its files, and the sums are right."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from engines.errors import FileError
from inspector.archive import review_files
from inspector.archive.entry import Evidence
from inspector.archive.index import Total
from inspector.archive.places import FOLDERS, INDEX, REVIEWS, entry_path, review_path
from inspector.archive.reader import Archive, Filter


def faults(root: Path) -> list[str]:
    """What is wrong with the archive, a line each; none where it is whole."""
    with Archive(root) as archive:
        entries = archive.list(limit=1_000_000)
        sums = archive.totals()
        expected = {entry_path(Path(one.image.path).parent.name + "/" + Path(one.image.path).stem) for one in entries}
        found = []
        for one in entries:
            files = [file for file in (one.image, one.mask, one.thumbnail) if file is not None]
            expected |= {file.path for file in files}
            if one.lost:
                found.append(f"entry {one.id} is lost")
                continue
            archive.pixels(one)
            stem = Path(one.image.path).parent.name + "/" + Path(one.image.path).stem
            history = archive.reviews(one.id)
            review = archive.review_of(one.id)
            if history:
                expected.add(review_path(stem))
                if history != review_files.read(root, stem):
                    found.append(f"entry {one.id}: its reviews are not those of its file")
            if review is not None and review.truth is not None:
                files.append(review.truth.mask)
                expected.add(review.truth.mask.path)
                if not one.protected:
                    found.append(f"entry {one.id} is reviewed, and not protected")
            for file in files:
                try:
                    archive.data(file)
                except FileError as error:
                    found.append(f"entry {one.id}: {error}")
    there = {
        path.relative_to(root).as_posix()
        for name in (*FOLDERS, REVIEWS)
        for path in (root / name).rglob("*")
        if path.is_file()
    }
    found += [f"{path}: has no row" for path in sorted(there - expected)]
    found += [f"{path}: is not there" for path in sorted(expected - there)]
    for evidence in Evidence:
        of_it = [one for one in entries if one.evidence is evidence]
        counted = Total(
            entries=len(of_it),
            bytes=sum(one.bytes for one in of_it),
            protected_bytes=sum(one.bytes for one in of_it if one.protected),
        )
        if counted != sums[evidence]:
            found.append(f"{evidence.value}: sums are {sums[evidence]}, but counted are {counted}")
    return found + _of_tables(root)


def _of_tables(root: Path) -> list[str]:
    """What is wrong between the tables of the index."""
    questions = {
        "rows without content": "SELECT count(*) FROM entries LEFT JOIN contents USING (id) WHERE contents.id IS NULL",
        "content without a row": "SELECT count(*) FROM contents LEFT JOIN entries USING (id) WHERE entries.id IS NULL",
        "classes without a row": "SELECT count(*) FROM classes LEFT JOIN entries USING (id) WHERE entries.id IS NULL",
        "entries that are deleted, too": "SELECT count(*) FROM entries JOIN deletions USING (id)",
        "reviews without a row": "SELECT count(*) FROM reviews LEFT JOIN entries USING (id) WHERE entries.id IS NULL",
        "reviewed entries without a row": "SELECT count(*) FROM reviewed LEFT JOIN entries USING (id) WHERE entries.id IS NULL",
        "deleted entries that came back": "SELECT count(*) FROM contents JOIN deletions USING (stem)",
    }
    connection = sqlite3.connect(root / INDEX)
    counts = {what: connection.execute(query).fetchone()[0] for what, query in questions.items()}
    connection.close()
    return [f"{count} {what}" for what, count in counts.items() if count]


def ids(root: Path) -> tuple[set[int], set[int]]:
    """Ids of the entries, and of those that were deleted."""
    with Archive(root) as archive:
        there = {one.id for one in archive.list(Filter(), limit=1_000_000)}
        return there, {one.id for one in archive.deletions(limit=1_000_000)}
