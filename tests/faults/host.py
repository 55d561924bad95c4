"""What the machine runs out of."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

from tests.faults.disk import fill, small_disk
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
    fault="/dev/shm is too small for the frame ring",
    promise="The start is refused in one line that names ring.slots; no frame is half written later",
    told="standard error, exit status",
    remedy="fewer `ring.slots`, or a larger /dev/shm",
)
def shared_memory_small(stage: Stage) -> None:
    if os.getuid() != 0:
        raise Unavailable("a small /dev/shm of its own needs root")
    mount = 'mount -t tmpfs -o size=64k tmpfs /dev/shm && exec "$@"'
    launch = ("unshare", "--mount", "sh", "-c", mount, "sh")
    with stage.line(launch=launch, start=False) as line:
        line.ended(2)
        assert "Traceback" not in line.tail(), line.tail()
        assert "ring" in line.tail(), line.tail()


@scenario(
    fault="The daemon runs out of file descriptors, by connections of others",
    promise="Results go on; connections are cut off, and a subscriber gets in again afterwards",
    told="`peers_cut_off`; the log",
    remedy="`ulimit -n`, or LimitNOFILE= in the unit",
)
def descriptors_used_up(stage: Stage) -> None:
    with stage.line() as line, ExitStack() as stack:
        held = len(os.listdir(f"/proc/{line.process.pid}/fd"))
        resource.prlimit(line.process.pid, resource.RLIMIT_NOFILE, (held + 10, held + 10))
        for _ in range(60):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", int(line.endpoint.rpartition(":")[2])))
        line.until_inspected(100)
        stack.close()
        line.until_inspected(50)
        resource.prlimit(line.process.pid, resource.RLIMIT_NOFILE, (1024, 1024))
        line.finish()


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
        mark = line.mark()
        os.kill(line.child(), 9)
        line.until_told("inference_ready", since=mark)
        undisturbed(line)
        line.finish()


@scenario(
    fault="The disk of the log is full (/dev/full)",
    promise="The line starts and runs without a log",
    told="nothing",
    remedy="make room",
)
def log_disk_full(stage: Stage) -> None:
    with open("/dev/full", "w", encoding="ascii") as full, stage.line(stderr=full) as line:
        mark = line.mark()
        os.kill(line.child(), 9)
        line.until_told("inference_ready", since=mark)
        undisturbed(line)
        line.finish()


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
            mark = line.mark()
            os.kill(line.child(), 9)
            line.until_told("inference_ready", since=mark)
            undisturbed(line)
            line.finish()
    finally:
        os.close(reading)
        os.close(writing)
