"""A process whose GPU context is poisoned by a kernel that reads beyond its memory; prints what the engines make of it.

Run as `python -m tests.gpu.poison`, by itself: such a context is of no use to anyone afterwards.
"""

from __future__ import annotations

import queue
from typing import Any

import numpy as np
import torch

from engines.bundle import find_bundle, read_bundle
from engines.runtime.load import load_engines


def main() -> None:
    bundle = read_bundle(find_bundle("demo"))
    engines = load_engines(bundle, runtime="torch", max_batch=2).engines
    frame = np.zeros((bundle.height, bundle.width), np.uint8)
    box: queue.SimpleQueue[Any] = queue.SimpleQueue()
    engines.gate.enqueue([frame], box.put)
    print("before:", type(box.get(timeout=30)).__name__)
    try:
        torch.zeros(4, device="cuda")[torch.tensor([1 << 20], device="cuda")].sum()
        torch.cuda.synchronize()
    except Exception as error:
        print("poisoned:", str(error).splitlines()[0])
    engines.gate.enqueue([frame], box.put)
    print("after:", box.get(timeout=30))
    engines.close()
    print("closed")


if __name__ == "__main__":
    main()
