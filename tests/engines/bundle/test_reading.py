"""A manifest, operating point or list of golden frames is read, or refused in one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engines.bundle import GOLDEN, Bundle, find_bundle, naming_problem, read_bundle, read_contents
from engines.bundle.golden import parse_golden
from engines.errors import BundleError
from inspector.cli.app import app
from tests.engines.bundle.sealing import change, seal
from tests.tiny_bundle import make_tiny_bundle


@pytest.fixture
def copy(tiny_bundle: Bundle, tmp_path: Path) -> Path:
    shutil.copytree(tiny_bundle.path, tmp_path / "copy")
    return tmp_path / "copy"


def set_key(*keys: Any, to: Any) -> Callable[[Any], None]:
    def how(tree: Any) -> None:
        for key in keys[:-1]:
            tree = tree[key]
        tree[keys[-1]] = to

    return how


MANIFESTS = {
    "line end in the version": (set_key("version", to="1\n"), "version: expected"),
    "version of 5000": (set_key("version", to="1" * 5000), "version: expected"),
    "version that is a number": (set_key("version", to=2), "version: expected `str`, got `int` (found 2); put it in quotes"),
    "line end in the name": (set_key("name", to="a\n"), "name: expected letters, digits"),
    "class that steers": (set_key("classes", 0, to="\x1b[2J"), "classes: found '\\x1b[2J'; expected 1 to 60 printable"),
    "class of 61": (set_key("classes", 0, to="a" * 61), "classes: found"),
    "class twice": (set_key("classes", to=["dark", "dark"]), "classes: 'dark' is named twice"),
    "no class": (set_key("classes", to=[]), "classes: expected `array` of length >= 1"),
    "digest": (set_key("files", "card.md", to="x"), "files.card.md: expected"),
    "file name of 5000": (set_key("files", "a" * 5000, to="0" * 64), "files: a key of it: expected `str` of length <= 200"),
    "frame without width": (set_key("frame", to={"height": 3}), "frame: the key 'width' is missing"),
    "frame of 65536x65536": (set_key("frame", to={"height": 65536, "width": 65536}), "frame: 65536x65536 are more than"),
    "unknown key": (set_key("segmentor", to="a"), "unknown key 'segmentor'; did you mean 'segmenter'?"),
    "format": (set_key("format", to=2), "bundle format 2, this version reads 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_wrong_manifest_is_refused_by_key(copy: Path, name: str) -> None:
    how, why = MANIFESTS[name]
    change(copy / "bundle.yaml", how)
    with pytest.raises(BundleError) as told:
        read_bundle(copy)
    assert f"bundle.yaml: {why}" in str(told.value)
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 500


POINTS = {
    "gate_threshold: .nan": "gate_threshold: expected `float` > 0.0 (found nan)",
    "gate_threshold: 0.5\nmask_thresholds: {dark: 0.5, bright: 2}": "mask_thresholds.bright: expected `float` < 1.0 (found 2)",
    "gate_threshold: 0.5\nmask_thresholds: {dark: 0.5, bright: 0.5}\nminimum_area_px: {dark: 1" + "0" * 18 + "}": "minimum_area_px.dark",
    "format: 2\ngate_threshold: 0.5\nmask_thresholds: {dark: 0.5, bright: 0.5}": "operating point format 2, this version reads 1",
    "a: &a [*a]": "a value contains itself",
    "- 1": "holds no operating point; expected keys such as gate_threshold:, mask_thresholds:",
}  # fmt: skip


@pytest.mark.parametrize("text", POINTS)
def test_a_wrong_operating_point_is_refused_by_key(copy: Path, text: str) -> None:
    (copy / "operating_point.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BundleError) as told:
        read_bundle(copy)
    assert POINTS[text] in str(told.value)


LISTS: dict[str, tuple[Callable[[Any], None], str]] = {
    "thresholds too few": (set_key("thresholds", to=[0.5]), "thresholds: found 1 numbers, expected one for each of 2 classes"),
    "scores too many": (set_key("frames", 1, "scores", to=[0.1] * 3), "frames[1].scores: found 3 numbers"),
    "threshold not finite": (set_key("thresholds", to=[float("nan"), 0.5]), "thresholds[0]: nan is not allowed"),
    "score beyond 1": (set_key("frames", 0, "gate_score", to=1.5), "frames[0].gate_score: expected `float` <= 1.0 (found 1.5)"),
    "no frame": (set_key("frames", to=[]), "frames: expected `array` of length >= 1"),
    "long name": (set_key("frames", 0, "frame", to="a" * 5000), "frames[0].frame: expected `str` of length <= 200"),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_a_wrong_list_of_golden_frames_is_refused_by_key(copy: Path, name: str) -> None:
    how, why = LISTS[name]
    change(copy / GOLDEN, how)
    seal(copy)
    with pytest.raises(BundleError) as told:
        read_contents(read_bundle(copy))
    assert f"golden.yaml: {why}" in str(told.value)


def test_golden_frames_beyond_memory_are_refused_before_they_are_read(tiny_bundle: Bundle) -> None:
    data = (tiny_bundle.path / GOLDEN).read_bytes()
    with pytest.raises(BundleError, match="frames: 2 have more than 1073741824 px; keep fewer"):
        parse_golden(data, Path("golden.yaml"), 2, (1 << 29) + 1)


def test_a_list_that_is_no_text_is_refused(copy: Path) -> None:
    (copy / GOLDEN).write_bytes((copy / GOLDEN).read_bytes() + b"\xff")
    seal(copy)
    with pytest.raises(BundleError, match=r"golden\.yaml: is not UTF-8 text"):
        read_contents(read_bundle(copy))


def test_whatever_was_read_is_shown_as_json(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (copy / "bundle.yaml").read_text(encoding="utf-8")
    odd = "training: {date: 2026-01-02, a: {null: 1, true: .inf, 1.5: [2026-01-02T03:04:05Z]}}"
    (copy / "bundle.yaml").write_text(text.replace("training:\n  data: none", odd), encoding="utf-8")
    app(["bundle", "show", "--json", str(copy)], standalone_mode=False)
    shown = json.loads(capsys.readouterr().out)["training"]
    assert shown == {"date": "2026-01-02", "a": {"null": 1, "true": None, "1.5": ["2026-01-02T03:04:05+00:00"]}}


def test_a_place_that_cannot_be_is_no_bundle(tmp_path: Path) -> None:
    for place in ("a" * 5000, "~nobody-here/x", "\0"):
        with pytest.raises(BundleError, match="cannot be looked for") as told:
            find_bundle(place, tmp_path)
        assert len(str(told.value)) < 600


def test_a_bundle_is_written_only_under_a_name_that_can_be_read(tmp_path: Path) -> None:
    assert naming_problem("steel", "2.1+fix", ("rolled-in scale", "Öl (Fleck)")) == ""
    with pytest.raises(BundleError, match=r"classes: found 'a\\nb'; expected 1 to 60 printable characters"):
        make_tiny_bundle(tmp_path / "b", levels={"a\nb": 64.0})
    assert not (tmp_path / "b").exists()
