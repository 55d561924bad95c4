"""The report as PDF, by ReportLab: the same tables and pictures as on the page, on A4."""

from __future__ import annotations

import io
from collections.abc import Sequence

from reportlab.lib import colors
from reportlab.lib.enums import TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    Image,
    KeepTogether,
    LongTable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)

from engines.files.text import brief
from inspector.report.blocks import Block
from inspector.report.coil.coil_map import class_colours
from inspector.report.coil.content import CoilReport
from inspector.report.coil.fonts import Fonts, told
from inspector.report.coil.page import MAP_CAPTION
from inspector.report.coil.pictures import Shown, css
from inspector.report.coil.words import NOT_INSPECTED, blocks, sentence, title

_MARGIN = 14 * mm
_PAGE = landscape(A4)
_WIDE = _PAGE[0] - 2 * _MARGIN
_LONGEST_CELL = 600
_SHORT = 16
"""Rows of a table that is not broken."""
_LINE = colors.HexColor("#c9d1dc")
_FAINT = colors.HexColor("#5a6675")


def pdf(report: CoilReport, map_: Shown | None, gallery: Sequence[Shown], fonts: Fonts) -> bytes:
    """The document. Characters that no font has are told of at its end, and in ``fonts.missing``."""
    made = _Document(fonts, title(report))
    story: list[Flowable] = [made.text(title(report), 16), made.text(sentence(report), 9), Spacer(0, 3 * mm)]
    if map_ is not None:
        story += [_picture(map_, _WIDE, 90 * mm), made.key(report), made.text(MAP_CAPTION, 7.5, faint=True)]
    for block in blocks(report):
        story += made.block(block)
    for one in gallery:
        story.append(KeepTogether([Spacer(0, 3 * mm), _picture(one, _WIDE, 60 * mm), made.text(one.caption, 8)]))
    if fonts.missing:
        story += [Spacer(0, 4 * mm), made.text(told(fonts.missing), 8)]
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file, pagesize=_PAGE, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_MARGIN,
        title=title(report), author=report.line, creator="inspector", invariant=1,
    )  # fmt: skip
    document.build(story, onFirstPage=made.foot, onLaterPages=made.foot)
    return file.getvalue()


class _Document:
    def __init__(self, fonts: Fonts, title: str) -> None:
        self._fonts, self._title = fonts, title

    def text(self, words: str, size: float, *, faint: bool = False, right: bool = False) -> Paragraph:
        """Text that wraps, also in the middle of a long word."""
        style = ParagraphStyle(
            "text",
            fontName=self._fonts.main,
            fontSize=size,
            leading=size * 1.3,
            splitLongWords=1,
            textColor=_FAINT if faint else colors.black,
            alignment=TA_RIGHT if right else TA_LEFT,
        )
        shown = words if len(words) <= _LONGEST_CELL else f"{words[: _LONGEST_CELL - 3]}..."
        return Paragraph(self._fonts.marked_up(shown), style)

    def key(self, report: CoilReport) -> Flowable:
        """The classes with their colours."""
        style = ParagraphStyle("key", fontName=self._fonts.main, fontSize=8, leading=11)
        names = [
            f'<font color="{css(colour)}">&#9632;</font> {self._fonts.marked_up(name)}'
            for name, colour in class_colours(report).items()
        ]
        return Paragraph("&nbsp;&nbsp; ".join(names) or " ", style)

    def block(self, block: Block) -> list[Flowable]:
        """A table under its title. The rows of a long one go on on the next page."""
        header = [block.columns] if any(block.columns) else []
        columns = len(block.rows[0]) if block.rows else len(block.columns)
        cells = [
            [self.text(cell, 8, faint=row in header, right=bool(index) and not block.words) for index, cell in enumerate(row)]
            for row in [*header, *block.rows]
        ]  # fmt: skip
        first = 0.34 if block.title == NOT_INSPECTED else 0.22 if block.words and columns > 1 else 0.16
        widths = [_WIDE * first] + [_WIDE * (1 - first) / (columns - 1)] * (columns - 1) if columns > 1 else [_WIDE]
        style = TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.25, _LINE),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
            ]
        )
        table = LongTable(cells, colWidths=widths, style=style, repeatRows=len(header))
        heading: list[Flowable] = [Spacer(0, 4 * mm), self.text(block.title, 11), Spacer(0, 1 * mm)]
        notes: list[Flowable] = [self.text(note, 7.5, faint=True) for note in block.notes]
        short = len(cells) <= _SHORT
        return [KeepTogether([*heading, table, *notes])] if short else [*heading, table, *notes]

    def foot(self, canvas: Canvas, document: SimpleDocTemplate) -> None:
        """Which coil it is, and the number of the page."""
        name = self.text(brief(self._title, 100), 7, faint=True)
        name.wrap(_WIDE - 20 * mm, 4 * mm)
        name.drawOn(canvas, _MARGIN, 6 * mm)
        canvas.setFont(self._fonts.main, 7)
        canvas.setFillColor(_FAINT)
        canvas.drawRightString(_PAGE[0] - _MARGIN, 7 * mm, str(document.page))


def _picture(shown: Shown, widest: float, highest: float) -> Image:
    scale = min(widest / shown.width, highest / shown.height)
    return Image(io.BytesIO(shown.data), width=shown.width * scale, height=shown.height * scale)
