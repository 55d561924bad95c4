"""The recipe's keys as Markdown, from the types and their docstrings: `python -m engines.training.reference` writes them
into `docs/training.md`."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from engines.networks.spec import NetworkSpec
from engines.training import recipe

BEGIN, END = "<!-- keys: begin -->", "<!-- keys: end -->"
SECTIONS: tuple[tuple[str, type[msgspec.Struct]], ...] = (
    ("The recipe", recipe.Recipe),
    ("`network`", NetworkSpec),
    ("`batches`", recipe.Batches),
    ("`augmentation`", recipe.Augmentation),
    ("`optimiser`", recipe.Optimiser),
    ("`schedule` with `kind: plateau`", recipe.Plateau),
    ("`schedule` with `kind: one_cycle`", recipe.OneCycle),
    ("`schedule` with `kind: constant`", recipe.Constant),
    ("`phases[]`", recipe.Phase),
)


def keys() -> str:
    """A table for each section."""
    return "\n".join(line for title, section in SECTIONS for line in _section(title, section))


def with_keys(page: str) -> str:
    """The page with the tables between its marks. Raises ValueError if it has no marks."""
    head, rest = page.split(BEGIN)
    return f"{head}{BEGIN}\n{keys()}{END}{rest.split(END)[1]}"


def _section(title: str, section: type[msgspec.Struct]) -> Iterator[str]:
    body = ast.parse(inspect.getsource(section)).body[0]
    assert isinstance(body, ast.ClassDef)
    yield f"### {title}\n"
    yield f"{_plain(ast.get_docstring(body) or '')}\n"
    rows = list(_rows(body))
    if rows:
        yield "| key | default | meaning |\n|---|---|---|"
        yield from rows
        yield ""


def _rows(section: ast.ClassDef) -> Iterator[str]:
    for field, after in zip(section.body, [*section.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            told = after.value if isinstance(after, ast.Expr) else None
            meaning = str(told.value) if isinstance(told, ast.Constant) else "A section of its own, below."
            yield f"| `{field.target.id}` | {_default(field.value)} | {_choices(field.annotation)}{_plain(meaning)} |"


def _default(value: ast.expr | None) -> str:
    if value is None:
        return "required"
    if isinstance(value, ast.Call):
        return "as below" if not value.args else f"`{ast.unparse(value)}`"
    text = ast.unparse(value).replace("None", "null").replace("'", "")
    return f"`{'[]' if text == '()' else text.replace('(', '[').replace(')', ']')}`"


def _choices(annotation: ast.expr) -> str:
    """What may stand there, where that is a choice of words or numbers."""
    found = re.fullmatch(r"Literal\[(.*)\]", ast.unparse(annotation))
    words = [word.strip(" '") for word in found[1].split(",")] if found else []
    return f"One of {', '.join(f'`{word}`' for word in words)}. " if words else ""


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    page = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/training.md")
    page.write_text(with_keys(page.read_text(encoding="utf-8")), encoding="utf-8")
