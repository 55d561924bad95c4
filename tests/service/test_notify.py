"""What is said to the service manager, and what happens where nobody listens."""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from pathlib import Path

import pytest

from inspector.service.notify import ServiceManager
from tests.service.notify_socket import NotifySocket


def test_every_message_over_a_path(tmp_path: Path) -> None:
    with NotifySocket(str(tmp_path / "n")) as listening:
        manager = ServiceManager(listening.address)
        manager.starting(12.5, "starting")
        manager.ready("running")
        manager.status("running: 5 frames/s")
        manager.stopping("stopping")
        assert listening.waiting() == [
            {"EXTEND_TIMEOUT_USEC": "12500000", "STATUS": "starting"},
            {"READY": "1", "STATUS": "running"},
            {"STATUS": "running: 5 frames/s"},
            {"STOPPING": "1", "STATUS": "stopping"},
        ]


def test_abstract_name() -> None:
    with NotifySocket(f"@inspector-test-{uuid.uuid4()}") as listening:
        manager = ServiceManager(listening.address)
        manager.ready("running")
        assert listening.waiting() == [{"READY": "1", "STATUS": "running"}]


def test_the_variable_is_not_left_to_other_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with NotifySocket(str(tmp_path / "n")) as listening:
        monkeypatch.setenv("NOTIFY_SOCKET", listening.address)
        manager = ServiceManager.of_this_process()
        assert "NOTIFY_SOCKET" not in os.environ
        manager.ready("running")
        assert listening.receive()["READY"] == "1"


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "relative/path"])
def test_without_a_usable_address_nothing_is_sent(address: str, caplog: pytest.LogCaptureFixture) -> None:
    manager = ServiceManager(address)
    manager.ready("running")
    manager.stopping("stopping")
    assert len(caplog.records) == bool(address)


def test_a_status_is_one_printable_line_of_bounded_length(tmp_path: Path) -> None:
    with NotifySocket(str(tmp_path / "n")) as listening:
        manager = ServiceManager(listening.address)
        manager.status("camera\nREADY=1 \udcff" + "\N{EARTH GLOBE EUROPE-AFRICA}" * 5000)
        (message,) = listening.waiting()
        assert set(message) == {"STATUS"}
        assert message["STATUS"].startswith("camera\N{REPLACEMENT CHARACTER}READY=1 ")
        assert len(message["STATUS"]) == 500


@pytest.mark.parametrize("dead", ["nobody is bound", "/nowhere/at/all", "/" + "x" * 200])
def test_a_dead_socket_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture, dead: str) -> None:
    address = dead
    if not dead.startswith("/"):
        address = str(tmp_path / "n")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
            bound.bind(address)
    manager = ServiceManager(address)
    for _ in range(3):
        manager.status("running")
    manager.stopping("stopping")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "cannot be told" in caplog.text


def test_a_full_queue_neither_blocks_nor_loses_ready(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with NotifySocket(str(tmp_path / "n")) as listening:
        manager = ServiceManager(listening.address)
        for _ in range(10_000):  # as many messages as a queue may hold on any system
            manager.status("waits in the queue of a manager that does not read")
            if caplog.records:
                break
        manager.status("alive, but nobody reads it", alive=True)
        manager.ready("running")
        assert all("READY" not in message for message in listening.waiting())
        manager.status("running: 5 frames/s")
        assert listening.waiting() == [{"READY": "1", "STATUS": "running: 5 frames/s"}]
    assert len(caplog.records) == 1


def test_a_reload_is_framed_by_reloading_and_ready(tmp_path: Path) -> None:
    with NotifySocket(str(tmp_path / "n")) as listening:
        manager = ServiceManager(listening.address)
        before_us = time.monotonic_ns() // 1000
        manager.reloading("reloading")
        manager.reloaded("running")
        reloading, reloaded = listening.waiting()
    assert set(reloading) == {"RELOADING", "MONOTONIC_USEC", "STATUS"}
    assert before_us <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    assert reloaded == {"READY": "1", "STATUS": "running"}


def test_the_watchdog_is_the_one_that_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(usec: str, pid: str) -> float | None:
        monkeypatch.setenv("NOTIFY_SOCKET", listening.address)
        monkeypatch.setenv("WATCHDOG_USEC", usec)
        monkeypatch.setenv("WATCHDOG_PID", pid)
        manager = ServiceManager.of_this_process()
        assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} & set(os.environ)
        return manager.watchdog_s

    with NotifySocket(str(tmp_path / "n")) as listening:
        assert found("30000000", str(os.getpid())) == 30
        assert found("30000000", "") == 30
        assert found("30000000", "1") is None, "it is another process that is watched"
        assert found("soon", "") is None
        manager = ServiceManager(listening.address, 30)
        manager.ready("running", watchdog_s=45)
        manager.status("running", alive=True)
        manager.status("running")
        said = listening.waiting()
    assert said[0] == {"READY": "1", "WATCHDOG_USEC": "45000000", "STATUS": "running"}
    assert said[1:] == [{"STATUS": "running", "WATCHDOG": "1"}, {"STATUS": "running"}]
