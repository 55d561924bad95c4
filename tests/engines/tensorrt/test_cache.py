"""Plans are found by what they were built from and for, and none that was touched is handed on."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest

from engines.errors import DamagedPlanError, EngineError, MissingPlanError, PlanFolderError, PlanKeyError
from engines.tensorrt.cache import PlanCache
from engines.tensorrt.keyed_digest import DIGEST_BYTES, KEY_FILE, read_with_digest, write_with_digest
from engines.tensorrt.library import BUILDER_FLAGS
from engines.tensorrt.metadata import PlanMetadata, PlanRequest
from tests.engines.tensorrt.plans import METADATA, PLAN, metadata_with

REQUEST = PlanRequest(
    bundle="bars-1-0a",
    network="gate",
    onnx_sha256="ab" * 32,
    library="tensorrt_rtx",
    version="1.7",
    capability="8.9",
    driver="580.1",
    cuda="13.0",
    builder_flags=BUILDER_FLAGS["tensorrt_rtx"],
    max_batch=8,
)
FOR_ONE_DRIVER = metadata_with(driver="580.1", cuda="13.0")


def request(**changed: object) -> PlanRequest:
    return msgspec.structs.replace(REQUEST, **changed)


@pytest.fixture
def cache(tmp_path: Path) -> PlanCache:
    made = PlanCache(tmp_path / "plans")
    made.store(METADATA, PLAN)
    return made


def test_a_plan_comes_back_with_its_metadata(cache: PlanCache) -> None:
    assert cache.find(REQUEST).data == PLAN
    (path,) = cache.plans()
    entry, plan = cache.verify(path)
    assert (entry.metadata, entry.size, plan) == (METADATA, len(PLAN), PLAN)
    assert sorted(one.suffix or one.name for one in cache.folder.iterdir()) == [".json", ".plan", "key"]


def test_what_decides_nothing_makes_no_other_plan(cache: PlanCache) -> None:
    same = metadata_with(bundle="other-1-0b", layers={}, precisions={}, build_seconds=41.5, checked=True)
    assert same.key == METADATA.key
    cache.store(same, PLAN[::-1])
    assert len(cache.plans()) == 1
    assert cache.find(REQUEST).data == PLAN[::-1]
    assert (
        len({metadata_with(**{what: "x"}).key for what in ("network", "onnx_sha256", "version", "driver", "cuda")}) == 5
    )


def test_only_plans_and_what_belongs_to_them_are_removed(cache: PlanCache) -> None:
    not_ours = [cache.folder / "terraform.plan", cache.folder / "terraform.json"]
    for path in not_ours:
        path.write_text("{}")
    plans = cache.plans()
    size = sum(path.stat().st_size for path in cache.folder.glob(f"{plans[0].stem}.*"))
    kernels = cache.find(REQUEST).kernels
    assert kernels is not None
    write_with_digest(kernels, b"compiled")
    assert read_with_digest(kernels) == b"compiled"
    assert cache.remove(plans) == size + DIGEST_BYTES + len(b"compiled") > len(PLAN)
    assert cache.remove(plans) == 0
    assert sorted(cache.folder.iterdir()) == sorted([*not_ours, cache.folder / KEY_FILE])


def test_key_and_plans_are_for_this_user_alone(cache: PlanCache) -> None:
    assert {stat.S_IMODE(one.stat().st_mode) for one in cache.folder.iterdir()} == {0o600}
    key = (cache.folder / KEY_FILE).read_bytes()
    cache.store(metadata_with(network="segmenter"), PLAN)
    assert (cache.folder / KEY_FILE).read_bytes() == key
    (cache.folder / KEY_FILE).chmod(0o644)
    for refused in (lambda: cache.find(REQUEST), cache.require_writable):
        with pytest.raises(PlanKeyError, match="can be read or written by others") as caught:
            refused()
        assert caught.value.known_to_others


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a file away")
def test_a_key_of_another_user_is_refused(cache: PlanCache) -> None:
    os.chown(cache.folder / KEY_FILE, 65534, 65534)
    with pytest.raises(PlanKeyError, match="belongs to another user"):
        cache.find(REQUEST)


@pytest.mark.parametrize(
    ("what", "value", "mismatch"),
    [
        ("library", "tensorrt", "its plan is for library tensorrt_rtx, here it is tensorrt"),
        ("version", "1.8", "its plan is for version 1.7, here it is 1.8"),
        ("capability", "12.0", "its plan is for capability 8.9, here it is 12.0"),
        ("driver", "590.2", "its plan is for driver 580.1, here it is 590.2"),
        ("driver", "", "its plan is for driver 580.1, here it is not known"),
        ("cuda", "13.1", "its plan is for cuda 13.0, here it is 13.1"),
        ("builder_flags", (), "its plan was built with STRICT_NANS, REQUIRE_USER_ALLOCATION, here it is no flags"),
        ("max_batch", 9, "its plan is for batches up to 8, not 9"),
    ],
)
def test_a_plan_that_does_not_fit_says_why(tmp_path: Path, what: str, value: object, mismatch: str) -> None:
    cache = PlanCache(tmp_path)
    cache.store(FOR_ONE_DRIVER, PLAN)
    assert request(**{what: value}).mismatch(FOR_ONE_DRIVER) == mismatch
    with pytest.raises(MissingPlanError) as refused:
        cache.find(request(**{what: value}))
    assert str(refused.value) == f"gate of bars-1-0a: {mismatch}"
    assert refused.value.max_batch == (value if what == "max_batch" else 8)


def test_a_request_names_everything_that_a_gpu_may_differ_in() -> None:
    of_the_build = {"workspace_mib", "precisions", "layers", "build_seconds", "checked"}
    assert set(PlanMetadata.__struct_fields__) - of_the_build == set(PlanRequest.__struct_fields__)


@pytest.mark.parametrize(
    "fitting",
    [
        request(),
        request(bundle="renamed-2-0b"),
        request(driver="590.2", cuda="13.1"),  # the plan was built ahead of time
        request(max_batch=4),
    ],
)
def test_what_does_not_matter_is_no_mismatch(fitting: PlanRequest) -> None:
    assert fitting.mismatch(METADATA) == ""


@pytest.mark.parametrize("other", [request(onnx_sha256="cd" * 32), request(network="segmenter")])
def test_another_graph_has_no_plan(cache: PlanCache, other: PlanRequest) -> None:
    with pytest.raises(MissingPlanError, match=f"has no plan in {cache.folder}"):
        cache.find(other)


def test_of_several_the_one_for_the_smallest_batches_is_chosen(cache: PlanCache) -> None:
    for batch in (4, 16, 32):
        cache.store(metadata_with(max_batch=batch), bytes([batch]) * 9)
    assert [cache.find(request(max_batch=batch)).data[0] for batch in (1, 4, 9, 32)] == [4, 4, 16, 32]
    assert cache.find(REQUEST).data == PLAN


def test_a_touched_plan_is_refused(cache: PlanCache) -> None:
    (path,) = cache.plans()
    beside = path.with_suffix(".json")
    for touched, content in (
        (path, PLAN[:-1] + b"\x00"),
        (path, PLAN[:-1]),
        (beside, beside.read_bytes().replace(b'"CAST": 1', b'"CAST": 2')),
        (beside, beside.read_bytes().replace(b'"checked": false', b'"checked": true')),
        (beside, b"{}"),
    ):
        before = touched.read_bytes()
        assert content != before
        touched.write_bytes(content)
        with pytest.raises(DamagedPlanError, match=r"was altered|is no metadata"):
            cache.find(REQUEST)
        touched.write_bytes(before)
    assert cache.find(REQUEST).data == PLAN
    moved = path.with_name(f"{metadata_with(capability='12.0').key}.plan")
    path.rename(moved)
    beside.rename(moved.with_suffix(".json"))
    with pytest.raises(DamagedPlanError, match="has the name of a plan with other metadata"):
        cache.find(REQUEST)


def test_a_damaged_plan_does_not_hide_a_sound_one(cache: PlanCache) -> None:
    other = cache.store(metadata_with(network="segmenter"), PLAN)
    other.with_suffix(".json").write_text("{")
    assert cache.find(REQUEST).data == PLAN
    with pytest.raises(DamagedPlanError, match="is no metadata of a plan"):
        cache.find(request(network="segmenter"))


def test_a_plan_of_another_key_is_refused(cache: PlanCache, tmp_path: Path) -> None:
    other = PlanCache(tmp_path / "other")
    other.store(METADATA, PLAN[::-1])
    for path in (*other.plans(), *(one.with_suffix(".json") for one in other.plans())):
        (cache.folder / path.name).write_bytes(path.read_bytes())
    with pytest.raises(DamagedPlanError, match="was altered, or stored with another key"):
        cache.find(REQUEST)
    (cache.folder / KEY_FILE).unlink()
    with pytest.raises(PlanKeyError, match="the key of the plans cannot be read"):
        cache.find(REQUEST)


def test_how_long_the_latest_build_took_is_known(cache: PlanCache) -> None:
    graph = METADATA.onnx_sha256
    assert cache.last_build_seconds(graph, "tensorrt_rtx") == 0.0
    for i, seconds in enumerate((7.5, 41.5)):
        path = cache.store(metadata_with(capability=f"8.{i}", build_seconds=seconds), PLAN)
        os.utime(path, (path.stat().st_mtime + 10 + i,) * 2)
    assert cache.last_build_seconds(graph, "tensorrt_rtx") == 41.5
    assert cache.last_build_seconds(graph, "tensorrt") == 0.0
    assert cache.last_build_seconds("cd" * 32, "tensorrt_rtx") == 0.0


def test_a_folder_that_cannot_be_written_is_refused_before_the_build(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlanFolderError, match="file/plans: plans cannot be stored there"):
        PlanCache(tmp_path / "file" / "plans").require_writable()


def test_where_plans_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("INSPECTOR_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert PlanCache.default().folder == tmp_path / "inspector" / "plans"
    monkeypatch.setenv("INSPECTOR_CACHE", os.fspath(tmp_path / "mine"))
    assert PlanCache.default().folder == tmp_path / "mine"


def test_without_a_home_it_says_what_is_needed_and_only_then(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unknown(uid: int) -> NoReturn:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "XDG_CACHE_HOME", "INSPECTOR_CACHE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(
        EngineError, match=r"^plans: no home directory is known; set INSPECTOR_CACHE to the folder for plans$"
    ):
        PlanCache.default()
    monkeypatch.setenv("INSPECTOR_CACHE", "~/plans")
    with pytest.raises(EngineError, match="INSPECTOR_CACHE: ~/plans: no home directory is known"):
        PlanCache.default()
    monkeypatch.setenv("INSPECTOR_CACHE", os.fspath(tmp_path))
    assert PlanCache.default().plans() == []


def test_a_folder_that_cannot_be_listed_is_no_empty_one(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be listed"):
        PlanCache(tmp_path / ("x" * 300)).plans()
