"""A GPU, the runtimes that work on it, and engines of the included bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engines.bundle import Bundle, find_bundle, read_bundle, read_contents
from engines.gpu import Gpu, find_gpu
from engines.runtime.cuda.check_plans import check_plans
from engines.runtime.cuda.load import why_not_torch
from engines.runtime.load import Loaded, load_engines
from engines.tensorrt.build_bundle import BundleBuild
from engines.tensorrt.cache import PlanCache
from engines.tensorrt.library import open_library
from engines.tensorrt.machine import why_not_tensorrt
from engines.tensorrt.target import find_target


@pytest.fixture(scope="session")
def gpu() -> Gpu:
    found = find_gpu()
    if isinstance(found, str):
        pytest.skip(f"needs a GPU: {found}")
    return found


@pytest.fixture(scope="session")
def demo() -> Bundle:
    return read_bundle(find_bundle("demo"))


@pytest.fixture(scope="session", params=["tensorrt", "torch"])
def runtime(
    request: pytest.FixtureRequest, gpu: Gpu, demo: Bundle, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Each runtime in turn; its plans are built first, into a cache of this session's own."""
    why_not = why_not_tensorrt(gpu) if request.param == "tensorrt" else why_not_torch()
    if why_not:
        pytest.skip(why_not)
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "tensorrt":
            folder = tmp_path_factory.mktemp("plans")
            patch.setenv("INSPECTOR_CACHE", str(folder))
            build_all(demo, folder)
        yield str(request.param)


def build_all(bundle: Bundle, folder: Path) -> None:
    """Plans of both networks for this GPU."""
    build = BundleBuild(read_contents(bundle), find_target(open_library()), PlanCache(folder), check_plans)
    for network in build.networks:
        build.build(network)
    build.store()


@pytest.fixture
def load(demo: Bundle) -> Iterator[Callable[..., Loaded]]:
    opened: list[Loaded] = []

    def make(**options: Any) -> Loaded:
        opened.append(load_engines(demo, **options))
        return opened[-1]

    yield make
    for one in opened:
        one.engines.close()
