"""``inspector subscribe`` and ``inspector journal`` as a user calls them."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inspector.client import mask_of
from inspector.protocol.codec import decode_body, decode_header
from inspector.protocol.limits import LONGEST_TEXT
from inspector.protocol.messages import LineState
from inspector.results.identity import Identity
from inspector.results.status import Status
from tests.cli.in_process import inspector
from tests.results.publishing import (
    LOST,
    PASSED,
    REJECTED,
    RUN,
    START,
    eventually,
    make_identity,
    make_meta,
    make_results,
    make_settled,
)

ROOT = Path(__file__).parents[2]
CALL = [
    sys.executable, "-c",
    "import signal\n"
    # A shell starts what it puts in the background with Ctrl-C ignored, and so might whoever started these tests.
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from inspector.cli.app import main\nmain()\n",
]  # fmt: skip


def a_run(*subscribe: str, interrupt: bool = False) -> tuple[int, str, str]:
    """What ``inspector subscribe`` prints of a short run of two cameras."""
    results = make_results(make_identity("cam1", "cam2"), results={"wait_for_subscribers": 1})
    results.start()
    tail = subprocess.Popen(
        [*CALL, "subscribe", results.endpoint, *subscribe], stdout=-1, stderr=-1, text=True, cwd=ROOT
    )
    assert results.wait_for_subscribers()
    for camera in ("cam1", "cam2"):
        results.begin(camera, RUN, START)
    results.settled(make_settled(0))
    results.settled(make_settled(1, REJECTED))
    results.settled(make_settled(0, PASSED, "cam2"))
    results.settled(make_settled(2, LOST, count=5))
    results.late(make_meta(0), REJECTED)
    results.status(Status(state=LineState.DEGRADED, code="inference_restarting", text="killed by signal 9\x1b[2J"))
    for camera in ("cam1", "cam2"):
        results.end(camera, RUN)
    if interrupt:
        time.sleep(0.5)
        tail.send_signal(signal.SIGINT)
    out, err = tail.communicate(timeout=30)
    results.close()
    return tail.returncode, out, err


def test_a_readable_tail_that_ends_with_ctrl_c() -> None:
    status, out, err = a_run(interrupt=True)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert "REJECT      defect  gate 0.97  scratches 1.0 mm2  4.0 ms" in lines[3]
    assert "UNINSPECTED camera_lost  5 frames, 2..6" in lines[5]
    assert "would have been REJECT" in lines[6]
    assert "degraded  inference_restarting  killed by signal 9\N{REPLACEMENT CHARACTER}[2J" in lines[7]
    assert "\x1b" not in out, "what comes over a network must not steer the terminal"
    counts = {line.split()[0]: line.split()[1] for line in lines if len(line.split()) == 2}
    assert counts == {"PASS": "2", "REJECT": "1", "SCRAP": "0", "UNINSPECTED": "5"}
    assert "line1/cam1" in lines[-2]
    assert lines[-2].endswith("7 of 7 publications received, complete; totals agree")


def test_one_camera_and_a_count() -> None:
    status, out, _ = a_run("--camera", "cam2", "--count", "2")
    assert status == 0
    assert "cam1" not in out
    assert "run coil-7  8x16  pitting, inclusion, scratches, corrosion  simulator  simulated" in out


def test_json_has_everything() -> None:
    status, out, _ = a_run("--json", "--line", "line1", "--camera", "cam1", "--count", "7")
    assert status == 0
    messages = [json.loads(line) for line in out.splitlines()]
    assert [message["event"] for message in messages] == ["message"] * 7
    assert [message["header"]["seq"] for message in messages] == list(range(7))
    assert messages[2]["blob"]
    assert messages[1]["blob"] is None


def test_who_joins_late_is_told_and_heartbeats_show() -> None:
    results = make_results()
    results.start()
    results.begin("cam1", RUN, START)
    eventually(lambda: results.snapshot().published == 1)
    done = inspector("subscribe", results.endpoint, "--heartbeats", "--count", "3")
    results.close()
    assert done.returncode == 0, "what came before joining was not missed by this subscriber"
    assert "cam1: joined late; 1 messages, seq 0..0 were sent before" in done.stdout
    assert done.stdout.count("last seq 0") == 2
    assert "run coil-7  8x16  pitting, inclusion, scratches, corrosion  simulator  simulated  (repeated)" in done.stdout


def test_nobody_there() -> None:
    done = inspector("subscribe", "tcp://127.0.0.1:1", "--timeout", "1.7")
    assert done.returncode == 0
    assert "nothing heard from tcp://127.0.0.1:1 yet" in done.stderr
    assert inspector("subscribe", "nonsense").returncode == 2


def test_what_arrives_neither_ends_the_tail_nor_steers_the_terminal() -> None:
    results = make_results(results={"wait_for_subscribers": 2})
    results.start()
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    shown = [
        subprocess.Popen(
            [*CALL, "subscribe", results.endpoint, "--count", "1", *more],
            stdout=-1,
            stderr=-1,
            text=True,
            cwd=ROOT,
            env=environment,
        )
        for more in ((), ("--json",))
    ]
    assert results.wait_for_subscribers()
    said = "\x1b[2J\x7f\x9b31m\u202e\n\u00e9" + "x" * 10_000
    results.status(Status(state=LineState.DEGRADED, code="journal_failing", text=said))
    (text, error), (line, _) = [one.communicate(timeout=30) for one in shown]
    results.close()
    assert (error, [one.returncode for one in shown]) == ("", [0, 0])
    assert json.loads(line)["body"]["text"] == f"{said[: LONGEST_TEXT - 3]}..."
    assert all(character == "\n" or " " <= character <= "~" for character in text + line)
    assert max(map(len, text.splitlines())) < 3000


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Identity]]:
    """Two epochs of two runs."""
    path = tmp_path_factory.mktemp("journal") / "j.sqlite"
    identities = [make_identity("cam1", "cam2"), make_identity("cam1")]
    for identity, run in zip(identities, ("coil-1", "coil-2"), strict=True):
        results = make_results(identity, path)
        results.start()
        for camera in identity.cameras:
            results.begin(camera, run, START)
            results.settled(make_settled(0, PASSED, camera, run=run))
            results.settled(make_settled(1, REJECTED, camera, run=run))
            results.settled(make_settled(2, LOST, camera, count=3, run=run))
            results.end(camera, run)
        assert results.close()
    return path, identities


def exported(*arguments: str | Path) -> list[dict[str, str]]:
    done = inspector("journal", "export", *arguments)
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_export_as_csv(journal: tuple[Path, list[Identity]], tmp_path: Path) -> None:
    path, identities = journal
    rows = exported(path)
    assert len(rows) == 9
    assert sum(int(row["frames"]) for row in rows) == 15
    reject = rows[1]
    assert (reject["verdict"], reject["reason"], reject["defects"], reject["classes"], reject["defect_px"]) == (
        "REJECT", "defect", "1", "scratches", "6",
    )  # fmt: skip
    assert reject["captured"].endswith("Z")
    assert [row["epoch"] for row in exported(path, "--epoch", "last")] == [identities[1].epoch] * 3
    assert {row["run"] for row in exported(path, "--run", "coil-1")} == {"coil-1"}
    assert [row["camera"] for row in exported(path, "--verdict", "uninspected", "--camera", "cam2")] == ["cam2"]
    target = tmp_path / "out.csv"
    assert inspector("journal", "export", path, "-o", target).stdout == ""
    assert list(csv.DictReader(io.StringIO(target.read_text()))) == rows


def test_export_as_json_lines(journal: tuple[Path, list[Identity]]) -> None:
    done = inspector("journal", "export", journal[0], "-f", "jsonl", "--run", "coil-2")
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    assert [message["header"]["type"] for message in messages] == ["start", "result", "result", "gap", "end"]
    import base64

    raw = messages[2]
    header, body = (json.dumps(raw[key]).encode() for key in ("header", "body"))
    assert mask_of(decode_body(decode_header(header), body, base64.b64decode(raw["blob"]))) is not None


def test_tail(journal: tuple[Path, list[Identity]]) -> None:
    done = inspector("journal", "tail", journal[0], "-n", "2")
    assert len(done.stdout.splitlines()) == 2
    assert "5 frames" in done.stdout
    assert json.loads(inspector("journal", "tail", journal[0], "-n", "1", "--json").stdout)["header"]["type"] == "end"


@pytest.mark.parametrize("command", [("tail",), ("export",), ("export", "-o", "/no/such/folder/x.csv")])
def test_mistakes_are_one_line(command: tuple[str, ...], journal: tuple[Path, list[Identity]], tmp_path: Path) -> None:
    path = journal[0] if "-o" in command else tmp_path / "none.sqlite"
    done = inspector("journal", command[0], path, *command[1:])
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
