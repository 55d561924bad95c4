"""Names that are safe wherever they are printed, and of what they may consist."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$(?!\n)"
"""Regular expression for a `Name`. (In Python, ``$`` also matches before a last line end; so the rest, which other languages read too.)"""
Name = Annotated[str, Meta(pattern=NAME)]
"""A name that can be used in a topic, a file name and a metric label."""
NAME_IN_WORDS = "letters, digits, '.', '_' and '-', a letter or digit first, at most 63"

LONGEST_LABEL = 60


def is_label(text: str) -> bool:
    """Whether the text can name something wherever it is printed: 1 to 60 printable characters, no blank at either end."""
    return 0 < len(text) <= LONGEST_LABEL and text.isprintable() and text == text.strip()


def why_no_labels(names: tuple[str, ...]) -> str:
    """What is wrong with the names of classes, in one line; empty where each is a label and none is there twice."""
    for name in names:
        if not is_label(name):
            return f"found {name[:LONGEST_LABEL]!r}; expected 1 to {LONGEST_LABEL} printable characters, no blank at either end"
        if names.count(name) > 1:
            return f"{name!r} is named twice"
    return ""
