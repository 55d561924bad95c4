"""Whether an archive is whole, for a person who asks."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from engines.errors import FileError
from inspector.archive.index_schema import open_for_reading, why_unusable
from inspector.archive.mend import Mended
from inspector.archive.mend import mend as look_through
from inspector.archive.places import INDEX
from inspector.archive.quota import Quota
from inspector.archive.reader import Archive
from inspector.archive.store import Store
from inspector.errors import UserError
from inspector.results.journal_damage import SQLITE_ERRORS

_MOST_TOLD = 100
_PAGE = 500


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The result."""

    entries: int
    found: Mended
    mended: bool
    """Whether what was found is mended now."""
    damaged: tuple[str, ...]
    """Files that are not as they were written, a line each, the first ones of many."""
    lost: int
    """Entries whose files are not there, in all."""

    @property
    def well(self) -> bool:
        """Whether nothing is wrong now."""
        return not (self.damaged or self.lost) and (self.mended or not self.found.changed)

    def in_words(self) -> str:
        """One line."""
        told = [self.found.in_words()] if self.found.in_words() else []
        if self.found.changed:
            told.append("mended" if self.mended else "not mended (--mend mends)")
        told += [f"{self.lost} lost in all"] if self.lost else []
        told += [f"{len(self.damaged)} files damaged"] if self.damaged else []
        return "; ".join(told) or "all is well"


def check(root: Path, *, mend: bool, thorough: bool) -> Checked:
    """Compare rows and files. ``mend``: mend what is found, which needs to be the only writer; ``thorough``: read every file.

    Raises UserError and FileError."""
    if mend:
        if not root.is_dir():
            raise UserError(f"archive {root}: there is no such folder; name the one that `archive.path` names")
        with Store(root, Quota(least_free_bytes=0)) as store:
            opened, more = store.mended, store.mend()
            found = msgspec.structs.replace(opened + more, unknown=more.unknown)
    else:
        found = _look(root)
    with Archive(root) as archive:
        sums = archive.totals()
        damaged = _damaged(archive) if thorough else []
    return Checked(
        entries=sum(one.entries for one in sums.values()),
        found=found,
        mended=mend,
        damaged=tuple(damaged[:_MOST_TOLD]),
        lost=sum(one.lost for one in sums.values()),
    )


def _look(root: Path) -> Mended:
    with contextlib.closing(open_for_reading(root / INDEX)) as connection:
        try:
            return look_through(root, connection, only_look=True)
        except SQLITE_ERRORS as error:
            raise UserError(f"archive {root / INDEX}: {why_unusable(error)}") from None


def _damaged(archive: Archive) -> list[str]:
    """Files that are not as they were written."""
    found: list[str] = []
    cursor = None
    while page := archive.list(cursor=cursor, limit=_PAGE, oldest_first=True):
        cursor = page[-1].id
        for entry in page:
            review = archive.review_of(entry.id)
            reviewed = None if review is None or review.truth is None else review.truth.mask
            for file in (entry.image, entry.mask, entry.thumbnail, reviewed):
                if file is None or entry.lost:
                    continue
                try:
                    archive.data(file)
                except FileError as error:
                    found.append(f"entry {entry.id}: {error}")
    return found
