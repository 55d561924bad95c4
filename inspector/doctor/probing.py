"""Runs a probe in a process of its own: a crash or a hang there does not stop the doctor."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

PROBES = Path(__file__).with_name("probes.py")
TIMEOUT_S = 20.0


class Probed(NamedTuple):
    """What a probe found, or one line on why it found nothing."""

    facts: dict[str, Any]
    failure: str = ""


def probe(name: str, timeout_s: float = TIMEOUT_S, script: Path = PROBES) -> Probed:
    """Run the probe ``name`` of ``script``, which prints one JSON object as its last line. Never raises."""
    command = [sys.executable, str(script), name]
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        return Probed({}, f"no answer within {timeout_s:g} s (hangs)")
    except OSError as error:
        return Probed({}, f"could not be tried: {error.strerror}")
    if done.returncode < 0:
        return Probed({}, f"crashes with {_signal_name(-done.returncode)}")
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    try:
        facts = json.loads(lines[-1] if lines else "")
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        return Probed({}, _last_line(done.stderr) or f"ended with exit status {done.returncode} and no answer")
    return Probed({}, str(facts["failure"])) if "failure" in facts else Probed(facts)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_line(text: bytes) -> str:
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[-1].strip()[:300] if lines else ""
