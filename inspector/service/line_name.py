"""Only one daemon at a time is a line of a name: two would publish the same topics, and no subscriber could tell whose verdict counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from inspector.errors import UserError
from inspector.frames.held_name import HeldName, NameHeldError


@contextmanager
def line_name(name: str) -> Iterator[None]:
    """Hold the line's name on this machine meanwhile. Raises UserError where another daemon holds it."""
    try:
        held = HeldName(f"line/{name}")
    except NameHeldError as error:
        raise UserError(
            f"line: {error.holder} runs line {name} on this machine already; stop it, or give this line a name of its own"
        ) from None
    try:
        yield
    finally:
        held.release()
