"""What commands print. Every text goes through here, so that names from files and messages never steer the terminal: control characters
are replaced, and what rich would take for markup is printed as it is."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from engines.files.text import printable, printable_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


_NOT_ASCII = re.compile(r"[^\n\x20-\x7e]+")


def console(*, stderr: bool = False) -> Console:
    """The console for tables and lines: without markup, highlighting or emoji codes, and with control characters replaced."""
    from rich.console import Console

    from inspector.cli.clean_output import CleanOutput

    made = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    made.push_render_hook(CleanOutput())
    return made


def shown(text: str, style: str = "") -> Text:
    """A text for where rich would take a plain one for markup: titles of tables, words of a progress bar."""
    from rich.text import Text

    return Text(printable(text), style)


def tell(text: str, *, err: bool = False, at_once: bool = False) -> None:
    """Print a line, or several, as they are; ``at_once`` for a live output that another program reads."""
    print(printable_lines(text), file=sys.stderr if err else sys.stdout, flush=err or at_once)


def print_json(value: Any) -> None:
    """Print a value that msgspec can encode as JSON, for scripts; NaN, such as a figure of no frames, becomes null."""
    print(json_text(value))


def json_text(value: Any) -> str:
    """The value as indented JSON, in printable ASCII."""
    import msgspec

    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:  # a file name that is no UTF-8
        encoded = msgspec.json.encode(_encodable(msgspec.to_builtins(value)))
    return escaped(msgspec.json.format(encoded, indent=2).decode())


def escaped(json: str) -> str:
    """A JSON text in printable ASCII; it means the same, whatever the terminal's encoding."""
    return _NOT_ASCII.sub(lambda found: "".join(map(_escape, found[0])), json)


def _encodable(value: Any) -> Any:
    """The value with every part of a name that is no UTF-8 replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if isinstance(value, dict):
        return {_encodable(key): _encodable(one) for key, one in value.items()}
    return [_encodable(one) for one in value] if isinstance(value, (list, tuple)) else value


def _escape(character: str) -> str:
    data = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{data[i : i + 2].hex()}" for i in range(0, len(data), 2))
