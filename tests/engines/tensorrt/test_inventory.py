"""Which plans the GPU of a machine would run, and whose they are. The machine is data here: nothing is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.bundle import Bundle
from engines.runtime.cuda.driver import Gpu
from engines.tensorrt.cache import PlanCache
from engines.tensorrt.inventory import Machine, kept_plans, plans_called, plans_of
from engines.tensorrt.library import Library
from engines.tensorrt.target import Target
from tests.engines.tensorrt.plans import PLAN, facts_with

GPU = Gpu("A GPU", "8.9", "13.0", "580.1")
RTX, PLAIN = Library("tensorrt_rtx", "1.7", None), Library("tensorrt", "10.13", None)


@pytest.fixture
def cache(tmp_path: Path) -> PlanCache:
    return PlanCache(tmp_path / "plans")


def test_the_plans_that_run_here_and_why_others_do_not(cache: PlanCache) -> None:
    for capability, batch in (("8.9", 8), ("8.9", 16), ("8.9", 4), ("12.0", 8)):
        cache.store(facts_with(capability=capability, max_batch=batch), PLAN)
    kept, wrong = kept_plans(cache, Machine(GPU, RTX), 8)
    assert wrong == []
    told = {(one.facts.capability, one.facts.max_batch): one.why_not for one in kept}
    assert told[("8.9", 8)] == ""
    assert told[("8.9", 16)] == "another one is for smaller batches"
    assert told[("8.9", 4)] is not None
    assert "batches up to 4" in str(told[("8.9", 4)])
    assert "capability 12.0" in str(told[("12.0", 8)])
    assert {one.why_not for one in kept_plans(cache, "no GPU", 8)[0]} == {None}


def test_a_damaged_plan_is_told_of_beside_the_others(cache: PlanCache) -> None:
    cache.store(facts_with(), PLAN)
    cache.store(facts_with(network="segmenter"), PLAN).with_suffix(".json").write_text("{")
    kept, wrong = kept_plans(cache, Machine(GPU, RTX), 8)
    assert [one.facts.network for one in kept] == ["gate"]
    assert len(wrong) == 1
    assert "holds no facts of a plan" in wrong[0]


def test_plans_belong_to_a_bundle_by_its_graphs(cache: PlanCache, tiny_bundle: Bundle) -> None:
    ours = cache.store(facts_with(onnx_sha256=tiny_bundle.graphs()["gate"].sha256), PLAN)
    theirs = cache.store(facts_with(bundle=tiny_bundle.id), PLAN)
    assert plans_of(cache, tiny_bundle) == [ours]
    assert plans_called(cache, tiny_bundle.id) == [theirs]


def test_only_plans_timed_on_a_gpu_depend_on_its_driver() -> None:
    assert (Target(PLAIN, "8.9", GPU).driver, Target(PLAIN, "8.9", GPU).cuda) == ("580.1", "13.0")
    assert (Target(RTX, "8.9", GPU).driver, Target(RTX, "8.9", GPU).cuda) == ("", "")
    assert (Target(RTX, "8.9", None).driver, Target(RTX, "8.9", None).cuda) == ("", "")
