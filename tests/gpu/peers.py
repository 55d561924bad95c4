"""What the line is compared with: the loop a user of torch would write, the gate before the segmenter, in fp16, the same frames.

Each loop takes batches of frames from host memory, page-locked, scores them, segments those let through (forced, so that their share is
known) and brings scores, masks and counts back. The variants differ in how torch runs the networks.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engines.bundle import Bundle, read_contents
from engines.runtime.cuda.onnx_module import OnnxModule
from inspector.bench.mix import Mix

BATCH = 8
Network = Callable[..., Any]


def eager(bundle: Bundle) -> tuple[Network, Network]:
    """Kernel by kernel, weights in channels-last order, convolutions tried out."""
    gate, segmenter = (OnnxModule(graph, "cuda") for graph in read_contents(bundle).graphs.values())

    def segment(frames: Any, thresholds: Any) -> Any:
        found = segmenter({"frames": frames, "thresholds": thresholds})
        return found["mask"], found["pixels"], found["scores"]

    return (lambda frames: gate({"frames": frames})["score"]), segment


def compiled(graphs: tuple[Any, Any]) -> tuple[Network, Network]:
    """By torch.compile, from the torch modules."""
    gate, segmenter = (
        torch.compile(graph.half().eval().cuda().to(memory_format=torch.channels_last), dynamic=False)
        for graph in graphs
    )
    return gate, segmenter


def graphed(networks: tuple[Network, Network], height: int, width: int, classes: int) -> tuple[Network, Network]:
    """The eager kernels, recorded as CUDA graphs for full batches; fewer frames are filled up."""
    frames = torch.zeros(BATCH, height, width, dtype=torch.uint8, device="cuda")
    limits = torch.full((classes,), 0.5, device="cuda")
    replays: list[Network] = []
    for network, inputs in zip(networks, ((frames,), (frames, limits)), strict=True):
        side = torch.cuda.Stream()
        with torch.cuda.stream(side), torch.inference_mode():
            for _ in range(3):
                network(*inputs)
        side.synchronize()
        recording = torch.cuda.CUDAGraph()
        with torch.inference_mode(), torch.cuda.graph(recording):
            out = network(*inputs)

        def replay(batch: Any, *_: Any, recording: Any = recording, out: Any = out) -> Any:
            frames[: len(batch)].copy_(batch)
            recording.replay()
            return tuple(one[: len(batch)] for one in out) if isinstance(out, tuple) else out[: len(batch)]

        replays.append(replay)
    return replays[0], replays[1]


def loop_hz(
    networks: tuple[Network, Network],
    pool: NDArray[np.uint8],
    thresholds: list[float],
    share: float,
    seconds: float,
    *,
    pad: bool = False,
) -> float:
    """Frames per second of the loop. ``pad``: the segmenter always gets full batches, for what is compiled for one size."""
    gate, segmenter = networks
    limits = torch.tensor(thresholds, device="cuda")
    frames = torch.from_numpy(pool).pin_memory()
    mix = Mix(share)
    decisions = mix.let_through(mix.whole(1))
    n, begun, counted = 0, 0.0, 0
    waiting: list[Any] = []
    with torch.inference_mode():
        while True:
            start = n % (len(pool) - BATCH + 1)
            batch = frames[start : start + BATCH].cuda(non_blocking=True)
            gate(batch).cpu()
            chosen = [i for i in range(BATCH) if decisions[(n + i) % len(decisions)]]
            waiting.extend(batch[i] for i in chosen)
            while len(waiting) >= (BATCH if pad else 1):
                taken, waiting = waiting[:BATCH], waiting[BATCH:]
                for one in segmenter(torch.stack(taken), limits):
                    one.cpu()
            n += BATCH
            if n == 20 * BATCH:
                torch.cuda.synchronize()
                begun, counted = time.perf_counter(), n
            if begun and time.perf_counter() - begun >= seconds:
                torch.cuda.synchronize()
                return (n - counted) / (time.perf_counter() - begun)
