"""What a network on the GPU is to those who feed it: something that enqueues its work on a stream it is given.

Memory is not its own: it is bound to static buffers, once for every batch size, and from then on a run is one call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

Run = Callable[[], None]
"""Enqueues one batch on the stream it was bound to, and returns at once. Raises EngineError."""


class Network(Protocol):
    """A loaded gate or segmenter."""

    inputs: frozenset[str]
    outputs: frozenset[str]
    library: str
    """What computes it, for people: name and version, and what is not as it should be."""

    def bind(self, batch: int, addresses: Mapping[str, int], stream: Any, *, graph: bool, urgent: bool = False) -> Run:
        """Prepare to run ``batch`` frames from and to the device addresses of inputs and outputs, on ``stream`` (pycuda's); warm
        up; ``graph``: capture the run as a CUDA graph where that can be done; ``urgent``: its kernels go before those of others
        that wait, which only a captured run can have, as pycuda's streams have no priority. Raises EngineError."""

    def bound(self) -> None:
        """All batch sizes have been bound: what was compiled for them may be kept for the next start."""

    def close(self) -> None:
        """Release what it holds, once what ``bind`` gave is gone."""
