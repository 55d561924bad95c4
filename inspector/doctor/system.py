"""The system around the daemon: kernel, clock, priority, container, service manager."""

from __future__ import annotations

import os
import platform
import resource
import time
from collections.abc import Iterator
from pathlib import Path

from inspector.doctor.finding import Finding, Section, Subject
from inspector.doctor.reading import ROOT, read

SLEEPS = 40
SLEEP_S = 0.001
LATE_MS = 2.0
"""A timer that wakes this late delays verdicts at their deadlines, ms."""
SLOW_CLOCKS = ("hpet", "acpi_pm", "jiffies", "refined-jiffies")
CAP_SYS_NICE = 23


def system(root: Path = ROOT) -> Iterator[Finding]:
    """Every finding about the system."""
    yield _system()
    yield _clock(root)
    yield _priority(root)
    yield _container(root)
    yield _service_manager(root)


def _system() -> Finding:
    subject = Subject(Section.MACHINE, "System", needed=True)
    found = f"{_distribution()}, {platform.system()} {platform.release()}, {platform.machine()}"
    if hasattr(os, "memfd_create"):
        return subject.ok(found, "the daemon runs on Linux")
    return subject.wrong(found, "the frame ring needs memfd_create: Linux 3.17 or later with glibc 2.27 or later")


def _clock(root: Path) -> Finding:
    """How late a sleeping thread wakes, which limits how exactly deadlines are kept: measured, not read."""
    subject = Subject(Section.MACHINE, "Clock")
    late_ms = sorted(_lateness_ms() for _ in range(SLEEPS))
    source = read(root / "sys/devices/system/clocksource/clocksource0/current_clocksource")
    resolution_ns = time.get_clock_info("monotonic").resolution * 1e9
    found = f"{source or 'unknown source'}, {resolution_ns:g} ns; a timer wakes {late_ms[SLEEPS // 2]:.2f} ms late, at worst {late_ms[-1]:.2f} ms"
    if source in SLOW_CLOCKS:
        return subject.note(
            found, f"{source} is slow to read; the kernel gave up on tsc: `dmesg | grep -i clocksource`"
        )
    if late_ms[SLEEPS // 2] > LATE_MS:
        return subject.note(
            found, "timers wake late: a busy machine, or a power-saving kernel; choose a larger deadline_ms"
        )
    return subject.ok(found, "deadlines are kept this exactly")


def _lateness_ms() -> float:
    begun = time.monotonic()
    time.sleep(SLEEP_S)
    return (time.monotonic() - begun - SLEEP_S) * 1e3


def _priority(root: Path) -> Finding:
    subject = Subject(Section.MACHINE, "Realtime priority")
    limit = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
    if _has_capability(root, CAP_SYS_NICE):
        found = "allowed (CAP_SYS_NICE)"
    elif limit:
        found = "allowed" if limit == resource.RLIM_INFINITY else f"allowed up to {limit}"
    else:
        return subject.note(
            "not allowed",
            "the line runs without; cameras[].realtime_priority asks for it, and systemd/camera.conf allows it to a service",
        )
    return subject.ok(found, "cameras[].realtime_priority asks for it, for the threads that take frames")


def _has_capability(root: Path, number: int) -> bool:
    for line in read(root / "proc/self/status").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return False


def _container(root: Path) -> Finding:
    subject = Subject(Section.MACHINE, "Container")
    kinds = {".dockerenv": "Docker", "run/.containerenv": "Podman"}
    kind = next((words for name, words in kinds.items() if (root / name).exists()), "")
    if not kind and b"container=" in _bytes(root / "proc/1/environ"):
        kind = "a container"
    if not kind:
        return subject.ok("none", "the daemon runs directly on the system")
    return subject.ok(
        kind,
        "its loopback addresses cannot be reached from outside: subscribers there need CURVE and a published port, "
        "or ipc on a shared folder",
    )


def _service_manager(root: Path) -> Finding:
    subject = Subject(Section.MACHINE, "Service manager")
    if (root / "run/systemd/system").is_dir():
        return subject.ok(
            "systemd",
            "docs/service.md says how a line becomes a service; its units are in systemd/",
        )
    return subject.note("no systemd", "something else has to start the daemon again after a reboot or a failure")


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return "unknown distribution"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
