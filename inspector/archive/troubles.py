"""What the archive tells a person: that it cannot be written, is full, leaves frames out, or will be full soon. Nothing of it concerns verdicts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from inspector.archive.entry import Evidence
from inspector.archive.messages import Standing

log = logging.getLogger(__name__)

Report = Callable[[str, bool, str, str], None]
"""``report(part, well, code, text)``, as ``LineStatus.condition`` without degrading."""
PART = "archive"
CALM_S = 10.0
"""Frames are told to be left out until none was for so long."""
SETTLED_S = 3.0
"""What fails and works in turn is told as failing until it has worked for so long."""
WELL = "archive_well"


class _Lasting:
    """A trouble that is over when it was said to be, and did not come again for a while."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._text, self._over = "", True
        self._last_s = float("-inf")

    def come(self, text: str) -> None:
        """It is there."""
        self._text, self._over, self._last_s = text, False, self._clock_s()

    def end(self) -> None:
        """It is over, unless it comes again."""
        self._over = True

    @property
    def now(self) -> str:
        """Its text at this moment; empty where it is over."""
        return "" if self._over else self._text

    @property
    def told(self) -> str:
        """The text as a person is told it."""
        return self._text if not self._over or self._clock_s() - self._last_s < SETTLED_S else ""


class Troubles:
    """Keeps what is wrong, and reports the worst of it when that changes. Guarded by the lock of ``Books``, but ``tell``."""

    def __init__(
        self, path: str, warn_days: float, report: Report, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._path, self._warn_days, self._report, self._clock_s = path, warn_days, report, clock_s
        self._failing = _Lasting(clock_s)
        self._full: dict[Evidence | None, _Lasting] = {one: _Lasting(clock_s) for one in (None, *Evidence)}
        """By class of evidence; None: the disk, for all of them."""
        self._filling = ""
        self._left_out: dict[Evidence, int] = {}
        self._left_out_s = float("-inf")
        self._told = WELL

    @property
    def error(self) -> str:
        """Why nothing is archived; empty where it is."""
        return self._failing.now or next((one.now for one in self._full.values() if one.now), "")

    def failing(self, why: str) -> None:
        """It cannot be written."""
        self._failing.come(why)

    def full(self, evidence: Evidence | None, why: str) -> None:
        """There is no room for frames of that class; None: for any."""
        self._full[evidence].come(why)

    def opened(self) -> None:
        """It can be written, as far as is known."""
        self._failing.end()

    def written(self, evidence: Evidence) -> None:
        """A frame of that class was archived."""
        self._failing.end()
        self._full[None].end()
        self._full[evidence].end()

    def left_out(self, evidence: Evidence) -> None:
        """A frame was left out because others wait."""
        if self._clock_s() - self._left_out_s > CALM_S:
            self._left_out = {}
        self._left_out[evidence] = self._left_out.get(evidence, 0) + 1
        self._left_out_s = self._clock_s()

    def standing(self, standing: Standing) -> None:
        """How full it is."""
        days = {f"the quota of {name}": one.days for name, one in standing.classes.items()}
        days["the archive"] = standing.days
        soon = {what: left for what, left in days.items() if left is not None and 0 < left < self._warn_days}
        self._filling = ""
        if soon:
            what = min(soon, key=lambda one: soon[one])
            self._filling = (
                f"{what} is full in {_in_words(soon[what])} at the present rate; then the oldest frames are deleted"
            )

    def news(self) -> tuple[str, str] | None:
        """What there is to ``tell``; None where nothing has changed. Under that lock."""
        code, text = self._worst()
        if code == self._told:
            return None
        self._told = code
        return code, text

    def tell(self, news: tuple[str, str]) -> None:
        """Report it. Not under the lock."""
        code, text = news
        well = code == WELL
        log.log(
            logging.INFO if well else logging.WARNING,
            "the archive in %s: %s; verdicts are given as before",
            self._path,
            text,
            extra={"code": code},
        )
        self._report(PART, well, code, f"the archive in {self._path}: {text}")

    def _worst(self) -> tuple[str, str]:
        """Code and text."""
        full = next((one.told for one in self._full.values() if one.told), "")
        if self._failing.told:
            told = "archive_failing", self._failing.told
        elif full:
            told = "archive_full", full
        elif self._clock_s() - self._left_out_s <= CALM_S:
            counts = ", ".join(f"{count} {evidence.value}" for evidence, count in sorted(self._left_out.items()))
            told = "archive_skipping", f"frames come faster than they are archived; left out so far: {counts}"
        elif self._filling:
            told = "archive_filling", self._filling
        else:
            told = "archive_well", "archives again"
        return told


def _in_words(days: float) -> str:
    if days >= 2:
        return f"{days:.0f} days"
    return f"{days * 24:.0f} h" if days * 24 >= 2 else f"{days * 24 * 60:.0f} min"
