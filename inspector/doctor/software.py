"""The libraries a line needs, each tried in a process of its own."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator

from inspector.doctor.apart import Probed
from inspector.doctor.finding import Finding, Room, State

NEWEST_TRIED = (3, 13)

PURPOSES = {
    "openvino": ("OpenVINO", "runs the engines on the CPU", "openvino"),
    "cv2": ("OpenCV", "reads images, measures defects", "opencv-python-headless"),
    "zmq": ("ZeroMQ", "publishes the verdicts", "pyzmq"),
    "sqlite3": ("SQLite", "keeps the journal", ""),
}
"""Module: name for people, what it gives, what pip calls it."""


def software(probed: dict[str, Probed]) -> Iterator[Finding]:
    """Every finding about software; ``probed`` holds the probes' answers by module."""
    yield _python()
    for module in PURPOSES:
        yield _library(module, probed[module])
    yield _precision(probed)


def _python() -> Finding:
    state, advice = State.OK, sys.executable
    if sys.version_info[:2] > NEWEST_TRIED:
        state, advice = State.NOTE, "newer than any version this program was tested with (3.10 to 3.13)"
    return Finding(room=Room.SOFTWARE, name="Python", state=state, found=platform.python_version(), advice=advice)


def _library(module: str, probed: Probed) -> Finding:
    name, purpose, package = PURPOSES[module]
    mend = (
        f"python -m pip install --force-reinstall {package}"
        if package
        else "install a Python that was built with SQLite"
    )
    state, found, advice = State.OK, _versions(module, probed), purpose
    if probed.failure:
        state, found, advice = State.WRONG, probed.failure, f"{purpose}; {_hint(probed.failure)}{mend}"
    elif probed.facts.get("missing"):
        state, found, advice = State.MISSING, "not installed", f"{purpose}; {mend}"
    elif module == "zmq" and not probed.facts["curve"]:
        state = State.NOTE
        advice = f"{purpose}, on loopback and ipc only: it was built without CURVE; {mend}"
    return Finding(room=Room.SOFTWARE, name=name, state=state, found=found, advice=advice, needed=True)


def _versions(module: str, probed: Probed) -> str:
    facts = probed.facts
    if "version" not in facts:
        return ""
    if module == "cv2":
        return f"{facts['version']}, numpy {facts['numpy']}"
    if module == "zmq":
        return f"pyzmq {facts['version']}, libzmq {facts['libzmq']}{', CURVE' if facts['curve'] else ''}"
    return str(facts["version"])


def _hint(failure: str) -> str:
    if "SIGILL" in failure:
        return "this build needs instructions this CPU lacks; "
    if "cannot open shared object" in failure:
        return "a system library is missing (apt-get install it), or: "
    return ""


def _precision(probed: dict[str, Probed]) -> Finding:
    """What ``inference.precision: auto`` takes here."""
    try:
        if not all("version" in probed[module].facts for module in ("openvino", "cv2")):
            raise ImportError("OpenVINO or OpenCV")
        from engines.runtime.openvino_runtime import cpu_precisions
    except ImportError as error:
        advice = f"first mend {error}"
        return Finding(room=Room.SOFTWARE, name="Precision", state=State.NOTE, found="not looked at", advice=advice)
    best = cpu_precisions()[0]
    advice = "on this CPU f32 is the fastest that is native"
    if best == "bf16":
        advice = "where the bundle's golden frames agree, else f32; `inspector bundle verify` says which"
    return Finding(room=Room.SOFTWARE, name="Precision", state=State.OK, found=f"auto takes {best}", advice=advice)
