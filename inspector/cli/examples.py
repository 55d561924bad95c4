"""Example configurations, training recipes and descriptions of data sets that come with the package, found by name.

They are the files of ``configs``, at the top of the source tree; an installation has them in ``inspector/configs``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from importlib.resources import files
from pathlib import Path

from engines.files.looking import expanded, is_file
from inspector.errors import UserError


class Kind(Enum):
    """What an example is; the value says which files are."""

    LINE = "*.yaml"
    """Those at the top that are nothing else."""
    CONTROLLER = "controller.yaml"
    COILS = "coil.yaml"
    VIEW = "view.yaml"
    PRODUCT = "recipes/*.yaml"
    TRAINING = "training/*.yaml"
    DATA = "data/*.yaml"


@dataclass(frozen=True)
class Example:
    """A YAML file that comes with the package."""

    kind: Kind
    path: Path

    @property
    def name(self) -> str:
        """How it is called on the command line."""
        return self.path.stem

    def text(self) -> str:
        """The file."""
        return self.path.read_text(encoding="utf-8")

    @property
    def summary(self) -> str:
        """The first sentence of the comment with which it begins."""
        comment = re.match(r"(?:#.*\n)+", self.text())
        words = " ".join(line.lstrip("# ") for line in comment[0].splitlines()) if comment else ""
        return re.split(r"(?<=[^A-Z])[.;](?: |$)", words, maxsplit=1)[0]


def examples(*kinds: Kind) -> list[Example]:
    """All examples, or those of these kinds."""
    others = {path for kind in (Kind.CONTROLLER, Kind.COILS, Kind.VIEW) for path in _folder().glob(kind.value)}
    return [
        Example(kind, path)
        for kind in kinds or Kind
        for path in sorted(_folder().glob(kind.value))
        if kind is not Kind.LINE or path not in others
    ]


def find_example(name: str, *kinds: Kind) -> Example:
    """The example of this name. Raises UserError that lists the known ones."""
    known = {example.name: example for example in examples(*kinds)}
    if name not in known:
        raise UserError(f"{name}: no example has this name; expected one of {', '.join(known)}")
    return known[name]


def recipe_file(recipe: str) -> Path:
    """The recipe that a user means: a file that is there, or else the included one of this name. Raises UserError, FileError."""
    path = expanded(recipe)
    if is_file(path):
        return path
    included = {one.name: one.path for one in examples(Kind.TRAINING)}
    if recipe not in included:
        raise UserError(
            f"{recipe}: no such recipe; expected a file, or the name of an included one: {', '.join(included)}"
        )
    return included[recipe]


def _folder() -> Path:
    installed = Path(str(files("inspector") / "configs"))
    return installed if installed.is_dir() else Path(__file__).parents[2] / "configs"
