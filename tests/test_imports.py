"""Imports by name (`importlib.import_module("torch")` and its like) keep to the contracts that import-linter holds for import statements."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
PACKAGES: list[str] = SETTINGS["root_packages"]
CONTRACTS: list[dict[str, Any]] = [one for one in SETTINGS["contracts"] if one["type"] == "forbidden"]
IMPORTERS = {"import_module", "__import__", "find_spec"}
"""Functions that import a module, or look for one, by its name."""


class ByName(NamedTuple):
    """An import by name."""

    importer: str
    imported: str
    line: int


def imports_by_name(source: str, module: str) -> Iterator[ByName]:
    """Of a module's source. Where a name is not written in the call, every string of the module may be it."""
    tree = ast.parse(source)
    renamed = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in IMPORTERS
    }
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called not in IMPORTERS | renamed:
            continue
        given = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "name")]
        written = {one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)}
        for name in sorted(written or strings):
            yield ByName(module, name, node.lineno)


def matches(pattern: str, module: str) -> bool:
    """Whether a module is meant by import-linter's pattern: `*` is one part of a dotted name, `**` one or more."""
    parts = {"**": r"[^.]+(?:\.[^.]+)*", "*": r"[^.]+"}
    return re.fullmatch(r"\.".join(parts.get(part, re.escape(part)) for part in pattern.split(".")), module) is not None


def within(module: str, packages: list[str]) -> bool:
    """Whether it is one of the packages, or lies in one."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def broken(found: ByName) -> list[str]:
    """Names of the contracts that an import by name breaks."""
    if within(found.imported, PACKAGES):
        return ["Modules of this project are imported by import statements, which import-linter sees"]
    names = []
    for contract in CONTRACTS:
        if not within(found.importer, contract["source_modules"]):
            continue
        if not within(found.imported, contract["forbidden_modules"]):
            continue
        pairs = [pair.split(" -> ") for pair in contract.get("ignore_imports", ())]
        package = found.imported.split(".")[0]  # of other projects import-linter knows no more
        if not any(matches(importer, found.importer) and matches(imported, package) for importer, imported in pairs):
            names.append(contract["name"])
    return names


def modules() -> Iterator[tuple[str, str]]:
    """Name and source of every module of this project."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path.read_text(encoding="utf-8")


def test_imports_by_name_keep_the_contracts() -> None:
    found = [one for name, source in modules() for one in imports_by_name(source, name)]
    assert {"torch", "onnx", "pycuda.driver", "torch_tensorrt"} <= {one.imported for one in found}
    wrong = [f"{one.importer}:{one.line} imports {one.imported}: {name}" for one in found for name in broken(one)]
    assert not wrong, "\n".join(wrong)


LINE = "The line never imports torch, tensorrt or pycuda"
TENSORRT = "TensorRT and pycuda are imported only where plans are built and run"
TORCH = "torch is imported only where networks are made, and where it is a runtime"


@pytest.mark.parametrize(
    ("importer", "source", "contracts"),
    [
        ("inspector.line.line", 'importlib.import_module("tensorrt")', {LINE, TENSORRT}),
        ("inspector.line.line", 'from importlib import import_module as load\nload("torch.nn")', {LINE, TORCH}),
        ("engines.data.images", '__import__("pycuda.driver")', {TENSORRT}),
        ("engines.tensorrt.library", 'find_spec("torch")', {TORCH}),
        ("engines.bundle", 'names = ("numpy", "torch")\n[find_spec(name) for name in names]', {LINE, TORCH}),
        ("engines.anew.room", 'importlib.import_module(name="tensorrt_rtx")', {TENSORRT}),
        ("engines.tensorrt.library", 'importlib.import_module("tensorrt")', set()),
        ("engines.runtime.cuda.device", 'importlib.import_module("pycuda.driver")', set()),
        ("engines.training.losses", 'importlib.util.find_spec("torch")', set()),
        ("engines.data.images", 'importlib.import_module("numpy")', set()),
    ],
)
def test_an_import_by_name_that_breaks_a_contract_is_found(importer: str, source: str, contracts: set[str]) -> None:
    assert {name for one in imports_by_name(source, importer) for name in broken(one)} == contracts


def test_modules_of_this_project_are_not_imported_by_name() -> None:
    (found,) = imports_by_name('importlib.import_module("engines.export.program")', "engines.tensorrt.library")
    assert broken(found)
