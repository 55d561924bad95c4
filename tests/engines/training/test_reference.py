"""`docs/training.md` tells every key of a recipe, as it is."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from engines.training.recipe import Recipe
from engines.training.reference import with_keys

PAGE = Path(__file__).parents[3] / "docs" / "training.md"


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_keys(page), "write it anew: python -m engines.training.reference"


def test_every_key_is_there_with_its_meaning() -> None:
    page = PAGE.read_text(encoding="utf-8")
    sections = msgspec.json.schema(Recipe)["$defs"].values()
    told = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+) \|$", page, re.MULTILINE))
    missing = {key for section in sections for key in section["properties"]} - set(told) - {"kind"}
    assert not missing
    assert all(len(meaning) > 10 for meaning in told.values())
