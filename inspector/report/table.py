"""Blocks in a terminal, by rich."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.report.blocks import Block, blocks, conclusion
from inspector.report.summary import Summary

_VERDICT_STYLES = {"PASS": "green", "REJECT": "yellow", "SCRAP": "red", "UNINSPECTED": "magenta"}
_BESIDE = 3
"""The first so many tables are small and stand side by side where the terminal is wide enough."""


def summary_table(summary: Summary) -> Group:
    """Tables of the figures, for ``rich.console.Console.print``."""
    made = blocks(summary)
    beside = Columns([Padding(_figures(one), (0, 4, 1, 0)) for one in made[:_BESIDE]])
    notes = [Padding(Text(note, style="dim"), (0, 0, 1, 1)) for one in made[:_BESIDE] for note in one.notes]
    return Group(
        beside,
        *notes,
        tables(made[_BESIDE:]),
        Text(conclusion(summary), style="bold green" if summary.good else "bold red"),
    )


def tables(made: Sequence[Block]) -> Group:
    """The blocks one below the other, each with its notes, for ``rich.console.Console.print``."""
    parts: list[RenderableType] = []
    for one in made:
        parts.append(_facts(one) if one.words else _figures(one))
        parts += [Padding(Text(note, style="dim"), (0, 0, 0, 1)) for note in one.notes]
        parts.append(Text())
    return Group(*parts)


def _facts(block: Block) -> Table:
    """Names and words, which may be long: aligned left, wrapped."""
    table = Table.grid(padding=(0, 2))
    table.title, table.title_justify, table.title_style = block.title, "left", "bold"
    for name, *cells in block.rows:
        table.add_row(Text(f" {name}", style="dim"), *map(Text, cells))
    return table


def _figures(block: Block) -> Table:
    """A column of names and columns of figures, aligned right."""
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
