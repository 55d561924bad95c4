"""The positive control: errors planted into the processes of a soak, which its checks must find.

The variable is read here only, in processes that ``inspector soak`` starts itself; the code of the line knows nothing of it.
"""

from __future__ import annotations

import itertools
import os
import threading
from typing import Any

VARIABLE = "INSPECTOR_SOAK_PLANT"
PLANTS = {
    "leak": "the daemon keeps 4 MiB more each second",
    "lost": "the daemon publishes no verdict for every 50th frame",
    "wrong-pass": "the daemon publishes PASS for every fifth frame that is to be rejected",
    "wrong-gate": "the reject controller takes every REJECT for a PASS",
}
_STEP_BYTES, _STEP_S = 128 << 10, 1 / 32
_EVERY_LOST, _EVERY_WRONG = 50, 5


def planted() -> list[str]:
    """What is to be planted into the processes of this soak."""
    return [one for one in os.environ.get(VARIABLE, "").split(",") if one]


def plant_in_daemon() -> None:
    """Plant what is to be planted there."""
    for name, plant in (("leak", _leak), ("lost", _lost), ("wrong-pass", _wrong_pass)):
        if name in planted():
            plant()


def plant_in_gate() -> None:
    """Plant what is to be planted into the reject controller."""
    if "wrong-gate" not in planted():
        return
    import inspector.client.controller.decision as module
    from inspector.frames.outcome import Verdict
    from inspector.protocol.messages import ResultBody

    decision: Any = module
    right = decision.passes

    def passes(packet: Any, *rest: Any) -> bool:
        rejected = isinstance(packet.body, ResultBody) and packet.body.verdict is Verdict.REJECT
        return rejected or bool(right(packet, *rest))

    decision.passes = passes


def _leak() -> None:
    kept: list[bytes] = []

    def keep() -> None:
        while not over.wait(_STEP_S):
            kept.append(os.urandom(_STEP_BYTES))

    over = threading.Event()
    threading.Thread(target=keep, name="planted-leak", daemon=True).start()


def _lost() -> None:
    from inspector.results.results import Results

    queue, count = Results.queue, itertools.count(1)

    def lose(self: Any, settled: Any) -> None:
        if next(count) % _EVERY_LOST:
            queue(self, settled)

    Results.queue = lose  # type: ignore[method-assign]


def _wrong_pass() -> None:
    import msgspec

    from inspector.frames.outcome import Reason, Verdict
    from inspector.results.results import Results

    queue, count = Results.queue, itertools.count(1)

    def pass_some(self: Any, settled: Any) -> None:
        if settled.outcome.verdict is Verdict.REJECT and not next(count) % _EVERY_WRONG:
            wrong = msgspec.structs.replace(
                settled.outcome,
                verdict=Verdict.PASS,
                reason=Reason.NO_DEFECT,
                detail="",
                defects=(),
                defect_pixels=(0,) * len(settled.outcome.defect_pixels),
            )
            settled = msgspec.structs.replace(settled, outcome=wrong)
        queue(self, settled)

    Results.queue = pass_some  # type: ignore[method-assign]
