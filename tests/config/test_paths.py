"""The paths of a line's configuration: each is relative to the file, wherever the daemon is started."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from engines.files.paths import PathRule, path_keys
from inspector.config.load import load_config
from inspector.config.tree import LineConfig

KEYS = path_keys(LineConfig)
SOURCES: dict[str, dict[str, Any]] = {
    "file": {"kind": "opencv"},
    "credentials": {"kind": "opencv", "url": "http://camera/"},
}
"""Sources that have keys which a replay has not."""
LINE_KEYS = {"secret_key": "a", "clients": "b"}


def test_the_keys_that_are_paths() -> None:
    assert [key for key, _ in KEYS] == [
        "bundle", "bundle_signers", "recipes", "cameras[].source.path", "cameras[].source.path[]", "cameras[].source.path", "cameras[].source.file",
        "cameras[].source.credentials", "cameras[].flat_field", "cameras[].scale_file", "results.endpoint",
        "results.recovery.endpoint", "journal.path", "control.endpoint", "keys.secret_key", "keys.clients", "drift.folder", "archive.path",
    ]  # fmt: skip


def test_no_other_key_says_that_it_is_one() -> None:
    """A text whose description speaks of a file or a folder is of a type for paths."""
    from inspector.config.load import config_schema

    marked = {key.removesuffix("[]").rpartition(".")[2] for key, _ in KEYS}
    for name, section in config_schema()["$defs"].items():
        for key, field in section["properties"].items():
            if "string" in str(field.get("type", field.get("anyOf"))) and "relative to" in field.get("description", ""):
                assert key in marked, f"{name}.{key}"


def written(key: str, path: str) -> dict[str, Any]:
    """A configuration with the path at the key."""
    tree: dict[str, Any] = {
        "line": "l",
        "cameras": [
            {"name": "top", "source": SOURCES.get(key.rpartition(".")[2], {"kind": "replay", "path": "f"}).copy()}
        ],
        "results": {"recovery": {}},
        "journal": {},
        "control": {},
        "keys": dict(LINE_KEYS),
        "drift": {},
        "archive": {},
    }
    place: Any = tree
    *parents, last = key.split(".")
    for name in parents:
        place = place[name.removesuffix("[]")]
        place = place[0] if name.endswith("[]") else place
    place[last.removesuffix("[]")] = [path] if last.endswith("[]") else path
    return tree


def texts(value: Any) -> Iterator[str]:
    """Every text in a configuration that was read."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from texts(one)
    elif hasattr(value, "__struct_fields__"):
        for name in value.__struct_fields__:
            yield from texts(getattr(value, name))


@pytest.mark.parametrize(("key", "rule"), KEYS)
def test_every_path_is_relative_to_the_file_and_knows_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, rule: PathRule
) -> None:
    home = tmp_path / "etc"
    home.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.chdir(tmp_path)
    for path, expected in (("a/marked", home / "a/marked"), ("~/marked", tmp_path / "me/marked")):
        (home / "line.yaml").write_text(yaml.safe_dump(written(key, f"{rule.prefix}{path}")))
        found = [text for text in texts(load_config(home / "line.yaml", calibrated=False)) if "marked" in text]
        # A bundle may be a name: `find_bundle` gets the folder of the file with it, see tests/cli/test_paths.py.
        assert found == [path if rule.or_name and path[0] != "~" else f"{rule.prefix}{expected}"]


def test_a_journal_that_is_not_named_lies_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "line.yaml").write_text("line: l\ncameras: [{name: top, source: {kind: simulator}}]\n")
    assert load_config(tmp_path / "line.yaml").journal.path == str(tmp_path / "journal.sqlite")
