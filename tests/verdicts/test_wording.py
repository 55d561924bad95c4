"""Rules in words."""

from __future__ import annotations

import pytest

from inspector.config.verdicts import Rule
from inspector.verdicts.wording import rule_in_words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule(), "REJECT: any class"),
        (Rule(class_name="pitting", min_area_px=120), "REJECT: pitting, area >= 120 px2"),
        (
            Rule(verdict="scrap", min_length_mm=2.5, min_count=3, min_count_per_metre=4),
            "SCRAP: any class, length >= 2.5 mm, 3 or more, 4 or more per metre",
        ),
    ],
)
def test_rule_in_words(rule: Rule, words: str) -> None:
    assert rule_in_words(rule) == words
