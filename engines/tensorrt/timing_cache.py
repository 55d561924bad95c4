"""TensorRT's timing cache: the kernel times it measured, so that the next build measures less. One file for each library and GPU.

TensorRT parses the file, so it carries a keyed digest as plans do; one that was altered is ignored.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engines.files.looking import entries
from engines.tensorrt.library import EDITIONS, Library
from engines.tensorrt.private_files import remove_file

SUFFIX = ".timings"


def timing_cache_path(folder: Path, library: Library, capability: str) -> Path:
    """The file for this library and such a GPU."""
    return folder / f"{library.name}-{library.version}-{capability}{SUFFIX}"


def remove_timing_caches(folder: Path) -> int:
    """Remove the files of every library and GPU; returns how many bytes that freed. Raises EngineError."""
    return sum(remove_file(path) for name in EDITIONS for path in entries(folder, f"{name}-*{SUFFIX}"))


def set_timing_cache(config: Any, serialized: bytes) -> None:
    """Make an `IBuilderConfig` use a timing cache and add to it. TensorRT refuses that of another GPU; it then starts an empty one."""
    for content in (serialized, b""):
        cache = config.create_timing_cache(content)
        if cache is not None and config.set_timing_cache(cache, False):
            return


def serialized_timing_cache(config: Any) -> bytes:
    """The timing cache of an `IBuilderConfig` after a build; empty where it has none."""
    cache = config.get_timing_cache()
    return b"" if cache is None else bytes(cache.serialize())
