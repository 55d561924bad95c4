"""The log's forms, its limit on repeats, and what `inspector run` writes in each."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.errors import UserError
from inspector.service import log as service_log
from inspector.service.log import log_to_stderr, set_level, structured
from inspector.service.log_formats import LONGEST_MESSAGE, LONGEST_TRACEBACK
from inspector.service.repeats import MESSAGES_A_MINUTE, MOST_KINDS, TRACEBACKS_A_MINUTE, RepeatLimit
from tests.cli.command import COMMAND

HOSTILE = "\x1b]0;title\x07\x1b[2J\x9b31m\x7f\u202e\r\n<3>forged"
log = logging.getLogger("inspector.tests")


@pytest.fixture(autouse=True)
def root() -> Iterator[logging.Logger]:
    """The root logger, put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


def fail(text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("camera %s failed", text, extra={"camera": text, "frame": 7, "ratio": float("nan")})


def test_an_event_is_one_line_for_the_journal(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("debug", "journal")
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        log.log(level, "a level")
    fail(HOSTILE)
    *levels, failure = capsys.readouterr().err.splitlines()
    assert [line.split("i")[0] for line in levels] == ["<7>", "<6>", "<4>", "<3>", "<2>"]
    assert failure.startswith("<3>inspector.tests: camera ")
    assert failure.isprintable()
    assert "\\nTraceback (most recent call last):\\n" in failure
    assert failure.endswith("\\n<3>forged")
    assert structured()


def test_text_keeps_a_traceback_apart_from_events(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("info", "text")
    fail(HOSTILE)
    log.error("a child failed", extra={"traceback": "Traceback\n  of another process\n"})
    lines = capsys.readouterr().err.splitlines()
    assert all(line.isprintable() for line in lines)
    assert [line for line in lines if not line.startswith("    ")] == [lines[0], lines[-3]]
    assert lines[-2:] == ["    Traceback", "      of another process"]
    assert not structured()


def test_json_is_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("info", "json")
    fail(HOSTILE)
    log.warning("camera %s is silent", "top", extra={"code": "camera_silent"})
    lines = capsys.readouterr().err.splitlines()
    assert all(line.isprintable() for line in lines)
    failure, silent = map(json.loads, lines)
    assert list(failure) == ["time", "level", "logger", "event", "message", "fields", "traceback"]
    assert failure["event"] == "camera %s failed"
    assert failure["fields"] == {"camera": HOSTILE, "frame": 7, "ratio": "nan"}
    assert failure["time"].endswith("Z")
    assert (silent["event"], silent["message"], silent["level"]) == ("camera_silent", "camera top is silent", "warning")


@pytest.mark.parametrize("form", ["text", "journal", "json"])
def test_a_wrong_call_or_a_huge_message_is_an_event_too(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("info", form)
    log.info("%d frames", "many")
    log.info("%s", "x" * 10 * LONGEST_MESSAGE, extra={"traceback": "y\n" * LONGEST_TRACEBACK})
    log.info("%s", "\N{EURO SIGN}" * LONGEST_MESSAGE, extra={"traceback": "\N{EURO SIGN}" * LONGEST_TRACEBACK})
    first, *long = capsys.readouterr().err.splitlines()
    assert "%d frames ('many',)" in first
    if form == "journal":
        assert [len(line.encode()) < 48 * 1024 for line in long] == [True, True]


def test_the_journal_is_recognised_by_its_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    status = os.fstat(2)
    for stream, form in ((f"{status.st_dev}:{status.st_ino}", True), ("1:2", False), ("", False)):
        monkeypatch.setenv("JOURNAL_STREAM", stream)
        log_to_stderr("info")
        assert structured() == form


def test_levels_change_while_the_program_runs(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("warning", "text")
    log.info("unheard")
    set_level("Info")
    log.info("heard")
    assert capsys.readouterr().err.split()[-1] == "heard"
    for wrong in (lambda: set_level("loud"), lambda: log_to_stderr("handlers"), lambda: log_to_stderr("info", "xml")):
        with pytest.raises(UserError, match="use "):
            wrong()


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_repeats_are_counted_and_told() -> None:
    told: list[str] = []
    clock = Clock()
    limit = RepeatLimit(lambda record: told.append(record.getMessage()), clock)

    def passed(text: str, *arguments: object, **extra: object) -> logging.LogRecord | None:
        record = logging.makeLogRecord({"name": "x", "levelno": 30, "msg": text, "args": arguments, **extra})
        return record if limit.filter(record) else None

    written = [one for n in range(50) if (one := passed("frame %d failed", n, traceback="t"))]
    assert len(written) == MESSAGES_A_MINUTE
    assert sum(not one.repeated for one in written) == TRACEBACKS_A_MINUTE
    assert passed("another") is not None
    assert passed("frame %d failed", 0, code="camera_silent") is not None
    clock.now_s = 61
    limit.sum_up()
    assert told == ["30 further messages of this kind in the last minute are not listed, the last: frame 49 failed"]
    assert passed("frame %d failed", 50) is not None
    assert sum(passed(f"kind {n}") is not None for n in range(2 * MOST_KINDS)) < MOST_KINDS + MESSAGES_A_MINUTE + 1


def test_a_thread_that_fails_is_one_event(capfd: pytest.CaptureFixture[str]) -> None:
    program = """
import threading
from inspector.service.log import log_to_stderr, uncaught_logged
log_to_stderr("info", "journal")
with uncaught_logged():
    one = threading.Thread(target=lambda: 1 / 0, name="lost")
    one.start()
    one.join()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    (line,) = done.stderr.splitlines()
    assert line.startswith("<2>inspector: thread lost has ended")
    assert line.endswith("ZeroDivisionError: division by zero")


def test_what_stops_the_daemon_is_an_event_in_its_form(tmp_path: Path) -> None:
    command = [*COMMAND, "run", "-c", str(tmp_path / "none.yaml"), "--log-format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    (line,) = done.stderr.splitlines()
    event = json.loads(line)
    assert done.returncode == 2
    assert event["level"] == "error"
    assert "none.yaml" in event["message"]


def test_the_levels_that_are_offered_are_known() -> None:
    for level in service_log.LEVELS:
        set_level(level)
