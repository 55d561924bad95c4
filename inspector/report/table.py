"""The summary in a terminal."""

from __future__ import annotations

from rich import box
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.report.blocks import Block, blocks
from inspector.report.summary import Summary

_VERDICT_STYLES = {"PASS": "green", "REJECT": "yellow", "SCRAP": "red", "UNINSPECTED": "magenta"}
_BESIDE = 3
"""The first so many tables are small and stand side by side where the terminal is wide enough."""


def summary_table(summary: Summary) -> Group:
    """Tables of the figures, for ``rich.console.Console.print``."""
    sound = not summary.unresolved and not summary.repeated
    words = (
        f"{summary.frames:,} frames, each with exactly one verdict"
        if sound
        else f"NOT SOUND: {summary.unresolved:,} frames without a verdict, {summary.repeated:,} second verdicts"
    )
    made = blocks(summary)
    parts: list[RenderableType] = [Columns([Padding(block_table(one), (0, 4, 1, 0)) for one in made[:_BESIDE]])]
    for one in made[_BESIDE:]:
        parts.append(block_table(one))
        parts += [Padding(Text(note, style="dim"), (0, 0, 0, 1)) for note in one.notes]
        parts.append(Text())
    return Group(*parts, Text(words, style="bold green" if sound else "bold red"))


def block_table(block: Block) -> Table:
    """A block in a terminal."""
    table = Table(
        title=block.title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_header=any(block.columns),
        header_style="dim",
        collapse_padding=True,  # the widest block just fits 80 columns
        pad_edge=False,
    )
    for index, column in enumerate(block.columns):
        table.add_column(column, justify="right" if index else "left", no_wrap=True)
    for row in block.rows:
        table.add_row(*(Text(cell, style=_VERDICT_STYLES.get(cell, "")) for cell in row))
    return table
