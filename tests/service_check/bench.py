"""What every check is given."""

from __future__ import annotations

import itertools
from typing import Any

from tests.installed.install import ROOT
from tests.service_check.container import Container
from tests.service_check.service_line import ServiceLine


class Bench:
    """A booted container with the service, and new lines on it."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.lines: list[ServiceLine] = []
        self._ports = itertools.count(5550, 2)  # recovery takes the next one

    def line(self, name: str, *, endpoint: str = "", alone: bool = False, **changes: Any) -> ServiceLine:
        """A line that is configured and does not run yet, on a port of its own unless ``endpoint`` is given; ``alone``: its start waits for
        no subscriber."""
        endpoint = endpoint or f"tcp://127.0.0.1:{next(self._ports)}"
        line = ServiceLine(self.container, name, endpoint, alone, **changes)
        self.lines.append(line)
        return line

    def clear(self) -> None:
        """Stop the lines of a check."""
        for line in self.lines:
            line.clear()
        self.lines.clear()

    def log_of_lines(self) -> list[str]:
        """The end of the log of each line of a check."""
        return [str(entry) for line in self.lines for entry in line.journal()[-25:]]


def unit_value(key: str) -> str:
    """What the unit of a line sets this key to; empty where it does not."""
    unit = (ROOT / "systemd/inspector@.service").read_text(encoding="utf-8")
    return next((text.partition("=")[2] for text in unit.splitlines() if text.startswith(f"{key}=")), "")
