"""What writes the log waits for nobody, and says what it left out."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from inspector.service import log as service_log
from inspector.service.log_outlet import Outlet

STARTS_A_PROCESS = """
import multiprocessing, sys
from inspector.cli.ending import prepare_streams
from inspector.service.log import log_to_stderr
import logging
prepare_streams()
log_to_stderr("info", "text")
logging.getLogger("inspector").error("nobody can read this")
child = multiprocessing.get_context("spawn").Process(target=print, args=("started",))
child.start()
child.join()
"""


def test_a_pipe_that_nobody_reads_holds_nobody_up_and_is_written_again_once_somebody_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="ascii") as stream, os.fdopen(reading, "rb", buffering=0) as reader:
        monkeypatch.setattr(sys, "stderr", stream)
        handler = service_log._StderrHandler("text")
        record = logging.makeLogRecord({"msg": "x" * 1000, "levelname": "INFO", "levelno": logging.INFO})
        begun_s = time.monotonic()
        for _ in range(1000):
            handler.emit(record)
        assert time.monotonic() - begun_s < 5
        assert handler._outlet.lost > 500
        reader.read(1 << 20)
        lost = handler._outlet.lost
        handler.emit(record)
        *_, about, last = reader.read(1 << 20).decode().splitlines()
        assert f"{lost} messages before this one are not in the log" in about
        assert last.endswith("x" * 1000)
        assert handler._outlet.lost == 0


def test_a_text_longer_than_the_pipe_is_whole_where_somebody_reads() -> None:
    reading, writing = os.pipe()
    text = "y" * (1 << 18) + "\n"
    with os.fdopen(writing, "w", encoding="ascii") as stream, os.fdopen(reading, "rb") as reader:
        found: list[bytes] = []
        thread = threading.Thread(target=lambda: found.append(reader.read(len(text))))
        thread.start()
        assert Outlet(stream).write(text)
        thread.join()
    assert found == [text.encode()]


def test_a_full_disk_is_counted(tmp_path: Path) -> None:
    with open("/dev/full", "w", encoding="ascii") as stream:
        outlet = Outlet(stream)
        assert not outlet.write("text\n")
        assert outlet.lost == 1


def test_a_process_can_be_started_while_the_disk_of_the_log_is_full() -> None:
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run(
            [sys.executable, "-c", STARTS_A_PROCESS],
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            check=False,
            timeout=30,
        )
    assert (done.returncode, done.stdout) == (0, "started\n")
