"""A target: a decoder that is fuzzed, and what it promises."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

LONGEST_TEXT = 4000
"""Characters of an error: a person reads it, and it goes into logs and replies."""
MARK = b"\n--8<--\n"
"""Between the parts of an input that stands for several files or messages."""


refused: list[str] = []
"""What decoders refused; for those who want to know whether an input is good."""
_MOST_REFUSED = 1000


class BrokenPromiseError(AssertionError):
    """The decoder did what it must not do."""


@dataclass(frozen=True)
class Target:
    """A decoder."""

    name: str
    run: Callable[[bytes], None]
    """Decodes an input. What it raises is a finding."""
    seeds: Callable[[], Iterable[bytes]]
    """Good inputs to begin with, which must be decoded."""
    tokens: tuple[bytes, ...] = ()
    """What inputs of this kind are made of."""
    mutation: Callable[[bytes, random.Random], bytes] | None = None
    """Changes an input so that it keeps its form, see ``mutation.py``; beside changes of its bytes."""
    close: Callable[[], None] = lambda: None
    """Ends what was begun to run it, such as a server; it may be run again afterwards."""
    longest: int = 1 << 13
    """Bytes of an input."""
    cpu_s: float = 2.0
    """Processor time that an input may take."""
    memory_mib: int = 512
    """Memory that it may take."""


@contextlib.contextmanager
def promised(*errors: type[Exception], lines: int = 1) -> Iterator[None]:
    """These errors are what the decoder promises, each of at most so many lines without anything that steers a terminal."""
    try:
        yield
    except errors as error:
        require_readable(str(error), lines)
        if len(refused) < _MOST_REFUSED:
            refused.append(str(error))


def require_readable(text: str, lines: int = 1) -> None:
    """Raise BrokenPromiseError for a text that is no use to a person, or that a terminal would obey."""
    parts = text.split("\n")
    require(bool(text.strip()), "an error without a text")
    require(len(parts) <= lines, f"an error of {len(parts)} lines: {text[:200]!r}")
    require(all(map(str.isprintable, parts)), f"an error that steers a terminal: {text[:200]!r}")
    require(len(text) <= LONGEST_TEXT, f"an error of {len(text)} characters")


def require(condition: object, what: str) -> None:
    """Raise BrokenPromiseError unless the condition holds."""
    if not condition:
        raise BrokenPromiseError(what)


def parts_of(data: bytes, most: int) -> list[bytes]:
    """The parts of an input, at most so many."""
    return data.split(MARK, most - 1)


def joined(*parts: bytes) -> bytes:
    """Parts as one input."""
    return MARK.join(parts)
