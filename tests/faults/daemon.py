"""The daemon is killed, stopped, or told to end at the worst moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import yaml

from tests.faults.running import LONGEST_STOP_S
from tests.faults.scenario import scenario
from tests.faults.stage import Stage


@scenario(
    fault="The daemon is killed under load (SIGKILL) and started again",
    promise="Its inference child ends with it. What was published is with the subscribers, and in the journal but for the last commits; the new "
    "start is a new epoch, numbered from 0. Frames that had no verdict get none: silence is no PASS",
    told="`NewEpoch`, `Stale` at the subscriber",
    remedy="systemd starts it again",
    quick=True,
)
def daemon_killed(stage: Stage) -> None:
    with stage.usual() as line:
        line.until_inspected(30)
        child, events = line.child(), len(line.watcher.events)
        line.kill()
        line.restart()
        line.until(lambda: any(one["event"] == "NewEpoch" for one in line.watcher.events[events:]), "the new epoch")
        line.until_inspected()
        assert not alive(child)
        *_, before, after = line.settle(ended=False).values()
        assert before.journaled > 0
        assert after.packets


def alive(pid: int) -> bool:
    """Whether the process still runs."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@scenario(
    fault="The daemon is killed five times in a row, each time at a random moment",
    promise="Each epoch is whole as far as it went, and they are told apart",
    told="`NewEpoch` at the subscriber",
    limit_s=120,
)
def daemon_killed_often(stage: Stage) -> None:
    with stage.line() as line:
        for _ in range(5):
            line.pause(stage.random.uniform(0, 1.5))
            line.kill()
            line.restart()
        line.until_inspected()
        line.stop()
        found = line.settle()
        assert [one.ended for one in found.values()].count(True) == 1


@scenario(
    fault="SIGTERM under load, with frames in flight",
    promise="Every open frame gets its verdict, at worst UNINSPECTED; the end is told and the daemon is gone in under 2 s, exit status 0",
    told="`draining`, `end`, `stopped`; reason `shutdown`",
)
def stopped_under_load(stage: Stage) -> None:
    with stage.line(source=stage.replay(rate_hz=400)) as line:
        line.until_inspected(100)
        found = line.finish()
        assert found.journaled == len(found.packets)
        assert found.codes[-2:] == ["draining", "stopped"], found.codes


@scenario(
    fault="SIGTERM while the inference child hangs",
    promise="The stop does not wait for it: under 2 s; frames that it had are UNINSPECTED",
    told="reason `shutdown`; `stopped`",
)
def stopped_while_child_hangs(stage: Stage) -> None:
    with stage.line(inference={"stall_timeout_s": 60}) as line:
        child = line.child()
        os.kill(child, signal.SIGSTOP)
        line.pause(0.3)
        found = line.finish()
        assert found.reasons["shutdown"] > 0, found.reasons
        assert not alive(child)


@scenario(
    fault="SIGTERM while the engines are loaded",
    promise="It ends in under 2 s with exit status 0; frames captured so far are UNINSPECTED",
    told="`stopped`; reason `engine_starting`",
)
def stopped_while_loading(stage: Stage) -> None:
    with stage.line(start=False) as line:
        line.until(lambda: bool(line.watcher.packets), "the first message")
        begun_s = time.monotonic()
        line.stop()
        assert time.monotonic() - begun_s < LONGEST_STOP_S
        line.settle()


@scenario(
    fault="The daemon stands still for a second (SIGSTOP), as on a machine that swaps, and goes on",
    promise="Frames whose deadline passed meanwhile are UNINSPECTED, though their results were there: no PASS is late",
    told="`Stale` at the subscriber; reasons `deadline`, `camera_lost` (a replay with a rate)",
    remedy="give the line memory and cores of its own",
)
def daemon_stands_still(stage: Stage) -> None:
    with stage.line(deadline_ms=50, source=stage.replay(rate_hz=200)) as line:
        mark = line.mark()
        line.signal(signal.SIGSTOP)
        line.pause(1.0)
        line.signal(signal.SIGCONT)
        line.until_inspected(30)
        assert line.watcher.saw("Stale")
        assert line.reasons(mark) <= {"deadline", "overload", "gate_clean", "no_defect", "defect"}
        line.finish()


@scenario(
    fault="A second daemon is started with the same configuration",
    promise="It is refused in one line, exit status 2; the first one goes on undisturbed",
    told="standard error, exit status",
    remedy="stop the first one, or give it an endpoint and a journal of its own",
)
def second_daemon(stage: Stage) -> None:
    with stage.line() as line:
        done = subprocess.run(
            [sys.executable, "-m", "inspector", "run", "-c", str(line.config)],
            capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
        assert done.returncode == 2, done
        assert "Traceback" not in done.stderr, done.stderr
        line.until_inspected()
        found = line.finish()
        assert found.journaled == len(found.packets)


@scenario(
    fault="The configuration has a key that does not exist, or names a folder without images",
    promise="The start is refused in one line that names the file and the key; exit status 2",
    told="standard error, exit status",
    remedy="as the line says",
)
def configuration_wrong(stage: Stage) -> None:
    for change, named in (
        ({"dead_line_ms": 5}, "dead_line_ms"),
        ({"cameras": [{"name": "top", "source": stage.replay(path="nowhere")}]}, "nowhere"),
    ):
        config = stage.folder / "line.yaml"
        config.write_text(yaml.safe_dump(stage.tree(**change)))
        done = subprocess.run(
            [sys.executable, "-m", "inspector", "run", "-c", str(config)],
            capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
        assert done.returncode == 2, done
        assert named in done.stderr, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
