"""Tables and lists: the truth of a run, lists of frames, groups."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engines.data.frame_list import read_frame_list
from engines.data.run_lengths import decode_run_lengths, encode_run_lengths
from engines.errors import DataError, FileError
from engines.files.tables import read_table
from engines.images.suffixes import SUFFIXES
from inspector.capture.replay.listing import read_list
from inspector.errors import UserError
from inspector.report.truth import KaggleTruth
from inspector.report.truth.source import TruthError
from tests.fuzz.target import Target, promised, require
from tests.fuzz.targets import scratch

_CLASSES = ("pitting", "inclusion")


def run_lengths(data: bytes) -> None:
    """Run lengths of a frame of 16 x 32 px: drawn, and written to the same picture."""
    text = data.decode("utf-8", "replace")
    with promised(ValueError):
        drawn = decode_run_lengths(text, 16, 32)
        again = decode_run_lengths(encode_run_lengths(drawn), 16, 32)
        require(np.array_equal(drawn, again), "run lengths that come back as another picture")


def truth(data: bytes) -> None:
    """The truth of a run of two frames."""
    path = scratch.put("truth/train.csv", data)
    with promised(UserError, TruthError):
        known = KaggleTruth(path, _CLASSES, 16, 32)
        require(known.rule.isprintable(), "a rule that steers a terminal")
        known.require_frames(["a.jpg", "b.jpg"])
        for name in ("a.jpg", "b.jpg", ""):
            mask = known.mask("top", 0, name)
            require(
                mask is None or (mask.shape == (16, 32) and int(mask.max()) < 4), "a truth that is no mask of the frame"
            )


def frames(data: bytes) -> None:
    """A list of the frames of a data set."""
    path = scratch.put("frames/frames.csv", data)
    with promised(DataError, FileError):
        found = read_frame_list(path, "tile")
        require(len(found.rows) <= data.count(b"\n") + data.count(b"\r") + 1, "more frames than lines")


def listing(data: bytes) -> None:
    """A list of files to replay, as text and as a table."""
    scratch.put("list/a.png", b"x")
    for name in ("list.txt", "list.csv"):
        path = scratch.put(f"list/{name}", data)
        with promised(UserError, FileError):
            files = read_list(path, SUFFIXES)
            require(len(set(files)) == len(files) > 0, "a file that is listed twice")


def table(data: bytes) -> None:
    """Any CSV."""
    path = scratch.put("table/table.csv", data)
    with promised(FileError):
        read = read_table(path, ("name",))
        for line, record in read:
            require(line >= 1 and set(record) <= set(read.columns), "a cell without a column")


def _seeds(*texts: str) -> Iterator[bytes]:
    return (text.encode() for text in texts)


_TOKENS = (
    b"ImageId", b"ClassId", b"EncodedPixels", b"ImageId_ClassId", b"image", b"name", b"group", b"tile", b"split", b"class", b"label", b"a.jpg",
    b"a.png", b"b.jpg", b",", b";", b"\t", b"\n", b"\r", b"\r\n", b'"', b'""', b"1 5", b"512 1", b"0", b"-1", b"1e3", b"\xd9\xa1", b"\0",
    b"\xef\xbb\xbf", b"=1+1", b"~/x", b"~nobody", b"../a.png", b"\\", b"#", b"a" * 300,
)  # fmt: skip

TARGETS = (
    Target("run_lengths", run_lengths, lambda: _seeds("1 5 33 2", "", "512 1"), _TOKENS, longest=1 << 10),
    Target(
        "truth_table",
        truth,
        lambda: _seeds(
            "ImageId,ClassId,EncodedPixels\na.jpg,1,1 5\nb.jpg,2,9 5 40 2\n",
            "ImageId_ClassId,EncodedPixels\na.jpg_1,1 5\nb.jpg_1,\n",
        ),
        _TOKENS,
        longest=1 << 11,
    ),
    Target(
        "frame_list",
        frames,
        lambda: _seeds("image,label,tile,split\na.png,pitting,3,train\nb.png,,4,\n", "image\na.png\n"),
        _TOKENS,
    ),
    Target(
        "replay_list",
        listing,
        lambda: _seeds(
            "a.png\n# note\nb.png\n", "file_name,w\na.png,1\n", "img_1,x\n", "ImageId_ClassId,w\na.png_1,2\n"
        ),
        _TOKENS,
    ),
    Target("csv", table, lambda: _seeds('name,x\n"a ""b""\nc",2\n', "name\n"), _TOKENS),
)
