"""The parts of messages that are the same for many of them: what a bundle is called, what ``start`` and ``change`` share, plain texts."""

from __future__ import annotations

from typing import Any

import msgspec

from inspector.frames.fitted import Fitted
from inspector.frames.outcome import BundleIdentity, Outcome
from inspector.protocol.limits import LONGEST_TEXT, LONGEST_WORD
from inspector.protocol.messages import Body, LateBody, MaskInfo, ResultBody
from inspector.protocol.settings import Fit, Geometry, ScaleMm
from inspector.results.identity import StartInfo
from inspector.version import __version__

UNITS = {"um": "micrometre", "mm": "millimetre", "mm2": "square millimetre", "px": "pixel", "ms": "millisecond",
         "us": "microsecond", "unix_ns": "nanosecond since 1970-01-01T00:00:00Z"}  # fmt: skip


class BundleWords:
    """What messages contain about the bundle of a result."""

    def __init__(self, identity: BundleIdentity | None) -> None:
        self.identity = identity
        self.classes: tuple[str, ...] = ()
        self.mask: MaskInfo | None = None
        if identity is not None:
            self.classes = tuple(plain(name) for name in identity.classes)
            self.mask = MaskInfo(height_px=identity.size.height, width_px=identity.size.width, bits=self.classes)

    def mask_of(self, outcome: Outcome) -> MaskInfo | None:
        """How to read the mask of an outcome of the bundle, which has one."""
        if outcome.size is None:
            return self.mask
        return MaskInfo(height_px=outcome.size.height, width_px=outcome.size.width, bits=self.classes)

    def counts(self, of_classes: tuple[int, ...]) -> dict[str, int]:
        """Counts by the name of the class; empty where there are none."""
        return dict(zip(self.classes, of_classes, strict=False)) if of_classes else {}


NO_BUNDLE = BundleWords(None)


def settings(info: StartInfo, heartbeat_ms: int, masks: bool) -> dict[str, Any]:
    """The keys that the bodies of ``start`` and ``change`` share."""
    scale = info.scale_mm_per_px
    return {
        "classes": tuple(plain(name) for name in info.bundle.classes),
        "geometry": Geometry(height_px=info.size.height, width_px=info.size.width),
        "fit": _fit(info),
        "scale": ScaleMm(x_mm_per_px=scale[0], y_mm_per_px=scale[1]) if scale else None,
        "placement": info.placement,
        "thresholds": info.thresholds,
        "rules": tuple(plain(rule) for rule in info.rules),
        "deadline_ms": info.deadline_ms,
        "heartbeat_ms": heartbeat_ms,
        "masks": masks,
        "source": plain(info.source, LONGEST_WORD),
        "software": plain(f"inspector {__version__}", LONGEST_WORD),
        "units": UNITS,
        "sheets": info.sheets,
    }


def _fit(info: StartInfo) -> Fit:
    where = info.fitted or Fitted(camera=info.size)
    return Fit(
        mode=where.mode,
        camera=Geometry(height_px=where.camera.height, width_px=where.camera.width) if where.camera else None,
        offset_px=where.offset,
        factor=where.factor,
        thresholds_void=info.thresholds_void,
    )


def plain(text: str, most: int = LONGEST_TEXT) -> str:
    """The text as it can be sent: its end left out where it is longer than ``most`` characters, and characters that UTF-8 cannot encode
    (undecodable bytes of a file name) replaced."""
    if len(text) > most:
        text = f"{text[: most - 3]}..."
    return text if text.isascii() else encodable(text)


def encodable(text: str) -> str:
    """The text with the characters replaced that UTF-8 cannot encode."""
    return text.encode("utf-8", "replace").decode()


def with_fewer_defects(body: Body) -> ResultBody | LateBody:
    """The body with half of the defects that it lists, of a message that would be too large. Raises ValueError where it lists none."""
    if not isinstance(body, (ResultBody, LateBody)) or not body.defects:
        raise ValueError(f"a {type(body).__name__} is too large to be sent")
    kept = body.defects[: len(body.defects) // 2]
    before = body.detail.removesuffix(_NOT_ALL)
    return msgspec.structs.replace(body, defects=kept, detail=plain(before, LONGEST_TEXT - len(_NOT_ALL)) + _NOT_ALL)


_NOT_ALL = "; further defects are not listed, because the message would be too large"
