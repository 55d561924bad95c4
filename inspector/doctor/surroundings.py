"""The system around the daemon: kernel, clock, priority, container, service manager."""

from __future__ import annotations

import os
import platform
import resource
import time
from collections.abc import Iterator
from pathlib import Path

from inspector.doctor.finding import Finding, Room, State
from inspector.doctor.reading import ROOT, read

SLEEPS = 40
SLEEP_S = 0.001
LATE_MS = 2.0
"""A timer that wakes this late shows in the deadlines."""
SLOW_CLOCKS = ("hpet", "acpi_pm", "jiffies", "refined-jiffies")
CAP_SYS_NICE = 23


def surroundings(root: Path = ROOT) -> Iterator[Finding]:
    """Every finding about the system."""
    yield _system(root)
    yield _clock(root)
    yield _priority(root)
    yield _container(root)
    yield _service_manager(root)


def _system(root: Path) -> Finding:
    found = f"{_distribution(root)}, {platform.system()} {platform.release()}, {platform.machine()}"
    if hasattr(os, "memfd_create"):
        return Finding(
            room=Room.MACHINE,
            name="System",
            state=State.OK,
            found=found,
            advice="the daemon runs on Linux",
            needed=True,
        )
    return Finding(
        room=Room.MACHINE,
        name="System",
        state=State.WRONG,
        found=found,
        advice="the frame ring needs memfd_create: Linux 3.17 or later with glibc 2.27 or later",
        needed=True,
    )


def _clock(root: Path) -> Finding:
    """Deadlines hang on how late a sleeping thread wakes: measured, not read."""
    late_ms = sorted(_lateness_ms() for _ in range(SLEEPS))
    source = read(root / "sys/devices/system/clocksource/clocksource0/current_clocksource")
    resolution_ns = time.get_clock_info("monotonic").resolution * 1e9
    found = f"{source or 'unknown source'}, {resolution_ns:g} ns; a timer wakes {late_ms[SLEEPS // 2]:.2f} ms late, at worst {late_ms[-1]:.2f} ms"
    state, advice = State.OK, "deadlines are kept this exactly"
    if source in SLOW_CLOCKS:
        state, advice = (
            State.NOTE,
            f"{source} is slow to read; the kernel gave up on tsc: `dmesg | grep -i clocksource`",
        )
    elif late_ms[SLEEPS // 2] > LATE_MS:
        state, advice = (
            State.NOTE,
            "timers wake late: a busy machine, or a power-saving kernel; leave room in deadline_ms",
        )
    return Finding(room=Room.MACHINE, name="Clock", state=state, found=found, advice=advice)


def _lateness_ms() -> float:
    begun = time.monotonic()
    time.sleep(SLEEP_S)
    return (time.monotonic() - begun - SLEEP_S) * 1e3


def _priority(root: Path) -> Finding:
    limit = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
    if _has_capability(root, CAP_SYS_NICE):
        found = "allowed (CAP_SYS_NICE)"
    elif limit:
        found = "allowed" if limit == resource.RLIM_INFINITY else f"allowed up to {limit}"
    else:
        return Finding(
            room=Room.MACHINE,
            name="Realtime priority",
            state=State.NOTE,
            found="not allowed",
            advice="the line runs without; on a machine it shares with others, CPUSchedulingPolicy=rr in a unit keeps it on time",
        )
    advice = "the line takes none by itself; `chrt -r 10 inspector run ...` puts it before other programs"
    return Finding(room=Room.MACHINE, name="Realtime priority", state=State.OK, found=found, advice=advice)


def _has_capability(root: Path, number: int) -> bool:
    for line in read(root / "proc/self/status").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return False


def _container(root: Path) -> Finding:
    kinds = {".dockerenv": "Docker", "run/.containerenv": "Podman"}
    kind = next((words for name, words in kinds.items() if (root / name).exists()), "")
    if not kind and b"container=" in _bytes(root / "proc/1/environ"):
        kind = "a container"
    if not kind:
        return Finding(
            room=Room.MACHINE, name="Container", state=State.OK, found="none", advice="straight on the system"
        )
    return Finding(
        room=Room.MACHINE,
        name="Container",
        state=State.OK,
        found=kind,
        advice="loopback ends at its wall: subscribers outside need CURVE and a published port, or ipc on a shared folder",
    )


def _service_manager(root: Path) -> Finding:
    if (root / "run/systemd/system").is_dir():
        return Finding(
            room=Room.MACHINE,
            name="Service manager",
            state=State.OK,
            found="systemd",
            advice="`inspector run` stays in the foreground and ends on SIGTERM in under 2 s: Type=exec, Restart=always",
        )
    return Finding(
        room=Room.MACHINE,
        name="Service manager",
        state=State.NOTE,
        found="no systemd",
        advice="something else has to start the daemon again after a reboot or a failure",
    )


def _distribution(root: Path) -> str:
    for line in read(root / "etc/os-release").splitlines():
        key, _, value = line.partition("=")
        if key == "PRETTY_NAME":
            return value.strip('"')
    return "unknown distribution"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
