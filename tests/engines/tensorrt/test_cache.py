"""Plans are found by what they were built from and for, and none that was touched is handed on."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest

from engines.errors import EngineError
from engines.tensorrt.cache import Facts, PlanCache, Wish
from engines.tensorrt.keyed_digest import KEY_FILE, read_sealed, write_sealed
from engines.tensorrt.library import FLAGS
from tests.engines.tensorrt.plans import FACTS, PLAN, facts_with

WISH = Wish(
    bundle="bars-1-0a",
    network="gate",
    onnx_sha256="ab" * 32,
    library="tensorrt_rtx",
    version="1.7",
    capability="8.9",
    driver="580.1",
    cuda="13.0",
    options=FLAGS["tensorrt_rtx"],
    max_batch=8,
)
OF_A_DRIVER = facts_with(driver="580.1", cuda="13.0")


def wish(**changed: object) -> Wish:
    return msgspec.structs.replace(WISH, **changed)


@pytest.fixture
def cache(tmp_path: Path) -> PlanCache:
    made = PlanCache(tmp_path / "plans")
    made.store(FACTS, PLAN)
    return made


def test_a_plan_comes_back_with_its_facts(cache: PlanCache) -> None:
    assert cache.find(WISH).data == PLAN
    (path,) = cache.plans()
    entry, plan = cache.verified(path)
    assert (entry.facts, entry.size, plan) == (FACTS, len(PLAN), PLAN)
    assert sorted(one.suffix or one.name for one in cache.folder.iterdir()) == [".json", ".plan", "key"]


def test_what_decides_nothing_makes_no_other_plan(cache: PlanCache) -> None:
    same = facts_with(bundle="other-1-0b", layers={}, precisions={}, seconds=41.5, checked=True)
    assert same.key == FACTS.key
    cache.store(same, PLAN[::-1])
    assert len(cache.plans()) == 1
    assert cache.find(WISH).data == PLAN[::-1]
    assert len({facts_with(**{what: "x"}).key for what in ("network", "onnx_sha256", "version", "driver", "cuda")}) == 5


def test_only_plans_and_their_facts_are_removed(cache: PlanCache) -> None:
    theirs = [cache.folder / "terraform.plan", cache.folder / "terraform.json"]
    for path in theirs:
        path.write_text("{}")
    plans = cache.plans()
    size = sum(path.stat().st_size for path in cache.folder.glob(f"{plans[0].stem}.*"))
    kernels = cache.find(WISH).kernels
    assert kernels is not None
    write_sealed(kernels, b"compiled")  # what TensorRT-RTX made of the plan goes with it
    assert read_sealed(kernels) == b"compiled"
    assert cache.remove(plans) == size + kernels_size(b"compiled") > len(PLAN)
    assert cache.remove(plans) == 0
    assert sorted(cache.folder.iterdir()) == sorted([*theirs, cache.folder / KEY_FILE])


def kernels_size(data: bytes) -> int:
    return 32 + len(data)  # the digest before it


def test_key_and_plans_are_for_this_user_alone(cache: PlanCache) -> None:
    assert {stat.S_IMODE(one.stat().st_mode) for one in cache.folder.iterdir()} == {0o600}
    key = (cache.folder / KEY_FILE).read_bytes()
    cache.store(facts_with(network="segmenter"), PLAN)
    assert (cache.folder / KEY_FILE).read_bytes() == key
    (cache.folder / KEY_FILE).chmod(0o644)
    for refused in (lambda: cache.find(WISH), cache.require_writable):
        with pytest.raises(EngineError, match="can be read or written by others"):
            refused()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a file away")
def test_a_key_of_another_user_is_refused(cache: PlanCache) -> None:
    os.chown(cache.folder / KEY_FILE, 65534, 65534)
    with pytest.raises(EngineError, match=r"belongs to another user .* as the user who runs the line"):
        cache.find(WISH)


@pytest.mark.parametrize(
    ("what", "value", "told"),
    [
        ("library", "tensorrt", "its plan is for library tensorrt_rtx, here it is tensorrt"),
        ("version", "1.8", "its plan is for version 1.7, here it is 1.8"),
        ("capability", "12.0", "its plan is for capability 8.9, here it is 12.0"),
        ("driver", "590.2", "its plan is for driver 580.1, here it is 590.2"),
        ("driver", "", "its plan is for driver 580.1, here it is not known"),
        ("cuda", "13.1", "its plan is for cuda 13.0, here it is 13.1"),
        ("options", (), "its plan was built with STRICT_NANS, REQUIRE_USER_ALLOCATION, here it is no options"),
        ("max_batch", 9, "its plan is for batches up to 8, not 9"),
    ],
)
def test_a_plan_that_does_not_do_says_in_what(tmp_path: Path, what: str, value: object, told: str) -> None:
    cache = PlanCache(tmp_path)
    cache.store(OF_A_DRIVER, PLAN)
    assert wish(**{what: value}).why_not(OF_A_DRIVER).startswith(told)
    with pytest.raises(EngineError, match=f"^gate of bars-1-0a: {told}") as refused:
        cache.find(wish(**{what: value}))
    assert "build it again with `inspector engines build`" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_wish_names_every_fact_that_a_gpu_may_differ_in() -> None:
    """What is asked for at the build alone, and what came of it, a GPU does not ask."""
    of_the_build = {"workspace_mib", "precisions", "layers", "seconds", "checked"}
    assert set(Facts.__struct_fields__) - of_the_build == set(Wish.__struct_fields__)


@pytest.mark.parametrize(
    "wanted",
    [
        wish(),
        wish(bundle="renamed-2-0b"),
        wish(driver="590.2", cuda="13.1"),  # of a plan built ahead of time
        wish(max_batch=4),
    ],
)
def test_what_does_not_matter_is_no_hindrance(wanted: Wish) -> None:
    assert wanted.why_not(FACTS) == ""


@pytest.mark.parametrize("other", [wish(onnx_sha256="cd" * 32), wish(network="segmenter")])
def test_another_graph_has_no_plan(cache: PlanCache, other: Wish) -> None:
    with pytest.raises(EngineError, match=f"has no plan in {cache.folder}"):
        cache.find(other)


def test_of_several_the_one_for_the_smallest_batches_is_chosen(cache: PlanCache) -> None:
    for batch in (4, 16, 32):
        cache.store(facts_with(max_batch=batch), bytes([batch]) * 9)
    assert [cache.find(wish(max_batch=batch)).data[0] for batch in (1, 4, 9, 32)] == [4, 4, 16, 32]
    assert cache.find(WISH).data == PLAN


def test_a_touched_plan_is_refused(cache: PlanCache) -> None:
    (path,) = cache.plans()
    facts = path.with_suffix(".json")
    for touched, content in (
        (path, PLAN[:-1] + b"\x00"),
        (path, PLAN[:-1]),
        (facts, facts.read_bytes().replace(b'"CAST": 1', b'"CAST": 2')),
        (facts, facts.read_bytes().replace(b'"checked": false', b'"checked": true')),
        (facts, b"{}"),
    ):
        before = touched.read_bytes()
        assert content != before
        touched.write_bytes(content)
        with pytest.raises(EngineError, match=r"was altered|holds no facts"):
            cache.find(WISH)
        touched.write_bytes(before)
    assert cache.find(WISH).data == PLAN
    moved = path.with_name(f"{facts_with(capability='12.0').key}.plan")
    path.rename(moved)
    facts.rename(moved.with_suffix(".json"))
    with pytest.raises(EngineError, match="is a plan of other facts, moved here"):
        cache.find(WISH)


def test_a_damaged_plan_does_not_hide_a_sound_one(cache: PlanCache) -> None:
    other = cache.store(facts_with(network="segmenter"), PLAN)
    other.with_suffix(".json").write_text("{")
    assert cache.find(WISH).data == PLAN
    with pytest.raises(EngineError, match="holds no facts of a plan"):
        cache.find(wish(network="segmenter"))


def test_a_plan_of_another_key_is_refused(cache: PlanCache, tmp_path: Path) -> None:
    other = PlanCache(tmp_path / "other")
    other.store(FACTS, PLAN[::-1])
    for path in (*other.plans(), *(one.with_suffix(".json") for one in other.plans())):
        (cache.folder / path.name).write_bytes(path.read_bytes())
    with pytest.raises(EngineError, match="was altered, or stored with another key"):
        cache.find(WISH)
    (cache.folder / KEY_FILE).unlink()
    with pytest.raises(EngineError, match="the key of the plans cannot be read"):
        cache.find(WISH)


def test_how_long_the_latest_build_took_is_known(cache: PlanCache) -> None:
    graph = FACTS.onnx_sha256
    assert cache.seconds_of(graph, "tensorrt_rtx") == 0.0
    for i, seconds in enumerate((7.5, 41.5)):
        path = cache.store(facts_with(capability=f"8.{i}", seconds=seconds), PLAN)
        os.utime(path, (path.stat().st_mtime + 10 + i,) * 2)
    assert cache.seconds_of(graph, "tensorrt_rtx") == 41.5
    assert cache.seconds_of(graph, "tensorrt") == 0.0
    assert cache.seconds_of("cd" * 32, "tensorrt_rtx") == 0.0


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
