"""The YAML reader: every text is read, or refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.bundle import INCLUDED
from engines.errors import FileError
from engines.files.yaml_text import parse_yaml, read_yaml, yaml_text
from tests.engines.files.fuzz_yaml import fuzz, readers

_REFUSED = {
    "a: 1\na: 2": "the key 'a' is there twice",
    "a: [": "line 1",
    "a: 2026-13-45": "line 1, column 4 is not valid YAML: '2026-13-45' is no date; put a text in quotes",
    "!!bool x": "'x' is no truth value",
    "!!timestamp x": "'x' is no date",
    "!!int x": "'x' is no whole number",
    "!!float x": "'x' is no number",
    "!!python/object:os.system x": "not valid YAML",
    "a: " + "9" * 5000: "a number or date of more than 100 characters; put a text",
    "a: " + "9" * 99: "a: holds an integer beyond 64 bits",
    "a: !!binary aGk=": "the tag 'binary' is not used",
    "a: !!set {b}": "the tag 'set' is not used",
    "a: [1, " + "9" * 30 + "]": r"a\[1\]: holds an integer beyond 64 bits",
    "[" * 100 + "]" * 100: "nested",
    "[" * 5000: "nested more than 60 deep",
    "a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 40 + "*a" + "]" * 40: "nested more than 60 deep",
    r'"\ud800"': "UTF-16",
    r'a: {b: "x\0y"}': "a.b: holds a NUL",
    "a: &a [*a]": "contains itself",
    "a: 1\n? [b]\n: 1": "unhashable",
    "---\na: 1\n---\nb: 2": "not valid YAML",
    "a: b\x07": "not valid YAML",
}


@pytest.mark.parametrize(
    ("text", "why"), _REFUSED.items(), ids=[key[:20].encode("unicode_escape").decode() for key in _REFUSED]
)
def test_refused_in_one_line(text: str, why: str) -> None:
    with pytest.raises(FileError, match=why) as raised:
        parse_yaml(text, "x.yaml")
    told = str(raised.value)
    assert told.startswith("x.yaml:")
    assert "\n" not in told
    assert len(told) < 300


def test_aliases_are_read_within_a_bound() -> None:
    assert parse_yaml("a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}", "t") == {
        "a": {"b": 1},
        "c": {"b": 1},
        "d": {"b": 1, "e": 2},
    }
    bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))
    with pytest.raises(FileError, match="more than 200000 values"):
        parse_yaml(bomb, "bomb.yaml")


def test_numbers_are_those_of_yaml_1_2_and_digests_stay_texts() -> None:
    assert parse_yaml("[1e-3, 2E5, -1.5e+2, 1e, e1]", "t") == [1e-3, 2e5, -150.0, "1e", "e1"]
    assert parse_yaml(yaml_text({"digest": "314e1592"}), "t") == {"digest": "314e1592"}


def test_files(tmp_path: Path) -> None:
    place = tmp_path / "a.yaml"
    place.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(place) == {"a": 1}
    place.write_bytes(b"a: \xff")
    with pytest.raises(FileError, match=r"is not UTF-8 text \(byte 3\)"):
        read_yaml(place)
    place.write_bytes(b"#" * (5 << 20))
    with pytest.raises(FileError, match="has more than"):
        read_yaml(place)
    with pytest.raises(FileError, match="cannot be read"):
        read_yaml(tmp_path)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
    | st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc1e", max_size=6), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(_VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert parse_yaml(yaml_text({"v": value}), "t") == {"v": value}


@given(st.text("ab:-[]{}&*!<>|#'\"% \n\t0.e\\u~?,", max_size=40))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    told = ""
    try:
        parse_yaml(text, "t")
    except FileError as error:
        told = str(error)
    assert "\n" not in told


def test_altered_files_are_read_or_refused_by_every_reader(tmp_path: Path) -> None:
    found = fuzz(120, 7, tmp_path)
    assert found.failures == []
    assert {f"{reader.name}: refused" for reader in readers()} <= set(found.outcomes)


def test_unaltered_files_are_read_by_every_reader(tmp_path: Path) -> None:
    (tmp_path / "operating_point.yaml").write_bytes((INCLUDED / "demo" / "operating_point.yaml").read_bytes())
    for reader in readers():
        for text in reader.texts:
            (tmp_path / reader.file).write_text(text, encoding="utf-8")
            reader.read(tmp_path / reader.file)
