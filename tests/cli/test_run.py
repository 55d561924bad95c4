"""The daemon as a process: started, watched over TCP, ended by signals, refused for a reason."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
import yaml

from engines.bundle import Bundle
from engines.gpu import find_gpu
from inspector.client import Packet, Subscriber
from inspector.client.completeness import Completeness
from inspector.errors import UserError
from inspector.protocol.messages import LineState, ResultBody, StatusBody
from inspector.results.journal_reader import JournalReader
from tests.cli.command import COMMAND, one_line_of
from tests.cli.in_process import inspector
from tests.line.accounting import account
from tests.line_file import LINE
from tests.results.publishing import eventually
from tests.results.zmtp import all_closed, connected, frame, is_cut_off, reset, send_until_cut_off, silent
from tests.tiny_bundle import frame_with


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Recorded frames: two clean, one defective, one cut short."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, squares in enumerate([[], [(192, 4)], []]):
        cv2.imwrite(str(folder / f"f{number}.png"), frame_with(squares))
    whole = (folder / "f0.png").read_bytes()
    (folder / "f3.png").write_bytes(whole[: len(whole) // 2])
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def config(tmp_path: Path, frames: Path, tiny_bundle: Bundle) -> Path:
    path = tmp_path / "line.yaml"
    tree = {
        "line": LINE,
        "bundle": str(tiny_bundle.path),
        "cameras": [{"name": "top", "source": {"kind": "replay", "path": "frames", "rate_hz": 300, "loop": True}}],
        "deadline_ms": 1000,
        "inference": {"runtime": "openvino", "precision": "f32"},
        "results": {
            "endpoint": f"tcp://127.0.0.1:{free_port()}",
            "recovery": {"endpoint": "tcp://127.0.0.1:*"},
            "wait_for_subscribers": 1,
        },
        "journal": {"path": str(tmp_path / "journal.sqlite")},
    }
    path.write_text(yaml.safe_dump(tree))
    return path


def edit(path: Path, **changes: object) -> Path:
    """Replace top-level keys; a section is merged."""
    tree = yaml.safe_load(path.read_text())
    for key, value in changes.items():
        tree[key] = {**tree[key], **value} if isinstance(value, dict) else value
    path.write_text(yaml.safe_dump(tree))
    return path


@pytest.fixture
def daemon(config: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([*COMMAND, "run", "-c", str(config)], stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def endpoint_of(config: Path) -> str:
    return str(yaml.safe_load(config.read_text())["results"]["endpoint"])


def frames_in(journal: Path) -> int:
    """How many frames of the running daemon have their verdict in its journal, which the daemon may only just be making."""
    try:
        with JournalReader(journal) as reader:
            last = reader.last_frame(LINE, "top")
    except UserError:
        return 0
    return 0 if last is None or last.frame is None else last.frame + 1


def listen_until_stopped(subscriber: Subscriber) -> Completeness:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        event = subscriber.receive(500)
        if isinstance(event, Packet) and isinstance(event.body, StatusBody) and event.body.state is LineState.STOPPED:
            (books,) = subscriber.streams.values()
            return books
    raise AssertionError("the daemon never said that it stopped")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_under_load_ends_in_two_seconds_with_every_frame_accounted_for(
    daemon: subprocess.Popen[str], config: Path, tmp_path: Path, number: int
) -> None:
    with Subscriber(endpoint_of(config), f"v1/{LINE}/top/") as subscriber:
        seen = 0
        while seen < 120:
            event = subscriber.receive(20_000)
            assert event is not None, "the daemon is silent"
            seen += isinstance(event, Packet)
        daemon.send_signal(number)
        begun = time.monotonic()
        assert daemon.wait(timeout=10) == 0
        took = time.monotonic() - begun
        books = listen_until_stopped(subscriber)
    assert took < 2.5, "interpreter shutdown included"
    assert books.proven, books.summary()
    found = account(tmp_path / "journal.sqlite")
    assert found.reasons["gate_clean"] > 50
    assert found.reasons["defect"] > 25
    assert found.reasons["bad_frame"] > 25


def test_hostile_peers_cost_no_frame_and_no_subscriber_a_message(config: Path, tmp_path: Path) -> None:
    """With few open files at first, as in a service: more connections than that, messages without end, and PINGs that wait behind
    many subscriptions when the connection breaks, which end a process whose libzmq has stopped reading."""
    edit(config, results={"max_connections": 20})
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    daemon = subprocess.Popen(
        [*COMMAND, "run", "-c", str(config)],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard)),
    )
    crowd: list[socket.socket] = []
    try:
        with Subscriber(endpoint_of(config), f"v1/{LINE}/top/") as subscriber:
            until_verdict(subscriber)
            for _ in range(20):
                peer = connected(endpoint_of(config))
                pings = (frame(b"\1v1/") * 40 + frame(b"\x04PING\0\0", command=True)) * 40
                send_until_cut_off(peer, pings, len(pings))
                reset(peer)
            for _ in range(40):
                crowd.append(silent(endpoint_of(config)))
            eventually(lambda: sum(map(is_cut_off, crowd)) > 20)
            with all_closed(peer := connected(endpoint_of(config))):
                assert send_until_cut_off(peer, frame(b"x" * 1000, more=True) * 64, 300 << 20) < 300 << 20
            for _ in range(100):
                until_verdict(subscriber)
            daemon.send_signal(signal.SIGTERM)
            books = listen_until_stopped(subscriber)
        assert daemon.wait(timeout=10) == 0
        assert books.proven, books.summary()
    finally:
        daemon.kill()
        daemon.communicate()
        for one in crowd:
            one.close()
    found = account(tmp_path / "journal.sqlite")
    late = {"overload", "camera_lost"}  # on a busy machine
    assert set(found.reasons) <= {"gate_clean", "defect", "bad_frame", "shutdown", *late}
    assert found.reasons["bad_frame"] <= found.reasons["gate_clean"] / 2 + 2, "only the frame that is cut short"


def until_verdict(subscriber: Subscriber) -> None:
    while True:
        event = subscriber.receive(20_000)
        assert event is not None, "the daemon is silent"
        if isinstance(event, Packet) and isinstance(event.body, ResultBody):
            return


@pytest.mark.skipif(not isinstance(find_gpu(), str), reason="this machine has a GPU")
def test_without_a_gpu_a_line_starts_only_where_the_cpu_is_allowed_and_every_status_says_so(config: Path) -> None:
    edit(config, inference={"runtime": "auto"})
    refused = inspector("run", "-c", config)
    assert refused.returncode == 2
    last = refused.stderr.strip().splitlines()[-1]
    assert last.startswith("inspector: inference could not start: no GPU to run the engines on")
    assert last.endswith("set inference.allow_cpu: true")
    edit(config, inference={"allow_cpu": True})
    process = subprocess.Popen([*COMMAND, "run", "-c", str(config)], stderr=subprocess.PIPE, text=True)
    try:
        with Subscriber(endpoint_of(config), f"v1/{LINE}/top/") as subscriber:
            said: list[StatusBody] = []
            while not said or said[-1].state is not LineState.STOPPED:
                event = subscriber.receive(20_000)
                assert event is not None, "the daemon is silent"
                if isinstance(event, Packet) and isinstance(event.body, StatusBody):
                    said.append(event.body)
                    if len(said) == 1:  # a second signal would end it at once
                        process.send_signal(signal.SIGTERM)
    finally:
        process.kill()
        process.communicate()
    assert {status.code for status in said} >= {"running", "stopped"}
    assert all("on the CPU, no GPU: " in status.engines for status in said)


def test_sigterm_while_starting_ends_at_once(config: Path) -> None:
    source = {"kind": "simulator", "pool": 5000}
    edit(config, cameras=[{"name": "top", "source": source}])
    process = subprocess.Popen([*COMMAND, "run", "-c", str(config)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "bundle tiny" in process.stderr.readline()
    time.sleep(0.3)  # it renders its pool and loads the engines now
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=10)
    assert time.monotonic() - begun < 2.5, log
    assert process.returncode == 0, log


def test_run_with_every_file_bad_ends_properly(config: Path, frames: Path, tmp_path: Path) -> None:
    for path in frames.iterdir():
        path.write_bytes(b"nothing of an image")
    source = {"kind": "replay", "path": "frames"}
    edit(config, cameras=[{"name": "top", "source": source}], results={"wait_for_subscribers": 0})
    finished = inspector("run", "-c", config)
    assert finished.returncode == 1, finished.stderr
    log = finished.stderr.splitlines()
    assert "no frame could be inspected: bad_frame 4: " in log[-1]
    assert "the first: f0.png; each frame must be readable" in log[-1]
    assert sum("a frame is UNINSPECTED, bad_frame" in line for line in log) == 1, "the first of its kind, once"
    found = account(tmp_path / "journal.sqlite")
    assert found.reasons == {"bad_frame": 4}
    assert "not a JPEG, PNG" in found.verdicts[0][2]


def test_subscriber_that_never_reads_does_not_hold_up_the_line(
    daemon: subprocess.Popen[str], config: Path, tmp_path: Path
) -> None:
    with Subscriber(endpoint_of(config), f"v1/{LINE}/", receive_hwm=1):
        eventually(lambda: frames_in(tmp_path / "journal.sqlite") > 300, 20)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=10) == 0
    found = account(tmp_path / "journal.sqlite")
    assert len(found.verdicts) > 200
    assert found.reasons["deadline"] == 0


def test_port_in_use(config: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        endpoint = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        line = one_line_of(
            inspector("run", "-c", edit(config, results={"endpoint": endpoint}), "--log-level", "warning")
        )
    assert "results.endpoint" in line
    assert endpoint in line


def test_missing_bundle(config: Path) -> None:
    line = one_line_of(inspector("run", "-c", edit(config, bundle="nowhere")))
    assert "nowhere: no model bundle there" in line
    assert "demo" in line


def test_unknown_key(config: Path) -> None:
    line = one_line_of(inspector("run", "-c", edit(config, overlod="wait")))
    assert "unknown key 'overlod'; did you mean 'overload'?" in line


def test_missing_frames(config: Path) -> None:
    source = {"kind": "replay", "path": "nothing-here"}
    line = one_line_of(
        inspector("run", "-c", edit(config, cameras=[{"name": "top", "source": source}]), "--log-level", "warning")
    )
    assert "nothing-here" in line


def test_parent_killed_outright_leaves_no_child_behind(daemon: subprocess.Popen[str], config: Path) -> None:
    with Subscriber(endpoint_of(config), f"v1/{LINE}/top/") as subscriber:
        assert subscriber.receive(20_000) is not None
        while not isinstance(subscriber.receive(20_000), Packet):
            pass
        children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split()
        every = [
            child
            for task in Path(f"/proc/{daemon.pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
        assert children or every
        os.kill(daemon.pid, signal.SIGKILL)
    until = time.monotonic() + 10
    while any(_alive(int(child)) for child in every):
        assert time.monotonic() < until, "a child outlived the daemon"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
