"""The verdicts section: how it is spelt, what it refuses, and what rules need from bundle and camera."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import yaml

from inspector.config.verdicts import NEEDS_SCALE, Rule, Scale, VerdictsConfig
from inspector.errors import UserError
from inspector.verdicts.rule_check import check_rules

CLASSES = ("pitting", "inclusion", "scratches", "corrosion")
SCALE = Scale(mm_per_px_x=0.4, mm_per_px_y=0.5)


def load(text: str) -> VerdictsConfig:
    return msgspec.convert(yaml.safe_load(text), VerdictsConfig)


def test_by_default_any_defect_of_any_class_rejects() -> None:
    assert load("{}") == VerdictsConfig()
    assert VerdictsConfig().rules == (Rule(class_name=None, verdict="reject", min_count=1),)
    check_rules(VerdictsConfig(), CLASSES, None)


def test_rules_as_a_person_writes_them() -> None:
    config = load("""
        travel_axis: y
        max_defects: 20
        rules:
          - {class: scratches, verdict: scrap, min_length_mm: 200}
          - {class: pitting, min_area_px: 120, min_count_per_metre: 2.5}
          - {min_score: 0.9, min_count: 3}
    """)
    assert config.rules == (
        Rule(class_name="scratches", verdict="scrap", min_length_mm=200),
        Rule(class_name="pitting", min_area_px=120, min_count_per_metre=2.5),
        Rule(min_score=0.9, min_count=3),
    )
    check_rules(config, CLASSES, SCALE)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rules: []", r"length >= 1 - at `\$.rules`"),
        ("rules: [{klass: pitting}]", "unknown field `klass`"),
        ("rules: [{class_name: pitting}]", "unknown field `class_name`"),
        ("rules: [{verdict: pass}]", "Invalid enum value 'pass'"),
        ("rules: [{min_count: 0}]", ">= 1"),
        ("rules: [{min_area_px: 0}]", "> 0.0"),
        ("rules: [{min_length_mm: .nan}]", "> 0.0"),
        ("rules: [{min_length_mm: .inf}]", "<= 1000000000.0"),
        ("rules: [{min_score: 1.5}]", "<= 1.0"),
        ("max_defects: 0", ">= 1"),
        ("travel_axis: z", "Invalid enum value 'z'"),
        ("threads: 0", ">= 1"),
    ],
)
def test_what_means_nothing_is_refused(text: str, says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says):
        load(text)


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_scale_is_a_positive_number(value: float) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"mm_per_px_x": 1, "mm_per_px_y": value}, Scale)


def test_a_class_the_bundle_does_not_have_is_named_with_its_key() -> None:
    config = VerdictsConfig(rules=(Rule(), Rule(), Rule(class_name="scratch")))
    with pytest.raises(UserError) as error:
        check_rules(config, CLASSES, SCALE)
    assert str(error.value) == (
        "verdicts.rules[2].class: 'scratch' is not a class of the bundle (pitting, inclusion, scratches, corrosion)"
    )


@pytest.mark.parametrize("limit", NEEDS_SCALE)
def test_a_limit_on_the_sheet_needs_a_scale(limit: str) -> None:
    values: dict[str, Any] = {limit: 2.5}
    config = VerdictsConfig(rules=(Rule(**values),))
    check_rules(config, CLASSES, SCALE)
    with pytest.raises(UserError, match=rf"^verdicts\.rules\[0\]\.{limit}: 2\.5 needs the size of a pixel.*$"):
        check_rules(config, CLASSES, None)


def test_every_key_is_explained_in_the_schema() -> None:
    sections = msgspec.json.schema(VerdictsConfig)["$defs"] | msgspec.json.schema(Scale)["$defs"]
    assert set(sections) == {"VerdictsConfig", "Rule", "Scale"}
    for section in sections.values():
        assert section["additionalProperties"] is False
        for key, field in section["properties"].items():
            assert field.get("description"), key
