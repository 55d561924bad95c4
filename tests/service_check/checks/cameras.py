"""A line with a network camera: what camera.conf gives it and no more, and a camera that goes and returns."""

from __future__ import annotations

import json
import re
import time

from tests.installed.install import ROOT
from tests.service_check.bench import Bench
from tests.service_check.camera import ADDRESS, Camera
from tests.service_check.checks.watchdog import watchdog_s
from tests.service_check.container import CheckError, wait_for
from tests.service_check.report import Finding
from tests.service_check.service_line import COMMAND, START_S, Listener, ServiceLine

CAP_NET_RAW = 1 << 13
PRIORITY = 40
SCHED_FIFO = 1
OF_THE_LINE = {"camera-top"}
"""Threads of Python that are to have real-time priority."""
OF_LIBRARIES = {"arv_gv_stream", "libusb_event", "arv_gv_heartbea", "inspector"}
"""Threads that Aravis and libusb may start for a camera. One keeps control of it: its name is too long for the system, so GLib cuts it off, or
leaves it that of the process."""
MOST_EXPOSURE = 2.5
RECEIVE_BUFFER = "/proc/sys/net/core/rmem_max"


def unit(bench: Bench) -> Finding:
    """Unit and drop-in are valid together; what `systemd-analyze security` says without and with it."""
    line = _line(bench, "camera-unit")
    without = _exposure(line)
    _allow(line)
    done = line.container.run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", line.unit)
    if done.returncode or done.stderr.strip():
        raise CheckError(f"systemd-analyze verify: status {done.returncode}: {done.stderr.strip()}")
    exposure = _exposure(line)
    if not without < exposure <= MOST_EXPOSURE:
        raise CheckError(f"exposure {exposure}, expected at most {MOST_EXPOSURE}")
    return Finding({"exposure_without": without, "exposure": exposure})


def sysctl(bench: Bench) -> Finding:
    """systemd reads the limit as it is meant. Nothing is set: a container has no say in it."""
    before = _machine_buffer()
    done = bench.container.run(
        "env", "SYSTEMD_LOG_LEVEL=debug", "/lib/systemd/systemd-sysctl", "/etc/sysctl.d/60-inspector.conf"
    )
    said = done.stdout + done.stderr
    (wanted,) = re.findall(r"Setting '\S*net/core/rmem_max' to '(\d+)'", said) or [""]
    if wanted != str(32 << 20) or re.search(r"not an assignment|[Ii]nvalid|[Ff]ailed to parse", said):
        raise CheckError(f"systemd-sysctl: status {done.returncode}: {said.strip()[-300:]}")
    if _machine_buffer() != before:
        raise CheckError("the limit of this machine was changed")
    return Finding({"rmem_max": int(wanted)})


def rights(bench: Bench) -> Finding:
    """The daemon has CAP_NET_RAW and nothing else, and reads the camera's packets by it. Without the drop-in it has no right, and inspects all
    the same."""
    with Camera(bench.container):
        line = _line(bench, "camera-rights", packet_socket=True)
        _allow(line)
        with Listener(line) as listener:
            line.start()
            listener.wait_for_inspected(50)
            _expect_capabilities(line, CAP_NET_RAW)
            sockets = _packet_sockets(line)
            if not sockets:
                raise CheckError("the camera's packets are not read by a packet socket")
            line.stop()
            listener.wait_for_proof()
        plain = _line(bench, "camera-plain", packet_socket=True)
        with Listener(plain) as listener:
            plain.start()
            listener.wait_for_inspected(50)
            _expect_capabilities(plain, 0)
            if _packet_sockets(plain):
                raise CheckError("a line without camera.conf reads by a packet socket")
    return Finding({"packet_sockets": sockets})


def realtime(bench: Bench) -> Finding:
    """The threads that take frames have the real-time priority that is configured, and no others. Without the drop-in none has, and the log
    says so. A machine that may not raise limits itself (without CAP_SYS_RESOURCE) cannot show LimitRTPRIO; there CAP_SYS_NICE, which the line
    is not given otherwise, takes its place."""
    by_limit = bench.container.run("prlimit", f"--rtprio={PRIORITY}", "true").returncode == 0
    with Camera(bench.container):
        line = _line(bench, "camera-realtime")
        _allow(
            line,
            "" if by_limit else "[Service]\nCapabilityBoundingSet=CAP_SYS_NICE\nAmbientCapabilities=CAP_SYS_NICE\n",
        )
        with Listener(line) as listener:
            line.start()
            listener.wait_for_inspected(50)
            threads = _expect_realtime(line)
            if refused := line.said("was not given") + line.said("is not allowed"):
                raise CheckError(refused[0])
        line.stop()
        plain = _line(bench, "camera-usual")
        with Listener(plain) as listener:
            plain.start()
            listener.wait_for_inspected(50)
            if _realtime(plain, plain.main_pid()):
                raise CheckError("a line without camera.conf has threads with real-time priority")
            told = plain.said("camera.conf allows it")
            if not told:
                raise CheckError("the log does not say that real-time priority was not given")
    return Finding({"threads": threads, "by": "LimitRTPRIO" if by_limit else "CAP_SYS_NICE"}, told[:1])


def lost(bench: Bench) -> Finding:
    """A camera without power for longer than the watchdog waits: the unit stays up, the state is told, every frame has one verdict; the camera
    returns, and frames are inspected again by the same daemon."""
    line = _line(bench, "camera-lost")
    _allow(line)
    config = f"/etc/inspector/{line.name}.yaml"
    with Camera(bench.container) as camera, Listener(line) as listener:
        line.start()
        listener.wait_for_inspected(50)
        daemon, limit_s = line.main_pid(), watchdog_s(line)
        camera.kill()
        told_s = wait_for(
            lambda: any(code == "camera_reconnecting" for _, code, _ in listener.newest()["statuses"]), START_S,
            "the status `camera_reconnecting`",
        )  # fmt: skip
        screen = line.container.run(COMMAND, "status", "-c", config)
        if screen.returncode != 1 or "reconnecting" not in screen.stdout:
            raise CheckError(f"inspector status: {screen.returncode}, {screen.stdout.strip()[-300:]}{screen.stderr}")
        shown = line.property("StatusText")
        time.sleep(1.2 * limit_s)  # the passing of time is the test
        if (line.main_pid(), line.property("ActiveState"), line.property("NRestarts")) != (daemon, "active", "0"):
            raise CheckError("the unit did not stay up without its camera")
        camera.start()
        back_s = listener.wait_for_inspected(50)
        wait_for(lambda: listener.newest()["statuses"][-1][0] == "running", START_S, "`running`")
        screen = line.container.run(COMMAND, "status", "-c", config)
        if "streaming" not in screen.stdout:
            raise CheckError(f"inspector status: {screen.returncode}, {screen.stdout.strip()[-300:]}")
        line.stop()
        listener.wait_for_proof()
        heard = listener.newest()
        if heard["missed"] or heard["twice"] or heard["absent"]:
            raise CheckError(f"not one verdict of each frame: {heard}")
    facts = {
        "watchdog_s": limit_s,
        "told_after_s": told_s,
        "inspected_again_after_s": back_s,
        "reasons": heard["reasons"],
    }
    return Finding(
        facts, [f"StatusText={shown}", *(f"{state} {code}: {text}" for state, code, text in heard["statuses"])]
    )


def _line(bench: Bench, name: str, packet_socket: bool = False) -> ServiceLine:
    source = {"kind": "genicam", "address": ADDRESS, "packet_socket": packet_socket}
    return bench.line(name, cameras=[{"name": "top", "source": source, "realtime_priority": PRIORITY}])


def _allow(line: ServiceLine, more: str = "") -> None:
    line.drop_in((ROOT / "systemd/camera.conf").read_text(encoding="utf-8") + more)


def _exposure(line: ServiceLine) -> float:
    said = line.container.ask("systemd-analyze", "security", "--no-pager", "--offline=true", line.unit)
    (exposure,) = re.findall(r"exposure level for \S+: ([\d.]+)", said)
    return float(exposure)


def _machine_buffer() -> str:
    with open(RECEIVE_BUFFER, encoding="ascii") as file:
        return file.read()


def _expect_capabilities(line: ServiceLine, wanted: int) -> None:
    """Of the daemon and of its inference child: what they have, and all that they or a program that they start could get."""
    for pid in (line.main_pid(), *line.children()):
        said = line.container.ask("cat", f"/proc/{pid}/status")
        for kind, found in re.findall(r"^(Cap\w+):\s+([0-9a-f]+)$", said, flags=re.MULTILINE):
            if int(found, 16) != wanted:
                raise CheckError(f"{kind} of process {pid} is {found}, expected {wanted:016x}")


def _packet_sockets(line: ServiceLine) -> int:
    """How many are open in the network of the container."""
    return len(line.container.ask("cat", "/proc/net/packet").splitlines()) - 1


def _expect_realtime(line: ServiceLine) -> list[str]:
    """Names of the threads that have real-time priority: those that take frames, and no others."""
    names = _thread_names(line)
    found = _realtime(line, line.main_pid())
    ours = sorted(names[thread] for thread in found if thread in names)
    others = sorted(comm for thread, comm in found.items() if thread not in names)
    if {*ours} != OF_THE_LINE or "arv_gv_stream" not in others or not {*others} <= OF_LIBRARIES:
        raise CheckError(f"with real-time priority: of the line {ours}, of libraries {others}")
    if any(_realtime(line, child) for child in line.children()):
        raise CheckError("the inference child has threads with real-time priority")
    return [*ours, *others]


def _realtime(line: ServiceLine, pid: int) -> dict[int, str]:
    """Number and system's name of each thread of a process under SCHED_FIFO. Raises CheckError for another priority than asked for."""
    found = {}
    for stat in line.container.ask("sh", "-c", f"cat /proc/{pid}/task/*/stat").splitlines():
        thread, comm, rest = re.fullmatch(r"(\d+) \((.*)\) (.*)", stat).groups()  # type: ignore[union-attr]
        fields = rest.split()  # from the third on, see proc(5): rt_priority is the 40th, policy the 41st
        if int(fields[38]) == SCHED_FIFO:
            if int(fields[37]) != PRIORITY:
                raise CheckError(f"{comm} has priority {fields[37]}, expected {PRIORITY}")
            found[int(thread)] = comm
    return found


def _thread_names(line: ServiceLine) -> dict[int, str]:
    """Names that Python has for the threads of the daemon."""
    folder = line.container.root / line.state_folder.removeprefix("/")
    (folder / "plant").write_text("threads", encoding="ascii")
    try:
        wait_for((folder / "threads.json").exists, 10, "the names of threads")
        told: dict[str, str] = json.loads((folder / "threads.json").read_text(encoding="utf-8"))
    finally:
        (folder / "plant").unlink()
    return {int(number): name for number, name in told.items()}
