"""`systemctl reload`."""

from __future__ import annotations

from tests.service_check.bench import Bench, NotThereError, unit_value
from tests.service_check.container import CheckError, wait_for
from tests.service_check.report import Finding
from tests.service_check.service_line import Listener


def reload(bench: Bench) -> Finding:
    """A changed configuration is taken over by the same daemon, a wrong one is refused and the line goes on; no frame is lost."""
    if not unit_value("ExecReload"):
        raise NotThereError("the unit has no ExecReload")
    line = bench.line("reloaded")
    with Listener(line) as listener:
        line.start()
        listener.wait_for_inspected(50)
        daemon = line.main_pid()
        line.configure(verdicts={"rules": [{"verdict": "scrap"}]})
        took_s = line.reload()
        wait_for(lambda: listener.newest()["verdicts"].get("SCRAP"), 10, "a verdict by the new rules")
        line.configure(overload="perhaps")
        line.container.run("systemctl", "reload", line.unit)
        wait_for(lambda: line.said("overload"), 10, "a line on the wrong key")
        listener.wait_for_inspected(50)
        seen = listener.newest()
        if line.main_pid() != daemon or seen["missed"] or seen["twice"]:
            raise CheckError("the line did not go on undisturbed")
        line.stop()
        wait_for(lambda: listener.newest()["proven"], 5, "a complete stream")
    return Finding({"reload_s": took_s}, line.said("eload"))
