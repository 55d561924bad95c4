"""Plans are found by what they were built from and for, and none that was touched is handed on."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest

from engines.build.cache import KEY_FILE, Facts, PlanCache
from engines.errors import EngineError

FACTS = Facts(
    bundle="bars-1-0a",
    network="gate",
    onnx_sha256="ab" * 32,
    library="tensorrt_rtx",
    version="1.7",
    capability="8.9",
    max_batch=8,
    common_batch=4,
    workspace_mib=64,
    precisions={"HALF": 3},
    layers={"CAST": 1},
)
PLAN = bytes(range(256)) * 8


@pytest.fixture
def cache(tmp_path: Path) -> PlanCache:
    made = PlanCache(tmp_path / "plans")
    made.store(FACTS, PLAN)
    return made


def changed(**facts: object) -> Facts:
    return msgspec.structs.replace(FACTS, **facts)


def test_a_plan_comes_back_with_its_facts(cache: PlanCache) -> None:
    assert cache.load(FACTS) == PLAN
    (path,) = cache.plans()
    entry, plan = cache.verified(path)
    assert (entry.facts, entry.size, plan) == (FACTS, len(PLAN), PLAN)
    # The bundle's name and what was counted in the graph decide nothing.
    assert cache.load(changed(bundle="other-1-0b", layers={}, precisions={})) == PLAN
    assert sorted(one.suffix or one.name for one in cache.folder.iterdir()) == [".json", ".plan", "key"]
    assert cache.clean() == [path]
    assert cache.plans() == []


def test_key_and_plans_are_for_this_user_alone(cache: PlanCache) -> None:
    assert {stat.S_IMODE(one.stat().st_mode) for one in cache.folder.iterdir()} == {0o600}
    key = (cache.folder / KEY_FILE).read_bytes()
    cache.store(changed(network="segmenter"), PLAN)
    assert (cache.folder / KEY_FILE).read_bytes() == key
    (cache.folder / KEY_FILE).chmod(0o644)
    with pytest.raises(EngineError, match="can be read or written by others"):
        cache.load(FACTS)


@pytest.mark.parametrize(
    ("what", "value", "told"),
    [
        ("capability", "12.0", "its plan is for capability 8.9, here it is 12.0"),
        ("version", "1.8", "its plan is for version 1.7, here it is 1.8"),
        ("driver", "580.1", "its plan is for driver , here it is 580.1"),
        ("max_batch", 4, "its plan is for max_batch 8, here it is 4"),
        ("onnx_sha256", "cd" * 32, "has no plan in"),
    ],
)
def test_a_foreign_plan_is_none_and_says_why(cache: PlanCache, what: str, value: object, told: str) -> None:
    with pytest.raises(EngineError, match=told) as refused:
        cache.load(changed(**{what: value}))
    assert "build it again with `inspector engines build`" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_touched_plan_is_refused(cache: PlanCache) -> None:
    (path,) = cache.plans()
    facts = path.with_suffix(".json")
    for touched, content in (
        (path, PLAN[:-1] + b"\x00"),
        (path, PLAN[:-1]),
        (facts, facts.read_bytes().replace(b'"CAST": 1', b'"CAST": 2')),
        (facts, b"{}"),
    ):
        before = touched.read_bytes()
        assert content != before
        touched.write_bytes(content)
        with pytest.raises(EngineError, match=r"was altered|holds no facts"):
            cache.load(FACTS)
        touched.write_bytes(before)
    assert cache.load(FACTS) == PLAN
    moved = path.with_name(f"{changed(capability='12.0').key}.plan")
    path.rename(moved)
    facts.rename(moved.with_suffix(".json"))
    with pytest.raises(EngineError, match="is a plan of other facts, moved here"):
        cache.load(changed(capability="12.0"))


def test_a_plan_of_another_key_is_refused(cache: PlanCache, tmp_path: Path) -> None:
    other = PlanCache(tmp_path / "other")
    other.store(FACTS, PLAN[::-1])
    for path in (*other.plans(), *(one.with_suffix(".json") for one in other.plans())):
        (cache.folder / path.name).write_bytes(path.read_bytes())
    with pytest.raises(EngineError, match="was altered, or stored with another key"):
        cache.load(FACTS)
    (cache.folder / KEY_FILE).unlink()
    with pytest.raises(EngineError, match="the key of the plans cannot be read"):
        cache.load(FACTS)


def test_a_folder_that_cannot_be_written_is_told_before_the_build(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match=r"file/plans: plans cannot be stored there .* --cache or INSPECTOR_CACHE"):
        PlanCache(tmp_path / "file" / "plans").require_writable()


def test_where_plans_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("INSPECTOR_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert PlanCache.default().folder == tmp_path / "inspector" / "plans"
    monkeypatch.setenv("INSPECTOR_CACHE", os.fspath(tmp_path / "mine"))
    assert PlanCache.default().folder == tmp_path / "mine"
