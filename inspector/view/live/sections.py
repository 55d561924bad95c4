"""What pages are sent of a line: a few sections, each encoded once however many pages are open, and sent where it changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from inspector.protocol.messages import HealthReason, LineState, Signal
from inspector.view.live.accounts import account
from inspector.view.live.live_line import LiveLine
from inspector.view.live.words import REASONS, SIGNALS, STANDING, STATES, TROUBLES, details

_HOLES_EVERY_S = 1.0
_FIGURES_EVERY_S = 0.5
_ACCOUNT_EVERY_S = 0.5
_REJECTS_EVERY_S = 1.0
_STRIP_EVERY_S = 0.25
_encode = msgspec.json.Encoder().encode


class Section:
    """One part of what is sent."""

    def __init__(self) -> None:
        self.version = 0
        """Rises with every change; 0: there is nothing yet."""
        self.data = b""
        """JSON."""
        self._seen: object = None
        self._made_s = float("-inf")

    def renew(self, make: Callable[[], object], now_s: float, every_s: float = 0.0, of: object = None) -> None:
        """Make it again, at most every ``every_s``, where ``of`` is another than before (None: always)."""
        if now_s - self._made_s < every_s or (of is not None and of == self._seen):
            return
        self._made_s, self._seen = now_s, of
        data = _encode(make())
        if data != self.data:
            self.data, self.version = data, self.version + 1


class Sections:
    """Of one line. For one thread at a time."""

    def __init__(self, live: LiveLine) -> None:
        self._live = live
        self.all = {name: Section() for name in ("now", "figures", "run", "strip", "holes", "marks", "rejects", "log")}

    def renew(self, now_s: float) -> None:
        """Look at the line."""
        live, all_ = self._live, self.all
        all_["now"].renew(lambda: now(live, now_s), now_s)
        all_["figures"].renew(lambda: figures(live), now_s, _FIGURES_EVERY_S)
        all_["run"].renew(lambda: run(live), now_s, _ACCOUNT_EVERY_S)
        all_["strip"].renew(lambda: strip(live), now_s, _STRIP_EVERY_S)
        all_["rejects"].renew(live.rejects.listed, now_s, _REJECTS_EVERY_S, of=live.rejects.changed)
        all_["log"].renew(lambda: list(live.log)[::-1], now_s, of=live.logged)
        all_["marks"].renew(lambda: live.coil.listed(), now_s, of=(live.coils.changed, live.run, live.began_ns))
        changed = (None, 0) if live.strip is None else (live.strip.boxes.generation, live.strip.changed)
        all_["holes"].renew(lambda: holes(live), now_s, _HOLES_EVERY_S, of=changed)


def now(live: LiveLine, now_s: float) -> dict[str, Any]:
    """How the line is."""
    silent = live.silent(now_s)
    status = live.status
    signal = None if status is None else status.health.signal
    if signal is None and live.state is LineState.RUNNING:
        signal = Signal.NORMAL
    return {
        "line": live.line,
        "endpoint": live.endpoint,
        "simulated": live.simulated,
        "silent": silent,
        "silent_s": None if live.heard_s is None or not silent else round(now_s - live.heard_s),
        "lost_link": live.lost_link,
        "catching_up": live.catching_up,
        "state": None if live.state is None else live.state.value,
        "state_text": "Not heard yet" if live.state is None else STATES[live.state],
        "signal": None if signal is None else signal.value,
        "signal_text": "" if signal is None else SIGNALS[signal],
        "health_told": status is not None,
        "reasons": [] if status is None else [_reason(one) for one in _in_order(status.health.reasons)],
        "engines": "" if status is None else status.engines,
    }


def _in_order(reasons: Iterable[HealthReason]) -> list[HealthReason]:
    """The worst first, as the line says them; of those as bad, what somebody at the line can mend."""
    severity = list(Signal)
    return sorted(reasons, key=lambda one: (severity.index(one.signal), one.code in STANDING))


def _reason(one: HealthReason) -> dict[str, Any]:
    part, text = details(one.part, one.text)
    words = TROUBLES.get(one.code, "")
    return {"part": part, "text": text, "signal": one.signal.value, "words": words, "standing": one.code in STANDING}


def figures(live: LiveLine) -> dict[str, Any]:
    """Figures of the last seconds."""
    at_ns = live.stream_ns
    speed, shares = live.speed.m_per_min(at_ns), live.rates.shares(at_ns)
    percentiles = live.latencies.percentiles(at_ns)
    return {
        "frames_per_s": round(live.rates.per_s(at_ns), 1),
        "shares": {verdict.value: round(share, 4) for verdict, share in shares.items()},
        "speed_m_min": None if speed is None else round(speed, 1),
        "latency_ms": None if percentiles is None else [round(one, 1) for one in percentiles],
        "deadline_ms": live.deadline_ms,
    }


def run(live: LiveLine) -> dict[str, Any]:
    """What is counted of the run."""
    accounted = None if live.strip is None else account(live.strip, live.missed)
    coil = None if live.coil.body is None else live.coil.body[1]
    reasons = {REASONS[reason]: count for reason, count in live.reasons.most_common() if reason in REASONS}
    return {
        "run": live.run,
        "recipe": live.recipe,
        "bundle": live.bundle,
        "ended": live.strip is not None and live.strip.ended,
        "verdicts": {verdict.value: count for verdict, count in live.verdicts.items()},
        "reasons": reasons,
        "defects": {} if live.strip is None else dict(live.strip.defects.most_common(20)),
        "late": live.late,
        "account": accounted,
        "notes": [] if live.strip is None else live.strip.notes,
        "coil": None
        if coil is None
        else {"state": coil.state, "grade": coil.grade, "why": coil.why, "length_mm": coil.length_mm},
    }


def strip(live: LiveLine) -> dict[str, Any] | None:
    """Where the cameras are on the strip."""
    if live.strip is None:
        return None
    return {
        "generation": live.strip.boxes.generation,
        "classes": live.strip.classes,
        "boxes": len(live.strip.boxes),
        "cameras": live.strip.reaches,
    }


def holes(live: LiveLine) -> list[Any]:
    """What nobody inspected."""
    if live.strip is None:
        return []
    return [
        {
            "face": one.area.face,
            "from_mm": one.area.from_mm,
            "to_mm": one.area.to_mm,
            "x_from_mm": one.area.x_from_mm,
            "x_to_mm": one.area.x_to_mm,
            "why": "no message" if one.reason is None else REASONS.get(one.reason, one.reason.value),
            "frames": one.frames,
        }
        for one in live.strip.unknowns
    ]


def clock_ms() -> int:
    """Of this machine, for pages to say how old what they show is."""
    return time.time_ns() // 10**6
