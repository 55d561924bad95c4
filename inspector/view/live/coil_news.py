"""What is found on the coils of a line while they are made: state, grade and roll marks, as ``inspector coil follow`` publishes them."""

from __future__ import annotations

from dataclasses import dataclass, field

from inspector.frames.coil import RollMark
from inspector.protocol.coil import CoilBody, CoilState, RollMarkBody
from inspector.protocol.messages import Body

_MOST_RUNS = 8
MOST_MARKS = 50
_SAME_PERIOD = 0.02


@dataclass
class CoilNews:
    """Of one run."""

    body: CoilBody | None = None
    marks: list[RollMark] = field(default_factory=list)


class Coils:
    """Of the last runs: what is found may be heard before the line is."""

    def __init__(self) -> None:
        self.changed = 0
        """Rises with every roll mark."""
        self._runs: dict[str, CoilNews] = {}

    def of(self, run: str | None) -> CoilNews:
        """What is known of a run."""
        return self._runs.get(run or "", CoilNews())

    def feed(self, run: str, body: Body) -> None:
        """A message about a coil."""
        if not isinstance(body, CoilBody | RollMarkBody):
            return
        if run not in self._runs or (isinstance(body, CoilBody) and body.state is CoilState.BEGUN):
            self._runs.pop(run, None)
            while len(self._runs) >= _MOST_RUNS:
                del self._runs[next(iter(self._runs))]
            self._runs[run] = CoilNews()
            self.changed += 1
        news = self._runs[run]
        if isinstance(body, CoilBody):
            news.body = body
        else:
            self._marked(news, body.mark)

    def _marked(self, news: CoilNews, mark: RollMark) -> None:
        """A mark that goes on is told again, as it is known by then."""
        self.changed += 1
        for place, before in enumerate(news.marks):
            if _same(before, mark):
                news.marks[place] = mark
                return
        if len(news.marks) < MOST_MARKS:
            news.marks.append(mark)


def _same(one: RollMark, other: RollMark) -> bool:
    return (
        one.class_name == other.class_name
        and one.area.face == other.area.face
        and one.area.x_from_mm <= other.area.x_to_mm
        and other.area.x_from_mm <= one.area.x_to_mm
        and abs(one.period_mm - other.period_mm) <= _SAME_PERIOD * one.period_mm
    )
