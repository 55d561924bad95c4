"""Cores, their instructions, their clock, and who else uses them."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

from inspector.doctor.control_group import cpu_quota
from inspector.doctor.finding import Finding, Room, State
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
    cores, present = len(os.sched_getaffinity(0)), os.cpu_count() or 1
    found = f"{cores} of {present}" if cores != present else f"{cores}"
    quota = cpu_quota(root)
    state, advice = State.OK, "two cores compute a frame together; more compute more frames side by side"
    if quota is not None and quota < cores:
        state = State.NOTE
        advice = f"the control group allows {quota:g} cores' time: set inference.lanes: {max(1, int(quota) // 2)}"
    elif cores == 1:
        state, advice = (
            State.NOTE,
            "cameras, engines and results share one core: expect low rates; two or more are better",
        )
    return Finding(room=Room.MACHINE, name="Cores", state=state, found=f"{found}, {_name(root)}", advice=advice)


def _instructions(root: Path) -> Finding:
    flags = _flags(root)
    found = [words for flag, words in INSTRUCTIONS.items() if flag in flags]
    if any("bf16" in words for words in found):
        state, advice = State.OK, "bf16 in hardware: engines on the CPU run about twice as fast as with f32"
    elif found:
        state, advice = State.NOTE, "no bf16: engines on the CPU run in f32, at about half the rate of one that has it"
    else:
        state, advice = State.NOTE, "nothing that engines on the CPU profit from: expect low rates there"
    return Finding(
        room=Room.MACHINE, name="Instructions", state=state, found=", ".join(found) or platform.machine(), advice=advice
    )


def _governor(root: Path) -> Finding:
    governors = {read(path) for path in root.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")}
    state, found = State.OK, ", ".join(sorted(governors))
    if not governors:
        found, advice = "none to see", "the hypervisor or firmware chooses the clock rate"
    elif governors == {"performance"}:
        advice = "cores keep their clock rate"
    else:
        mend = "sudo jetson_clocks" if is_jetson(root) else "sudo cpupower frequency-set -g performance"
        state, advice = State.NOTE, f"cores slow down between frames; for steady times: {mend}"
    return Finding(room=Room.MACHINE, name="CPU governor", state=state, found=found, advice=advice)


def _load() -> Finding:
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    busy = load > BUSY * cores
    advice = (
        "other programs compete with the line: times measured now are worth little" if busy else "the machine is quiet"
    )
    return Finding(
        room=Room.MACHINE,
        name="Load",
        state=State.NOTE if busy else State.OK,
        found=f"{load:.1f} over the last minute, {cores} core{'s' if cores > 1 else ''}",
        advice=advice,
    )


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
