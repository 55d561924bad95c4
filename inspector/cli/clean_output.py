"""Cleans what rich prints: the control characters in texts, not those that rich itself makes."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook, RenderResult
from rich.measure import Measurement
from rich.segment import Segment

from engines.files.text import printable_lines


class CleanOutput(RenderHook):
    """For ``Console.push_render_hook``."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Each of them, cleaned when it is drawn."""
        return [_Cleaned(one) for one in renderables]


@dataclass(frozen=True)
class _Cleaned:
    inner: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for one in console.render(self.inner, options):
            yield one if one.control else Segment(printable_lines(one.text), one.style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self.inner)
