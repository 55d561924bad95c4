"""What keeps one line from running on this machine, each found by trying it for real."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import zmq
from msgspec import to_builtins

from engines.bundle import Bundle
from inspector.doctor.configured_line import ConfiguredLine
from inspector.doctor.finding import Finding, State
from tests.keys import make_keys
from tests.line_file import write_line

Examine = Callable[..., dict[str, Finding]]


@pytest.fixture
def examine(tiny_bundle: Bundle, tmp_path: Path) -> Examine:
    """Findings by name of a line with some keys changed."""

    def examine(bundle: Path = tiny_bundle.path, **changes: Any) -> dict[str, Finding]:
        return {one.name: one for one in ConfiguredLine(write_line(tmp_path, bundle, **changes)).findings()}

    return examine


def stopping(findings: dict[str, Finding]) -> set[str]:
    return {name for name, finding in findings.items() if finding.stops_the_line}


def test_a_line_that_can_run_leaves_nothing_behind(examine: Examine, tmp_path: Path) -> None:
    findings = examine()
    assert set(findings) == {"Configuration", "Bundle", "Camera top", "Endpoint", "Recovery", "Journal", "Archive"}
    assert not stopping(findings)
    assert [path.name for path in tmp_path.iterdir()] == ["line.yaml"]


def test_the_address_is_free_again(examine: Examine) -> None:
    with zmq.Context() as context, context.socket(zmq.XPUB) as other:
        port = other.bind_to_random_port("tcp://127.0.0.1")
        endpoint = {"endpoint": f"tcp://127.0.0.1:{port}", "recovery": {"endpoint": "tcp://127.0.0.1:*"}}
        taken = examine(results=endpoint)
    assert stopping(taken) == {"Endpoint"}
    assert "another program uses this port" in taken["Endpoint"].found
    for _ in range(2):
        assert not stopping(examine(results=endpoint))


def test_an_altered_bundle(examine: Examine, tiny_bundle: Bundle, tmp_path: Path) -> None:
    altered = shutil.copytree(tiny_bundle.path, tmp_path / "altered")
    with (altered / "gate.onnx").open("ab") as file:
        file.write(b"x")
    findings = examine(bundle=altered)
    assert stopping(findings) == {"Bundle"}
    assert "was altered" in findings["Bundle"].found


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"deadlin_ms": 5}, "Configuration", "did you mean 'deadline_ms'"),
        ({"verdicts": {"rules": [{"class": "holes"}]}}, "Configuration", "'holes' is not a class of the bundle"),
        ({"bundle": Path("nowhere")}, "Bundle", "no model bundle there"),
        ({"bundle": Path("~nobody-of-this-name/b")}, "Configuration", "no home directory is known"),
        ({"bundle": Path("x" * 300)}, "Bundle", "File name too long"),
        (
            {"cameras": [{"name": "top", "source": {"kind": "replay", "path": "x" * 300}}]},
            "Camera top",
            "File name too long",
        ),
        (
            {"cameras": [{"name": "top", "source": {"kind": "replay", "path": "~nobody-of-this-name/f"}}]},
            "Configuration",
            "cameras[0].source.path: ~nobody-of-this-name/f: no home directory is known",
        ),
        ({"journal": {"path": "x" * 300}}, "Journal", "File name too long"),
        ({"cameras": [{"name": "top", "source": {"kind": "replay", "path": "none"}}]}, "Camera top", "none"),
        ({"results": {"endpoint": "tcp://0.0.0.0:5550"}}, "Configuration", "the line has no keys; add `keys: {"),
        ({"keys": {"secret_key": "/none", "clients": "/none"}}, "Keys", "keys.secret_key: /none cannot be read"),
        (
            {"control": {"remote": "tcp://127.0.0.1:*"}},
            "Configuration",
            "control.remote: tcp://127.0.0.1:* takes commands",
        ),
        ({"journal": {"path": "/nowhere/journal.sqlite"}}, "Journal", "does not exist"),
        ({"journal": {"path": "/tmp"}}, "Journal", "is a folder"),
        ({"journal": {"path": "/proc/journal.sqlite"}}, "Journal", "/proc/journal.sqlite"),
    ],
)
def test_what_keeps_a_line_from_running(changes: dict[str, Any], name: str, expected: str, examine: Examine) -> None:
    findings = examine(**changes)
    assert stopping(findings) == {name}
    assert expected in findings[name].found


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    (finding,) = ConfiguredLine(tmp_path / "none.yaml").findings()
    assert finding.stops_the_line
    assert "none.yaml: cannot be read" in finding.found


def test_another_programs_database_is_refused_and_left_alone(examine: Examine, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE things (id INTEGER)")
    other.close()
    before = path.read_bytes()
    assert stopping(examine()) == {"Journal"}
    assert path.read_bytes() == before


def test_no_journal_and_a_disk_that_may_fill_are_notes(examine: Examine, tmp_path: Path) -> None:
    assert examine(journal={"path": None})["Journal"].state is State.NOTE
    hungry = examine(journal={"path": str(tmp_path / "journal.sqlite"), "keep_bytes": 10**18})["Journal"]
    assert hungry.state is State.NOTE
    assert "set journal.keep_bytes" in hungry.advice


def test_an_archive_that_cannot_be_written_or_has_no_room_stops_no_line(examine: Examine, tmp_path: Path) -> None:
    def found(**changes: Any) -> Finding:
        findings = examine(archive={"path": str(tmp_path / "new/archive"), **changes})
        assert not stopping(findings)
        return findings["Archive"]

    assert examine()["Archive"].state is State.NOTE
    assert found(quota_mib=1, free_mib=1).state is State.OK
    assert not (tmp_path / "new").exists()
    assert "more than is free" in found(quota_mib=2**31).advice
    assert "nearly full" in found(free_mib=2**31).advice
    assert found(path="/proc/archive").state is State.WRONG
    (tmp_path / "file").write_text("")
    assert "is a file, not a folder" in found(path=str(tmp_path / "file")).found


def recording(tmp_path: Path, *sizes: tuple[int, int]) -> list[dict[str, Any]]:
    """A camera that replays frames of these sizes."""
    (tmp_path / "frames").mkdir()
    for number, size in enumerate(sizes):
        cv2.imwrite(str(tmp_path / "frames" / f"{number}.png"), np.full(size, 100, np.uint8))
    return [{"name": "top", "source": {"kind": "replay", "path": "frames", "rate_hz": 0.01, "loop": True}}]


def test_the_first_frames_of_a_recording_are_looked_at(examine: Examine, tmp_path: Path) -> None:
    good = (32, 48)
    assert examine(cameras=recording(tmp_path, good, good, good, (9, 9)))["Camera top"].state is State.OK


def test_a_recording_of_another_size_cannot_be_inspected(examine: Examine, tmp_path: Path) -> None:
    findings = examine(cameras=recording(tmp_path, (20, 20), (20, 20)))
    assert stopping(findings) == {"Camera top"}
    assert "0.png: is 20x20 pixels (height x width); expected 32x48" in findings["Camera top"].found


def test_one_bad_frame_among_the_first_is_a_note(examine: Examine, tmp_path: Path) -> None:
    finding = examine(cameras=recording(tmp_path, (32, 48), (20, 20)))["Camera top"]
    assert finding.state is State.NOTE
    assert "1.png" in finding.found


def test_the_ring_is_that_of_the_line(tiny_bundle: Bundle, tmp_path: Path) -> None:
    assert ConfiguredLine(write_line(tmp_path, tiny_bundle.path, ring={"slots": 7})).ring() == (7, 32, 48)


def test_a_secret_key_that_others_can_read_keeps_a_line_from_running(examine: Examine, tmp_path: Path) -> None:
    keys = to_builtins(make_keys(tmp_path, mes="subscriber", panel="operator"))
    findings = examine(keys=keys, control={"remote": "tcp://*:*"})
    assert stopping(findings) == set()
    assert findings["Keys"].found == "1 subscriber, 1 operator"
    assert "with keys" in findings["Endpoint"].advice
    assert "with keys" in findings["Remote control"].advice
    absent = {**keys, "secret_key": "/run/credentials/inspector@none.service/line.key_secret"}
    assert examine(keys=absent)["Keys"].state is State.NOTE
    (tmp_path / "line.key_secret").chmod(0o644)
    findings = examine(keys=keys)
    assert stopping(findings) == {"Keys"}
    assert f"keys.secret_key: {tmp_path}/line.key_secret can be read by others (mode 0644)" in findings["Keys"].found
    assert "chmod 600" in findings["Keys"].found
