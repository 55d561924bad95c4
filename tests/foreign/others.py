"""Lists, descriptions, journals and keys: sound ones, damaged at random."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from inspector.config.journal import JournalConfig
from inspector.results.journal import Journal
from tests.results.publishing import make_identity
from tests.results.test_journal import publications

_KAGGLE = "ImageId,ClassId,EncodedPixels\nf0.png,1,1 5 9 2\nf1.png,2,100 3\nf2.png,1,\n"
_FRAMES = "file,mask,classes,status,group,split\nf0.png,masks/f0.png,dark|bright,defective,a,\nf1.png,,,clean,b,train_aug_only\n"
_LIST = "# frames\nf0.png\nf1.png\nsub/f2.png\n"
_SPLIT = "name,group,part,classes\nf0.png,,training,class_1\nf1.png,,validation,class_2\nf2.png,,training,\n"
_DATASET = (
    "name: made\nkind: masks\nclasses: [dark, bright]\nimages: images\nmasks: masks\nmask_style: bitmask\n"
    "missing_mask: clean\nexclude: ['x*']\nsize: [32, 48]\nfit: pad\nroot: .\n"
)
_POINT = "format: 1\nversion: 1\ngate_threshold: 0.5\nmask_thresholds: {dark: 0.5, bright: 0.5}\nminimum_area_px: {dark: 3}\n"
_LINE = (
    "line: l1\nbundle: demo\ncameras:\n- name: top\n  source: {kind: replay, path: frames, rate_hz: 5}\n  scale: {mm_per_px_x: 0.5, "
    "mm_per_px_y: 0.5}\ndeadline_ms: 100\noverload: drop_oldest\nverdicts:\n  rules: [{min_area_px: 10}]\njournal: {path: j.sqlite, keep_days: 3}\n"
)
_KEY = 'metadata\ncurve\n    public-key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"\n'

_RECIPE = (Path(__file__).parents[2] / "configs/training/demo-gate.yaml").read_text(encoding="utf-8")

SOUND = {
    "kaggle.csv": _KAGGLE,
    "frames.csv": _FRAMES,
    "list.txt": _LIST,
    "list.csv": _FRAMES,
    "split.csv": _SPLIT,
    "dataset.yaml": _DATASET,
    "operating_point.yaml": _POINT,
    "line.yaml": _LINE,
    "recipe.yaml": _RECIPE,
    "client.key": _KEY,
}
_TOKENS = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\r", b'"', b"'", b",", b"\\", b"..", b"/", b"~", b"~nobody/", b"x" * 5000, b"9" * 400, b"-1", b"nan",
    b".inf", b"1e300", b"\x1b[2J", b"\xed\xa0\x80", b"&a [*a]", b"!!bool x", b"2026-13-45", b"[" * 300, b"\n\n", b"=1+1", b"$HOME", b"${NONE}",
)  # fmt: skip


def others(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """``count`` files: their names, which begin with their kind, and their bytes."""
    rng = np.random.default_rng(seed)
    journal = _journal()
    kinds = [*SOUND, "journal.sqlite"]
    for number in range(count):
        kind = kinds[rng.integers(len(kinds))]
        data = journal if kind == "journal.sqlite" else SOUND[kind].encode()
        stem, _, suffix = kind.partition(".")
        yield f"{stem}-{number:05d}.{suffix}", _damaged(data, rng)


def _damaged(data: bytes, rng: np.random.Generator) -> bytes:
    way = rng.integers(8)
    at = int(rng.integers(0, len(data) + 1))
    if way == 0:
        return data
    if way == 1:
        return data[:at]
    if way == 2:
        return data[:at] + rng.bytes(int(rng.integers(1, 200))) + data[at:]
    if way == 3:
        length = int(rng.integers(1, 4000))
        return data[:at] + rng.bytes(length) + data[at + length :]
    if way == 4:
        return data.replace(b",", b";").replace(b":", b" ")
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(0, len(data) + 1))
        token = _TOKENS[rng.integers(len(_TOKENS))]
        data = data[:at] + token + data[at + (len(token) if rng.random() < 0.5 else 0) :]
    return data


def _journal() -> bytes:
    """A journal of 300 rows, written by its own writer."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "j.sqlite"
        identity = make_identity()
        journal = Journal(JournalConfig(path=str(place)), identity)
        journal.open()
        for publication in publications(identity, 300):
            journal.append(publication)
        journal.close(10.0)
        with closing(sqlite3.connect(place)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return place.read_bytes()
