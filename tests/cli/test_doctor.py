"""The doctor on this machine, and on machines that really lack something: a Python without a library, a limit, a taken port."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engines.bundle import INCLUDED, Bundle
from engines.gpu import find_gpu
from tests.cli.in_process import inspector
from tests.line_file import write_line

ROOT = Path(__file__).parents[2]
SITE = Path(sysconfig.get_paths()["purelib"])


class Answer:
    """What ``inspector doctor --json`` said."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        assert done.returncode in (0, 1), done.stderr
        self.status = done.returncode
        tree = json.loads(done.stdout)
        assert tree["can_run"] == (self.status == 0)
        self.findings: dict[tuple[str, str], dict[str, Any]] = {(f["section"], f["name"]): f for f in tree["findings"]}
        assert len(self.findings) == len(tree["findings"]), "a finding occurs twice"

    def __call__(self, section: str, name: str) -> dict[str, Any]:
        return self.findings[section, name]

    @property
    def stopping(self) -> set[str]:
        """Names of what keeps the line from running."""
        return {name for (_, name), f in self.findings.items() if f["needed"] and f["state"] in ("missing", "wrong")}


def run(*arguments: str, python: str = sys.executable, **options: Any) -> subprocess.CompletedProcess[str]:
    """Call the command as a user does, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    command = [python, "-m", "inspector", "doctor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, **options)


def python_without(folder: Path, hidden: Callable[[str], bool]) -> tuple[str, Path]:
    """A Python with all packages of this one but those whose file or folder name is ``hidden``, and its site-packages."""
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for entry in SITE.iterdir():
        if not hidden(entry.name) and not (site / entry.name).exists():
            (site / entry.name).symlink_to(entry)
    return str(folder / "bin" / "python"), site


def test_this_machine_can_run_a_line(tiny_bundle: Bundle, tmp_path: Path) -> None:
    answer = Answer(inspector("doctor", "--json", "-c", write_line(tmp_path, tiny_bundle.path)))
    assert answer.status == 0, answer.stopping
    for section, name in [
        ("Machine", "Cores"), ("Machine", "Memory"), ("Machine", "Shared memory"), ("Machine", "Clock"),
        ("Software", "OpenVINO"), ("Software", "OpenCV"), ("Software", "ZeroMQ"), ("Software", "SQLite"),
        ("Line", "Configuration"), ("Line", "Bundle"), ("Line", "Camera top"), ("Line", "Endpoint"), ("Line", "Journal"),
        ("Line", "Runtime"),
    ]:  # fmt: skip
        assert answer(section, name)["state"] in ("ok", "note"), answer(section, name)
    assert answer("Machine", "Shared memory")["found"].startswith("64 slots of 32x48")
    assert answer("Software", "Precision")["found"] in ("auto takes bf16", "auto takes f32")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["line.yaml"], "the doctor left something behind"


def test_without_a_configuration_it_looks_at_the_included_bundles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = Answer(inspector("doctor", "--json"))
    included = [path.parent.name for path in INCLUDED.glob("*/bundle.yaml")]
    assert (answer.status == 0) == bool(included)
    for name in included:
        assert "MB, frames" in answer("Software", f"Bundle {name}")["found"]
    assert answer("Software", "Journal")["found"].startswith(str(tmp_path))
    assert list(answer.findings)[-1] == ("GPU", "Runtime")


def test_the_table_is_for_people(tiny_bundle: Bundle, tmp_path: Path) -> None:
    done = run("-c", str(write_line(tmp_path, tiny_bundle.path)), cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "can run here." in done.stdout.splitlines()[-1]
    assert max(len(one) for one in done.stdout.splitlines()) <= 120
    for word in ("Cores", "OpenVINO", "TensorRT", "pycuda", "Runtime"):
        assert word in done.stdout


@pytest.mark.skipif(not isinstance(find_gpu(), str), reason="there is a GPU to count on")
def test_a_line_that_counts_on_a_gpu(tiny_bundle: Bundle, tmp_path: Path) -> None:
    config = write_line(tmp_path, tiny_bundle.path, inference={"allow_cpu": False})
    answer = Answer(inspector("doctor", "--json", "-c", config))
    assert answer.stopping == {"Runtime"}
    assert "inference.allow_cpu: true" in answer("Line", "Runtime")["advice"]
    refused = inspector("run", "-c", config)
    assert refused.returncode == 2, "the doctor and the daemon differ"
    assert "no GPU to run the engines on" in refused.stderr


def test_a_machine_without_openvino(tiny_bundle: Bundle, tmp_path: Path) -> None:
    python, _ = python_without(tmp_path / "python", lambda name: name.startswith("openvino"))
    answer = Answer(run("--json", "-c", str(write_line(tmp_path, tiny_bundle.path)), python=python))
    assert answer.status == 1
    assert answer.stopping == {"OpenVINO"}
    assert answer("Software", "OpenVINO")["state"] == "missing"
    assert "pip install" in answer("Software", "OpenVINO")["advice"]
    assert "first repair OpenVINO" in answer("Line", "Configuration")["advice"]
    table = run(python=python)
    assert table.returncode == 1
    assert "cannot run here:" in table.stdout
    assert "Traceback" not in table.stderr + table.stdout


def test_an_openvino_that_lost_its_cpu_plugin(tmp_path: Path) -> None:
    python, site = python_without(tmp_path / "python", lambda name: name == "openvino")
    left_out = shutil.ignore_patterns("libopenvino_intel_cpu_plugin*")
    shutil.copytree(SITE / "openvino", site / "openvino", ignore=left_out, copy_function=os.symlink)
    answer = Answer(run("--json", python=python))
    assert answer("Software", "OpenVINO")["state"] == "wrong"
    assert "ImportError" not in answer("Software", "OpenVINO")["found"]
    assert "CPU" in answer("Software", "OpenVINO")["found"]
    assert "OpenVINO" in answer.stopping


@pytest.mark.parametrize(("module", "name"), [("cv2", "OpenCV"), ("zmq", "ZeroMQ"), ("yaml", ""), ("numpy", "OpenCV")])
def test_a_machine_without_another_library(module: str, name: str, tiny_bundle: Bundle, tmp_path: Path) -> None:
    python, _ = python_without(tmp_path / "python", lambda entry: entry == module)
    answer = Answer(run("--json", "-c", str(write_line(tmp_path, tiny_bundle.path)), python=python))
    assert name in answer.stopping or not name
    assert "first repair" in answer("Line", "Configuration")["advice"]


def test_a_machine_with_two_packages_of_opencv(tmp_path: Path) -> None:
    """pip lets one overwrite the other's files without a word."""
    python, site = python_without(tmp_path / "python", lambda name: name.startswith("opencv_"))
    for package in ("opencv-python", "opencv-python-headless"):
        facts = site / f"{package.replace('-', '_')}-5.0.0.93.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 5.0.0.93\n")
    opencv = Answer(run("--json", python=python, cwd=tmp_path))("Software", "OpenCV")
    assert opencv["state"] == "note"
    assert opencv["advice"].startswith("opencv-python and opencv-python-headless have installed the same folder")
    assert "pip uninstall -y opencv-python opencv-python-headless, then" in opencv["advice"]


def test_a_machine_that_gives_too_little_shared_memory(tiny_bundle: Bundle, tmp_path: Path) -> None:
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10 << 20, 10 << 20))  # noqa: E731
    done = run("--json", "-c", str(write_line(tmp_path, tiny_bundle.path, ring={"slots": 40_000})), preexec_fn=limit)
    answer = Answer(done)
    assert answer.stopping == {"Shared memory"}
    assert "ring.slots: 40000 slots of 32x48" in answer("Machine", "Shared memory")["found"]
