"""A line that takes commands: its runs change, its report is true, and `inspector ctl` and `inspector status` show it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from inspector.client.control import ControlClient
from inspector.config.control import ControlConfig
from inspector.control.server import ControlServer
from inspector.line.line import Line
from inspector.protocol.control import (
    AnyCommand,
    Caller,
    Drain,
    ReadStatus,
    RecipePrepare,
    RunEnd,
    RunStart,
)
from inspector.protocol.control_messages import Outcome
from inspector.protocol.line_report import LineReport
from inspector.protocol.messages import EndBody
from inspector.results.journal_reader import JournalReader
from tests.cli.command import interrupted
from tests.cli.in_process import run
from tests.line.conftest import Running
from tests.line.sources import ListCamera
from tests.line.test_line import BAD, CLEAN, wait_until
from tests.results.recovery.asking import Asker


class Controlled:
    """A running line and its control socket."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.line: Line = running.line
        (self.endpoint,) = self.line.control.endpoints


@pytest.fixture
def controlled(start_line: Callable, tmp_path: Path) -> Controlled:
    cameras = {name: ListCamera([CLEAN, BAD, None, CLEAN], rate_hz=200, endless=True) for name in ("top", "side")}
    control = {"endpoint": f"ipc://{tmp_path}/control"}
    (tmp_path / "recipes").mkdir()
    return Controlled(start_line(cameras, run="coil-1", control=control, recipes=str(tmp_path / "recipes")))


def check_report(controlled: Controlled) -> None:
    """What is reported is what the line is."""
    line = controlled.line
    wait_until(lambda: all(line.ledger.resolved_through(camera) > 60 for camera in ("top", "side")))
    with ControlClient(controlled.endpoint) as client:
        report = msgspec.convert(client.ask(ReadStatus()).result, LineReport)
    counts = line.ledger.counts()
    assert (report.line, report.epoch, report.run, report.recipe, report.part) == (
        "t", line.epoch.epoch, "coil-1", None, None,
    )  # fmt: skip
    assert (report.state, report.paused, report.bundle) == (
        line.status.state, False, line.inference.active.identity.bundle,
    )  # fmt: skip
    (engine,) = report.engines
    assert (engine.role, engine.state, engine.bundle, engine.cpu_fallback) == (
        "active", "ready", report.bundle, line.inference.active.supervisor.cpu_fallback,
    )  # fmt: skip
    assert engine.device
    for camera in report.cameras:
        assert 60 < camera.frames <= counts[camera.camera].frames
        assert camera.frames == camera.open + sum(camera.verdicts.values())
        assert sum(camera.verdicts.values()) == sum(camera.reasons.values())
        assert 0 < camera.rate_hz < 2000
        assert camera.last_seq > 0
    assert [camera.camera for camera in report.cameras] == ["top", "side"]
    assert report.latency_ms.p50 is not None
    assert report.latency_ms.p99 is not None
    assert report.latency_ms.p50 <= report.latency_ms.p99
    assert len(report.last_rejects) == 10
    assert {one.verdict.value for one in report.last_rejects} <= {"REJECT", "SCRAP", "UNINSPECTED"}
    assert report.journal is not None
    assert (report.journal.path, report.journal.error) == (str(controlled.running.journal), "")
    check_recovery(controlled)


def check_recovery(controlled: Controlled) -> None:
    """What is asked for on the recovery socket is counted, by what became of it."""
    line = controlled.line
    state = line.results.snapshot().recovery
    assert state is not None
    stream = {"line": "t", "camera": "top", "epoch": line.epoch.epoch}
    with Asker(state.endpoint) as asker:
        assert len(asker.done(request="get", **stream, **{"from": 0, "to": 4}).publications) == 5
        assert (
            asker.ask(request="get", **{**stream, "camera": "none"}, **{"from": 0, "to": 4}).reply.outcome == "refused"
        )
        with ControlClient(controlled.endpoint) as client:
            report = msgspec.convert(client.ask(ReadStatus()).result, LineReport).recovery
    assert report is not None
    assert (report.endpoint, report.connections, report.publications) == (state.endpoint, 1, 5)
    assert report.requests == {"done": 1, "refused": 1, "busy": 0}
    shown = run("status", "--endpoint", controlled.endpoint).out
    assert f"recovery {state.endpoint}    requests: 1 done, 1 refused, 0 busy; 5 publications sent again\n" in shown


def test_the_line_is_reported_its_runs_change_and_it_drains(controlled: Controlled) -> None:
    check_report(controlled)
    line = controlled.line

    def some_more() -> None:
        seen = line.ledger.resolved_through("side")
        wait_until(lambda: line.ledger.resolved_through("side") > seen + 20)

    with ControlClient(controlled.endpoint) as client:
        for number in range(2, 12):
            assert client.ask(RunStart(run=f"coil-{number}")).result["run"] == f"coil-{number}"
        some_more()
        again = client.ask(RunStart(run="coil-11"))
        assert (again.outcome, again.code) == (Outcome.REFUSED, "refused")
        assert again.text == "run coil-11: is open already; give the next one another name"
        assert client.ask(RunEnd()).result == {"ended": "coil-11"}
        assert client.ask(RunStart(run="a", recipe="r")).code == "not_prepared"
        assert "r.yaml" in client.ask(RecipePrepare(recipe="r")).text
        assert client.ask(Drain()).result == {"draining": True}
    assert controlled.running.stop.is_set()
    line.stop()
    with JournalReader(controlled.running.journal) as reader:
        (epoch,) = reader.epochs()
        packets = [row.packet() for row in reader.rows(epoch, "side", limit=100_000)]
        asked = [(one.who, one.command, one.outcome) for one in reader.commands(newest=100)]
    ended = [packet.header.run for packet in packets if isinstance(packet.body, EndBody)]
    assert sorted(ended, key=str) == sorted((f"coil-{number}" for number in range(1, 12)), key=str)
    assert asked[-5:] == [
        ("local", "run start", "refused"),
        ("local", "run end", "done"),
        ("local", "run start", "refused"),
        ("local", "recipe prepare", "refused"),
        ("local", "drain", "done"),
    ]


def test_ctl_and_status_on_a_running_line(controlled: Controlled, tmp_path: Path) -> None:
    at = ("--endpoint", controlled.endpoint)
    wait_until(lambda: len(controlled.line.rejects.newest_first()) == 10)
    shown = run("status", *at)
    assert (shown.status, shown.err) == (0, "")
    for word in ("t  running", "run      coil-1", "engines  active, ready", "UNINSPECTED", "last that were not passed"):
        assert word in shown.out
    assert len(shown.out.splitlines()) < 30, "one screen"
    told = run("status", *at, "--json")
    assert told.status == 0
    assert msgspec.json.decode(told.out, type=LineReport).run == "coil-1"
    assert run("ctl", *at, "status").out.splitlines()[1] == shown.out.splitlines()[1]

    begun = run("ctl", *at, "--on-behalf-of", "Anna", "run", "start", "coil-2")
    assert (begun.status, begun.out.splitlines()[:2], begun.err) == (
        0,
        ["run              coil-2", "recipe           none"],
        "",
    )
    refused = run("ctl", *at, "run", "start", "coil-3", "--recipe", "thin")
    assert (refused.status, refused.out) == (1, "")
    assert (
        refused.err
        == "inspector: run start refused (not_prepared): recipe thin: is not prepared; `inspector ctl recipe prepare thin` does that\n"
    )
    reply = json.loads(run("ctl", *at, "--json", "run", "end").out)
    assert (reply["outcome"], reply["result"]) == ("done", {"ended": "coil-2"})

    controlled.line.status.trouble("lamp", "dim", "the lamp is dim")
    assert run("status", *at).status == 1, "degraded"
    controlled.line.control.close()
    gone = run("ctl", *at, "status")
    assert (gone.status, gone.out) == (3, "")
    assert "there is no socket" in gone.err


@pytest.mark.parametrize(
    ("command", "sent"),
    [
        (("pause", "--why", "roll"), "pause"), (("resume",), "resume"), (("drain",), "drain"), (("part", "s1"), "part"),
        (("reload",), "reload"), (("log", "debug"), "log"), (("start-info",), "start info"),
        (("recipe", "prepare", "r"), "recipe prepare"), (("recipe", "list"), "recipe list"),
        (("bundle", "activate", "demo"), "bundle activate"), (("bundle", "rollback"), "bundle rollback"),
        (("bundle", "list"), "bundle list"), (("shadow", "start", "demo", "--share", "0.5"), "shadow start"),
        (("shadow", "stop"), "shadow stop"), (("shadow", "report"), "shadow report"), (("run", "end"), "run end"),
    ],
)  # fmt: skip
def test_each_command_is_sent_and_shown(asked: Asked, command: tuple[str, ...], sent: str) -> None:
    ended = run("ctl", "--endpoint", asked.endpoint, *command)
    assert (ended.status, ended.err) == (0, "")
    assert [line.split() for line in ended.out.splitlines()] == [
        ["command", *sent.split()], ["changed"], ["key", "before", "after"], ["x", "1", "none"],
    ]  # fmt: skip


class Asked:
    """A server that tells what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.server = ControlServer(ControlConfig(endpoint=f"ipc://{folder}/control"), "t", "e", self.tell)
        self.server.start()
        self.endpoint = self.server.endpoints[0]

    def tell(self, command: AnyCommand, caller: Caller) -> dict[str, object]:
        """The command's name."""
        name = type(command).__struct_config__.tag
        return {"command": name, "changed": [{"key": "x", "before": 1, "after": None}]}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    one = Asked(tmp_path_factory.mktemp("asked"))
    yield one
    one.server.close()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("status",), "give either --config"),
        (("--endpoint", "nonsense", "status"), "is no address"),
        (("--endpoint", "tcp://127.0.0.1:1", "status"), "needs keys"),
        (("--endpoint", "ipc:///nowhere/x", "log", "loud"), "expected debug"),
        (("--endpoint", "ipc:///nowhere/x", "run", "start", "a b"), "expected letters"),
        (("--endpoint", "ipc:///nowhere/x", "part", "x" * 65), "expected 1 to 64"),
    ],
)
def test_a_mistake_in_the_call_is_one_line(arguments: tuple[str, ...], error: str) -> None:
    ended = run("ctl", *arguments)
    assert (ended.status, ended.err.count("\n")) == (2, 1)
    assert error in ended.err


def test_the_configuration_names_the_socket(asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "line: t\ncameras: [{name: top, source: {kind: simulator}}]\ncontrol: {endpoint: %s}\n"
    file = tmp_path / "hot.yaml"
    file.write_text(line % asked.endpoint)
    assert run("ctl", "-c", file, "resume").status == 0
    file.write_text(line % "null")
    assert "control.endpoint is null" in run("ctl", "-c", file, "resume").err
    monkeypatch.setattr("inspector.cli.control_options.SERVICE_FOLDER", tmp_path)
    file.write_text(line % "auto")
    assert f"there is no socket {tmp_path}/hot/control" in run("ctl", "-c", file, "resume").err
    (tmp_path / "hot").mkdir()
    (tmp_path / "hot" / "control").symlink_to(asked.endpoint.removeprefix("ipc://"))
    file.write_text("a mistake\n")
    assert run("ctl", "-c", file, "resume").status == 0, "a mistake in the file keeps nobody from the line that runs"


def test_ctrl_c_ends_the_waiting_and_says_that_the_line_goes_on(tmp_path: Path) -> None:
    begun, released = threading.Event(), threading.Event()

    def perform(command: AnyCommand, caller: Caller) -> dict[str, object]:
        begun.set()
        released.wait(20)
        return {}

    server = ControlServer(ControlConfig(endpoint=f"ipc://{tmp_path}/control"), "t", "e", perform)
    server.start()
    try:
        ended = interrupted("ctl", "--endpoint", server.endpoints[0], "bundle", "rollback", when=begun.is_set)
    finally:
        released.set()
        server.close()
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr.startswith(
        "inspector: bundle rollback: no longer waited for; a line that has begun with it goes on"
    )
