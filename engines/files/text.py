"""Text from outside (file names, class names, messages of peers) that is printed to a terminal or into a log."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with every character that could steer a terminal (controls, direction marks, line ends) replaced."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def brief(text: str, most: int = 80) -> str:
    """The printable text, its end left out where it is longer than ``most`` characters."""
    clean = printable(text[: most + 1])
    return clean if len(text) <= most else f"{clean[: most - 3]}..."


def spelled_out(name: str) -> str:
    """The name of a file with its bytes that are no UTF-8, which Python keeps as half characters, written out as ``\\udcff``."""
    return name if name.isascii() else name.encode("utf-8", "backslashreplace").decode()
