"""Which plans a machine would run, and whose they are. The machine is only data here: nothing is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.bundle import Bundle
from engines.gpu import Gpu
from engines.tensorrt.cache import PlanCache
from engines.tensorrt.inventory import list_plans, plans_of, plans_of_id
from engines.tensorrt.library import Library
from engines.tensorrt.machine import Machine
from engines.tensorrt.target import Target
from tests.engines.tensorrt.plans import PLAN, metadata_with

GPU = Gpu("A GPU", "8.9", "13.0", "580.1")
RTX, PLAIN = Library("tensorrt_rtx", "1.7", None), Library("tensorrt", "10.13", None)


@pytest.fixture
def cache(tmp_path: Path) -> PlanCache:
    return PlanCache(tmp_path / "plans")


def test_the_plans_that_run_here_and_why_others_do_not(cache: PlanCache) -> None:
    for capability, batch in (("8.9", 8), ("8.9", 16), ("8.9", 4), ("12.0", 8)):
        cache.store(metadata_with(capability=capability, max_batch=batch), PLAN)
    plans, damaged = list_plans(cache, Machine(GPU, RTX), 8)
    assert damaged == []
    why_not = {(one.metadata.capability, one.metadata.max_batch): one.why_not for one in plans}
    assert why_not[("8.9", 8)] == ""
    assert why_not[("8.9", 16)] == "another one is for smaller batches"
    assert why_not[("8.9", 4)] is not None
    assert "batches up to 4" in str(why_not[("8.9", 4)])
    assert "capability 12.0" in str(why_not[("12.0", 8)])
    assert {one.why_not for one in list_plans(cache)[0]} == {None}


def test_a_damaged_plan_is_listed_apart(cache: PlanCache) -> None:
    cache.store(metadata_with(), PLAN)
    cache.store(metadata_with(network="segmenter"), PLAN).with_suffix(".json").write_text("{")
    plans, damaged = list_plans(cache, Machine(GPU, RTX), 8)
    assert [one.metadata.network for one in plans] == ["gate"]
    assert len(damaged) == 1
    assert "is no metadata of a plan" in str(damaged[0])


def test_plans_belong_to_a_bundle_by_its_graphs(cache: PlanCache, tiny_bundle: Bundle) -> None:
    ours = cache.store(metadata_with(onnx_sha256=tiny_bundle.graph_digests()["gate"]), PLAN)
    theirs = cache.store(metadata_with(bundle=tiny_bundle.id), PLAN)
    assert plans_of(cache, tiny_bundle) == [ours]
    assert plans_of_id(cache, tiny_bundle.id) == [theirs]


def test_only_plans_timed_on_a_gpu_depend_on_its_driver() -> None:
    assert (Target(PLAIN, "8.9", GPU).driver, Target(PLAIN, "8.9", GPU).cuda) == ("580.1", "13.0")
    assert (Target(RTX, "8.9", GPU).driver, Target(RTX, "8.9", GPU).cuda) == ("", "")
    assert (Target(RTX, "8.9", None).driver, Target(RTX, "8.9", None).cuda) == ("", "")
