"""What comes with the package is in its wheel and is found by name, in a folder where there is nothing else."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from inspector.cli.examples import examples
from tests.installed.install import ROOT, Installed, build_wheel, install


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    return install(build_wheel(folder), folder)


def test_the_wheel_has_every_file_of_the_tree_once(installed: Installed) -> None:
    (wheel,) = installed.environment.parent.glob("*.whl")
    found = {Path(name) for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    packages = {path for name in ("inspector", "engines", "calibration") for path in (ROOT / name).rglob("*")}
    configs = {path.relative_to(ROOT / "configs") for path in (ROOT / "configs").rglob("*.yaml")}
    assert found == {
        *(path.relative_to(ROOT) for path in packages if path.is_file() and path.suffix != ".pyc"),
        *(Path("inspector/configs") / path for path in configs),
    }


def test_commands_of_the_readme_work_in_an_empty_folder(installed: Installed) -> None:
    for command in (
        "inspector simulate sheets --frames 3",
        "inspector config example > line.yaml",
        "inspector config check line.yaml",
        "inspector replay sheets/images --report out",
    ):
        done = installed.sh(command)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    assert (installed.folder / "out/index.html").is_file()


def test_examples_are_those_of_the_package(installed: Installed) -> None:
    """Not those of a clone, which the tests know."""
    said = installed.sh("inspector train nothing --data sheets").stderr
    assert said.startswith("inspector: nothing: no such recipe; ")
    assert "gate-resnet50, segmenter-efficientnet-b3" in said
    found = installed.sh("inspector config example --list").stdout
    assert [line.split()[0] for line in found.splitlines() if line.startswith("  ")] == [one.name for one in examples()]
    path = installed.sh("python -c \"import inspector.cli.examples as e; print(e.find_example('demo').path)\"").stdout
    assert Path(path).is_relative_to(installed.environment)
