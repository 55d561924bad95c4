"""The GPU answers as the CPU does, whichever way frames and answers travel."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.bundle import MASK_AGREEMENT, SCORE_TOLERANCE, Bundle
from engines.runtime.cuda.engines import CudaOptions
from engines.runtime.engine import Engines
from engines.runtime.load import Loaded
from engines.runtime.planes import page_aligned
from engines.runtime.runner import GateRequest, SegmenterRequest, SynchronousRunner
from inspector.bench.lines import render_pool

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(180)]

FRAMES = 24
WAYS = [CudaOptions(), CudaOptions(graphs=False, overlap=False), CudaOptions(direct=False)]
MAX_BATCH = 4


@pytest.fixture(scope="module")
def pool(demo: Bundle) -> NDArray[np.uint8]:
    plane = page_aligned(FRAMES, demo.height, demo.width)
    plane[...] = render_pool(demo.height, demo.width, FRAMES)
    return plane


@pytest.fixture(scope="module")
def wanted(demo: Bundle, pool: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    from engines.runtime.load import load_engines

    engines = load_engines(demo, runtime="openvino", precision="f32").engines
    found = ask(engines, pool, np.zeros_like(pool), [1] * FRAMES, seen=False)
    engines.close()
    return found


@pytest.mark.parametrize("options", WAYS, ids=str)
def test_every_way_of_running_answers_as_the_cpu(
    runtime: str, load: Callable[..., Loaded], pool: Any, wanted: Any, options: CudaOptions
) -> None:
    loaded = load(runtime=runtime, max_batch=MAX_BATCH, cuda=options)
    assert loaded.golden.within(SCORE_TOLERANCE, MASK_AGREEMENT)
    masks = page_aligned(*pool.shape)
    # Frames nobody adopted, then a ring's, its frames seen by the gate; batches of every prepared size, and between them.
    require_same(ask(loaded.engines, pool, np.zeros_like(pool), [1, 2, 3, 4, 4, 4, 3, 2, 1], seen=False), wanted)
    loaded.engines.adopt(pool, masks)
    require_same(ask(loaded.engines, pool, masks, [4, 3, 4, 2, 4, 1, 4, 2], seen=True), wanted)
    loaded.engines.keep_warm()
    again = ask(loaded.engines, pool, masks, [3] * 8, seen=True)
    require_same(again, wanted)


def test_a_new_frame_in_a_slot_replaces_the_old_one_on_the_device(
    runtime: str, load: Callable[..., Loaded], pool: Any, wanted: Any
) -> None:
    loaded = load(runtime=runtime, max_batch=4)
    ring, masks = page_aligned(4, *pool.shape[1:]), page_aligned(4, *pool.shape[1:])
    loaded.engines.adopt(ring, masks)
    for first in range(0, FRAMES, 4):
        ring[...] = pool[first : first + 4]
        found = ask(loaded.engines, ring, masks, [4], seen=True)
        require_same(found, {name: values[first : first + 4] for name, values in wanted.items()})


def test_a_frame_of_another_size_is_refused_and_others_are_answered(
    runtime: str, load: Callable[..., Loaded], pool: Any
) -> None:
    engines = load(runtime=runtime, max_batch=2).engines
    box: queue.SimpleQueue[Any] = queue.SimpleQueue()
    engines.gate.enqueue([np.zeros((3, 3), np.uint8)], box.put)
    assert "a frame of (3, 3) was given" in str(box.get(timeout=10))
    engines.gate.enqueue([pool[0]], box.put)
    assert 0 <= box.get(timeout=10).scores[0] <= 1


def ask(
    engines: Engines, frames: NDArray[np.uint8], masks: NDArray[np.uint8], sizes: list[int], *, seen: bool
) -> dict[str, NDArray[Any]]:
    """Everything both engines say of the frames, batch by batch with two under way."""
    masks[...] = 255
    ends = np.cumsum(sizes).tolist()
    batches = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    runner = SynchronousRunner(engines, timeout_s=60)
    gate = (GateRequest(list(frames[one]), str(one)) for one in batches)
    gates = list(runner.in_order(gate, in_flight=2))
    segmenter = (SegmenterRequest(list(frames[one]), list(masks[one]), str(one), seen) for one in batches)
    segmenters = list(runner.in_order(segmenter, in_flight=2))
    return {
        "score": np.concatenate([one.scores for one in gates]),
        "pixels": np.concatenate([one.pixels for one in segmenters]),
        "scores": np.concatenate([one.scores for one in segmenters]),
        "mask": masks[: sum(sizes)].copy(),
    }


def require_same(found: dict[str, NDArray[Any]], wanted: dict[str, NDArray[Any]]) -> None:
    count = len(found["score"])
    for name in ("score", "scores"):
        assert np.abs(found[name] - wanted[name][:count]).max() <= SCORE_TOLERANCE, name
    assert (found["mask"] == wanted["mask"][:count]).mean() >= MASK_AGREEMENT
    for k in range(found["pixels"].shape[1]):
        counted = ((found["mask"] >> k) & 1).sum(axis=(1, 2), dtype=np.int64)
        assert counted.tolist() == found["pixels"][:, k].tolist(), "the counts are those of the masks"
