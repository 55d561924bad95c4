"""Publisher and journal together, through real sockets and files."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from pathlib import Path

import msgspec
import pytest
import zmq

from inspector.config.results import ResultsConfig
from inspector.errors import UserError
from inspector.frames.outcome import Outcome, Reason, Verdict
from inspector.line.status import LineStatus
from inspector.protocol.masks import decode as decode_mask
from inspector.protocol.messages import EndBody, GapBody, HeartbeatBody, LateBody, LineState, ResultBody, StatusBody
from inspector.results.identity import Totals
from inspector.results.journal_reader import JournalReader
from inspector.results.status import Status
from tests.results.publishing import (
    LOST,
    PASSED,
    REJECTED,
    RUN,
    START,
    Ear,
    eventually,
    make_identity,
    make_meta,
    make_results,
    make_settled,
    mask_pixels,
)


def test_every_type_of_message_on_the_wire(tmp_path: Path) -> None:
    results = make_results(journal=tmp_path / "j.sqlite", results={"wait_for_subscribers": 1})
    results.start()
    with Ear(results.endpoint) as ear:
        assert results.wait_for_subscribers()
        results.begin("cam1", RUN, START)
        results.status(Status(state=LineState.RUNNING, code="running", text="engines are loaded"))
        results.settled(make_settled(0))
        results.settled(make_settled(1, REJECTED))
        results.settled(make_settled(2, LOST, count=3))
        results.late(make_meta(0), REJECTED)
        results.end("cam1", RUN)
        heard = [packet for packet in ear.until("end") if not isinstance(packet.body, HeartbeatBody)]
        beat = ear.until("heartbeat")[-1]
    assert results.close()
    assert [packet.header.type.value for packet in heard] == [
        "start",
        "status",
        "result",
        "result",
        "gap",
        "late",
        "end",
    ]
    assert [packet.header.seq for packet in heard] == list(range(7))
    assert [packet.header.frame for packet in heard] == [None, None, 0, 1, 2, 0, None]
    assert [packet.header.resolved_through for packet in heard] == [-1, -1, 0, 1, 4, 4, 4]
    assert all(packet.header.durable for packet in [*heard, beat])
    passed, rejected, gap, late, end = (packet.body for packet in heard[2:])
    assert isinstance(passed, ResultBody)
    assert (passed.verdict, passed.mask, heard[2].blob) == (Verdict.PASS, None, b"")
    assert 4000 <= passed.latency_us < 1_000_000
    header = heard[2].header
    assert header.deadline_unix_ns is not None
    assert header.captured_unix_ns is not None
    assert header.deadline_unix_ns - header.captured_unix_ns == 100_000_000
    assert abs(header.published_unix_ns - time.time_ns()) < 30e9
    assert isinstance(rejected, ResultBody)
    assert rejected.pixels == {"pitting": 0, "inclusion": 0, "scratches": 6, "corrosion": 0}
    assert rejected.defects == REJECTED.defects
    assert rejected.mask is not None
    assert (decode_mask(heard[3].blob, rejected.mask.height_px, rejected.mask.width_px) == mask_pixels()).all()
    assert isinstance(gap, GapBody)
    assert (gap.first, gap.last, gap.verdict) == (2, 4, Verdict.UNINSPECTED)
    assert isinstance(late, LateBody)
    assert late.late_verdict is Verdict.REJECT
    assert b'"verdict"' not in msgspec.json.encode(late), "nothing in a late answer may be taken for a verdict"
    assert isinstance(end, EndBody)
    assert end.verdicts == {Verdict.PASS: 1, Verdict.REJECT: 1, Verdict.UNINSPECTED: 3}
    assert end.reasons == {Reason.GATE_CLEAN: 1, Reason.DEFECT: 1, Reason.CAMERA_LOST: 3}
    assert (end.frames, end.late) == (5, 1)
    assert isinstance(beat.body, HeartbeatBody)
    assert (beat.body.last_seq, beat.body.state, beat.header.seq) == (6, LineState.RUNNING, None)


def test_masks_can_be_switched_off() -> None:
    results = make_results(results={"masks": False})
    results.start()
    with Ear(results.endpoint) as ear:
        ear.until("heartbeat")
        results.begin("cam1", RUN, START)
        results.settled(make_settled(0, REJECTED))
        packet = ear.until("result")[-1]
    results.close()
    assert isinstance(packet.body, ResultBody)
    assert (packet.body.mask, packet.blob) == (None, b"")
    assert not packet.header.durable, "there is no journal"


def test_seq_has_no_gap_and_is_the_order_on_wire_and_in_the_journal(tmp_path: Path) -> None:
    identity = make_identity("cam1", "cam2")
    path = tmp_path / "j.sqlite"
    results = make_results(identity, path, {"wait_for_subscribers": 1})
    results.start()
    per_thread, threads = 500, 4

    def produce(camera: str, first: int) -> None:
        for frame in range(first, first + per_thread):
            results.settled(make_settled(frame, REJECTED if frame % 5 == 0 else PASSED, camera))

    with Ear(results.endpoint) as ear:
        assert results.wait_for_subscribers()
        for camera in identity.cameras:
            results.begin(camera, RUN, START)
        workers = [
            threading.Thread(target=produce, args=(camera, per_thread * number))
            for camera in identity.cameras
            for number in range(threads)
        ]
        for worker in workers:
            worker.start()
        heard = defaultdict(list)
        bytes_heard = defaultdict(list)
        while len(heard["cam1"]) < 1 + threads * per_thread or len(heard["cam2"]) < 1 + threads * per_thread:
            parts = ear.hear()
            header = msgspec.json.decode(parts[1])
            if header["seq"] is not None:
                heard[header["camera"]].append((header["seq"], header["frame"]))
                bytes_heard[header["camera"]].append(parts[1:])
        for worker in workers:
            worker.join()
    assert results.close()
    with JournalReader(path) as reader:
        for camera in identity.cameras:
            assert [seq for seq, _ in heard[camera]] == list(range(1 + threads * per_thread))
            frames = [frame for _, frame in heard[camera] if frame is not None]
            assert sorted(frames) == list(range(threads * per_thread))
            rows = reader.rows(identity.epoch, camera, limit=10_000)
            journaled = [[row.header, row.body, *([row.blob] if row.blob else [])] for row in rows]
            assert journaled == bytes_heard[camera], "the journal must hold what was on the wire, byte for byte"


def test_heartbeats_come_at_their_rate_and_before_the_first_run() -> None:
    results = make_results(make_identity("cam1", "cam2"))
    results.start()
    with Ear(results.endpoint, "v1/line1/cam2/") as ear:
        beats = [ear.packet() for _ in range(6)]
    results.close()
    assert all(isinstance(beat.body, HeartbeatBody) for beat in beats)
    first = beats[0].body
    assert isinstance(first, HeartbeatBody)
    assert (first.last_seq, first.state, first.interval_ms) == (-1, LineState.STARTING, 100)
    span_ms = (beats[-1].header.published_unix_ns - beats[0].header.published_unix_ns) / 1e6
    assert 450 < span_ms < 2500


def test_a_text_that_is_not_utf8_does_not_cost_a_verdict(tmp_path: Path) -> None:
    results = make_results()
    results.start()
    with Ear(results.endpoint) as ear:
        ear.until("heartbeat")
        settled = make_settled(0)
        results.settled(msgspec.structs.replace(settled, meta=make_meta(0, name="blech\udce4.png")))
        body = ear.until("result")[-1].body
    results.close()
    assert isinstance(body, ResultBody)
    assert (body.verdict, body.name) == (Verdict.PASS, "blech?.png")


@pytest.mark.parametrize("key", ["recipe", "part", "calibration", "flat_field", "camera_clock"])
def test_nor_does_a_name_in_the_header(key: str, tmp_path: Path) -> None:
    """Also of a gap; and the journal takes it."""
    identity = make_identity()
    results = make_results(identity, tmp_path / "j.sqlite")
    results.start()
    with Ear(results.endpoint) as ear:
        ear.until("heartbeat")
        for settled in (make_settled(0), make_settled(1, LOST, count=3)):
            named = msgspec.structs.replace(settled.meta, **{key: "blech\udce4"})
            results.settled(msgspec.structs.replace(settled, meta=named))
        header = ear.until("gap")[-1].header
    assert results.close()
    assert (header.seq, getattr(header, key), header.resolved_through) == (1, "blech?", 3)
    with JournalReader(tmp_path / "j.sqlite") as reader:
        assert [row.seq for row in reader.walk()] == [0, 1]


def test_an_outcome_that_cannot_be_written_becomes_uninspected(caplog: pytest.LogCaptureFixture) -> None:
    results = make_results()
    results.start()
    bad = Outcome(verdict=Verdict.PASS, reason=Reason.NO_DEFECT, gate_score=object())  # type: ignore[arg-type]
    with Ear(results.endpoint) as ear:
        ear.until("heartbeat")
        results.settled(make_settled(0, bad))
        results.settled(make_settled(1))
        first, second = ear.until("result")[-1], ear.until("result")[-1]
    results.close()
    assert isinstance(first.body, ResultBody)
    assert (first.body.verdict, first.body.reason) == (Verdict.UNINSPECTED, Reason.INTERNAL)
    assert (first.header.seq, second.header.seq) == (0, 1)
    assert "cannot be put into a message" in caplog.text


def test_totals_of_the_line_that_disagree_are_published_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    results = make_results()
    results.start()
    with Ear(results.endpoint) as ear:
        ear.until("heartbeat")
        results.settled(make_settled(0))
        results.end("cam1", RUN, Totals(frames=2, verdicts={Verdict.PASS: 2}, reasons={Reason.GATE_CLEAN: 2}))
        end = ear.until("end")[-1].body
    results.close()
    assert isinstance(end, EndBody)
    assert end.frames == 2
    assert "the line counts" in caplog.text


def test_waiting_for_subscribers_ends_with_a_plain_message() -> None:
    results = make_results(results={"wait_for_subscribers": 2, "wait_timeout_s": 0.3})
    results.start()
    with Ear(results.endpoint), pytest.raises(UserError, match=r"results\.wait_for_subscribers: 2 expected, 1 there"):
        results.wait_for_subscribers()
    stopping = threading.Event()
    stopping.set()
    assert not results.wait_for_subscribers(stopping)
    results.close()


def test_subscriptions_are_counted_down_and_strangers_named(caplog: pytest.LogCaptureFixture) -> None:
    results = make_results(results={"wait_for_subscribers": 1})
    results.start()
    with Ear(results.endpoint, "v1/line7/"), Ear(results.endpoint) as ear:
        assert results.wait_for_subscribers()
        eventually(lambda: "'v1/line7/'" in caplog.text)
        assert results.snapshot().subscriptions == 1
        ear.socket.unsubscribe("v1/")
        eventually(lambda: results.snapshot().subscriptions == 0)
    with Ear(results.endpoint), Ear(results.endpoint):
        eventually(lambda: results.snapshot().subscriptions == 2)
    eventually(lambda: results.snapshot().subscriptions == 0)
    results.close()


def test_port_in_use_is_said_plainly_and_leaves_nothing_open(tmp_path: Path) -> None:
    first = make_results()
    first.start()
    second = make_results(journal=tmp_path / "j.sqlite", results={"endpoint": first.endpoint})
    with pytest.raises(
        UserError, match=r"results\.endpoint: tcp://127\.0\.0\.1:\d+ cannot be bound: another program uses"
    ):
        second.start()
    assert not (tmp_path / "j.sqlite-wal").exists(), "the journal is closed again"
    first.close()


def test_without_a_journal_numbers_come_from_memory() -> None:
    results = make_results()
    results.start()
    for frame in range(3):
        results.settled(make_settled(frame))
    eventually(lambda: results.snapshot().published == 3)
    snapshot = results.snapshot()
    assert (snapshot.journal, snapshot.last_seq, snapshot.resolved_through) == (None, {"cam1": 2}, {"cam1": 2})
    assert snapshot.alive
    results.close()
    assert not results.snapshot().alive


def test_a_peer_that_sends_rubbish_is_survived() -> None:
    results = make_results()
    results.start()
    context = zmq.Context()
    peer = context.socket(zmq.XSUB)
    peer.connect(results.endpoint)
    for rubbish in ([b""], [b"\x07nonsense"], [b"\x01v1/", b"more", b"parts"], [b"\x01" + b"\xff" * 300]):
        peer.send_multipart(rubbish)
    with Ear(results.endpoint) as ear:
        ear.until("heartbeat")
        results.settled(make_settled(0))
        assert ear.until("result")[-1].header.seq == 0
    assert results.snapshot().alive
    context.destroy(linger=0)
    results.close()


@pytest.mark.parametrize("load", [0, 3000], ids=["idle", "loaded"])
def test_close_is_quick_and_loses_nothing(tmp_path: Path, load: int) -> None:
    identity = make_identity()
    results = make_results(identity, tmp_path / "j.sqlite", commit_interval_ms=10_000)
    results.start()
    for frame in range(load):
        results.settled(make_settled(frame))
    before = time.monotonic()
    assert results.close()
    assert time.monotonic() - before < 1.0
    with JournalReader(tmp_path / "j.sqlite") as reader:
        assert len(reader.rows(identity.epoch, "cam1", limit=10_000)) == load


def test_close_before_start_and_twice() -> None:
    results = make_results()
    assert results.close()
    results = make_results()
    results.start()
    assert results.close()
    assert results.close()


def test_journal_trouble_is_published_and_verdicts_go_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import sqlite3

    identity, path = make_identity(), tmp_path / "j.sqlite"
    results = make_results(
        identity, path, journal_changed=lambda well, *told: (status.well if well else status.trouble)("journal", *told),
        busy_timeout_ms=10, retry_ms=50, commit_interval_ms=1, max_waiting=50,
    )  # fmt: skip
    status = LineStatus(results.status)
    results.start()
    status.enter(LineState.RUNNING, "running", "")
    eventually(lambda: results.snapshot().journal.committed == 1)  # type: ignore[union-attr]
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Ear(results.endpoint) as ear:
        ear.until("heartbeat")
        for frame in range(100):
            results.settled(make_settled(frame))
        heard = ear.until("status")
        assert not heard[-1].header.durable
        failing = heard[-1].body
        assert isinstance(failing, StatusBody)
        assert (failing.state, failing.code) == (LineState.DEGRADED, "journal_failing")
        assert "database is locked" in failing.text
        assert sum(isinstance(packet.body, ResultBody) for packet in heard) == 100, "no verdict waits for the disk"
        beat = ear.until("heartbeat")[-1].body
        assert isinstance(beat, HeartbeatBody)
        assert beat.state is LineState.DEGRADED
        other.execute("ROLLBACK")
        other.close()
        packet = ear.until("status")[-1]
        assert packet.header.durable
        recovered = packet.body
        assert isinstance(recovered, StatusBody)
        assert (recovered.state, recovered.code) == (LineState.RUNNING, "journal_recovered")
    assert results.close()
    lost = results.snapshot().journal.not_journaled  # type: ignore[union-attr]
    with JournalReader(path) as reader:
        rows = reader.rows(identity.epoch, "cam1", limit=10_000)
    assert 0 < lost <= 100
    assert len(rows) + lost == results.snapshot().last_seq["cam1"] + 1
    assert f"{lost} publications" in recovered.text


def test_close_is_quick_with_a_disk_that_hangs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A lock with a long busy timeout holds the writer inside SQLite, as a dead disk would."""
    import sqlite3

    path = tmp_path / "j.sqlite"
    results = make_results(journal=path, busy_timeout_ms=6_000, commit_interval_ms=1)
    results.start()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for frame in range(10):
        results.settled(make_settled(frame))
    eventually(lambda: results.snapshot().published == 10)
    time.sleep(0.05)
    before = time.monotonic()
    assert not results.close()
    assert time.monotonic() - before < 1.0
    assert "10 publications were not journaled" in caplog.text
    other.execute("ROLLBACK")
    other.close()
    eventually(lambda: not any(thread.name == "journal" for thread in threading.enumerate()))


def test_the_default_configuration_is_loopback_only() -> None:
    assert ResultsConfig().endpoint.startswith("tcp://127.0.0.1:")
    assert logging.getLogger("inspector.results").handlers == []
