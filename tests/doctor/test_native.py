"""The compiled measuring pass: there, not there, not for this machine; and the command that mends it, by how the package was installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.doctor.finding import State
from inspector.doctor.native import WITHOUT, measuring
from inspector.doctor.probing import Probed, probe

MISSING = Probed({"missing": True})


@pytest.fixture(autouse=True)
def usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment in which the compiled module is used."""
    monkeypatch.delenv(WITHOUT, raising=False)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where pip notes from where the package was installed: before any other note."""
    folder = tmp_path / "inspector-0.1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: inspector\nVersion: 0.1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    return folder / "direct_url.json"


def test_it_is_compiled() -> None:
    assert measuring(Probed({"file": "_native.abi3.so"})).state is State.OK


def test_the_probe_says_whether_it_is_there() -> None:
    there = list((Path(__file__).parents[2] / "inspector/verdicts").glob("_native*.so"))
    probed = probe("native")
    assert probed == (({"file": str(there[0])} if there else {"missing": True}), "")


@pytest.mark.parametrize("probed", [MISSING, Probed({}, "ImportError: version `GLIBC_2.99' not found")])
def test_a_line_runs_without_it(probed: Probed) -> None:
    finding = measuring(probed)
    assert finding.state is State.NOTE
    assert not finding.stops_the_line
    assert finding.found == (probed.failure or "not compiled")


@pytest.mark.parametrize(
    ("noted", "command"),
    [
        ({"dir_info": {"editable": True}, "url": "file:///opt/a%20clone"}, "pip install --no-deps -e '/opt/a clone'`"),
        ({"dir_info": {}, "url": "file:///opt/clone"}, "pip install --no-deps --force-reinstall --no-cache-dir /opt/clone`"),
        ({"archive_info": {}, "url": "file:///opt/inspector-0.1.0-cp310-abi3-linux_x86_64.whl"}, "pip wheel --no-deps .` in a clone"),
        ({"url": "https://example.org/inspector.tar.gz"}, "pip wheel --no-deps .` in a clone"),
    ],
    ids=["editable", "folder", "wheel", "elsewhere"],
)  # fmt: skip
def test_the_remedy_is_the_command_of_this_installation(
    noted: dict[str, object], command: str, installed: Path
) -> None:
    installed.write_text(json.dumps(noted))
    assert command in measuring(MISSING).advice


def test_the_remedy_names_the_packages_that_are_missing(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed.write_text(json.dumps({"dir_info": {}, "url": "file:///opt/clone"}))
    monkeypatch.setenv("CC", "/nowhere/gcc -pthread")
    assert "to compile it: `apt-get install gcc libc6-dev" in measuring(MISSING).advice


def test_it_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WITHOUT, "1")
    assert "remove it from the environment" in measuring(Probed({"file": "_native.abi3.so"})).advice
