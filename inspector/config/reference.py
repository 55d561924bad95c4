"""The configuration reference, ``docs/configuration.md``, from the types themselves.

``python -m inspector.config.reference > docs/configuration.md``
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from inspector.config.load import config_schema

HEADING = """\
# Configuration

Every key of a line's YAML file. Generated from the types the daemon checks it against: `inspector config check line.yaml` names
what is wrong, `inspector config schema` prints the JSON Schema for editors. Unknown keys are refused. A path is relative to the
folder of the file it is written in; `~` is the home directory. `inspector config example` prints a file to begin with; more are
in [configs](../configs).
"""
TITLES = {
    "LineConfig": "The line",
    "CameraConfig": "`cameras[]`",
    "ReplayConfig": "`cameras[].source` with `kind: replay`",
    "RawFormat": "`cameras[].source.raw`",
    "RecordedSource": "`cameras[].source` with `kind: recording`",
    "SimulatorConfig": "`cameras[].source` with `kind: simulator`",
    "StripConfig": "`cameras[].source.strip`",
    "LongDefectsConfig": "`cameras[].source.strip.long_defects`",
    "RollMarkConfig": "`cameras[].source.strip.roll_marks[]`",
    "GenicamConfig": "`cameras[].source` with `kind: genicam`",
    "OpenCvConfig": "`cameras[].source` with `kind: opencv`",
    "Scale": "`cameras[].scale`",
    "EncoderConfig": "`cameras[].encoder`",
    "LineScanConfig": "`cameras[].line_scan`",
    "PlacementConfig": "`cameras[].placement`",
    "FrameCheckConfig": "`cameras[].frame_check`",
    "EmptyPosition": "`cameras[].frame_check.empty_position`",
    "FitConfig": "`cameras[].fit`",
    "SizePx": "`cameras[].fit.size`",
    "OffsetPx": "`cameras[].fit.offset`",
    "RingConfig": "`ring`",
    "InferenceConfig": "`inference`",
    "VerdictsConfig": "`verdicts`",
    "Rule": "`verdicts.rules[]`",
    "ResultsConfig": "`results`",
    "RecoveryConfig": "`results.recovery`",
    "KeysConfig": "`keys`",
    "JournalConfig": "`journal`",
    "MetricsConfig": "`metrics`",
    "ControlConfig": "`control`",
    "DriftConfig": "`drift`",
    "RecordingConfig": "`recording`",
    "ArchiveConfig": "`archive`",
    "KeptConfig": "`archive.scrap`, `archive.reject`, `archive.disagreement`",
    "UncertainConfig": "`archive.uncertain`",
    "CleanConfig": "`archive.clean`",
    "SheetsConfig": "`sheets`",
}
"""Sections in the order of the tree."""
LARGEST_TOLD = 10**8
"""A bound beyond this only keeps numbers in their type and is not shown."""


def reference() -> str:
    """The whole page. Raises KeyError for a section that has no title here."""
    return page(HEADING, config_schema(), TITLES, {"kind": "Which source this is."})


def page(heading: str, schema: dict[str, Any], titles: dict[str, str], tags: dict[str, str]) -> str:
    """A page with a table of each section of a schema, in the order of ``titles``; ``tags`` says what the keys mean that only choose a section.
    Raises KeyError for a section without a title."""
    sections = schema["$defs"]
    unknown = sorted(set(sections) - set(titles))
    if unknown:
        raise KeyError(f"sections without a title: {unknown}")
    return "\n".join([heading, *(_section(title, sections[name], tags) for name, title in titles.items())])


def _section(title: str, section: dict[str, Any], tags: dict[str, str]) -> str:
    required = section.get("required", [])
    rows = [
        f"| `{key}` | {_kind(field)} | {_default(field, key in required)} | {_meaning(key, field, tags)} |"
        for key, field in section["properties"].items()
    ]
    return "\n".join(
        [
            f"## {title}\n",
            f"{_plain(section['description'])}\n",
            "| key | value | default | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _kind(field: dict[str, Any]) -> str:
    """The permitted values, in words."""
    return ", ".join(dict.fromkeys(_kinds(field)))


def _kinds(field: dict[str, Any]) -> Iterator[str]:
    if "anyOf" in field:
        for option in field["anyOf"]:
            yield from _kinds(option)
    elif "enum" in field:
        yield " or ".join(f"`{value}`" for value in field["enum"] if value is not None)
        if None in field["enum"]:
            yield "null"
    elif "$ref" in field:
        yield "section"
    elif field.get("type") == "array":
        inner = field.get("items") or (field.get("prefixItems") or [{}])[0]
        yield f"list of {_kind(inner)}" if inner else "list"
    elif "type" in field:
        words = {"integer": "whole number", "string": "text", "boolean": "true or false"}
        if field.get("format") == "path":
            words["string"] = "path"
        yield words.get(field["type"], field["type"]) + _bounds(field)


def _bounds(field: dict[str, Any]) -> str:
    least, above, most = (field.get(key) for key in ("minimum", "exclusiveMinimum", "maximum"))
    if most is not None and most > LARGEST_TOLD:
        most = None
    if least is not None and most is not None:
        return f" from {least} to {most}"
    bounds = [(" from {}", least), (" above {}", above), (" to {}", most)]
    return "".join(text.format(bound) for text, bound in bounds if bound is not None)


def _default(field: dict[str, Any], required: bool) -> str:
    if required or "default" not in field:
        return "required"
    value = field["default"]
    inner = value[0] if isinstance(value, (list, tuple)) and value else value
    return "as told" if isinstance(inner, dict) else f"`{json.dumps(value)}`"


def _meaning(key: str, field: dict[str, Any], tags: dict[str, str]) -> str:
    if key in tags and "description" not in field:
        return tags[key]
    return _plain(field.get("description") or "A section of its own, below.").replace("|", "\\|")


def _plain(text: str) -> str:
    """A docstring's text in Markdown, on one line."""
    return " ".join(text.replace("``", "`").split())


if __name__ == "__main__":
    print(reference(), end="")
