"""Several lines on one machine."""

from __future__ import annotations

from tests.service_check.bench import Bench
from tests.service_check.container import CheckError, wait_for
from tests.service_check.report import Finding
from tests.service_check.service_line import Listener

LONGEST_GAP_S = 1.0
"""Between two verdicts of the line that goes on; 10 ms are between two frames."""


def two(bench: Bench) -> Finding:
    """Two run at once; one is stopped and the other killed, each without a word from the other."""
    first, second = bench.line("first"), bench.line("second")
    with Listener(first) as of_first, Listener(second) as of_second:
        first.start()
        second.start()
        of_first.wait_for_inspected(100)
        of_second.wait_for_inspected(100)
        other = second.main_pid()
        took_s = first.stop()
        of_second.wait_for_inspected(100)
        seen = of_second.newest()
        if second.main_pid() != other or seen["missed"] or len(of_second.epochs()) != 1:
            raise CheckError("the second line did not go on undisturbed")
        of_first.wait_for_proof()
        if seen["longest_gap_s"] > LONGEST_GAP_S:
            raise CheckError(f"the second line was silent for {seen['longest_gap_s']:.1f} s")
        second.stop()
    return Finding({"stop_s": took_s, "longest_gap_of_the_other_s": seen["longest_gap_s"]})


def target(bench: Bench) -> Finding:
    """`systemctl stop inspector.target` stops the lines, `start` starts those that are enabled."""
    one, other = bench.line("one", alone=True), bench.line("other", alone=True)
    container = bench.container
    container.ask("systemctl", "enable", "--quiet", one.unit)
    try:
        container.ask("systemctl", "start", "inspector.target")
        wait_for(lambda: one.property("ActiveState") == "active", 60, "the enabled line")
        other.start()
        container.ask("systemctl", "stop", "inspector.target")
        took_s = wait_for(
            lambda: {line.property("ActiveState") for line in (one, other)} == {"inactive"}, 10, "both to stop"
        )
    finally:
        container.ask("systemctl", "disable", "--quiet", one.unit)
    if {line.property("Result") for line in (one, other)} != {"success"}:
        raise CheckError("a line did not stop cleanly")
    return Finding({"stopped_after_s": took_s})
