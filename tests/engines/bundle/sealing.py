"""Alters the files of a bundle and brings its digests up to date, as somebody who writes a bundle of his own would."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engines.files.yaml_text import read_yaml, yaml_text


def seal(folder: Path, *left_out: str) -> None:
    """Give every listed file its digest, without those that are to be left out."""

    def digests(manifest: Any) -> None:
        names = [name for name in manifest["files"] if name not in left_out]
        manifest["files"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}

    change(folder / "bundle.yaml", digests)


def change(file: Path, how: Callable[[Any], None]) -> None:
    """Change what a YAML file holds."""
    tree = read_yaml(file)
    how(tree)
    file.write_text(yaml_text(tree), encoding="utf-8")
