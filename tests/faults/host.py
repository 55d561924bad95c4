"""What the machine runs out of."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

from tests.faults.disk import fill, small_disk
from tests.faults.running import RunningLine
from tests.faults.scenario import Unavailable, scenario
from tests.faults.stage import Stage
from tests.faults.subscribers import undisturbed


@scenario(
    fault="/tmp and $XDG_RUNTIME_DIR are full",
    promise="The line starts, runs, and restarts its inference child: it needs neither",
    told="nothing",
)
def temporary_folder_full(stage: Stage) -> None:
    with small_disk(stage.folder / "tmp", "64k") as folder:
        fill(folder)
        full = {"TMPDIR": str(folder), "XDG_RUNTIME_DIR": str(folder)}
        with stage.line(environment=full) as line:
            mark = line.mark()
            os.kill(line.child(), 9)
            line.until_told("inference_ready", since=mark)
            line.until_inspected()
            line.finish()


@scenario(
    fault="/dev/shm is full",
    promise="The line starts, runs, and restarts its inference child: its frames are in memory that needs no place there",
    told="nothing",
)
def shared_memory_full(stage: Stage) -> None:
    if os.getuid() != 0:
        raise Unavailable("a small /dev/shm of its own needs root")
    mount = 'mount -t tmpfs -o size=4k tmpfs /dev/shm && head -c 4096 /dev/zero > /dev/shm/full && exec "$@"'
    with stage.line(launch=("unshare", "--mount", "sh", "-c", mount, "sh")) as line:
        mark = line.mark()
        os.kill(line.child(), 9)
        line.until_told("inference_ready", since=mark)
        line.until_inspected()
        line.finish()


@scenario(
    fault="Others take all connections that the limit of open files allows",
    promise="Some descriptors are kept for cameras, inference and the journal, so the line goes on. Where, for a moment, none is left, all "
    "connections are closed, and a file of a replay that cannot be opened is UNINSPECTED; "
    "subscribers connect again, within half a minute while others keep trying, and what they missed is in the journal",
    told="`Missed` or `Recovered` at the subscriber; `peers_cut_off`; the log",
    remedy="`ulimit -n`, or LimitNOFILE= in the unit",
)
def descriptors_used_up(stage: Stage) -> None:
    with stage.line(launch=("prlimit", "--nofile=200:200")) as line, ExitStack() as stack:
        for _ in range(250):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", int(line.endpoint.rpartition(":")[2])))
        line.until(lambda: line.reports("peers are cut off"), "a cut")
        os.kill(line.child(), 9)
        line.until(
            lambda: line.watcher.told("inference_ready") or line.reports("inference child restarts"), "the child"
        )
        mark = line.mark()
        line.until(lambda: line.inspected(mark) > 50, "further verdicts", 60)
        found = line.finish()
        assert found.reasons["bad_frame"] < 50, found.reasons


@scenario(
    fault="The inference child gets no more memory (RLIMIT_AS)",
    promise="It fails, is started again, and inspection goes on; frames meanwhile are UNINSPECTED",
    told="`inference_restarting` where it fails; reason `engine_down`",
    remedy="see what else runs on the machine",
)
def child_without_memory(stage: Stage) -> None:
    with stage.line() as line:
        child = line.child()
        used = int(Path(f"/proc/{child}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.prlimit(child, resource.RLIMIT_AS, (used // 2, used // 2))
        line.until_inspected(100)
        line.finish()


@scenario(
    fault="The machine has no memory left: the kernel kills the inference child (a cgroup's limit)",
    promise="It is started again as often as it is killed; the daemon itself is not killed first",
    told="`inference_restarting`; reason `engine_down`",
    remedy="give the line memory of its own (MemoryMin= in the unit)",
)
def memory_used_up(stage: Stage) -> None:
    with stage.line() as line, memory_group() as group:
        child = line.child()
        (group / "cgroup.procs").write_text(str(child))
        mark = line.mark()
        hog = subprocess.Popen(
            [
                "sh",
                "-c",
                f"echo $$ > {group}/cgroup.procs; echo 1000 > /proc/{child}/oom_score_adj; exec tail /dev/zero",
            ]
        )
        try:
            line.until_told("inference_restarting", since=mark)
            line.until_told("inference_ready", since=mark)
            line.until_inspected()
        finally:
            hog.kill()
            hog.wait()
        line.finish()


class memory_group:  # noqa: N801 - used as a function
    """A cgroup of 300 MiB, where this machine lets one be made."""

    def __enter__(self) -> Path:
        self._folder = Path("/sys/fs/cgroup/memory", f"inspector-faults-{os.getpid()}")
        try:
            self._folder.mkdir()
            (self._folder / "memory.limit_in_bytes").write_text(str(300 << 20))
        except OSError as error:
            raise Unavailable(f"no cgroup can be made: {error}") from None
        return self._folder

    def __exit__(self, *_: object) -> None:
        for _ in range(100):
            try:
                self._folder.rmdir()
                return
            except OSError:
                subprocess.run(["sleep", "0.05"], check=True)


def runs_on_while_it_logs(line: RunningLine) -> None:
    """A child that is killed is logged, and started again."""
    mark = line.mark()
    os.kill(line.child(), 9)
    line.until_told("inference_ready", since=mark)
    undisturbed(line)
    line.finish()


@scenario(
    fault="Standard error is closed: who read the log has gone",
    promise="The line runs on without a log",
    told="nothing",
    remedy="systemd's journal does not close it",
)
def log_closed(stage: Stage) -> None:
    reading, writing = os.pipe()
    with stage.line(stderr=writing) as line:
        os.close(writing)
        os.close(reading)
        runs_on_while_it_logs(line)


@scenario(
    fault="The disk of the log is full (/dev/full)",
    promise="The line starts and runs without a log",
    told="nothing",
    remedy="make room",
)
def log_disk_full(stage: Stage) -> None:
    with open("/dev/full", "w", encoding="ascii") as full, stage.line(stderr=full) as line:
        runs_on_while_it_logs(line)


@scenario(
    fault="Nobody reads the log: the pipe of standard error is full",
    promise="Results go on: no verdict waits for the log",
    told="nothing",
    remedy="mend what reads the log",
)
def log_stuck(stage: Stage) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    try:
        with stage.line(stderr=writing) as line:
            runs_on_while_it_logs(line)
    finally:
        os.close(reading)
        os.close(writing)
