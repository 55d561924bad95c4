"""The log as journald has it."""

from __future__ import annotations

from tests.installed.install import ROOT
from tests.service_check.bench import Bench, NotThereError
from tests.service_check.container import CheckError
from tests.service_check.report import Finding

ERROR, NOTICE, INFO = 3, 5, 6
LOGGING = sorted((ROOT / "inspector/service").glob("log*.py"))


def priorities(bench: Bench) -> Finding:
    """An error has the priority of an error, a report that of a report."""
    if not any("priorit" in file.read_text(encoding="utf-8").lower() for file in LOGGING):
        raise NotThereError("the log gives no priorities")
    wrong, right = bench.line("wrong", alone=True, overload="perhaps"), bench.line("right", alone=True)
    bench.container.run("systemctl", "start", wrong.unit)
    bench.container.run("systemctl", "stop", wrong.unit)
    right.start()
    right.stop()
    errors = [entry for entry in wrong.journal() if entry.who == "inspector" and "overload" in entry.text]
    reports = [entry for entry in right.journal() if entry.who == "inspector" and "engines run on" in entry.text]
    found = {entry.priority for entry in errors}, {entry.priority for entry in reports}
    if found[0] != {ERROR} or not found[1] or found[1] - {NOTICE, INFO}:
        raise CheckError(f"priorities of errors {found[0]}, of reports {found[1]}; expected {ERROR} and {INFO}")
    return Finding({}, [str(entry) for entry in errors[:1] + reports[:1]])
