"""What is done, once each, and what is refused."""

from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path

import pytest
import zmq

from inspector.config.control import ControlConfig
from inspector.control.limits import QUICK_WAITING, REFUSALS_A_MINUTE, SLOW_WAITING
from inspector.control.server import ControlServer
from inspector.errors import UserError
from inspector.protocol.control import Role, RunStart
from inspector.protocol.control_messages import LARGEST_READ, LARGEST_REQUEST
from tests.control.serving import EPOCH, RawClient, Served, served
from tests.results.publishing import eventually


def test_a_command_is_done_and_journaled(tmp_path: Path) -> None:
    with served(tmp_path) as one, RawClient(one.endpoint) as client:
        before_ns = time.monotonic_ns()
        told = client.ask()
        assert (told["outcome"], told["epoch"], told["result"]) == ("done", EPOCH, None)
        assert before_ns <= told["monotonic_ns"] <= time.monotonic_ns()
        reply = client.ask("run start", arguments={"run": "coil-4711"}, on_behalf_of="anna")
        assert (reply["outcome"], reply["code"], reply["result"]) == ("done", "done", {"did": "RunStart"})
        assert reply["journaled"] is True
        ((command, caller),) = one.perform.done
        assert command == RunStart(run="coil-4711")
        assert (caller.who, caller.role, caller.on_behalf_of, caller.public_key) == ("local", Role.ENGINEER, "anna", "")
        assert client.ask("reload")["outcome"] == "done"
        start, reload = one.journal.records
        assert (start.who, start.role, start.on_behalf_of, start.epoch) == ("local", "engineer", "anna", EPOCH)
        assert (start.command, json.loads(start.arguments)) == ("run start", {"recipe": None, "run": "coil-4711"})
        assert (start.outcome, start.request_id, start.diff) == ("done", reply["id"], b"")
        assert start.received_unix_ns <= start.finished_unix_ns
        assert json.loads(reload.diff) == [{"key": "deadline_ms", "before": 100, "after": 80}]


def test_a_client_with_a_req_socket_is_answered(tmp_path: Path) -> None:
    with served(tmp_path) as one, zmq.Context() as context, context.socket(zmq.REQ) as socket:
        socket.connect(one.endpoint)
        socket.send(b'{"control": 1, "id": "a", "do": {"command": "status"}}')
        assert socket.poll(5000)
        assert json.loads(socket.recv())["result"] == {"did": "ReadStatus"}


def test_what_looks_is_journaled_now_and_then(tmp_path: Path) -> None:
    with served(tmp_path) as one, RawClient(one.endpoint) as client:
        for _ in range(20):
            assert client.ask("status", epoch=None, expires_ns=None)["outcome"] == "done"
        eventually(lambda: one.commands() == [("status", "done")])
        assert json.loads(one.journal.records[0].answer) == {"code": "done", "text": "", "result": None}


def test_the_same_id_is_done_once(tmp_path: Path) -> None:
    with served(tmp_path) as one, RawClient(one.endpoint) as client:
        first = client.ask("pause", id="a", arguments={"why": "lamp"})
        again = client.ask("pause", id="a", arguments={"why": "lamp"}, expires_ns=1, epoch="another")
        assert (first["repeated"], again["repeated"]) == (False, True)
        assert again["result"] == first["result"]
        other = client.ask("pause", id="a", arguments={"why": "roll"})
        assert (other["outcome"], other["code"]) == ("refused", "id_reused")
        assert client.ask("resume", id="a")["code"] == "id_reused"
        refused = client.ask("run start", id="b", arguments={"run": "nobody"})
        assert (refused["outcome"], refused["code"], refused["text"]) == (
            "refused", "not_prepared", "recipe r is not prepared",
        )  # fmt: skip
        assert client.ask("run start", id="b", arguments={"run": "nobody"})["repeated"]
        assert len(one.perform.done) == 1
        eventually(lambda: len(one.commands()) == 4)
    remembered = one.journal.records
    with served(tmp_path, remembered=remembered, epoch="after a restart") as two, RawClient(two.endpoint) as client:
        assert client.ask("pause", id="a", arguments={"why": "lamp"})["result"] == first["result"]
        assert client.ask("resume", id="a")["code"] == "id_reused"
        assert client.ask("run start", id="b", arguments={"run": "nobody"})["code"] == "not_prepared"
        late = client.ask("pause", id="c")
        assert (late["code"], late["epoch"]) == ("other_epoch", "after a restart")
        assert not two.perform.done


def test_what_is_late_or_of_another_start_is_not_done(tmp_path: Path) -> None:
    with served(tmp_path) as one, RawClient(one.endpoint) as client:
        for fields, code in (
            ({"expires_ns": time.monotonic_ns() - 1}, "expired"),
            ({"expires_ns": time.monotonic_ns() + 2 * 3600 * 10**9}, "expired"),
            ({"epoch": "another"}, "other_epoch"),
            ({"epoch": None}, "epoch_missing"),
            ({"expires_ns": None}, "epoch_missing"),
        ):
            reply = client.ask("pause", id="a", **fields)
            assert (reply["outcome"], reply["code"]) == ("refused", code)
        assert client.ask("status", epoch="another")["code"] == "other_epoch"
        assert not one.perform.done
        assert client.ask("pause", id="a")["outcome"] == "done", "nothing was decided under this id"


def test_what_cannot_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    with served(tmp_path) as one, RawClient(one.endpoint) as client:
        deep = b'{"control":1,"id":"a","do":' + b"[" * 10_000
        for data, code, text in (
            (b"", "malformed", "truncated"),
            (b"\xff\xfe", "malformed", "invalid"),
            (b"[1]", "malformed", "object"),
            (deep, "malformed", "no request"),
            (b'{"control":2,"id":"a"}', "malformed", "control"),
            (b'{"control":1,"id":""}', "malformed", "id"),
            (b'{"control":1,"id":"a","do":{"command":"explode"}}', "malformed", "explode"),
            (b'{"control":1,"id":"a","do":{"command":"pause","because":"x"}}', "malformed", "because"),
            (b'{"control":1,"id":"a","sudo":true}', "malformed", "sudo"),
            (b'{"control":1,"id":"a","do":{"command":"run start","run":"a/b"}}', "malformed", "run"),
            (b'{"control":1,"id":"a","expires_ns":1e300}', "malformed", "expires_ns"),
            (b" " * (LARGEST_REQUEST + 1), "too_large", str(LARGEST_REQUEST)),
        ):
            client.socket.send(data)
            reply = client.receive()
            assert (reply["outcome"], reply["code"]) == ("refused", code), data[:60]
            assert text in reply["text"]
            assert "\n" not in reply["text"]
        client.socket.send_multipart([b"{}", b"{}", b"{}"])
        assert client.receive()["text"] == "3 parts; a request is one, with JSON"
        client.socket.send_multipart([b"x"] * 1000)
        assert client.receive()["code"] == "malformed"
        assert client.ask("pause")["outcome"] == "done"
        eventually(lambda: one.commands().count(("unreadable", "refused")) == 14)
        assert len([record for record in one.journal.records if record.request_id == "a"]) == 6, (
            "those whose id is readable"
        )
        client.socket.send(bytes(LARGEST_READ + 1))  # the connection is closed, and libzmq connects again
        with RawClient(one.endpoint) as other:
            assert other.ask("status")["outcome"] == "done"


def test_an_error_of_the_program_is_told_and_remembered(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with served(tmp_path) as one, RawClient(one.endpoint) as client:
        reply = client.ask("run start", id="x", arguments={"run": "broken"})
        assert (reply["outcome"], reply["code"]) == ("failed", "internal")
        assert "nobody has thought of" in reply["text"]
        assert client.ask("run start", id="x", arguments={"run": "broken"})["repeated"]
        assert one.commands() == [("run start", "failed")]
    assert "Traceback" in caplog.text


def test_quick_commands_are_done_while_a_slow_one_is_under_way(tmp_path: Path) -> None:
    with served(tmp_path) as one, RawClient(one.endpoint) as slow, RawClient(one.endpoint) as quick:
        slow.send("recipe prepare", id="slow", arguments={"recipe": "r"})
        assert one.perform.begun.acquire(timeout=5)
        for command in ("status", "pause", "resume", "status"):
            assert quick.ask(command)["outcome"] == "done"
        working = quick.ask("recipe prepare", id="slow", arguments={"recipe": "r"})
        assert (working["outcome"], working["code"]) == ("working", "working")
        waiting = [quick.send("bundle activate", arguments={"bundle": f"b{n}"}) for n in range(SLOW_WAITING + 1)]
        busy = quick.receive()
        assert (busy["id"], busy["code"]) == (waiting[-1], "busy")
        one.perform.go_on.set()
        assert slow.receive()["outcome"] == "done"
        assert [quick.receive()["outcome"] for _ in waiting[1:]] == ["done"] * SLOW_WAITING
        assert quick.ask("recipe prepare", id="slow", arguments={"recipe": "r"})["repeated"]


def test_a_command_that_waited_too_long_is_not_begun(tmp_path: Path) -> None:
    with served(tmp_path) as one, RawClient(one.endpoint) as client:
        client.send("recipe prepare", arguments={"recipe": "r"})
        assert one.perform.begun.acquire(timeout=5)
        expires_ns = time.monotonic_ns() + 10**8
        late = client.send("bundle activate", arguments={"bundle": "b"}, expires_ns=expires_ns)
        eventually(lambda: time.monotonic_ns() > expires_ns)
        one.perform.go_on.set()
        replies = {(reply := client.receive())["id"]: reply["code"] for _ in range(2)}
        assert replies[late] == "expired"
        assert len(one.perform.done) == 1


def test_without_a_writable_journal_only_what_makes_the_line_safer_is_done(tmp_path: Path) -> None:
    with served(tmp_path) as one, RawClient(one.endpoint) as client:
        one.journal.problem = "disk full"
        for command, arguments in (
            ("pause", {}), ("drain", {}), ("bundle rollback", {}), ("status", {}), ("bundle list", {}),
        ):  # fmt: skip
            reply = client.ask(command, arguments=arguments)
            assert reply["outcome"] == "done", command
            if command in ("pause", "drain", "bundle rollback"):
                assert reply["journaled"] is False
                assert "not in the journal" in reply["text"]
        for command, arguments in (
            ("resume", {}), ("run start", {"run": "a"}), ("run end", {}), ("part", {"part": "s1"}), ("reload", {}),
            ("bundle activate", {"bundle": "b"}), ("shadow start", {"bundle": "b"}), ("log", {"level": "debug"}),
        ):  # fmt: skip
            reply = client.ask(command, id=command.replace(" ", "-"), arguments=arguments)
            assert (reply["outcome"], reply["code"]) == ("refused", "journal")
            assert "disk full" in reply["text"]
        one.journal.problem = ""
        assert client.ask("run start", id="run-start", arguments={"run": "a"})["outcome"] == "done"


def test_a_line_without_a_journal_takes_commands(tmp_path: Path) -> None:
    server = ControlServer(
        ControlConfig(endpoint=f"ipc://{tmp_path}/control"), "line1", EPOCH, lambda command, caller: {"paused": True}
    )
    server.start()
    with RawClient(server.endpoints[0]) as client:
        reply = client.ask("pause")
        assert (reply["outcome"], reply["journaled"], reply["text"]) == ("done", None, "")
    server.close()


def test_a_thousand_requests_at_once_are_answered(tmp_path: Path) -> None:
    with served(tmp_path) as one:
        clients = [RawClient(one.endpoint) for _ in range(50)]
        wanted = [{client.send("status" if n % 2 else "pause") for n in range(20)} for client in clients]
        counted: dict[str, int] = {}
        for client, ids in zip(clients, wanted, strict=True):
            for _ in range(20):
                reply = client.receive(10_000)
                ids.remove(reply["id"])
                counted[reply["code"]] = counted.get(reply["code"], 0) + 1
            client.__exit__()
        assert set(counted) <= {"done", "busy"}
        assert counted["done"] >= 500 + QUICK_WAITING, "all that look, and as many others as may wait"
        assert len(one.perform.done) == counted["done"] - 500


def test_who_asks_too_often_is_told_and_then_cut_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with served(tmp_path) as one, RawClient(one.endpoint) as flood, RawClient(one.endpoint) as calm:
        for _ in range(150):
            flood.send("status")
        codes = [flood.receive()["code"] for _ in range(150)]
        assert set(codes) == {"done", "too_many"}
        for _ in range(1000):
            flood.send("status")
        eventually(lambda: "one asks too often" in caplog.text)
        assert calm.ask("pause")["outcome"] == "done"


def test_a_client_that_never_reads_costs_its_own_replies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("inspector.control.control_socket.REPLIES_WAITING", 8)
    with (
        served(tmp_path) as one,
        RawClient(one.endpoint, lambda socket: socket.setsockopt(zmq.RCVHWM, 1)) as deaf,
        RawClient(one.endpoint) as calm,
    ):
        one.perform.result = {"padding": "x" * 200_000}
        for _ in range(90):
            deaf.send("status")
        eventually(lambda: "a reply is dropped: the client does not read them" in caplog.text)
        one.perform.result = {}
        assert calm.ask("pause")["outcome"] == "done"


def test_a_flood_of_refusals_does_not_fill_the_journal(tmp_path: Path) -> None:
    with served(tmp_path) as one, RawClient(one.endpoint) as client:
        for _ in range(95):
            client.socket.send(b"{")
        for _ in range(95):
            assert client.receive()["code"] == "malformed"
        eventually(lambda: len(one.journal.records) == REFUSALS_A_MINUTE)
        assert client.ask("pause")["journaled"] is True


def test_closing_answers_what_is_under_way(tmp_path: Path) -> None:
    with served(tmp_path) as one, RawClient(one.endpoint) as client:
        under_way = client.send("recipe prepare", arguments={"recipe": "r"})
        assert one.perform.begun.acquire(timeout=5)
        waits = client.send("bundle activate", arguments={"bundle": "b"})
        assert client.ask("status")["outcome"] == "done"
        begun_s = time.monotonic()
        one.server.close(0.1)
        assert time.monotonic() - begun_s < 1.0
        replies = {(reply := client.receive())["id"]: (reply["outcome"], reply["code"]) for _ in range(2)}
        assert replies[under_way] == ("failed", "stopping")
        assert replies[waits] == ("refused", "stopping")


def test_closing_tells_what_was_done_though_the_disk_does_not_take_it(tmp_path: Path) -> None:
    with served(tmp_path) as one, RawClient(one.endpoint) as client:
        one.journal.disk.clear()
        client.send("drain")
        assert one.journal.asked.acquire(timeout=5)
        one.server.close(0.1)
        reply = client.receive()
        one.journal.disk.set()
        assert (reply["outcome"], reply["journaled"]) == ("done", False)
        assert "not in the journal yet" in reply["text"]


def test_the_group_may_open_the_socket(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with served(tmp_path):
            assert stat.S_IMODE((tmp_path / "control").stat().st_mode) == 0o660
    finally:
        os.umask(before)


@pytest.mark.parametrize(
    ("endpoint", "error"),
    [
        ("ipc://{folder}/no/control", "the folder of .* does not exist"),
        ("ipc://{folder}/file", "is a file"),
        ("ipc://{folder}/" + "x" * 110, "longer than"),
        ("ipc://{folder}/used", "in use by another program"),
    ],
)
def test_an_address_that_cannot_be_bound_is_one_line(tmp_path: Path, endpoint: str, error: str) -> None:
    (tmp_path / "file").touch()
    with zmq.Context() as context, context.socket(zmq.ROUTER) as other:
        other.bind(f"ipc://{tmp_path}/used")
        with pytest.raises(UserError, match=rf"^control\.endpoint: [^\n]*{error}[^\n]*$"):
            Served(ControlConfig(endpoint=endpoint.format(folder=tmp_path)))


def test_auto_is_the_folder_that_systemd_has_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    server = ControlServer(ControlConfig(), "line1", EPOCH, lambda command, caller: {})
    server.start()
    assert server.endpoints == []
    server.close()
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"{tmp_path}:/run/other")
    server = ControlServer(ControlConfig(), "line1", EPOCH, lambda command, caller: {})
    server.start()
    assert server.endpoints == [f"ipc://{tmp_path}/control"]
    server.close()
    assert not (tmp_path / "control").exists()
