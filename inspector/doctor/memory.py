"""Memory for the processes, shared memory for the ring, and the limit of locked memory."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

from inspector.doctor.control_group import memory_limit
from inspector.doctor.finding import Finding, Section, Subject
from inspector.doctor.reading import ROOT, read

COMFORTABLE_BYTES = 1 << 30
"""Daemon and inference child take about 0.7 GiB together with two small networks."""
USUAL_RING = (64, 256, 1600)
"""Slots, height, width."""


def memory(ring: tuple[int, int, int] = USUAL_RING, root: Path = ROOT) -> Iterator[Finding]:
    """Every finding about memory; ``ring`` is slots, height and width of the frame ring."""
    yield _available(root)
    yield _shared(*ring)
    yield _locked(*ring)


def _available(root: Path) -> Finding:
    subject = Subject(Section.MACHINE, "Memory")
    sizes = {}
    for line in read(root / "proc/meminfo").splitlines():
        key, _, value = line.partition(":")
        sizes[key] = int(value.split()[0]) << 10
    total, available = sizes.get("MemTotal", 0), sizes.get("MemAvailable", 0)
    limit = memory_limit(root)
    found = f"{_gib(available)} of {_gib(total)} available"
    if limit is not None and limit < total:
        found += f", this group may use {_gib(limit)}"
        available = min(available, limit)
    if available < COMFORTABLE_BYTES:
        return subject.note(
            found, "less than 1 GiB: the kernel may kill the inference child; free some, or use fewer lanes"
        )
    return subject.ok(found, "daemon and inference child take under 1 GiB with small networks")


def _shared(slots: int, height: int, width: int) -> Finding:
    """Makes the ring for a moment."""
    subject = Subject(Section.MACHINE, "Shared memory", needed=True)
    try:
        from inspector.frames.ring import FrameRing
        from inspector.frames.size import FrameSize

        ring = FrameRing(slots, FrameSize(height, width))
        ring.masks().close()
        ring.close()
    except Exception as error:  # UserError, or no memfd in this kernel, or no numpy
        return subject.wrong(str(error), "use fewer ring.slots, or give the container more memory")
    found = f"{slots} slots of {height}x{width} were given ({_mib(2 * slots * height * width)})"
    return subject.ok(found, "frames reach the engines without being copied between processes")


def _locked(slots: int, height: int, width: int) -> Finding:
    subject = Subject(Section.MACHINE, "Locked memory")
    limit, needed = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0], 2 * slots * height * width
    enough = limit == resource.RLIM_INFINITY or limit >= needed
    found = "no limit" if limit == resource.RLIM_INFINITY else _mib(limit)
    advice = "only a GPU runtime locks the ring's pages; engines on the CPU need none"
    if not enough:
        advice += f" (it would want {_mib(needed)}: `ulimit -l`, LimitMEMLOCK= in a unit)"
    return subject.ok(found, advice)


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
