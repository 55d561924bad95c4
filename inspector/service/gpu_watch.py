"""Reads memory and temperature of the GPUs from time to time, in a thread of its own: asking the driver may take long.

Without an NVIDIA driver there is no thread. On a Jetson, whose driver's library tells little, the temperature is that of the kernel's thermal zone.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from inspector.service.nvml import LIBRARY, GpuFigures, Nvml

log = logging.getLogger(__name__)

EVERY_S = 30.0
THERMAL = Path("/sys/class/thermal")


class GpuWatch:
    """The newest figures of each GPU. Use as a context manager."""

    def __init__(self, library: str = LIBRARY, thermal: Path = THERMAL, every_s: float = EVERY_S) -> None:
        self.figures: tuple[GpuFigures, ...] = ()
        """As read last; empty before, and where there is no GPU. The tuple is replaced, never changed."""
        self._library = library
        self._thermal = thermal
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gpu-figures", daemon=True)

    def __enter__(self) -> GpuWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(0.1)  # a driver that hangs is left behind

    def _run(self) -> None:
        try:
            nvml = Nvml(self._library)
        except (OSError, AttributeError) as error:  # no driver, or one without these functions
            log.debug("no figures of a GPU from the driver: %s", error)
            nvml = None
        zone = _gpu_zone(self._thermal)
        if nvml is None and zone is None:
            return
        try:
            while True:
                self.figures = self._read(nvml, zone)
                if self._stop.wait(self._every_s):
                    return
        except Exception:
            self.figures = ()
            log.exception("the GPU can no longer be asked for memory and temperature; the line goes on")
        finally:
            if nvml is not None:
                nvml.close()

    @staticmethod
    def _read(nvml: Nvml | None, zone: Path | None) -> tuple[GpuFigures, ...]:
        figures = nvml.read() if nvml is not None else []
        if zone is None or any(one.temperature_c is not None for one in figures):
            return tuple(figures)
        one = figures[0] if figures else GpuFigures(0, "integrated", None, None, None)
        return (one._replace(temperature_c=_degrees(zone)), *figures[1:])


def _gpu_zone(thermal: Path) -> Path | None:
    """The thermal zone of a GPU, as a Jetson has one: `gpu-thermal` or `GPU-therm`."""
    for kind in sorted(thermal.glob("thermal_zone*/type")):
        try:
            if kind.read_text(encoding="ascii", errors="replace").strip().lower().startswith("gpu"):
                return kind.with_name("temp")
        except OSError:
            continue
    return None


def _degrees(zone: Path) -> float | None:
    try:
        return int(zone.read_text(encoding="ascii")) / 1000
    except (OSError, ValueError):  # asleep, or a driver that answers with an error
        return None
