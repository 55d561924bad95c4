"""The demo with its pages, on the tiny bundle: what it shows, and that nothing of it is left however it ends."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from inspector.cli.demo_parts.folder import free_pairs
from inspector.frames.held_name import HeldName
from tests.cli.command import COMMAND, one_line_of
from tests.cli.in_process import inspector
from tests.line_file import LINE
from tests.results.publishing import eventually
from tests.tiny_bundle import make_tiny_bundle

pytest.importorskip("uvicorn", reason="needs the extra view")
MARK = {"period_mm": 1960.4, "x_mm": 320, "phase_mm": 700, "length_mm": 160, "width_mm": 160, "contrast": 1.0}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A line of 19 m/s with the marks of a roll, which are nearly black. The bundle's classes are the simulator's, by their grey levels."""
    folder = tmp_path_factory.mktemp("short")
    levels = {"pitting": 8.0, "scratches": 300.0}
    make_tiny_bundle(folder / "tiny", height=32, width=64, levels=levels, gate_threshold=0.1)
    source = {"kind": "simulator", "rate_hz": 60, "pool": 8, "defect_rate": 0, "look_alike_rate": 0}
    camera = {
        "name": "top",
        "source": {**source, "strip": {"width_mm": 640, "roll_marks": [MARK]}},
        "scale": {"mm_per_px_x": 10, "mm_per_px_y": 10},
        "travel_um_per_frame": 320_000,
    }
    tree = {
        "line": f"{LINE}-shown",
        "bundle": "tiny",
        "cameras": [camera],
        "deadline_ms": 5000,
        "inference": {"allow_cpu": True},
        "verdicts": {"travel_axis": "y", "rules": [{"verdict": "reject"}]},
        "archive": {"clean": {"share": 0.05}},
    }
    (folder / "line.yaml").write_text(yaml.safe_dump(tree))
    return folder / "line.yaml"


class Demo:
    """One that runs, and what it has printed."""

    def __init__(self, folder: Path, config: Path) -> None:
        command = [*COMMAND, "demo-view", "--folder", str(folder), "-c", str(config), "--no-browser"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        self.printed: list[str] = []

    def until(self, pattern: str) -> str:
        """The next line that has this."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed.append(line)
            if re.search(pattern, line):
                return line.strip()
        raise AssertionError(f"{pattern} was not printed, but {self.printed}")

    def family(self, pid: int | None = None) -> set[int]:
        """Process ids of all that it started, and what they started."""
        found: set[int] = set()
        for task in Path(f"/proc/{pid or self.process.pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found |= {child, *self.family(child)}
        return found


@contextmanager
def demo(folder: Path, config: Path) -> Iterator[Demo]:
    running = Demo(folder, config)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.communicate()


def gone(processes: set[int]) -> bool:
    for process in processes:
        with suppress(OSError):
            if not re.search(r"^State:\s+Z", Path(f"/proc/{process}/status").read_text(), flags=re.MULTILINE):
                return False
    return True


def asked(url: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    """What the viewer answers, as to a page."""
    host = url.removeprefix("http://").rstrip("/")
    connection = http.client.HTTPConnection(host, timeout=20)
    try:
        headers = {}
        if body is not None:
            headers = {"origin": f"http://{host}", "content-type": "application/json"}
            headers["x-csrf-token"] = asked(url, "/api/me")[1]["csrf"]
        connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if answer.status == http.HTTPStatus.OK else data
    finally:
        connection.close()


def test_it_shows_a_line_and_ends_with_ctrl_c(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "demo-view"
    with demo(folder, config) as shown:
        url = shown.until(r"^ *http://\S+$")
        shown.until("seen: first reject: frame [0-9]+, pitting")
        found = shown.until("seen: roll mark found: pitting every")
        (period_mm,) = re.findall(r"every ([0-9.]+) mm, which fits the roll F7-top$", found)
        assert float(period_mm) == pytest.approx(MARK["period_mm"], abs=5)
        assert any("seen: the map has" in line for line in shown.printed)
        (line,) = asked(url, "/api/lines")[1]
        assert line["journal"]
        assert line["archive"]
        assert "review" in asked(url, "/api/me")[1]["rights"]
        _, queue = asked(url, f"/api/lines/{line['id']}/review?kind=clean&limit=1")
        review = {"base": 0, "says": "right", "judgements": [], "missed": [], "note": ""}
        path = f"/api/lines/{line['id']}/review/{queue['entries'][0]['id']}"
        assert asked(url, path, review)[0] == http.HTTPStatus.OK
        shown.until("seen: a review was made; 1 in all")
        family = shown.family()
        assert len(family) >= 5  # the line with inference and archive, what follows its coils, the viewer
        shown.process.send_signal(signal.SIGINT)
        assert shown.until("to look at them again").endswith(f"inspector view -c {folder}/view.yaml")
        assert shown.process.wait(10) == 0
        eventually(lambda: gone(family), 5)
    assert list((folder / "reports").glob("*/index.html"))


def test_nothing_is_left_when_it_is_killed(config: Path, tmp_path: Path) -> None:
    with demo(tmp_path / "demo-view", config) as shown:
        shown.until(r"^ *http://\S+$")
        family = shown.family()
        assert len(family) >= 3
        os.kill(shown.process.pid, signal.SIGKILL)
        eventually(lambda: gone(family), 20)


def test_a_process_that_ends_is_told_with_the_end_of_its_log(config: Path, tmp_path: Path) -> None:
    tree = yaml.safe_load(config.read_text())
    tree["verdicts"]["rules"] = [{"class": "rust", "verdict": "reject"}]
    tree["bundle"] = str(config.parent / "tiny")
    other = tmp_path / "line.yaml"
    other.write_text(yaml.safe_dump(tree))
    with demo(tmp_path / "demo-view", other) as shown:
        shown.until("inspector: line ended with status 2; .*line.log ends with")
        assert "rust" in shown.until("^    inspector: ")
        assert shown.process.wait(10) == 1


def test_a_folder_of_others_is_refused(config: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    said = one_line_of(inspector("demo-view", "--folder", tmp_path, "-c", config))
    assert said.endswith("has files that are not of an earlier demo; name a new or an empty folder")
    assert [one.name for one in tmp_path.iterdir()] == ["mine"]


def test_a_folder_in_which_a_demo_runs_is_refused(config: Path, tmp_path: Path) -> None:
    held = HeldName(f"demo-view/{tmp_path.stat().st_dev}-{tmp_path.stat().st_ino}")
    try:
        said = one_line_of(inspector("demo-view", "--folder", tmp_path, "-c", config))
    finally:
        held.release()
    assert "runs a demo in it already; name another folder" in said


def test_a_line_with_real_cameras_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "line.yaml"
    source = {"kind": "replay", "path": "frames/*.png"}
    config.write_text(yaml.safe_dump({"line": LINE, "bundle": "demo", "cameras": [{"name": "top", "source": source}]}))
    said = one_line_of(inspector("demo-view", "--folder", tmp_path / "demo", "-c", config))
    assert said.endswith("the demo shows a simulated line; set source.kind: simulator")
    assert not (tmp_path / "demo").exists()


def test_free_ports_have_their_neighbours_for_recovery() -> None:
    first, second = free_pairs(2)
    assert len({first, first + 1, second, second + 1}) == 4
