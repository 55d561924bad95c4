"""What the package does where only its base is installed: it listens and commands, and says what runs a line."""

from __future__ import annotations

import configparser
import os
import subprocess
import sysconfig
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.installed.install import ROOT
from tests.results.publishing import REJECTED, RUN, START, make_identity, make_results, make_settled

SITE = Path(sysconfig.get_path("purelib"))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python in whose environment there is what the base package requires, and nothing else."""
    folder = tmp_path_factory.mktemp("base") / "environment"
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    wanted = [Requirement(line) for line in setup["options"]["install_requires"].strip().splitlines()]
    done: set[str] = set()
    while wanted:
        requirement = wanted.pop()
        if requirement.name in done or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        done.add(requirement.name)
        found = distribution(requirement.name)
        for top in {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")}:
            if not (site / top).exists():
                (site / top).symlink_to(SITE / top)
        wanted += map(Requirement, found.requires or ())
    return str(folder / "bin/python")


def inspector(python: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [python, "-m", "inspector", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=40)


LISTENER = """
import sys
from inspector.client import Packet, Subscriber, mask_of
from inspector.errors import UserError

with Subscriber(sys.argv[1]) as subscriber:
    for event in subscriber:
        if isinstance(event, Packet) and event.header.type == "result":
            print(event.body.verdict.value)
            if event.blob:
                try:
                    mask_of(event)
                except UserError as error:
                    print(error)
                break
print(sorted({"numpy", "cv2", "openvino"} & {*sys.modules}))
"""


def test_it_listens_to_a_line(python: str) -> None:
    results = make_results(make_identity("cam1"), results={"wait_for_subscribers": 1})
    results.start()
    listener = subprocess.Popen(
        [python, "-c", LISTENER, results.endpoint],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert results.wait_for_subscribers()
    results.begin("cam1", RUN, START)
    results.settled(make_settled(0))
    results.settled(make_settled(1, REJECTED))
    out, error = listener.communicate(timeout=30)
    results.close()
    assert not error
    assert out.splitlines() == ["PASS", "REJECT", "a mask needs numpy, which is not installed: pip install numpy", "[]"]


@pytest.mark.parametrize(
    "arguments", [("run", "-c", "configs/demo.yaml"), ("demo",), ("replay", "frames"), ("camera", "list")]
)
def test_a_command_of_the_line_says_what_it_needs(python: str, arguments: tuple[str, ...]) -> None:
    done = inspector(python, *arguments)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("inspector: this command needs what runs a line (")
    assert line.endswith("pip install 'inspector[line]'")
