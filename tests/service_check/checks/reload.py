"""`systemctl reload`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.service_check.bench import Bench
from tests.service_check.container import CheckError, Container, wait_for
from tests.service_check.report import Finding
from tests.service_check.service_line import Listener, ServiceLine

SCRAP = {"rules": [{"verdict": "scrap"}]}


def reload(bench: Bench) -> Finding:
    """A changed configuration is taken over by the same daemon, a wrong one is refused and the line goes on; no frame is lost."""
    line = bench.line("reloaded")
    with Listener(line) as listener, _notifications_logged(bench.container):
        line.start()
        listener.wait_for_inspected(50)
        daemon = line.main_pid()
        line.configure(verdicts=SCRAP)
        took_s = _reloaded(line, 1)
        wait_for(lambda: listener.newest()["changes"], 10, "a `change` message")
        wait_for(lambda: listener.newest()["verdicts"].get("SCRAP"), 10, "a verdict by the new rules")
        line.configure(verdicts={"rules": []}, overload="perhaps")
        _reloaded(line, 2)
        wait_for(lambda: line.said("reload is refused"), 10, "a line on the wrong key")
        scrap = listener.newest()["verdicts"]["SCRAP"]
        wait_for(lambda: listener.newest()["verdicts"]["SCRAP"] > scrap, 10, "verdicts by the rules from before")
        line.configure(verdicts=SCRAP, journal={"path": f"{line.state_folder}/other.sqlite"})
        _reloaded(line, 3)
        wait_for(lambda: line.said("restart the line"), 10, "a line that names the key which needs a restart")
        listener.wait_for_inspected(50)
        seen = listener.newest()
        if line.main_pid() != daemon or seen["missed"] or seen["twice"]:
            raise CheckError("the line did not go on undisturbed")
        line.stop()
        listener.wait_for_proof()
    changes = listener.newest()["changes"]
    if len(changes) != 1 or "verdicts.rules" not in changes[0][0] or "SCRAP" not in str(changes[0][1]):
        raise CheckError(f"`change` messages {changes}; expected one with the rules of the first reload")
    if (found := [(one["who"], one["outcome"]) for one in line.commands()]) != [
        ("SIGHUP", outcome) for outcome in ("done", "refused", "done")
    ]:
        raise CheckError(f"the journal has reloads {found}; expected done, refused, done")
    evidence = [f"change: {why}; rules {rules}" for why, rules in changes]
    evidence += line.said("RELOADING=1")
    evidence += [str(entry) for entry in line.journal() if entry.who == "inspector" and "line.control" in entry.text]
    return Finding({"reload_s": took_s}, [text[:300] for text in evidence])


def _reloaded(line: ServiceLine, number: int) -> float:
    """Reload it for the ``number``-th time and wait until it has told systemd that this is over, which `systemctl reload` does not; how long
    that took, s."""
    took_s = line.reload()
    took_s += wait_for(lambda: _told(line).count("RELOADING") == number, 10, f"RELOADING {number} from {line.name}")
    took_s += wait_for(lambda: _told(line)[-1] == "READY", 10, f"READY after RELOADING {number} from {line.name}")
    if line.property("ActiveState") != "active":
        raise CheckError(f"the unit is {line.property('ActiveState')} after a reload; expected active")
    return took_s


def _told(line: ServiceLine) -> list[str]:
    """READY and RELOADING, as systemd has received them."""
    received = line.said("Got notification message")
    return [word for text in received for word in ("READY", "RELOADING") if f"{word}=1" in text]


@contextmanager
def _notifications_logged(container: Container) -> Iterator[None]:
    """Have systemd log what it is told, which it does where it logs everything."""
    container.ask("systemctl", "log-level", "debug")
    try:
        yield
    finally:
        container.ask("systemctl", "log-level", "info")
