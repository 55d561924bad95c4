"""The encoder of one camera: raw counts of a counter that turns over become positions.

Between two counts the sheet cannot have moved further than its greatest speed allows. A count that says otherwise was reset (a camera that was
switched off begins at 0), and one after so long a time that the counter may have turned over says nothing: from then on no position is known
until ``restart``. A count that goes back within these bounds is a sheet that runs back: the position is the measured one, and ``state`` says so.
"""

from __future__ import annotations

from enum import Enum

from inspector.config.positions import EncoderConfig
from inspector.protocol.values import LARGEST

_SLACK_S = 1.0
"""Capture times are those of this machine, which may have been late."""


class EncoderState(Enum):
    """What the last counts say."""

    WELL = "encoder_well"
    BACK = "encoder_back"
    """The sheet is behind the furthest point that it has reached."""
    JUMPED = "encoder_jumped"
    """No position is known."""
    MISSING = "encoder_missing"
    """The frames carry no count."""


class Encoder:
    """Positions of one camera from its counts, in the order of the frames."""

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        self._range = 1 << config.bits
        self._last: tuple[int, int] | None = None
        """The last raw count, forward, and its capture time; None before the first."""
        self._count = 0
        """The last count, unwrapped."""
        self._zero_um = 0.0
        """Position of the unwrapped count 0."""
        self._furthest_um = 0.0
        self.state = EncoderState.WELL
        self.text = ""
        """What is wrong, one line; empty where the state is WELL."""

    def resume(self, raw: int, position_um: int | None, captured_ns: int) -> None:
        """Go on from a count of before, captured at ``captured_ns`` (monotonic); None: the position was not known then."""
        if not self._fits(raw):
            self._jump(f"its last count, {raw}, does not fit its {self._config.bits} bits")
            return
        if position_um is None:
            self._jump("its position was not known when the line stopped")
        self._last = self._forward(raw), captured_ns
        if position_um is not None:
            self._zero_um = self._furthest_um = position_um

    def restart(self) -> None:
        """Begin to count again where the count has jumped; what was the furthest point does not matter any more."""
        if self.state is EncoderState.JUMPED:
            self._last, self._zero_um = None, 0.0
        self._furthest_um = float("-inf")
        self._well()

    def read(self, raw: int, captured_ns: int) -> int | None:
        """The position at a raw count, um; None where it is not known."""
        if self.state is EncoderState.MISSING:
            self._well()
        if self.state is EncoderState.JUMPED:
            return None
        if not self._fits(raw):
            self._jump(f"the count {raw} does not fit {self._config.bits} bits; set encoder.bits")
            return None
        forward = self._forward(raw)
        if self._last is None:
            # Its own value, not 0: cameras on one encoder then have the same positions.
            self._count = self._signed(raw)
            self._furthest_um = self._count * self._config.um_per_count
        elif not self._step(forward, captured_ns):
            return None
        position_um = self._zero_um + self._count * self._config.um_per_count
        if abs(position_um) > LARGEST // 2:  # differences and places of defects are to be told too
            self._jump(
                f"the count {raw} is a position beyond all that can be told; set encoder.bits, or the counter to 0"
            )
            return None
        self._last = forward, captured_ns
        self._look(position_um)
        return round(position_um)

    def missing(self) -> None:
        """A frame carries no count."""
        if self.state is not EncoderState.JUMPED:
            self.state, self.text = (
                EncoderState.MISSING,
                "its frames carry no count; turn it on in the camera (chunk data)",
            )

    def _fits(self, raw: int) -> bool:
        return -self._range // 2 <= raw < self._range

    def _signed(self, raw: int) -> int:
        return -raw if self._config.reversed else raw

    def _forward(self, raw: int) -> int:
        return self._signed(raw) % self._range

    def _step(self, forward: int, captured_ns: int) -> bool:
        """Unwrap a count; False where that cannot be done."""
        assert self._last is not None, "read looks for it"
        last, last_ns = self._last
        half = self._range // 2
        steps = (forward - last + half) % self._range - half
        passed_s = max(0, captured_ns - last_ns) / 1e9
        speed_um = self._config.fastest_m_per_s * 1e6
        if speed_um * passed_s >= half * self._config.um_per_count:
            self._jump(f"{passed_s:.3g} s without a count: at its greatest speed the counter may have turned over")
            return False
        if abs(steps) * self._config.um_per_count > speed_um * (passed_s + _SLACK_S):
            moved_m = steps * self._config.um_per_count / 1e6
            self._jump(f"its count went from {last} to {forward} ({moved_m:+.4g} m) in {passed_s:.3g} s; it was reset")
            return False
        self._count += steps
        return True

    def _look(self, position_um: float) -> None:
        behind_um = self._furthest_um - position_um
        if behind_um > self._config.jitter_um:
            self.text = (
                f"it counts back, {behind_um / 1000:.4g} mm behind the furthest point so far; "
                "set encoder.reversed where the sheet moves forward"
            )
            self.state = EncoderState.BACK
        else:
            self._furthest_um = max(self._furthest_um, position_um)
            self._well()

    def _well(self) -> None:
        self.state, self.text = EncoderState.WELL, ""

    def _jump(self, text: str) -> None:
        self.state, self.text = EncoderState.JUMPED, f"{text}; positions are unknown until the next run begins"
