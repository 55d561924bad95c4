"""Places that cannot be written."""

from __future__ import annotations

from tests.service_check.bench import Bench
from tests.service_check.container import CheckError, Container, wait_for
from tests.service_check.report import Finding
from tests.service_check.service_line import START_S, Listener, ServiceLine


def full_run(bench: Bench) -> Finding:
    """/run is full: a line that runs goes on and stops cleanly; another starts, or says in one line why not."""
    running, new = bench.line("running"), bench.line("new", alone=True, endpoint="ipc:///run/inspector/new/results")
    container = bench.container
    with Listener(running) as listener:
        running.start()
        listener.wait_for_inspected(50)
        fill(container, "/run")
        try:
            listener.wait_for_inspected(100)
            done = container.run("systemctl", "start", new.unit)
            started = done.returncode == 0
            told = [str(entry) for entry in new.journal() if entry.priority <= 4 or "rror" in entry.text]
            if not (started or told):
                raise CheckError("the other line did not start, and no line of the log says why")
            new.clear()
            listener.wait_for_inspected(100)
        finally:
            empty(container, "/run")
        running.stop()
        listener.wait_for_proof()
    return Finding({"another_started": started}, told[:5])


def full_state(bench: Bench) -> Finding:
    """The disk of the journal is full: verdicts go on, `degraded` is told; with space again the line is `running`."""
    line = bench.line("full")
    container = bench.container
    container.ask("mkdir", "-p", line.state_folder)
    container.ask("mount", "-t", "tmpfs", "-o", "size=8m,mode=0750", "none", line.state_folder)
    try:
        with Listener(line) as listener:
            line.start()
            listener.wait_for_inspected(50)
            fill(container, line.state_folder)
            told_s = wait_for(lambda: _told(listener, "degraded"), START_S, "`degraded`")
            listener.wait_for_inspected(100)
            degraded = line.property("StatusText")
            empty(container, line.state_folder)
            back_s = wait_for(lambda: listener.newest()["statuses"][-1][0] == "running", START_S, "`running`")
            line.stop()
            statuses = listener.newest()["statuses"]
            listener.wait_for_proof()
    finally:
        line.clear()
        container.run("umount", line.state_folder)
    evidence = [degraded, *(f"{state} {code}: {text}" for state, code, text in statuses), *line.said("journal")[:5]]
    return Finding({"told_degraded_s": told_s, "running_again_s": back_s}, evidence)


def unwritable_state(bench: Bench) -> Finding:
    """A state folder that cannot be written: the start fails and one line says why; a journal outside of it likewise."""
    line = bench.line("unwritable", alone=True)
    container = bench.container
    container.ask("mkdir", "-p", line.state_folder)
    container.ask("mount", "--bind", line.state_folder, line.state_folder)
    container.ask("mount", "-o", "remount,bind,ro", line.state_folder)
    try:
        evidence = _refused(line, "ead-only file system")
    finally:
        line.clear()
        container.run("umount", line.state_folder)
    elsewhere = bench.line("elsewhere", alone=True, journal={"path": "/srv/journal.sqlite"})
    return Finding({}, evidence + _refused(elsewhere, "/srv/journal.sqlite"))


def _refused(line: ServiceLine, word: str) -> list[str]:
    if line.container.run("systemctl", "start", line.unit).returncode == 0:
        raise CheckError(f"{line.unit} starts")
    told = [str(entry) for entry in line.journal() if word in entry.text]
    if not told:
        raise CheckError(f"no line of the log of {line.unit} says {word!r}")
    if line.said("Traceback"):
        raise CheckError("the log has a traceback")
    return told[:1]


def _told(listener: Listener, state: str) -> bool:
    return any(one == state for one, _, _ in listener.newest()["statuses"])


def fill(container: Container, folder: str) -> None:
    """Leave not a byte free on a tmpfs, which is first made hardly larger than what it holds."""
    used_kib = int(container.ask("df", "--output=used", "--block-size=1K", folder).split()[1])
    container.ask("mount", "-o", f"remount,size={used_kib + 64}k", folder)
    container.ask("sh", "-c", f"cat /dev/zero > {folder}/filling 2>/dev/null || true")


def empty(container: Container, folder: str) -> None:
    """The way back."""
    container.ask("rm", "-f", f"{folder}/filling")
    container.ask("mount", "-o", "remount,size=64m", folder)
