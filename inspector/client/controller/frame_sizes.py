"""How long the frames of each camera are, as far as the line says it: where that changes, ``frame_mm`` is not true any more."""

from __future__ import annotations

from inspector.protocol.settings import Settings

_TOLERANCE = 0.005
Size = tuple[float, float]


class FrameSizes:
    """The size that each camera's frames had first; the line tells it in ``start`` and ``change``."""

    def __init__(self) -> None:
        self._sizes: dict[str, tuple[Size, str]] = {}

    def changed(self, camera: str, settings: Settings) -> str:
        """What has changed, one line; empty where nothing has. What is new is taken as known from then on."""
        geometry, scale = settings.geometry, settings.scale
        if scale is None:
            size, unit = (float(geometry.width_px), float(geometry.height_px)), "px"
        else:
            size, unit = (geometry.width_px * scale.x_mm_per_px, geometry.height_px * scale.y_mm_per_px), "mm"
        before, self._sizes[camera] = self._sizes.get(camera), (size, unit)
        if before is None or (before[1] == unit and all(map(_alike, size, before[0]))):
            return ""
        return f"frames of camera {camera} are {_text(size, unit)} now, and were {_text(*before)}; look whether frame_mm and overlap_mm are still true"


def _alike(one: float, other: float) -> bool:
    return abs(one - other) <= _TOLERANCE * max(one, other)


def _text(size: Size, unit: str) -> str:
    return f"{size[0]:.5g} x {size[1]:.5g} {unit}"
