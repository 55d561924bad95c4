"""Asks a triggered camera whether it is still there: a line that stands is no fault, so silence says nothing. May send the trigger itself."""

from __future__ import annotations

import threading
import time

from inspector.capture.genicam.device import Device
from inspector.capture.genicam.library import AravisError

PROBE_S = 1.0


class Keeper:
    """A thread of its own, as a call on a camera that has gone blocks for seconds."""

    def __init__(self, device: Device, trigger_hz: float | None) -> None:
        self._device = device
        self._interval_s = PROBE_S if trigger_hz is None else 1 / trigger_hz
        self._triggers = trigger_hz is not None
        self._stopping = threading.Event()
        self.found = ""
        """What is wrong with the camera, one line; empty where nothing is."""
        self._thread = threading.Thread(target=self._run, name=f"keeper-{device.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, once a call that blocks has returned."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        due_s = probe_s = time.monotonic()
        while not self._stopping.wait(max(0.0, due_s - time.monotonic())) and not self.found:
            due_s = max(due_s + self._interval_s, time.monotonic())
            if self._triggers:
                try:
                    self._device.execute("TriggerSoftware")
                except AravisError as error:
                    self.found = f"does not take the trigger: {error}"
            if time.monotonic() >= probe_s:
                probe_s = time.monotonic() + PROBE_S
                if not self._device.answers():
                    self.found = "does not answer any more"
