"""What `inspector run` tells the service manager, through a real socket."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from engines.bundle import Bundle
from inspector.client import Subscriber
from tests.cli.command import COMMAND, one_line_of
from tests.cli.in_process import inspector
from tests.line_file import LINE, write_line
from tests.results.publishing import eventually
from tests.service.notify_socket import NotifySocket


def write_service_line(folder: Path, bundle: Path, **changes: object) -> Path:
    source = {"kind": "simulator", "rate_hz": 100, "pool": 4}
    return write_line(
        folder, bundle, cameras=[{"name": "top", "source": source}], inference={"runtime": "openvino", "precision": "f32"},
        **changes,
    )  # fmt: skip


def test_ready_once_the_line_runs_and_stopping_when_it_is_told_to(tmp_path: Path, tiny_bundle: Bundle) -> None:
    """The start waits for a subscriber, whatever else is done, so it cannot be ready before one comes."""
    endpoint = f"ipc://{tmp_path}/r"
    config = write_service_line(
        tmp_path, tiny_bundle.path, results={"endpoint": endpoint, "wait_for_subscribers": 1, "wait_timeout_s": 40}
    )
    with NotifySocket(str(tmp_path / "n")) as manager:
        daemon = subprocess.Popen(
            [*COMMAND, "run", "-c", str(config)], env={**os.environ, "NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "2000000"},
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            starting = manager.receive()
            assert float(starting["EXTEND_TIMEOUT_USEC"]) == (120 + 40 + 30) * 1e6, "engines, subscribers, the rest"
            assert starting["STATUS"].startswith("starting: ")
            eventually(lambda: has_loaded_engines(daemon.pid), 30)
            assert all(
                said["STATUS"].startswith("starting: the engines are being loaded: ") for said in manager.waiting()
            )
            with Subscriber(endpoint, f"v1/{LINE}/") as subscriber:
                assert subscriber.receive(20_000) is not None
                while "READY" not in (ready := manager.receive()):
                    assert ready["STATUS"].startswith("starting: ")
                assert ready["STATUS"].startswith("running: 0.0 frames/s; no verdict yet")
                assert float(ready["WATCHDOG_USEC"]) > (5 + 5) * 1e6, "a child that hangs is noticed after 5 s"
                for _ in range(2):
                    status = manager.receive()
                assert status["WATCHDOG"] == "1", "answers are published"
                daemon.send_signal(signal.SIGTERM)
                _, log = daemon.communicate(timeout=10)
            assert daemon.returncode == 0, log
            assert [set(message) for message in manager.waiting()] == [{"STOPPING", "STATUS"}, {"STATUS"}]
        finally:
            daemon.kill()
            daemon.communicate()
    words = status["STATUS"].split("; ")
    assert float(words[0].removeprefix("running: ").removesuffix(" frames/s")) > 5
    assert " UNINSPECTED" in words[1] or " REJECT" in words[1] or " PASS" in words[1]
    assert words[2:] == ["inference ready", "health normal"]


def has_loaded_engines(pid: int) -> bool:
    """Whether a child of the process has OpenVINO's library for the CPU in its memory."""
    children = [
        child
        for task in Path(f"/proc/{pid}/task").glob("*/children")
        for child in task.read_text(encoding="ascii").split()
    ]
    return any("openvino_intel_cpu" in Path(f"/proc/{child}/maps").read_text(encoding="utf-8") for child in children)


def test_a_line_that_cannot_start_says_why_and_is_never_ready(
    tmp_path: Path, tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_service_line(tmp_path, tiny_bundle.path)
    tree = yaml.safe_load(config.read_text(encoding="utf-8"))
    tree["cameras"][0]["source"] = {"kind": "replay", "path": "nothing-here"}
    config.write_text(yaml.safe_dump(tree), encoding="utf-8")
    with NotifySocket(str(tmp_path / "n")) as manager:
        monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
        one_line_of(inspector("run", "-c", config, "--log-level", "error"))
        starting, stopping = manager.waiting()
    assert "EXTEND_TIMEOUT_USEC" in starting
    assert stopping["STOPPING"] == "1"
    assert "nothing-here" in stopping["STATUS"]
