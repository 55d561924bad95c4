"""Machines other than this one, by the files their kernels show."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.doctor.control_group import cpu_quota, memory_limit
from inspector.doctor.finding import State
from inspector.doctor.processor import processor
from inspector.doctor.system import system
from tests.doctor.machine_files import named, show


def test_a_jetson_that_saves_power(tmp_path: Path) -> None:
    show(
        tmp_path,
        proc__cpuinfo="processor\t: 0\nFeatures\t: fp asimd asimddp i8mm bf16\n",
        **{"sys__devices__system__cpu__cpu0__cpufreq__scaling_governor": "schedutil\n"},
        **{"proc__device-tree__model": "NVIDIA Jetson AGX Orin Developer Kit\0"},
    )
    findings = list(processor(tmp_path))
    assert "Jetson AGX Orin" in named("Cores", findings).found
    assert named("Instructions", findings).found == "dot product, int8 matrices, bf16"
    assert named("CPU governor", findings).state is State.NOTE
    assert "jetson_clocks" in named("CPU governor", findings).advice


def test_a_workstation_at_full_clock_without_bf16(tmp_path: Path) -> None:
    show(
        tmp_path,
        proc__cpuinfo="model name\t: Old CPU\nflags\t\t: fpu sse avx2\n",
        sys__devices__system__cpu__cpu0__cpufreq__scaling_governor="performance\n",
        sys__devices__system__cpu__cpu11__cpufreq__scaling_governor="performance\n",
    )
    findings = list(processor(tmp_path))
    assert named("Instructions", findings).state is State.NOTE
    assert "f32" in named("Instructions", findings).advice
    assert named("CPU governor", findings).state is State.OK


@pytest.mark.parametrize(
    ("files", "quota", "limit"),
    [
        ({}, None, None),
        ({"proc__self__cgroup": "0::/\n", "sys__fs__cgroup__cpu.max": "150000 100000\n"}, 1.5, None),
        (
            {
                "proc__self__cgroup": "0::/line/daemon\n",
                "sys__fs__cgroup__line__daemon__cpu.max": "max 100000\n",
                "sys__fs__cgroup__line__cpu.max": "50000 100000\n",
                "sys__fs__cgroup__line__daemon__memory.max": "max\n",
                "sys__fs__cgroup__line__memory.max": "1000000\n",
            },
            0.5,
            1_000_000,
        ),
        (
            {
                "proc__self__cgroup": "4:memory:/box\n1:cpu,cpuacct:/box\n0::/\n",
                "sys__fs__cgroup__memory__box__memory.limit_in_bytes": "2000000",
                "sys__fs__cgroup__memory__memory.limit_in_bytes": "9223372036854771712",
                "sys__fs__cgroup__cpu,cpuacct__box__cpu.cfs_quota_us": "100000",
                "sys__fs__cgroup__cpu,cpuacct__box__cpu.cfs_period_us": "100000",
                "sys__fs__cgroup__cpu,cpuacct__cpu.cfs_quota_us": "-1",
                "sys__fs__cgroup__cpu,cpuacct__cpu.cfs_period_us": "100000",
            },
            1.0,
            2_000_000,
        ),
    ],
    ids=["none", "container", "nested", "version 1"],
)
def test_limits_of_control_groups(
    files: dict[str, str], quota: float | None, limit: int | None, tmp_path: Path
) -> None:
    show(tmp_path, **files)
    assert cpu_quota(tmp_path) == quota
    assert memory_limit(tmp_path) == limit


def test_lanes_follow_a_quota(tmp_path: Path) -> None:
    show(tmp_path, proc__self__cgroup="0::/\n", **{"sys__fs__cgroup__cpu.max": "100000 100000\n"})
    cores = named("Cores", processor(tmp_path))
    assert cores.state is State.NOTE
    assert "inference.lanes: 1" in cores.advice or "one core" in cores.advice


def test_a_container_under_nothing_with_a_slow_clock(tmp_path: Path) -> None:
    show(
        tmp_path,
        **{".dockerenv": ""},
        sys__devices__system__clocksource__clocksource0__current_clocksource="hpet\n",
    )
    findings = list(system(tmp_path))
    assert named("Container", findings).found == "Docker"
    assert named("Service manager", findings).state is State.NOTE
    assert named("Clock", findings).state is State.NOTE


def test_a_host_with_systemd(tmp_path: Path) -> None:
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    findings = list(system(tmp_path))
    assert named("Service manager", findings).found == "systemd"
    assert named("Container", findings).found == "none"
