"""A few frames through every way of copying and running, for a memory checker to watch: `python -m tests.gpu.short_run`."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from engines.bundle import find_bundle, read_bundle
from engines.runtime.cuda.engines import CudaOptions
from engines.runtime.load import load_engines
from engines.runtime.planes import page_aligned
from inspector.bench.lines import render_pool
from tests.gpu.test_parity import ask


def main() -> None:
    if find_spec("torch"):
        import torch

        torch.backends.cudnn.benchmark_limit = 1  # under a checker each way to compute a convolution takes seconds
    bundle = read_bundle(find_bundle("demo"))
    pool = page_aligned(2, bundle.height, bundle.width)
    pool[...] = render_pool(bundle.height, bundle.width, 2)
    for options in (CudaOptions(), CudaOptions(graphs=False, direct=False)):
        engines = load_engines(bundle, max_batch=1, allow_cpu=False, cuda=options).engines
        ask(engines, pool, np.zeros_like(pool), [1, 1], seen=False)
        masks = page_aligned(*pool.shape)
        engines.adopt(pool, masks)
        ask(engines, pool, masks, [1, 1], seen=True)
        engines.keep_warm()
        engines.close()
        print("short run of", engines.device)


if __name__ == "__main__":
    main()
