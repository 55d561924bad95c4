"""What comes with the package is in its wheel and is found by name, in a folder where there is nothing else."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from engines.images import quick_look
from inspector.capture import flat_field
from inspector.cli.examples import examples
from inspector.doctor.native import missing_for_compiling
from inspector.verdicts import native
from tests.installed.cross import MODULES, glibc
from tests.installed.install import ROOT, Installed, build_wheel, install


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    return install(build_wheel(folder), folder)


def test_the_wheel_has_every_file_of_the_tree_once(installed: Installed) -> None:
    (wheel,) = installed.environment.parent.glob("*.whl")
    found = {Path(name) for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name} - {
        *map(Path, MODULES)
    }
    packages = {path for name in ("inspector", "engines", "calibration") for path in (ROOT / name).rglob("*")}
    configs = {
        path.relative_to(ROOT / "configs")
        for path in (ROOT / "configs").rglob("*")
        if path.suffix in (".yaml", ".yml", ".json")
    }
    assert found == {
        *(path.relative_to(ROOT) for path in packages if path.is_file() and path.suffix not in (".pyc", ".c", ".so")),
        *(Path("inspector/configs") / path for path in configs),
    }


@pytest.fixture
def compiler() -> None:
    """Skips where there is none, but in CI."""
    if (missing := missing_for_compiling()) and os.environ.get("INSPECTOR_REQUIRE_NATIVE") != "1":
        pytest.skip(f"nothing to compile with: apt-get install {' '.join(missing)}")


@pytest.mark.usefixtures("compiler")
def test_this_tree_has_the_compiled_modules() -> None:
    """Without it the tests that compare it with numpy skip."""
    assert all((native.BUILT, quick_look.BUILT, flat_field.BUILT)), "python -m pip install --no-deps -e ."


@pytest.mark.usefixtures("compiler")
def test_the_compiled_modules_are_in_the_wheel(installed: Installed) -> None:
    """A wheel without it has the same name. It works on every Python from 3.10 and wherever numpy's wheels do."""
    (wheel,) = installed.environment.parent.glob("*.whl")
    assert wheel.name.split("-")[2:4] == ["cp310", "abi3"]
    for module in MODULES:
        assert glibc(zipfile.ZipFile(wheel).read(module)) <= (2, 28)


@pytest.mark.usefixtures("compiler")
def test_the_installed_module_measures_as_numpy_does(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    done = Installed(installed.environment, tmp_path).sh("python -m tests.verdicts.fuzz_native --seconds 0.5")
    assert done.stdout.startswith(str(installed.environment)), done.stderr


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


def test_without_a_compiler_the_installation_works_and_says_how_to_get_it(installed: Installed, tmp_path: Path) -> None:
    (sdist,) = installed.environment.parent.glob("*.tar.gz")
    wheel = zipfile.ZipFile(build_wheel(tmp_path, sdist, CC="/bin/false"))
    assert not {*MODULES} & {*wheel.namelist()}
    wheel.extractall(tmp_path / "unpacked")
    look = "from inspector.doctor.native import measuring; from inspector.doctor.probing import probe; print(measuring(probe('native')))"
    done = installed.sh(f'PYTHONPATH={tmp_path / "unpacked"} python -c "{look}"')
    assert "State.NOTE" in done.stdout, done.stderr
    assert "pip wheel --no-deps ." in done.stdout
