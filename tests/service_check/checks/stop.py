"""A clean stop."""

from __future__ import annotations

from tests.service_check.bench import Bench
from tests.service_check.container import CheckError
from tests.service_check.journals import Journal, read_journal
from tests.service_check.report import Finding
from tests.service_check.service_line import Listener

TIMEOUT_STOP_S = 5.0


def under_load(bench: Bench) -> Finding:
    """`systemctl stop` with more frames than the engines can take: in time, every frame with one verdict, `end` sent, the same in the journal."""
    source = {"kind": "simulator", "rate_hz": 500, "pool": 16}
    line = bench.line("loaded", bundle="demo", cameras=[{"name": "top", "source": source}])
    with Listener(line) as listener:
        line.start()
        listener.wait_for_inspected(200)
        took_s = line.stop()
        listener.wait_for_proof()
        seen = listener.newest()
    result = line.property("Result")
    if took_s >= TIMEOUT_STOP_S or result != "success":
        raise CheckError(f"the stop took {took_s:.1f} s, its result is {result}")
    if seen["missed"] or seen["twice"] or seen["absent"]:
        raise CheckError(f"the subscriber's books do not agree: {seen}")
    if killed := line.said("Killing process"):
        raise CheckError(f"the daemon left a process behind: {killed[0]}")
    kept = read_journal(line.journal_file())
    heard = Journal(sum(seen["verdicts"].values()), 0, 0, True)
    if kept != heard:
        raise CheckError(f"the journal has {kept}, the subscriber {heard}")
    facts = {"stop_s": took_s, "frames": kept.frames, "uninspected": seen["verdicts"].get("UNINSPECTED", 0)}
    return Finding(
        facts,
        [f"verdicts {seen['verdicts']}, reasons {seen['reasons']}", *line.said("top")[-1:], *line.said("Deactivated")],
    )
