"""Yes-or-no decisions against the truth."""

from __future__ import annotations

import msgspec


class Confusion(msgspec.Struct, kw_only=True):
    """Frames by decision and truth; positive means defective."""

    tp: int = 0
    """Defective and caught."""
    fn: int = 0
    """Defective and missed."""
    fp: int = 0
    """Clean and caught."""
    tn: int = 0
    """Clean and passed."""

    def add(self, *, caught: bool, defective: bool) -> None:
        if defective:
            self.tp, self.fn = self.tp + caught, self.fn + (not caught)
        else:
            self.fp, self.tn = self.fp + caught, self.tn + (not caught)

    @property
    def recall(self) -> float | None:
        """Share of the defective frames that were caught, tp / (tp + fn); None where there are none."""
        return _share(self.tp, self.fn)

    @property
    def false_alarm_rate(self) -> float | None:
        """Share of the clean frames that were caught, fp / (fp + tn); None where there are none."""
        return _share(self.fp, self.tn)

    @property
    def precision(self) -> float | None:
        """Share of the caught frames that are defective, tp / (tp + fp); None where none was caught."""
        return _share(self.tp, self.fp)


def _share(part: int, rest: int) -> float | None:
    return part / (part + rest) if part + rest else None
