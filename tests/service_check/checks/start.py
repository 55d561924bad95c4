"""A start: READY after warm-up, never after a failure."""

from __future__ import annotations

from tests.service_check.bench import Bench
from tests.service_check.bundles import WRONG
from tests.service_check.container import CheckError, wait_for
from tests.service_check.report import Finding
from tests.service_check.service_line import START_S, Listener, ServiceLine


def ready(bench: Bench) -> Finding:
    """`systemctl start` returns when the included bundle is loaded and verified and the line runs, and frames are inspected at once."""
    line = bench.line("ready", bundle="demo")
    line.container.ask("systemctl", "start", "--no-block", line.unit)
    wait_for(
        lambda: line.said("starting: engines are loaded") or "starting" in line.property("StatusText"),
        START_S,
        "a status",
    )
    wait_for(lambda: _has_engines(line), START_S, "engines in the child's memory")
    if (state := line.property("ActiveState")) != "activating":
        raise CheckError(f"the unit is {state} although the line waits for a subscriber; expected activating")
    with Listener(line) as listener:
        took_s = line.start()
        if (state := line.property("ActiveState")) != "active":
            raise CheckError(f"systemctl start returned and the unit is {state}; expected active")
        first_s = listener.wait_for_inspected(1, 5)
        wait_for(lambda: " PASS" in line.property("StatusText"), 5, "verdicts in the status")
        status = line.property("StatusText")
    evidence = [f"StatusText={status}", *line.said("Start"), *line.said("engines")]
    return Finding({"ready_after_subscriber_s": took_s, "first_inspected_after_ready_s": first_s}, evidence)


def golden_frames(bench: Bench) -> Finding:
    """Engines that answer the golden frames wrongly: the start fails, its reason is one line, READY is never said."""
    line = bench.line("golden", bundle=WRONG)
    finding = _refused(line, "golden frame")
    finding.facts["restarts"] = int(line.property("NRestarts"))
    return finding


def configuration(bench: Bench) -> Finding:
    """A mistake in the configuration: the start fails, with one line that names the key."""
    return _refused(bench.line("mistake", overload="perhaps"), "overload")


def _refused(line: ServiceLine, word: str) -> Finding:
    try:
        line.start()
    except CheckError:
        pass
    else:
        raise CheckError("systemctl start has returned without an error")
    line.container.run("systemctl", "stop", line.unit)
    mine = [entry for entry in line.journal() if entry.who == "inspector"]
    first = next((entry for entry in mine if word in entry.text), None)
    if first is None:
        raise CheckError(f"no line of the log says {word!r}")
    if any("Traceback" in entry.text for entry in mine):
        raise CheckError("the log has a traceback")
    if line.said("Started inspector@"):
        raise CheckError("systemd says that the service has started")
    return Finding({}, [str(first), *line.said("CheckError to start")[:1]])


def _has_engines(line: ServiceLine) -> bool:
    """Whether the child has OpenVINO's library for the CPU in its memory."""
    return any(
        "openvino_intel_cpu" in line.container.run("cat", f"/proc/{child}/maps").stdout for child in line.children()
    )
