"""Writes the generated parts of ``docs/protocol.md``, the examples, the codes and the sizes, and the example in ``README.md``.
``python -m tests.protocol.document``

An example stands behind ``<!-- example: NAME -->``, a table between ``<!-- NAME -->`` and ``<!-- /NAME -->``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from inspector.frames.sheet import MOST_SIGHTINGS
from inspector.protocol import limits
from inspector.protocol.codes import CODES
from inspector.protocol.masks import RUN_BYTES
from inspector.results.publication import Publication
from inspector.version import __version__
from tests.protocol.examples import examples, in_readme

PATH = Path(__file__).parents[2] / "docs" / "protocol.md"
README = Path(__file__).parents[2] / "README.md"
BLOB = "blob, in hexadecimal: "
_SOFTWARE = f'"software":"inspector {__version__}"', '"software":"inspector 0.1.0"'
"""The document does not change with the version of the package."""


def documented(text: str) -> str:
    """The document with its generated parts as they are now."""
    shown = examples()
    missing = set(shown) - set(re.findall(r"^<!-- example: (.+) -->$", text, re.MULTILINE))
    assert not missing, f"{PATH.name} does not show {sorted(missing)}"
    text = with_examples(text, shown)
    for name, table in (("codes", _codes()), ("sizes", _sizes())):
        text, count = re.subn(
            rf"(?ms)^<!-- {name} -->\n.*?^<!-- /{name} -->$",
            lambda _, name=name, table=table: "\n".join((f"<!-- {name} -->", *table, f"<!-- /{name} -->")),  # type: ignore[misc]
            text,
        )
        assert count == 1, f"{PATH.name} has {count} places for {name}"
    return text


def with_examples(text: str, shown: dict[str, Publication]) -> str:
    """The text with its examples as they are now."""
    return re.sub(
        r"(?m)^<!-- example: (.+) -->\n```text\n(?:[^`]*\n)?```$",
        lambda found: f"<!-- example: {found[1]} -->\n```text\n{_block(shown[found[1]])}\n```",
        text,
    )


def _block(publication: Publication) -> str:
    lines = [part.decode() for part in publication.parts()[:3]]
    lines[2] = lines[2].replace(*_SOFTWARE)
    return "\n".join([*lines, *([BLOB + publication.blob.hex()] if publication.blob else [])])


def _codes() -> Iterator[str]:
    yield "| `code` | means |"
    yield "|---|---|"
    for code, meaning in CODES.items():
        yield f"| `{code}` | {meaning} |"


def _sizes() -> Iterator[str]:
    rows = {
        "a topic": f"{len('v1///heartbeat') + 2 * 63} bytes: names of at most 63 characters, ASCII",
        "a header": f"{limits.LARGEST_HEADER:,} bytes",
        "a body": f"{limits.LARGEST_BODY:,} bytes. A result or `late` that would be larger lists fewer defects, and its `detail` says so",
        "a blob": f"{RUN_BYTES} bytes for each pixel of the frame, which is a mask of noise: {RUN_BYTES * 256 * 1600:,} of 256x1600. A usual "
        f"one has some KiB. A frame has at most {limits.MOST_PIXELS:,} pixels, and no side above 65,536",
        "texts for a person: `detail`, `text`, `engines`, `why`, a rule": f"{limits.LONGEST_TEXT:,} characters; the `text` of a reason for the "
        f"health {limits.LONGEST_REASON}, its `part` {limits.LONGEST_PART}",
        "identities: `bundle`, `operating_point`, `calibration`, `flat_field`, `recovery`": f"{limits.LONGEST_IDENTITY} characters",
        "`epoch`, `run`, `recipe`, `part`, `code`, `camera_clock`, `source`, `software`, a unit": f"{limits.LONGEST_WORD} characters",
        "`name`": f"{limits.LONGEST_FILE_NAME:,} characters",
        "classes": f"{limits.MOST_CLASSES}, each of 1 to 60 characters",
        "`defects`": f"{limits.MOST_DEFECTS:,}, as `verdicts.max_defects` of the configuration says; default 100",
        "of a sheet: `frames`, `also_in`, `missing`, `sheets.cameras`": f"{limits.MOST_SHEET_FRAMES:,}, {MOST_SIGHTINGS}, "
        f"{limits.MOST_CAMERAS}, {limits.MOST_CAMERAS}",
        "`rules`, `health.reasons`, `units`": f"{limits.MOST_RULES}, {limits.MOST_REASONS}, 16",
    }
    yield "| what | at most |"
    yield "|---|---|"
    for what, most in rows.items():
        yield f"| {what} | {most} |"


if __name__ == "__main__":
    PATH.write_text(documented(PATH.read_text(encoding="utf-8")), encoding="utf-8")
    README.write_text(with_examples(README.read_text(encoding="utf-8"), in_readme()), encoding="utf-8")
