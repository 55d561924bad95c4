"""Masks in the journal's rows: compressed and back, and what damage of them leads to."""

from __future__ import annotations

import sqlite3
import tracemalloc
import zlib
from contextlib import closing, suppress
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.protocol.masks import encode
from inspector.results.journal_damage import RowError
from inspector.results.journal_reader import JournalReader, UnreadableError
from inspector.results.journal_rows import LARGEST_BLOB, as_sent, compressed, prepared
from tests.results.publishing import make_identity
from tests.results.test_journal import make_journal, publications

RNG = np.random.default_rng(5)
NOISE = encode(RNG.integers(0, 16, (64, 400)).astype(np.uint8))
RUNS = st.lists(st.tuples(st.integers(1, 400), st.integers(0, 255)), max_size=200).map(
    lambda runs: np.array(runs, dtype="<u4").tobytes()
)


@given(st.one_of(RUNS, st.binary(max_size=2000), st.integers(0, 10**6).map(bytes)))
def test_a_blob_comes_back_as_it_was_sent_and_never_takes_more(blob: bytes) -> None:
    stored, size = compressed(blob)
    assert as_sent(stored or b"", size) == blob
    assert len(stored or b"") <= len(blob)
    assert (size is None) == ((stored or b"") == blob)


def test_a_blob_that_does_not_get_smaller_is_kept_as_it_was_sent() -> None:
    random = RNG.bytes(5000)
    assert compressed(random) == (random, None)
    assert compressed(b"") == (None, None)


def test_a_prepared_row_does_not_keep_the_mask_that_it_compressed() -> None:
    one = msgspec.structs.replace(publications(make_identity(), 2)[1], blob=NOISE)
    row = prepared(one)
    assert row.size == one.size
    assert sum(len(value) for value in row.values if isinstance(value, bytes)) < 0.4 * row.size


@given(st.data())
def test_a_damaged_mask_is_told_and_never_taken_for_another(data: st.DataObject) -> None:
    stored, size = compressed(NOISE)
    assert stored is not None
    at = data.draw(st.integers(0, len(stored) - 1))
    damaged = stored[:at] + data.draw(st.binary(max_size=8)) + stored[at + data.draw(st.integers(0, 8)) :]
    with suppress(RowError):  # not raised where nothing was changed, or only bits that have no meaning
        assert as_sent(damaged, size) == NOISE


@pytest.mark.parametrize(
    "size", [0, -1, 1, len(NOISE) - 1, len(NOISE) + 1, LARGEST_BLOB, 2**62, -(2**63), float(len(NOISE)), "large", b"7"]
)
def test_a_size_that_is_not_the_masks_is_told(size: object) -> None:
    stored, _ = compressed(NOISE)
    with pytest.raises(RowError, match="mask"):
        as_sent(stored or b"", size)


def test_a_size_takes_no_more_memory_than_it_says() -> None:
    bomb = zlib.compress(bytes(30_000_000))
    tracemalloc.start()
    with pytest.raises(RowError, match="is not the 100000 bytes"):
        as_sent(bomb, 100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("blob = substr(blob, 1, 20)", "is damaged (a compressed mask is not the 40 bytes that it should be)"),
        (
            "blob = x'ff010000'",
            "is damaged (a compressed mask: Error -3 while decompressing data: incorrect header check)",
        ),
        ("blob = NULL", "is damaged (the size of a compressed mask cannot be right)"),
        ("blob = 'text'", "is damaged (a row holds values of other types)"),
        ("blob_bytes = 'text'", "is damaged (the size of a compressed mask cannot be right)"),
        ("blob_bytes = 9e18", "is damaged (the size of a compressed mask cannot be right)"),
        ("blob_bytes = 48", "is damaged (a compressed mask is not the 48 bytes that it should be)"),
    ],
)
def test_a_damaged_mask_ends_reading_like_other_damage(tmp_path: Path, change: str, said: str) -> None:
    identity, path = make_identity(), tmp_path / "j.sqlite"
    journal = make_journal(path, identity)
    journal.open()
    for publication in publications(identity, 20):
        journal.append(publication)
    assert journal.close(5)
    with closing(sqlite3.connect(path)) as connection, connection:
        changed = connection.execute(f"UPDATE publications SET {change} WHERE seq = 7 AND blob_bytes IS NOT NULL")
        assert changed.rowcount == 1
    with JournalReader(path) as reader:
        rows = []
        with pytest.raises(UnreadableError) as caught:
            rows.extend(row.seq for row in reader.walk())
        assert caught.value.behind == 7  # ids begin at 1
        assert said in str(caught.value)
        with pytest.raises(UnreadableError):
            reader.rows(identity.epoch, "cam1")
        assert [row.seq for row in reader.rows(identity.epoch, "cam1", 8)] == list(range(8, 20))
