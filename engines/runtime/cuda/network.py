"""The protocol of a network on the GPU: it enqueues its work on a given CUDA stream.

It allocates no inputs and outputs: it is bound to static buffers, once for each batch size, and from then on a run is one call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

Run = Callable[[], None]
"""Enqueues one batch on the stream that it was bound to, and returns at once. Raises EngineError."""


class Network(Protocol):
    """A loaded gate or segmenter."""

    inputs: frozenset[str]
    outputs: frozenset[str]
    library: str
    """What runs it, for a person: name and version, and features that do not work."""

    def bind(
        self, batch: int, addresses: Mapping[str, int], stream: Any, *, graph: bool, high_priority: bool = False
    ) -> Run:
        """Prepare to run ``batch`` frames on ``stream`` (pycuda's), from and to the device addresses of inputs and outputs by name, and
        warm up. ``graph``: capture the run as a CUDA graph where that is possible. ``high_priority``: its kernels go before those of
        others that wait; only a captured run can have that, as pycuda's streams have no priority. Raises EngineError."""

    def finish_binding(self) -> None:
        """To be called after the last ``bind``: kernels compiled for the batch sizes may be saved for the next start."""

    def close(self) -> None:
        """Release all resources. No run that ``bind`` returned may be used after this."""
