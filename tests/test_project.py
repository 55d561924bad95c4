"""What holds for the project as a whole: versions, documents, weight of imports, traces of a developer's machine."""

from __future__ import annotations

import ast
import configparser
import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import inspector
from inspector.cli.app import app
from inspector.config.reference import reference
from inspector.protocol.codec import decode

ROOT = Path(__file__).parents[1]
PACKAGES = ("inspector", "engines", "calibration")
INSTALLED = "node_modules"  # of others, under docs/clients, where somebody has run npm there
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(path for path in (ROOT / "docs").rglob("*.md") if INSTALLED not in path.parts)]
)
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def imported_by(statement: str) -> set[str]:
    """Top-level modules in memory after ``statement``, run in a process of its own."""
    program = (
        f"{statement}\nimport json, sys\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_one_version() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert setup["metadata"]["version"] == "attr: inspector.version.__version__"
    assert f"\n## {inspector.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_file_that_is_not_python_is_package_data() -> None:
    """What setup.cfg does not name is missing from a wheel, though an editable installation works."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    named = {
        path
        for package, patterns in setup["options.package_data"].items()
        for pattern in patterns.split(",")
        for path in ROOT.joinpath(*package.split(".")).glob(pattern.strip())
    }
    there = {path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file()}
    assert {path for path in there - named if path.suffix not in (".py", ".pyc", ".c", ".so")} == set()


def test_the_installed_version_is_this_one() -> None:
    try:
        found = importlib.metadata.version("inspector")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("inspector is not installed, only on the path")
    assert found == inspector.__version__


@pytest.mark.parametrize(
    "package", ["inspector.line.line", "inspector.client", "inspector.inference.worker", "inspector.library"]
)
def test_the_line_needs_no_training_software(package: str) -> None:
    loaded = imported_by(f"import {package}")
    assert package.split(".")[0] in loaded
    assert not loaded & {"torch", "timm", "lightning", "onnx", "tensorrt", "pycuda"}


def test_the_command_line_answers_before_anything_heavy_is_loaded() -> None:
    loaded = imported_by("import inspector.cli.app")
    assert "typer" in loaded
    assert not loaded & {"numpy", "cv2", "zmq", "openvino", "sqlite3", "torch", "yaml", "rich"}


def test_a_spawned_process_does_not_load_the_command_line_again() -> None:
    """It runs the script of the command once more, which imports the module of the entry point."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    module, _, function = setup["options.entry_points"]["console_scripts"].split()[-1].partition(":")
    loaded = imported_by(f"from {module} import {function}")
    assert "inspector" in loaded
    assert not loaded & {"typer", "msgspec", "engines"}


def test_the_package_is_light_and_the_library_call_brings_no_line() -> None:
    assert not imported_by("import inspector; inspector.open") & {"numpy", "cv2", "openvino", "msgspec", "yaml"}
    loaded = imported_by("import inspector.library.opening")
    assert {"numpy", "cv2"} <= loaded
    assert not loaded & {"zmq", "sqlite3", "typer", "openvino"}


def test_help_lists_every_command() -> None:
    assert set(COMMANDS) == {
        "run", "replay", "demo", "demo-view", "subscribe", "bench", "evaluate", "calibrate", "simulate", "train", "doctor", "config", "data", "bundle",
        "engines", "journal", "archive", "coil", "init", "shadow", "ctl", "status", "keys", "reference", "backup", "restore", "record", "camera",
        "controller", "soak", "view", "users",
    }  # fmt: skip
    for name, command in COMMANDS.items():
        assert command.get_short_help_str(), name
        assert all(getattr(option, "help", "") for option in command.params if option.name != "help"), name


def helps(command: Any) -> Iterator[str]:
    """Help texts of a command, its options and the commands below it."""
    yield command.help or ""
    yield from (getattr(option, "help", "") or "" for option in command.params)
    for below in getattr(command, "commands", {}).values():
        yield from helps(below)


def test_help_is_markdown_without_html() -> None:
    """Typer shows help as Markdown, which leaves out what looks like a tag: <frame>.png."""
    wrong = [text for command in COMMANDS.values() for text in helps(command) if re.search(r"<\w|\[/?bold", text)]
    assert wrong == []


def links(document: Path) -> Iterator[str]:
    """Targets of a document's links, pictures included, comments left out."""
    text = re.sub(r"<!--.*?-->", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    yield from re.findall(r"\]\(([^)\s]+)\)", text)


def anchors(document: Path) -> set[str]:
    """Anchors that a document's headings get on the usual forges."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in links(document):
        if link.startswith(("http://", "https://")):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), f"{document.name}: {link}"
        assert not anchor or anchor in anchors(target), f"{document.name}: {link}"


def test_the_documents_were_found() -> None:
    names = {str(path.relative_to(ROOT)) for path in DOCUMENTS}
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/protocol.md"} <= names
    decisions = sorted(path.name[:4] for path in (ROOT / "docs/decisions").glob("*.md"))
    assert len(set(decisions)) == len(decisions), "each has a number of its own; one that was given up stays free"


def called(program: str) -> set[str]:
    """First arguments of ``program`` in the README's shell blocks and code spans."""
    code = "\n".join(re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL) + re.findall(r"`([^`\n]+)`", README))
    return set(re.findall(rf"^{program} ([a-z][a-z-]*)", code, flags=re.MULTILINE))


def test_commands_in_the_readme_exist() -> None:
    used = called("inspector")
    assert {"replay", "run", "subscribe", "doctor"} <= used <= set(COMMANDS)


def test_targets_in_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert {"demo", "test"} <= called("make") <= targets


def test_the_message_in_the_readme_is_one() -> None:
    (block,) = re.findall(r"```text\n(v1/.*?)\n```", README, flags=re.DOTALL)
    packet = decode([part.encode() for part in block.splitlines()])
    assert packet.header.type.value == "result"


def test_the_configuration_reference_is_up_to_date() -> None:
    written = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert written == reference(), "python -m inspector.config.reference > docs/configuration.md"


def test_every_folder_is_a_package() -> None:
    """A folder without ``__init__.py`` works from a checkout and is missing from the wheel."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            assert (path.parent / "__init__.py").is_file(), path


def test_engines_name_no_command_and_no_key_of_a_line() -> None:
    """They raise errors with data; the commands and the line say what mends them. What exports bundles takes the options of its command,
    and a module with a parser of its own is a command."""
    named = re.compile(r"(?<![\w-])--[a-z]|`inspector [a-z]|\b(inference|ring|journal|results|verdicts)\.[a-z_]+")
    for path in sorted((ROOT / "engines").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if path.parent.name in ("export", "data") or "ArgumentParser(" in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not named.search(node.value), f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}"


def test_nothing_names_a_developers_machine() -> None:
    suffixes = {".py", ".md", ".yaml", ".toml", ".cfg", ".json"}
    kept = [ROOT / name for name in (*PACKAGES, "configs", "docs")]
    found = [path for folder in kept for path in folder.rglob("*") if path.suffix in suffixes]
    files = [path for path in found if INSTALLED not in path.parts]
    assert len(files) > 100
    for path in [*files, *ROOT.glob("*.md"), ROOT / "setup.cfg", ROOT / "pyproject.toml"]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\.\./shared|(?<![\w.])/(work|home/\w+|root)/", text), path
