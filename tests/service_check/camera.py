"""A GigE Vision camera in the network of the container: Aravis' fake camera, in a process of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import AbstractContextManager

from tests.installed.install import ROOT
from tests.service_check.container import CheckError, Container
from tests.tiny_bundle import HEIGHT, WIDTH

ADDRESS = "127.0.0.1"


class Camera(AbstractContextManager["Camera"]):
    """Sends frames of the bundle of the checks to whoever opens it."""

    def __init__(self, container: Container, rate_hz: float = 50) -> None:
        self._command = [
            *container.enter("--net"), sys.executable, "-m", "tests.capture.genicam.fake_camera",
            f"--address={ADDRESS}", f"--height={HEIGHT}", f"--width={WIDTH}", f"--rate={rate_hz:g}",
        ]  # fmt: skip
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Camera:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, again after ``kill``; returns once it answers."""
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            _, said = self._process.communicate()
            raise CheckError(f"the fake camera did not start (apt-get install libaravis-0.8-0): {said.strip()[-300:]}")

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
