"""Options of several commands, and the numbers in options."""

from __future__ import annotations

import math
from enum import Enum
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_type_hints

import typer

from engines.files.text import brief
from inspector.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspector.config.section import Section


class RuntimeName(str, Enum):
    """What runs the engines."""

    AUTO = "auto"
    TENSORRT = "tensorrt"
    TORCH = "torch"
    OPENVINO = "openvino"


RuntimeOption = Annotated[
    RuntimeName,
    typer.Option(
        help="What runs the engines. openvino: the CPU; auto: the first of tensorrt and torch that works here, else the CPU."
    ),
]

LARGEST_SEED = 2**63 - 1
MOST_PROCESSES = 1024


class Limits(NamedTuple):
    """The numbers that an option takes; never infinity or NaN."""

    least: float
    most: float
    whole: bool = False
    above: bool = False
    """Whether ``least`` itself is not allowed."""
    below: bool = False
    """Whether ``most`` itself is not allowed."""

    @property
    def in_words(self) -> str:
        """For an error: a whole number from 1 to 256."""
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} {self}" if self.above or self.below else f"{kind} from {self}"

    def __str__(self) -> str:
        least, most = _in_digits(self.least), _in_digits(self.most)
        if self.above and self.below:
            return f"between {least} and {most}"
        if self.above:
            return f"above {least}, at most {most}"
        return f"{least} or more, below {most}" if self.below else f"{least} to {most}"


def read_number(option: str, given: str | float, limits: Limits, expected: str = "") -> float:
    """The number that was given for ``option``; an ``int`` where only whole ones are allowed.

    Raises UserError for any other text; ``expected`` says there what is, where a number is not the whole of it.
    """
    try:
        value = int(given) if limits.whole else float(given)
    except (ValueError, OverflowError):
        value = math.nan
    above = value > limits.least if limits.above else value >= limits.least
    below = value < limits.most if limits.below else value <= limits.most
    if above and below:
        return value
    raise UserError(f"{option}: found {brief(str(given), 40)!r}, expected {expected or limits.in_words}")


def number_option(name: str, limits: Limits, *other_names: str, help: str) -> Any:
    """A ``typer.Option`` that takes a number within the limits, which its help shows; a whole one arrives as an ``int``."""

    kind = "INTEGER" if limits.whole else "NUMBER"
    parser = partial(read_number, name, limits=limits)
    return typer.Option(name, *other_names, parser=parser, metavar=kind, help=f"{help} [{limits}]")


def number_argument(name: str, limits: Limits, *, help: str) -> Any:
    """As ``number_option``, for an argument."""
    return typer.Argument(parser=partial(read_number, name, limits=limits), metavar=name, help=f"{help} [{limits}]")


def limits_of(section: type[Section], key: str, most: float = math.inf) -> Limits:
    """The limits that the configuration has for a key; ``most`` is for one that has no upper limit there."""
    import msgspec

    # Of this key alone: to look at all of a section, and of those in it, takes a third of a command's start.
    kind = msgspec.inspect.type_info(_types_of(section)[key])
    number = next(one for one in _kinds(kind) if isinstance(one, (msgspec.inspect.IntType, msgspec.inspect.FloatType)))
    least = number.gt if number.ge is None else number.ge
    assert least is not None, f"{key} has no lower limit"
    return Limits(
        least=least,
        most=most if number.le is None else number.le,
        whole=isinstance(number, msgspec.inspect.IntType),
        above=number.ge is None,
    )


@lru_cache
def _types_of(section: type[Section]) -> dict[str, Any]:
    """By key, with the limits of each."""
    return get_type_hints(section, include_extras=True)


def _kinds(kind: Any) -> Iterator[Any]:
    """The types that a value may have."""
    import msgspec

    if isinstance(kind, msgspec.inspect.Metadata):
        yield from _kinds(kind.type)
    elif isinstance(kind, msgspec.inspect.UnionType):
        for one in kind.types:
            yield from _kinds(one)
    else:
        yield kind


def _in_digits(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"
