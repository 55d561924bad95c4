"""Cores, their instructions and clock, and the load by other programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

from inspector.doctor.control_group import cpu_quota
from inspector.doctor.finding import Finding, Section, Subject
from inspector.doctor.reading import ROOT, is_jetson, read

INSTRUCTIONS = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX VNNI",
    "avx512_bf16": "AVX-512 bf16",
    "amx_bf16": "AMX bf16",
    "asimddp": "dot product",
    "i8mm": "int8 matrices",
    "bf16": "bf16",
    "sve": "SVE",
}
"""What of /proc/cpuinfo matters to the engines, in the words people use."""
BUSY = 0.5
"""Load per core from which other programs disturb the line."""


def processor(root: Path = ROOT) -> Iterator[Finding]:
    """Every finding about the processor."""
    yield _cores(root)
    yield _instructions(root)
    yield _governor(root)
    yield _load()


def _cores(root: Path) -> Finding:
    subject = Subject(Section.MACHINE, "Cores")
    cores, present = len(os.sched_getaffinity(0)), os.cpu_count() or 1
    found = f"{f'{cores} of {present}' if cores != present else cores}, {_name(root)}"
    quota = cpu_quota(root)
    if quota is not None and quota < cores:
        lanes = max(1, int(quota) // 2)
        return subject.note(found, f"the control group allows {quota:g} cores' time: set inference.lanes: {lanes}")
    if cores == 1:
        return subject.note(
            found, "cameras, engines and results share one core: expect low rates; two or more are better"
        )
    return subject.ok(found, "two cores compute a frame together; more compute more frames side by side")


def _instructions(root: Path) -> Finding:
    subject = Subject(Section.MACHINE, "Instructions")
    flags = _flags(root)
    known = [words for flag, words in INSTRUCTIONS.items() if flag in flags]
    found = ", ".join(known) or platform.machine()
    if any("bf16" in words for words in known):
        return subject.ok(found, "bf16 in hardware: engines on the CPU run about twice as fast as with f32")
    if known:
        return subject.note(found, "no bf16: engines on the CPU run in f32, at about half the rate of one that has it")
    return subject.note(found, "nothing that engines on the CPU profit from: expect low rates there")


def _governor(root: Path) -> Finding:
    subject = Subject(Section.MACHINE, "CPU governor")
    governors = {read(path) for path in root.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")}
    if not governors:
        return subject.ok("none to see", "the hypervisor or firmware chooses the clock rate")
    found = ", ".join(sorted(governors))
    if governors == {"performance"}:
        return subject.ok(found, "cores keep their clock rate")
    mend = "sudo jetson_clocks" if is_jetson(root) else "sudo cpupower frequency-set -g performance"
    return subject.note(found, f"cores slow down between frames; for steady times: {mend}")


def _load() -> Finding:
    subject = Subject(Section.MACHINE, "Load")
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    found = f"{load:.1f} over the last minute, {cores} core{'s' if cores > 1 else ''}"
    if load > BUSY * cores:
        return subject.note(found, "other programs compete with the line: times measured now are worth little")
    return subject.ok(found, "the machine is quiet")


def _name(root: Path) -> str:
    for line in read(root / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name" and value.strip():
            return value.strip()
    return read(root / "proc/device-tree/model") or platform.machine()


def _flags(root: Path) -> set[str]:
    for line in read(root / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return set(value.split())
    return set()
