"""`python -m tests.service_check [--suite bookworm|trixie] [--only NAME]`: prove the service on a real systemd.

Prints a line for each check, and writes build/service-check/SUITE/report.json. Exit status 1 where one failed, 2 where something is missing.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import sys
import time
from collections.abc import Sequence

from tests.installed.install import ROOT
from tests.service_check.bench import Bench
from tests.service_check.bundles import write_bundles
from tests.service_check.checks import CHECKS
from tests.service_check.container import CheckError, Container
from tests.service_check.planting import plant
from tests.service_check.report import Finding, Outcome, write_report
from tests.service_check.root import make_root
from tests.service_check.suites import SUITES, Suite

TOOLS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
}
"""Programs, and Debian's package of each."""


def main(arguments: Sequence[str]) -> int:
    """Do the checks on each suite that is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.service_check", description="Prove the service on a real systemd."
    )
    parser.add_argument(
        "--suite", choices=[*SUITES], action="append", help="release of Debian; without it, all of them"
    )
    parser.add_argument("--only", choices=[*CHECKS], action="append", help="check to do; without it, all of them")
    asked = parser.parse_args(arguments)
    if problem := _missing():
        print(problem, file=sys.stderr)
        return 2
    with (ROOT / "build" / "service-check.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        outcomes = [_on(SUITES[name], asked.only or [*CHECKS]) for name in asked.suite or [*SUITES]]
    return int(any(outcome.result == "FAIL" for suite in outcomes for outcome in suite))


def _missing() -> str:
    """What this machine lacks, one line; empty where it has everything."""
    if os.geteuid() != 0:
        return "service-check boots containers and needs root: sudo make service-check"
    absent = {package for program, package in TOOLS.items() if shutil.which(program) is None}
    (ROOT / "build").mkdir(exist_ok=True)
    return f"service-check needs more programs: apt-get install {' '.join(sorted(absent))}" if absent else ""


def _on(suite: Suite, names: Sequence[str]) -> list[Outcome]:
    folder = ROOT / "build/service-check" / suite.name
    began = time.monotonic()
    root = make_root(folder, suite)
    write_bundles(root)
    plant(root, suite)
    made_s = time.monotonic() - began
    with Container(root, folder / "console.log") as container:
        version = container.ask("systemctl", "--version").splitlines()[0]
        print(f"{suite.name}, {version}: made in {made_s:.0f} s, booted in {container.booted_in_s:.1f} s", flush=True)
        bench = Bench(container)
        outcomes = [_checked(name, bench) for name in names]
    about = {"suite": suite.name, "systemd": version, "made_s": made_s, "booted_s": container.booted_in_s}
    write_report(folder / "report.json", about, outcomes)
    return outcomes


def _checked(name: str, bench: Bench) -> Outcome:
    began = time.monotonic()
    try:
        result, why, finding = "PASS", "", CHECKS[name](bench)
    except Exception as error:  # whatever it is, the other checks are done too
        why = str(error) if isinstance(error, CheckError) else f"{type(error).__name__}: {error}"
        result, finding = "FAIL", Finding({}, bench.log_of_lines())
    seconds = time.monotonic() - began
    bench.clear()
    outcome = Outcome(name, result, seconds, why, finding)
    print(outcome, flush=True)
    for text in finding.evidence:
        print(f"          {text}", flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
