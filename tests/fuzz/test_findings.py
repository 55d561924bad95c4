"""What fuzzing has found: the input of each fault, which the decoder now answers as it promises."""

from __future__ import annotations

import sqlite3
import struct
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from engines.data.frame_list import read_frame_list
from engines.errors import BadFrameError, DamagedPlanError, DataError, FileError
from engines.files.looking import expanded
from engines.images.decoder import Decoder
from engines.tensorrt.cache import PlanCache
from inspector.control.remembered import Key, Remembered
from inspector.errors import UserError
from inspector.protocol.codec import LONGEST_REASON, MalformedError, decode, decode_header
from inspector.protocol.control_messages import MalformedRequest
from inspector.protocol.control_messages import decode_request as decode_command
from inspector.protocol.recovery import decode_request as decode_recovery
from inspector.protocol.values import LARGEST
from inspector.recording.manifest import MANIFEST, read_manifest
from inspector.recording.records import Phase, RecordLines
from inspector.results.journal_reader import JournalReader, UnreadableError
from tests.client.reception.world import Line, World, heartbeat, published
from tests.fuzz.target import require_readable
from tests.fuzz.targets.wire import messages
from tests.results.publishing import make_identity, make_results
from tests.results.recording import make_command
from tests.results.recovery.asking import Asker, address_of
from tests.results.test_journal import make_journal, publications

_PAGE, _INNER_PAGE = 512, 5
"""Of an SQLite file, where inner pages of tables begin with a 5 (https://www.sqlite.org/fileformat.html)."""


@pytest.mark.parametrize(
    ("decoder", "data"),
    [
        (decode_command, rb'{"\n":0}'),
        (decode_command, b'{")d\x7f":[]}'),
        (decode_recovery, rb'{"\u001b[2J":0}'),
        (decode_header, b'{"protocol":1,"type":"' + b"a" * 100_000 + b'"}'),
    ],
)
def test_errors_of_what_came_in_are_one_short_printable_line(decoder: Callable[[bytes], object], data: bytes) -> None:
    with pytest.raises((MalformedError, MalformedRequest)) as told:
        decoder(data)
    require_readable(str(told.value))
    assert len(str(told.value)) < LONGEST_REASON + 50


def test_an_error_quotes_no_megabytes_of_a_body() -> None:
    parts = messages()[1].parts()
    parts[2] = parts[2].replace(b'"REJECT"', b'"' + b"a" * 1_000_000 + b'"')
    with pytest.raises(MalformedError) as told:
        decode(parts)
    assert len(str(told.value)) < LONGEST_REASON + 50


def _png(*chunks: tuple[bytes, bytes]) -> bytes:
    header = b"IHDR", struct.pack(">IIBBBBB", 12, 8, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in (header, *chunks)
    )


@pytest.mark.parametrize("chunks", [(), ((b"gAMA", b"\0\0\xb1\x8f"),), ((b"zzZz", b"\x1d" * 68),)])
def test_a_png_without_pixels_is_not_decoded(chunks: tuple[tuple[bytes, bytes], ...], tmp_path: Path) -> None:
    """OpenCV 5.0 took 2 to 4 GiB and seconds for its 45 bytes."""
    file = tmp_path / "a.png"
    file.write_bytes(_png(*chunks, (b"IEND", b"")))
    with pytest.raises(BadFrameError, match="holds no pixels"):
        Decoder(8, 12).decode(file)


def test_a_list_of_frames_whose_columns_steer_a_terminal(tmp_path: Path) -> None:
    file = tmp_path / "frames.csv"
    file.write_text("image,\x1b[2J\na.png,1\n", encoding="utf-8")
    with pytest.raises(DataError) as told:
        read_frame_list(file, "tile")
    require_readable(str(told.value))
    file.write_text("image\n\x1b[2J\n\x1b[2J\n", encoding="utf-8")
    with pytest.raises(DataError, match="is already in row 2") as told:
        read_frame_list(file)
    require_readable(str(told.value))


def test_an_answer_in_the_journal_that_is_nested_without_end_does_not_keep_the_line_from_starting() -> None:
    answer = b'{"code":"done","result":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}"
    command = make_command(answer=answer)
    assert Remembered([command]).find(Key(command.public_key, command.request_id)) is None


def test_a_home_of_nobody() -> None:
    with pytest.raises(FileError) as told:
        expanded("~#\x00x", "a.txt")
    require_readable(str(told.value))


def test_text_that_is_no_utf_8_where_json_is_expected(tmp_path: Path) -> None:
    """msgspec tells of it by UnicodeDecodeError, which is no DecodeError."""
    for name, data in ((MANIFEST, b'{"line":"\xff"}'), ("plan.json", b'{"digest":"\xff"}')):
        (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match="is damaged, or of another version"):
        read_manifest(tmp_path)
    with pytest.raises(DamagedPlanError, match="is no metadata of a plan"):
        PlanCache(tmp_path).entry(tmp_path / "plan.plan")
    line = b'{"kind":"phase","phase":1,"run":"\xff"}'
    (tmp_path / "phases.jsonl").write_bytes(b"%08x %s\n" % (zlib.crc32(line), line))
    lines: RecordLines[Phase] = RecordLines(tmp_path / "phases.jsonl", Phase)
    assert list(lines) == []
    assert lines.damaged == 1


@pytest.mark.parametrize("rows", [8, 600, 3000])
def test_a_journal_whose_pages_lead_in_a_circle_is_not_read_for_ever(tmp_path: Path, rows: int) -> None:
    """The largest row numbers below some pages, of which one byte was enough. The reader went on behind the last row of a page, and found the same rows again."""
    path, identity = tmp_path / "j.sqlite", make_identity()
    journal = make_journal(path, identity)
    journal.open()
    for publication in publications(identity, rows):
        journal.append(publication)
    assert journal.close(5)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute(f"PRAGMA page_size = {_PAGE}")
        connection.execute("VACUUM")
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'publications'").fetchone()
    data = bytearray(path.read_bytes())
    page = (root - 1) * _PAGE
    assert data[page] == _INNER_PAGE
    for place in range(page + 12, page + 12 + 2 * data[page + 4], 2):
        data[page + int.from_bytes(data[place : place + 2], "big") + 4] = 91
    path.write_bytes(data)
    read: list[int] = []
    with JournalReader(path) as reader:
        try:
            for row in reader.walk():
                read.append(row.seq)
        except UnreadableError:
            assert rows > 500, "what fits into one page of the reader is found all the same"
        else:
            assert read == list(range(rows))


def test_a_stream_whose_last_number_is_the_largest_that_there_is() -> None:
    """A heartbeat says so, and a new epoch begins: what follows that number was asked for, which no request can."""
    world = World(Line({"a": 1, "b": 1}))
    world.hear(heartbeat("a", LARGEST), published("b", 1)[0], heartbeat("b", 0))
    world.finish()
    assert world.given("b") == [0]


def test_a_refusal_of_the_recovery_socket_is_printable(tmp_path: Path) -> None:
    results = make_results(make_identity(), results={"endpoint": f"ipc://{tmp_path}/s"})
    results.start()
    with Asker(address_of(results)) as asker:
        told = asker.ask(request="get", line="line1", camera="cam1", epoch="\x1b[2J", **{"from": 0, "to": 1}).reply.text
    assert results.close()
    require_readable(told)
