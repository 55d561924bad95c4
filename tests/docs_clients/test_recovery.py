"""The subscribers of ``docs/clients`` against a publisher of our own, through holes: they print what the journal holds, row by row."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import msgspec

from inspector.config.recovery import RecoveryConfig
from inspector.results.journal_reader import JournalReader
from inspector.results.results import Results
from tests.docs_clients.client import Client
from tests.keys import make_keys
from tests.results.publishing import (
    LOST,
    PASSED,
    REJECTED,
    RUN,
    START,
    eventually,
    make_identity,
    make_results,
    make_settled,
)

FRAMES = 20


def publish(results: Results, frames: range, camera: str = "cam1") -> None:
    """A verdict for each frame: passed, rejected with a mask, or lost."""
    for frame in frames:
        results.settled(make_settled(frame, (PASSED, REJECTED, LOST)[frame % 3], camera))


def drain(results: Results, frames: int, camera: str = "cam1") -> None:
    """Wait until the verdicts of ``frames`` frames are published."""
    eventually(lambda: results.snapshot().resolved_through[camera] == frames - 1)


def journal_rows(journal: Path) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """What a subscriber is to print, by epoch and camera."""
    found = {}
    with JournalReader(journal) as reader:
        for stream in reader.streams():
            rows = [
                row for row in reader.rows(stream.epoch, stream.camera, limit=100_000) if row.type in ("result", "gap")
            ]
            found[stream.epoch, stream.camera] = [expected(row.header, row.body) for row in rows]
    return found


def expected(header_json: bytes, body_json: bytes) -> dict[str, Any]:
    header, body = msgspec.json.decode(header_json), msgspec.json.decode(body_json)
    keys = ("line", "camera", "epoch", "seq", "type", "run", "frame", "captured_unix_ns", "durable", "simulated")
    kept = {key: header[key] for key in keys}
    return kept | {key: body[key] for key in ("last", "verdict", "reason") if key in body}


def printed_rows(client: Client) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The same of what was printed, in the order in which it was."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in client.verdicts:
        del row["recovered"]
        found.setdefault((row["epoch"], row["camera"]), []).append(row)
    return found


def pair(folder: Path) -> list[str | Path]:
    """The options of a client with keys."""
    return ["-k", folder / "line.key", "-c", folder / "mes.key_secret"]


def test_what_came_before_of_two_cameras_with_keys(command: list[str], tmp_path: Path) -> None:
    """By CURVE, results and recovery; a third camera has nothing to say."""
    keys = make_keys(tmp_path, mes="subscriber")
    results = make_results(make_identity("cam1", "cam2", "cam3"), tmp_path / "j.sqlite", keys=keys)
    results.start()
    for camera in ("cam1", "cam2"):
        results.begin(camera, RUN, START)
        publish(results, range(FRAMES), camera)
    drain(results, FRAMES, "cam2")
    with Client(command, tmp_path, *pair(tmp_path), results.endpoint) as client:
        client.printing(2 * FRAMES)
        assert all(row["recovered"] for row in client.verdicts)
        publish(results, range(FRAMES, FRAMES + 5))
        client.printing(2 * FRAMES + 5)
        assert client.end() == 0, client.said.read_text()
        assert results.close()
        assert not client.verdicts[-1]["recovered"]
        rows = {stream: found for stream, found in journal_rows(tmp_path / "j.sqlite").items() if found}
        assert printed_rows(client) == rows


def test_cut_off_while_it_stood_still(command: list[str], tmp_path: Path) -> None:
    results = make_results(journal=tmp_path / "j.sqlite", results={"send_mib": 1})
    results.start()
    publish(results, range(3))
    with Client(command, tmp_path, results.endpoint) as client:
        client.printing(3)
        client.process.send_signal(signal.SIGSTOP)
        frames = 3
        big = msgspec.structs.replace(REJECTED, mask=os.urandom(1 << 20))
        while not sum(results.snapshot().cut_off.values()):
            results.settled(make_settled(frames, big))
            frames += 1
            eventually(lambda: results.snapshot().waiting == 0)
            assert frames < 100
        client.process.send_signal(signal.SIGCONT)
        eventually(lambda: results.snapshot().accepted >= 2)
        publish(results, range(frames, frames + 5))
        client.printing(frames + 5)
        assert client.end() == 0, client.said.read_text()
        assert results.close()
        assert printed_rows(client) == journal_rows(tmp_path / "j.sqlite")
        assert sum(row["recovered"] for row in client.verdicts) > 3


def start_of_the_line(journal: Path, port: str) -> Results:
    """Another start of the line; its recovery socket is at any port, as the heartbeats say."""
    recovery = RecoveryConfig(endpoint="tcp://127.0.0.1:*")
    results = make_results(make_identity(), journal, {"endpoint": f"tcp://127.0.0.1:{port}", "recovery": recovery})
    results.start()
    results.begin("cam1", RUN, START)
    publish(results, range(FRAMES))
    return results


def test_restarts_that_it_did_not_see(command: list[str], tmp_path: Path) -> None:
    """The end of the old epoch, a whole epoch that came and went, and the beginning of the new one."""
    journal = tmp_path / "j.sqlite"
    results = start_of_the_line(journal, "*")
    port = results.endpoint.rpartition(":")[2]
    with Client(command, tmp_path, results.endpoint) as client:
        client.printing(FRAMES)
        client.process.send_signal(signal.SIGSTOP)
        publish(results, range(FRAMES, 2 * FRAMES))
        assert results.close()
        assert start_of_the_line(journal, port).close()
        results = start_of_the_line(journal, port)
        client.process.send_signal(signal.SIGCONT)
        client.printing(4 * FRAMES)
        assert client.end() == 0, client.said.read_text()
        assert results.close()
        assert printed_rows(client) == journal_rows(journal)
        assert list(printed_rows(client)) == list(journal_rows(journal)), "epochs in their order"
        assert len(client.events("epoch")) == 3


def test_it_goes_on_behind_what_it_printed(command: list[str], tmp_path: Path) -> None:
    results = make_results(journal=tmp_path / "j.sqlite")
    results.start()
    publish(results, range(10))
    with Client(command, tmp_path, "-n", "7", results.endpoint) as first:
        assert first.process.wait(10) == 0
        rows = first.verdicts
    (tmp_path / "before.jsonl").write_bytes(first.printed.read_bytes())
    with Client(command, tmp_path, "-s", tmp_path / "before.jsonl", results.endpoint) as second:
        second.printing(3)
        assert second.end() == 0
        rows += second.verdicts
    assert [row["frame"] for row in rows] == list(range(10))
    assert results.close()


def test_what_is_gone_is_said(command: list[str], tmp_path: Path) -> None:
    """Without a journal only what is in memory can be asked for."""
    results = make_results(results={"recovery": RecoveryConfig(memory_mib=1)})
    results.start()
    big = msgspec.structs.replace(REJECTED, mask=os.urandom(1 << 19))
    for frame in range(10):
        results.settled(make_settled(frame, big))
    drain(results, 10)
    with Client(command, tmp_path, results.endpoint) as client:
        missed = client.saying("missed")
        assert missed["from"] == 0
        client.printing(10 - missed["to"] - 1)
        assert [row["seq"] for row in client.verdicts] == list(range(missed["to"] + 1, 10))
        assert client.end() == 3
    assert results.close()


def test_a_key_without_a_role_gets_nothing(command: list[str], tmp_path: Path) -> None:
    results = make_results(keys=make_keys(tmp_path, "mes"))
    results.start()
    with Client(command, tmp_path, *pair(tmp_path), results.endpoint) as client:
        eventually(lambda: results.snapshot().refused)
        assert client.end() == 3, "nothing was heard, so nothing is proven"
        assert not client.verdicts
    assert results.close()


def test_a_secret_that_others_can_read(command: list[str], tmp_path: Path) -> None:
    make_keys(tmp_path, "mes")
    (tmp_path / "mes.key_secret").chmod(0o644)
    with Client(command, tmp_path, *pair(tmp_path), "tcp://127.0.0.1:1") as client:
        assert client.process.wait(10) == 2
        assert (
            client.said.read_text()
            == f"{tmp_path}/mes.key_secret: others can read it: chmod 600 {tmp_path}/mes.key_secret\n"
        )
