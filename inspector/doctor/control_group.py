"""Limits that a container or a service manager sets on this process, by control groups of version 1 or 2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inspector.doctor.reading import numbers, read

_UNLIMITED = 1 << 60
"""Version 1 writes 'no limit' as a number near 2^63."""


def cpu_quota(root: Path) -> float | None:
    """Cores' worth of time the process may use; None where nothing limits it."""
    quotas = []
    for folder in _folders(root, "cpu"):
        pair = numbers(folder / "cpu.max") or numbers(folder / "cpu.cfs_quota_us") + numbers(
            folder / "cpu.cfs_period_us"
        )
        if len(pair) == 2 and pair[0] > 0:
            quotas.append(pair[0] / pair[1])
    return min(quotas, default=None)


def memory_limit(root: Path) -> int | None:
    """Bytes the process may use; None where nothing limits it."""
    limits = []
    for folder in _folders(root, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            limits += [limit for limit in numbers(folder / name) if limit < _UNLIMITED]
    return min(limits, default=None)


def _folders(root: Path, controller: str) -> Iterator[Path]:
    """The process's own group and every group around it; in a container often only the outermost can be seen."""
    mounts = root / "sys/fs/cgroup"
    for line in read(root / "proc/self/cgroup").splitlines():
        _, controllers, group = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        base = mounts / controllers if controllers else mounts
        folder = base / group.lstrip("/")
        yield folder
        yield from (parent for parent in folder.parents if parent == base or base in parent.parents)
