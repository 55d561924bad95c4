"""The engines that a configuration asks for."""

from __future__ import annotations

from engines.bundle import Bundle
from engines.runtime.cuda.engines import CudaOptions
from engines.runtime.load import Loaded, load_engines
from inspector.config.inference import InferenceConfig


def load_configured(bundle: Bundle, config: InferenceConfig) -> Loaded:
    """Load and prove the engines; those of a GPU belong to the calling thread. Raises BundleError or EngineError."""
    return load_engines(
        bundle,
        runtime=config.runtime,
        precision=config.precision,
        lanes=config.lanes,
        max_batch=config.max_batch,
        allow_cpu=config.allow_cpu,
        cuda=CudaOptions(graphs=config.cuda_graphs, overlap=config.overlap, direct=config.direct_copies),
    )
