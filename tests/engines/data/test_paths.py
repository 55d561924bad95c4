"""Paths of a ``dataset.yaml``: ``root`` is relative to the file, the others to ``root``; ``~`` is the home directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.data.description import find_source
from engines.errors import DataError


def test_a_home_is_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "tiles").mkdir()
    (tmp_path / "etc").mkdir()
    described = tmp_path / "etc/tiles.yaml"
    described.write_text("kind: masks\nroot: ~/tiles\nmasks: ~/drawn\n")
    source = find_source(described)
    assert source.root == tmp_path / "tiles"
    assert source.place(source.description.masks) == tmp_path / "drawn"
    assert source.place(source.description.images) == tmp_path / "tiles/images"
    described.write_text("kind: masks\nroot: ../tiles\n")
    assert find_source(described).root == tmp_path / "etc/../tiles"


def test_a_home_that_is_unknown_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "dataset.yaml").write_text("kind: masks\nroot: ~nobody-has-this-name/tiles\n")
    with pytest.raises(DataError, match=r"dataset\.yaml: root: ~nobody-has-this-name/tiles: no home directory"):
        find_source(tmp_path)
