"""Which device a camera is."""

from __future__ import annotations

from inspector.config.camera import SourceConfig


def serial_of(source: SourceConfig) -> str | None:
    """The serial number by which a source's configuration names its device; None where it names none, as for a recording."""
    serial: str | None = getattr(source, "serial", None)
    return serial
