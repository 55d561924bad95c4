"""Loads the engines that the configuration selects."""

from __future__ import annotations

import os

from engines.bundle import Bundle
from engines.errors import EngineError
from engines.runtime.cuda.engines import CudaOptions
from engines.runtime.load import Loaded, load_engines
from inspector.config.inference import InferenceConfig

WITHOUT = "INSPECTOR_CUDA_WITHOUT"
"""Environment variable that turns features of the GPU runtime off, to find a fault: graphs, overlap, direct."""


def load_configured(bundle: Bundle, config: InferenceConfig) -> Loaded:
    """Load the engines and verify them with the golden frames; a GPU's engines belong to the calling thread. Raises BundleError or
    EngineError."""
    return load_engines(
        bundle,
        runtime=config.runtime,
        precision=config.precision,
        lanes=config.lanes,
        max_batch=config.max_batch,
        allow_cpu=config.allow_cpu,
        cuda=cuda_options(os.environ.get(WITHOUT, "")),
    )


def cuda_options(without: str) -> CudaOptions:
    """All features of the GPU runtime except those named in ``without``, separated by commas. Raises EngineError for an unknown name."""
    names = {name.strip() for name in without.split(",")} - {""}
    known = CudaOptions.__dataclass_fields__
    if not names <= set(known):
        raise EngineError(
            f"{WITHOUT}={without}: names {', '.join(sorted(names - set(known)))}; expected {', '.join(known)}"
        )
    return CudaOptions(**dict.fromkeys(names, False))
