"""Chooses faults at random, and waits after each until all is well again."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from inspector.client.control import NoAnswer
from inspector.client.controller.rearm import ask
from inspector.soak.faults import FAULTS, Fault
from inspector.soak.findings import Findings, Kind
from inspector.soak.plan import SoakSettings
from inspector.soak.scene import Broken, Over, Scene

_FRAMES = 10
"""Inspected after a fault, before it counts as over."""


class Director(threading.Thread):
    """Does faults until it is told to stop."""

    def __init__(
        self,
        scene: Scene,
        settings: SoakSettings,
        findings: Findings,
        stop: threading.Event,
        did: Callable[[str, float], None],
    ) -> None:
        """``did`` is called after each fault, with how long it took from its beginning until all was well."""
        super().__init__(name="director", daemon=True)
        self.done: Counter[str] = Counter()
        self.longest_s: dict[str, float] = {}
        self.error: Exception | None = None
        """Of the program, which ends the soak."""
        self.now = ""
        """The fault that is on; empty: none."""
        self._scene, self._settings, self._findings, self._stop_set, self._did = scene, settings, findings, stop, did
        self._chance = random.Random(settings.seed)
        self._restart_s = time.monotonic() + settings.restart_every_s

    def run(self) -> None:
        """Until the end of the soak."""
        try:
            while True:
                self._scene.pause(self._chance.uniform(*self._settings.pause_s))
                self._fault(self._next())
        except Over:
            pass
        except Exception as error:
            self.error = error

    @property
    def restarting(self) -> bool:
        """Whether the fault that is on ends the daemon."""
        return any(one.restarts and one.name == self.now for one in FAULTS)

    def _next(self) -> Fault:
        """One by its weight. Always one draw, so that a seed gives the same faults however long each takes."""
        early = time.monotonic() < self._restart_s
        fault = self._chance.choices(FAULTS, [one.weight for one in FAULTS])[0]
        if fault.restarts and early:
            fault = next(one for one in FAULTS if one.name == "child_killed")
        return fault

    def _fault(self, fault: Fault) -> None:
        begun_s, self.now = time.monotonic(), fault.name
        chance = random.Random(self._chance.getrandbits(64))
        try:
            try:
                fault.do(self._scene, chance)
            except ProcessLookupError:
                pass  # it had ended just then, and is seen to be well below
            except Broken as broken:
                self._findings.broken(Kind.TOLD, f"{fault.name}: {broken}")
            try:
                self._well_again()
            except Broken as broken:
                self._findings.broken(Kind.WELL, f"after {fault.name}: {broken}")
        finally:
            self.done[fault.name] += 1
            took_s = time.monotonic() - begun_s
            self.longest_s[fault.name] = max(took_s, self.longest_s.get(fault.name, 0.0))
            self.now = ""
        if fault.restarts:
            self._restart_s = time.monotonic() + self._settings.restart_every_s
        self._did(fault.name, took_s)

    def _well_again(self) -> None:
        """Raises Broken and Over."""
        heard = self._scene.heard
        inspected = heard.inspected + _FRAMES
        self._scene.until(lambda: heard.well and heard.inspected >= inspected, "the line is well and inspects")
        passed = heard.passed + 1
        self._scene.until(lambda: self.arm() and heard.passed >= passed, "the controller lets sheets through")
        epoch, seq = heard.stream[1], heard.seq
        self._scene.until(
            lambda: heard.second[0] == epoch and heard.second[1] >= seq, "the second subscriber has everything"
        )

    def arm(self) -> bool:
        """Clear the controller's faults, as a person would who has looked; False where it has some."""
        if not self._scene.heard.faults:
            return True
        with suppress(NoAnswer):
            ask(self._scene.places.rearm, "rearm", "soak", timeout_ms=500)
        return False
