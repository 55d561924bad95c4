"""The libraries a line needs, each tried in a process of its own."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator

from inspector.doctor.finding import Finding, Section, Subject
from inspector.doctor.probing import Probed

NEWEST_TRIED = (3, 13)

PYTHON = Subject(Section.SOFTWARE, "Python")
PRECISION = Subject(Section.SOFTWARE, "Precision")

PURPOSES = {
    "openvino": ("OpenVINO", "runs the engines on the CPU", "openvino"),
    "cv2": ("OpenCV", "reads images, measures defects", "opencv-python-headless"),
    "simplejpeg": ("simplejpeg", "reads JPEG files, damage told", "simplejpeg"),
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
    version = platform.python_version()
    if sys.version_info[:2] > NEWEST_TRIED:
        return PYTHON.note(version, "newer than any version this program was tested with (3.10 to 3.13)")
    return PYTHON.ok(version, sys.executable)


def _library(module: str, probed: Probed) -> Finding:
    name, purpose, package = PURPOSES[module]
    mend = (
        f"python -m pip install --force-reinstall {package}"
        if package
        else "install a Python that was built with SQLite"
    )
    subject, found = Subject(Section.SOFTWARE, name, needed=True), _versions(module, probed)
    if probed.failure:
        return subject.wrong(probed.failure, f"{purpose}; {_hint(probed.failure)}{mend}")
    if probed.facts.get("missing"):
        return subject.missing("not installed", f"{purpose}; {mend}")
    if module == "zmq" and not probed.facts["curve"]:
        return subject.note(found, f"{purpose}, on loopback and ipc only: it was built without CURVE; {mend}")
    if module == "cv2" and len(packages := probed.facts["packages"]) > 1:
        return subject.note(found, _overwritten(packages))
    return subject.ok(found, purpose)


def _overwritten(packages: list[str]) -> str:
    """Advice where several packages of OpenCV have written the same folder ``cv2``."""
    return (
        f"{' and '.join(packages)} have installed the same folder: the last one is what runs, and removing one breaks the "
        f"other. Keep one: python -m pip uninstall -y {' '.join(packages)}, then python -m pip install opencv-python-headless"
    )


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
        return PRECISION.note("not looked at", f"first repair {error}")
    best = cpu_precisions()[0]
    if best == "bf16":
        return PRECISION.ok(
            "auto takes bf16", "where the bundle's golden frames agree, else f32; `inspector bundle verify` says which"
        )
    return PRECISION.ok(f"auto takes {best}", "this CPU has hardware for no faster one")
