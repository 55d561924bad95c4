"""The findings about the GPU: the device with its driver, then the packages that use it, in the order they build on each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from inspector.doctor.finding import Finding
from inspector.doctor.gpu import gpu, gpu_host
from inspector.doctor.gpu_packages import gpu_packages
from inspector.doctor.probing import Probed
from inspector.doctor.reading import ROOT

PROBES = ("cuda", "runtime", "pycuda", "torch")
"""The probes from whose results the findings are made."""


def accelerator(probed: Mapping[str, Probed], root: Path = ROOT) -> Iterator[Finding]:
    """Every finding about the GPU; ``probed`` holds the probes' results by name."""
    host = gpu_host(probed["cuda"], root)
    yield gpu(probed["cuda"], host, root)
    yield from gpu_packages(probed, host, root)
