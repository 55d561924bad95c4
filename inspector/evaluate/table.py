"""Blocks in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.report.blocks import Block
from inspector.report.table import block_table


def tables(made: Sequence[Block]) -> Group:
    """The blocks one below the other with their notes, for ``rich.console.Console.print``."""
    parts: list[RenderableType] = []
    for one in made:
        parts.append(block_table(one) if any(one.columns) else _pairs(one))
        parts += [Padding(Text(note, style="dim"), (0, 0, 0, 1)) for note in one.notes]
        parts.append(Text())
    return Group(*parts)


def _pairs(block: Block) -> Table:
    """Names and words, which may be long: left-aligned, wrapped."""
    table = Table.grid(padding=(0, 2))
    table.title, table.title_justify, table.title_style = block.title, "left", "bold"
    for row in block.rows:
        table.add_row(*(Text(cell, style="dim" if not at else "") for at, cell in enumerate((f" {row[0]}", *row[1:]))))
    return table
