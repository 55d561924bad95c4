"""No status carries a code that is not in the protocol's list, and the list holds none that is never used."""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

import inspector
from engines.drift.reference import FIGURES
from inspector.inference.state import State
from inspector.line.encoder import EncoderState
from inspector.line.health import SIGNALS, reason
from inspector.protocol.codec import decode
from inspector.protocol.codes import CODES, OTHER
from inspector.protocol.messages import Health, LineState, Signal, StatusBody
from inspector.results.status import Status
from tests.protocol.scene import Scene

_PLACE = {
    "enter": 1, "progress": 0, "trouble": 1, "maintenance": 1, "well": 1, "condition": 2, "note": 0, "tell": 2, "_enter": 2,
    "_maintenance": 2, "_condition": 2, "_changed": 1, "_journal_changed": 1, "Condition": 0, "_Finding": 0, "reason": 1,
}  # fmt: skip
"""By name of a function, the place of the code among its arguments."""
_COMPUTED = (
    {f"inference_{state.value}" for state in State if state is not State.STOPPED}
    | {f"bundle_{state.value}" for state in State}
    | {state.value for state in EncoderState}
    | {f"drift_{name}" for name in FIGURES}
)
"""Codes that no literal spells."""
_OF_COMMANDS = {"refused", "not_prepared"}
"""Why a command is refused; they are in no status."""


def literals(tree: ast.AST) -> Iterator[str]:
    """What is given for a code in calls, and what a variable called ``code`` or ``told`` is set to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = _PLACE.get(name)
            if place is not None and place < len(node.args):
                yield from texts(node.args[place])
            yield from (text for one in node.keywords if one.arg == "code" for text in texts(one.value))
        elif isinstance(node, ast.Assign):
            targets = {getattr(one, "id", getattr(one, "attr", "")) for one in node.targets}
            if targets & {"code", "told", "_phase_reason"}:
                yield from texts(node.value)


def texts(node: ast.AST) -> Iterator[str]:
    """The literal, each of a choice, the first of a tuple."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)
    elif isinstance(node, ast.Tuple) and node.elts:
        yield from texts(node.elts[0])


def test_every_code_that_the_program_reports_is_listed_and_every_listed_one_is_reported() -> None:
    found = set(_COMPUTED)
    inside = Path(inspector.__file__).parent
    files = [file for package in ("line", "results", "drift") for file in (inside / package).rglob("*.py")]
    for file in (*files, inside / "archive/troubles.py"):
        found |= set(literals(ast.parse(file.read_text(encoding="utf-8"))))
    drift = {
        code for code in found if code.startswith("drift_") or code in ("lamp_dimming", "dirty_columns", "dead_columns")
    }
    found |= {f"{code}_cleared" for code in drift}
    assert found - _OF_COMMANDS == set(CODES) - {OTHER}
    assert set(SIGNALS) <= set(CODES)


def test_a_code_that_is_not_listed_is_published_as_another(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()
    health = Health(signal=Signal.FAILURE, reasons=(reason("lens", "lens_gone", "it fell off"),))
    body = decode(
        scene.stream.status(
            Status(state=LineState.RUNNING, code="lens_gone", text="it fell off", health=health)
        ).parts()
    ).body
    assert isinstance(body, StatusBody)
    assert (body.code, body.health.reasons[0].code, body.text) == (OTHER, OTHER, "it fell off")
    assert [(one.levelno, one.getMessage()) for one in caplog.records] == [
        (logging.ERROR, "status code lens_gone is not in the protocol's list")
    ]
