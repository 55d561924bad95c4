"""Text from outside (file names, class names, messages of peers) that is printed to a terminal or into a log."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with every character that could steer a terminal (controls, direction marks, line ends) replaced."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def brief(text: str, most: int = 80) -> str:
    """The printable text, its end left out where it is longer than ``most`` characters."""
    clean = printable(text[: most + 1])
    return clean if len(text) <= most else f"{clean[: most - 3]}..."


def counted(count: int, what: str) -> str:
    """So many of them: ``1 frame``, ``1,200 frames``."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def printable_lines(text: str) -> str:
    """As `printable`, of a text of several lines, whose line ends stay."""
    return "\n".join(map(printable, text.split("\n")))


_FORMULA_STARTS = tuple(
    "=+-@\t\r\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)


def spreadsheet_cell(text: str) -> str:
    """The text for a CSV file that people open in a spreadsheet: printable, and with a ' before it where it would be a formula.

    Not for a file that a program reads back, in which names have to stay as they are.
    """
    return ("'" if text.startswith(_FORMULA_STARTS) else "") + printable(text)


def spelled_out(name: str) -> str:
    """The name of a file with its bytes that are no UTF-8, which Python keeps as half characters, written out as ``\\udcff``."""
    return name if name.isascii() else name.encode("utf-8", "backslashreplace").decode()
