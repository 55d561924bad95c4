"""Which device a camera is."""

from __future__ import annotations

from inspector.config.camera import SourceConfig
from inspector.config.genicam import GenicamConfig


def serial_of(source: SourceConfig) -> str | None:
    """The serial number by which a source's configuration names its device; None where it names none, as for a recording. A camera that is
    chosen in another way tells its own once it is open."""
    return source.serial if isinstance(source, GenicamConfig) else None
