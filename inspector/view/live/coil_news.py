"""What is found on the coils of a line while they are made: state, grade and roll marks, as ``inspector coil follow`` publishes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from inspector.protocol.codec import Packet
from inspector.protocol.coil import CoilBody, CoilState, MarkState, RollMarkBody

_MOST_RUNS = 8
MOST_MARKS = 50
_APART_NS = 5 * 10**9
"""The clocks of the line and of what follows its coils may differ by so much, where they are on two machines."""


@dataclass
class CoilNews:
    """Of one run. Each has when it was said."""

    body: tuple[int, CoilBody] | None = None
    marks: dict[int, tuple[int, RollMarkBody]] = field(default_factory=dict)
    """By their numbers, each as it was told last."""

    def since(self, began_ns: int) -> CoilNews:
        """What was said after a run began: what is older is of an earlier run of the same name."""
        from_ns = began_ns - _APART_NS
        return CoilNews(
            self.body if self.body is not None and self.body[0] >= from_ns else None,
            {number: mark for number, mark in self.marks.items() if mark[0] >= from_ns},
        )

    def listed(self) -> list[dict[str, Any]]:
        """Its roll marks for the page: those that go on first."""
        marks = sorted(self.marks.values(), key=lambda one: one[1].state is MarkState.OVER)
        return [{**msgspec.to_builtins(one.mark), "over": one.state is MarkState.OVER} for _, one in marks]


class Coils:
    """Of the last runs: what is found may be heard before the line is."""

    def __init__(self) -> None:
        self.changed = 0
        """Rises with every roll mark."""
        self._runs: dict[str, CoilNews] = {}

    def of(self, run: str | None, began_ns: int = 0) -> CoilNews:
        """What is known of a run that began then, by the line's clock."""
        return self._runs.get(run or "", CoilNews()).since(began_ns)

    def feed(self, packet: Packet) -> None:
        """A message about a coil."""
        run, body, at_ns = packet.header.run, packet.body, packet.header.published_unix_ns
        if run is None or not isinstance(body, CoilBody | RollMarkBody):
            return
        if run not in self._runs or (isinstance(body, CoilBody) and body.state is CoilState.BEGUN):
            self._runs.pop(run, None)
            while len(self._runs) >= _MOST_RUNS:
                del self._runs[next(iter(self._runs))]
            self._runs[run] = CoilNews()
            self.changed += 1
        news = self._runs[run]
        if isinstance(body, CoilBody):
            news.body = at_ns, body
        elif body.number in news.marks or len(news.marks) < MOST_MARKS:
            news.marks[body.number] = at_ns, body
            self.changed += 1
