"""What the user asks of the gate: a bound on its miss rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Method = Literal["exact", "conformal"]
METHODS: tuple[Method, ...] = ("exact", "conformal")


@dataclass(frozen=True, slots=True)
class MissRateTarget:
    """At most ``miss_rate`` of the defective frames are lost at the gate.

    ``exact``: true with probability ``confidence`` over the draw of the calibration frames, for all frames to come (Clopper and Pearson,
    1934). ``conformal``: true on average over calibration sets and the next frame, so ``confidence`` plays no part; it takes a third of
    the frames, and says less (Vovk et al., 2005).

    ``by_size``: a lost frame counts as much as its defects are large: its weight is min(defective px, ``size_cap_px``) / ``size_cap_px``,
    and the bound is on the share of that weight that is lost. The cap is fixed beforehand, because the bound needs weights that are
    bounded, and because without it one corroded sheet would outweigh all others.
    """

    miss_rate: float = 0.01
    confidence: float = 0.95
    method: Method = "exact"
    by_size: bool = False
    size_cap_px: int = 20_000

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be asked for."""
        if self.method not in METHODS:
            raise ValueError(f"method {self.method!r} is not known; use one of {', '.join(METHODS)}")
        if not 0 < self.miss_rate < 1 or not 0 < self.confidence < 1:
            raise ValueError(
                f"miss rate {self.miss_rate:g} and confidence {self.confidence:g}: both must lie between 0 and 1, e.g. 0.01 and 0.95"
            )
        if self.size_cap_px < 1:
            raise ValueError(f"size cap {self.size_cap_px} px: must be at least 1")

    @property
    def description(self) -> str:
        """For people: "at most 1 % of defective frames lost, with 95 % confidence"."""
        of = f"of the defective area (at most {self.size_cap_px} px a frame)" if self.by_size else "of defective frames"
        how = f"with {percent(self.confidence)} confidence" if self.method == "exact" else "on average (conformal)"
        return f"at most {percent(self.miss_rate)} {of} lost, {how}"


def percent(share: float) -> str:
    """``0.0153`` as ``1.53 %``."""
    return f"{100 * share:.3g} %"
