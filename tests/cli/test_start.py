"""What a command loads: a line's own process holds no engine, and a broken runtime is one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engines.bundle import Bundle
from tests.cli.command import inspector
from tests.line_file import write_line

COMMAND = """
import json, sys
from inspector.__main__ import main
try:
    main()
finally:
    print(json.dumps(sorted({name.split(".")[0] for name in sys.modules} | {"engines.runtime"} & {*sys.modules})))
"""
"""The command, and then what its process has imported from beginning to end."""


def test_the_process_of_a_line_imports_no_engine(tmp_path: Path, tiny_bundle: Bundle) -> None:
    config = write_line(tmp_path, tiny_bundle.path, inference={"runtime": "openvino", "precision": "f32"})
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "run", "-c", str(config)],
        capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "OpenVINO" in done.stderr, "engines ran, in the child"
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert {"inspector", "cv2", "zmq"} <= loaded
    assert not loaded & {"openvino", "torch", "tensorrt", "pycuda", "onnx", "engines.runtime"}
    assert not loaded & {"rich", "jinja2"}


def test_an_openvino_that_cannot_be_imported_is_one_line(
    tmp_path: Path, tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(tmp_path), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    )
    (tmp_path / "openvino.py").write_text("raise ImportError('libtbb.so.12: cannot open shared object file')\n")
    config = write_line(tmp_path, tiny_bundle.path, inference={"runtime": "openvino"})
    done = inspector("run", "-c", config)
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "libtbb.so.12: cannot open shared object file" in last
    assert "install the package openvino again" in last
