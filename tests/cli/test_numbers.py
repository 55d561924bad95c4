"""Numbers in options: every one is within limits, or one line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inspector.cli import options
from inspector.cli.calibration_options import areas_px, thresholds
from inspector.cli.options import Limits, limits_of, read_number
from inspector.config.simulator import SimulatorConfig
from inspector.config.tree import LineConfig
from inspector.errors import UserError
from tests.cli.in_process import COMMAND, refused

NO_NUMBERS = ("nan", "inf", "-inf", "1e300", "-1e300", "-1", "9" * 400, "9" * 5000, "", "x", "1;2")


def options_of(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every option of a command and of those below it, with the words that call the command."""
    for option in command.params:
        if option.param_type_name == "option":
            yield path, option
    for name, below in getattr(command, "commands", {}).items():
        yield from options_of(below, (*path, name))


NUMBERS = [(path, option) for path, option in options_of(COMMAND) if option.metavar in ("NUMBER", "INTEGER")]


def test_every_number_has_limits() -> None:
    """A number that Typer itself reads may be NaN or infinite."""
    assert len(NUMBERS) > 25
    for path in Path(options.__file__).parent.glob("*.py"):
        assert not re.search(r"Annotated\[\s*(int|float)\b[^,]*,\s*typer\.(Option|Argument)", path.read_text()), path


@pytest.mark.parametrize(("path", "option"), NUMBERS, ids=[" ".join((*path, one.opts[0])) for path, one in NUMBERS])
def test_what_is_no_number_within_the_limits_is_one_line(path: tuple[str, ...], option: Any) -> None:
    for given in NO_NUMBERS:
        told = refused(*path, f"{option.opts[0]}={given}")
        assert told.startswith(f"inspector: {option.opts[0]}: found "), told
        assert len(told) < 200


@pytest.mark.parametrize(
    "arguments",
    [
        ("replay", ".", "--rate"),
        ("simulate", "unused", "--class-mix"),
        ("data", "split", "unused", "unused.csv", "--parts"),
    ],
)
@pytest.mark.parametrize("given", ["nan", "inf", "1e300", "-1", "9" * 400])
def test_numbers_in_other_texts_too(arguments: tuple[str, ...], given: str) -> None:
    text = {"--class-mix": f"1,1,1,{given}", "--parts": f"training={given}"}.get(arguments[-1], given)
    assert f"inspector: {arguments[-1]}: found '{given[:30]}" in refused(*arguments, text)


def test_lists() -> None:
    assert areas_px("400,1,100,1") == [1, 100, 400]
    assert thresholds("0.5,0.3") == [0.3, 0.5]
    assert areas_px(None) == thresholds(None) == []
    for wrong in ("1e300", "inf", "nan", "1.5", "1,,2"):
        with pytest.raises(UserError, match="--areas: found"):
            areas_px(wrong)
    for wrong in ("0", "1", "nan", "0.5;0.7"):
        with pytest.raises(UserError, match="numbers between 0 and 1"):
            thresholds(wrong)


def test_limits_are_those_of_the_configuration() -> None:
    assert limits_of(LineConfig, "deadline_ms") == Limits(0, 3_600_000, above=True)
    assert limits_of(SimulatorConfig, "seed") == Limits(0, 2**63 - 1, whole=True)
    assert limits_of(SimulatorConfig, "rate_hz", most=1e6) == Limits(0, 1e6, above=True)
    assert limits_of(SimulatorConfig, "frames").most == math.inf


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(1, 256, whole=True), "a whole number from 1 to 256"),
        (Limits(0, 3_600_000, above=True), "a number above 0, at most 3600000"),
        (Limits(0, 1, above=True, below=True), "a number between 0 and 1"),
        (Limits(0.2, 10, below=True), "a number 0.2 or more, below 10"),
    ],
)
def test_limits_in_words(limits: Limits, words: str) -> None:
    with pytest.raises(UserError, match=f"--n: found 'x', expected {words}$"):
        read_number("--n", "x", limits)
