"""The matrix of faults: each scenario through the real daemon and a real subscriber, a process each.

    python -m tests.faults [--only NAME ...] [--list] [--quick] [--seed N]

Prints, for each fault, what is promised, what came of it and how long it took. Exit status 1 where a promise is broken. A scenario that this
machine cannot do (no root, no libaravis) is skipped, with the reason.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.faults.materials import Materials
from tests.faults.scenario import Scenario, Unavailable, load
from tests.faults.stage import Stage


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these, or those of an area")
    parser.add_argument("--list", action="store_true", help="name them")
    parser.add_argument("--quick", action="store_true", help="those of the test suite")
    parser.add_argument("--seed", type=int, help="of whatever is left to chance; it is printed")
    options = parser.parse_args()
    scenarios = load()
    unknown = set(options.only or ()) - set(scenarios) - {one.area for one in scenarios.values()}
    if unknown:
        parser.error(f"--only: no scenario or area {', '.join(sorted(unknown))}; --list names them")
    chosen = [
        one
        for one in scenarios.values()
        if (not options.only or one.name in options.only or one.area in options.only)
        and (one.quick or not options.quick)
    ]
    if options.list:
        for one in chosen:
            print(f"{one.area:12} {one.name:36} {one.fault}")
        return 0
    seed = random.SystemRandom().randrange(1 << 31) if options.seed is None else options.seed
    return run(chosen, seed)


def run(scenarios: list[Scenario], seed: int) -> int:
    """Run them one after the other, and print the table. The exit status."""
    print(f"{len(scenarios)} scenarios, seed {seed}", flush=True)
    outcomes: Counter[str] = Counter()
    rows = []
    signal.signal(signal.SIGALRM, _too_long)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that processes, disks and namespaces are cleared away
    with tempfile.TemporaryDirectory(prefix="inspector-faults-") as directory:
        materials = Materials(Path(directory, "materials"))
        for scenario in scenarios:
            folder = Path(directory, scenario.name)
            folder.mkdir()
            begun_s = time.monotonic()
            outcome, why = _outcome(scenario, Stage(folder, materials, seed))
            took_s = time.monotonic() - begun_s
            outcomes[outcome] += 1
            rows.append((scenario, outcome, took_s, why))
            print(f"{outcome:8} {took_s:6.1f} s  {scenario.name}{': ' + why if why else ''}", flush=True)
    print()
    print("| fault | promise | outcome | s |\n|---|---|---|---:|")
    for scenario, outcome, took_s, why in rows:
        first = why.splitlines()[0] if why else ""
        note = f"{outcome}: {first}" if first else outcome
        print(f"| `{scenario.name}`: {scenario.fault} | {scenario.promise} | {note} | {took_s:.1f} |")
    print(f"\n{', '.join(f'{count} {outcome}' for outcome, count in outcomes.items())}; seed {seed}")
    return 1 if outcomes["BROKEN"] else 0


def _outcome(scenario: Scenario, stage: Stage) -> tuple[str, str]:
    signal.setitimer(signal.ITIMER_REAL, scenario.limit_s)
    try:
        scenario.run(stage)
    except Unavailable as reason:
        return "skipped", str(reason)
    except AssertionError as broken:
        where = traceback.extract_tb(broken.__traceback__)[-1]
        return "BROKEN", str(broken) or f"{Path(where.filename).name}:{where.lineno}: {where.line}"
    except Exception:
        return "BROKEN", traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return "kept", ""


def _too_long(*_: object) -> None:
    raise AssertionError("it takes too long")


if __name__ == "__main__":
    sys.exit(main())
