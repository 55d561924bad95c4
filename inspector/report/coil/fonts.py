"""Fonts of a PDF: which of them has a character, and what is written for one that none has.

A PDF carries its fonts, so they must be files on this machine: those that the configuration names come first, then DejaVu Sans and Noto Sans CJK
where their packages put them (Debian: fonts-dejavu-core, fonts-noto-cjk).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from engines.errors import FileError

KNOWN = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
)
"""ReportLab reads outlines of TrueType only, so Noto's CJK fonts (CFF) cannot be embedded."""


class Fonts:
    """Fonts in the order in which they are asked for a character."""

    def __init__(self, wanted: Sequence[Path] = ()) -> None:
        """Raises FileError for a font of ``wanted`` that cannot be used."""
        self._fonts: list[TTFont] = []
        self.missing: set[str] = set()
        """Characters that were to be written and that no font has."""
        for path in wanted:
            self._add(path, path.stem)
        for known in map(Path, KNOWN):
            if known.is_file():
                try:
                    self._add(known, known.stem)
                except FileError:
                    continue

    @property
    def main(self) -> str:
        """Name of the font of ordinary text. ReportLab's Vera, which it carries, where there is no other."""
        if not self._fonts:
            self._fonts.append(TTFont("Vera", "Vera.ttf"))
            pdfmetrics.registerFont(self._fonts[0])
        return str(self._fonts[0].fontName)

    def marked_up(self, text: str) -> str:
        """The text as ReportLab's markup, each character in the first font that has it. One that none has is written by its number,
        ``U+92FC``, and kept in ``missing``."""
        main, parts = self.main, []
        for font, run in self._runs(text):
            parts.append(escape(run) if font == main else f'<font name="{font}">{escape(run)}</font>')
        return "".join(parts)

    def _runs(self, text: str) -> Iterable[tuple[str, str]]:
        runs: list[tuple[str, str]] = []
        for character in text:
            font, written = self._font_of(character)
            if runs and runs[-1][0] == font:
                runs[-1] = (font, runs[-1][1] + written)
            else:
                runs.append((font, written))
        return runs

    def _font_of(self, character: str) -> tuple[str, str]:
        main = self.main
        if character.isspace():
            return main, " "
        code = ord(character)
        for font in self._fonts:
            if code in font.face.charToGlyph:
                return str(font.fontName), character
        self.missing.add(character)
        return main, f"[U+{code:04X}]"

    def _add(self, path: Path, name: str) -> None:
        try:
            font = TTFont(name, str(path))
            pdfmetrics.registerFont(font)
        except (TTFError, OSError) as error:
            raise FileError(f"{path}: cannot be used as a font ({error}); expected TrueType outlines (*.ttf)") from None
        self._fonts.append(font)


def told(missing: Iterable[str]) -> str:
    """One line about the characters that no font has; empty where there are none."""
    codes = sorted({f"U+{ord(one):04X}" for one in missing})
    if not codes:
        return ""
    shown = ", ".join(codes[:12]) + (", ..." if len(codes) > 12 else "")
    return f"{len(codes)} characters are in no font on this machine and are written by their numbers: {shown}. Install fonts-dejavu-core or name a font that has them."
