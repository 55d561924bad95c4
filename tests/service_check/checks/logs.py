"""The log as journald has it."""

from __future__ import annotations

from tests.service_check.bench import Bench
from tests.service_check.container import CheckError, wait_for
from tests.service_check.report import Finding

ERROR, WARNING, INFO = 3, 4, 6


def priorities(bench: Bench) -> Finding:
    """Errors, warnings and reports are found by their priority, `journalctl -p`."""
    wrong, right = bench.line("wrong", alone=True, overload="perhaps"), bench.line("right", alone=True)
    container = bench.container
    container.run("systemctl", "start", wrong.unit)
    container.run("systemctl", "stop", wrong.unit)
    right.start()
    right.configure(overload="perhaps")
    right.reload()
    wait_for(lambda: right.said("reload is refused"), 10, "the refusal of the reload")
    right.stop()
    expected = (
        (wrong, "overload: found", ERROR),
        (right, "reload is refused", WARNING),
        (right, "engines run on", INFO),
    )
    evidence = []
    for line, words, priority in expected:
        entries = [entry for entry in line.journal() if entry.who == "inspector" and words in entry.text]
        if not entries or {entry.priority for entry in entries} != {priority}:
            raise CheckError(f"{words!r} has priorities {[entry.priority for entry in entries]}; expected {priority}")
        for least in (ERROR, WARNING, INFO):
            shown = container.ask("journalctl", "-q", "--no-pager", "-o", "cat", "-p", str(least), "-u", line.unit)
            if (words in shown) != (priority <= least):
                raise CheckError(f"journalctl -p {least} shows {words!r}: {words in shown}; its priority is {priority}")
        evidence.append(str(entries[0]))
    return Finding({}, evidence)
