"""TensorRT's timing cache: what it measured of kernels, so that the next build measures less. One file a library and GPU.

TensorRT parses it, so it is sealed like a plan; one that is not as it was stored counts as none.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engines.tensorrt.keyed_digest import remove_file
from engines.tensorrt.library import NAMES, Library

SUFFIX = ".timings"


def timings_path(folder: Path, library: Library, capability: str) -> Path:
    """Where the timings of this library on such a GPU are kept."""
    return folder / f"{library.name}-{library.version}-{capability}{SUFFIX}"


def remove_timings(folder: Path) -> int:
    """Remove those of every library and GPU; gives the bytes that were freed. Raises EngineError."""
    return sum(remove_file(path) for name in NAMES for path in folder.glob(f"{name}-*{SUFFIX}"))


def use_timings(config: Any, timings: bytes) -> None:
    """Have a builder configuration go by `timings` and add its own; TensorRT refuses those of another GPU, then it begins anew."""
    for known in (timings, b""):
        cache = config.create_timing_cache(known)
        if cache is not None and config.set_timing_cache(cache, False):
            return


def timings_of(config: Any) -> bytes:
    """What a builder configuration knows after a build; empty where it keeps none."""
    cache = config.get_timing_cache()
    return b"" if cache is None else bytes(cache.serialize())
