"""What was found on a coil, as a map draws it: typed arrays in one block of bytes, and a head that says where each of them is."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from inspector.coil.coil import Findings
from inspector.coil.coverage import CameraCoverage
from inspector.coil.intervals import between
from inspector.frames.coil import Area, CoilDefect, Face, Unknown
from inspector.frames.outcome import Reason, Verdict

FACES: tuple[Face, ...] = ("top", "bottom")
VERDICTS = tuple(Verdict)
"""A defect has the index of the worst verdict among its frames."""
_WORST = (Verdict.SCRAP, Verdict.REJECT, Verdict.UNINSPECTED, Verdict.PASS)
NOT_COVERED = 255
"""In the place of a reason: no camera looks there."""
NOT_TOLD = 254
"""In the place of a reason: of these frames nothing was told."""
REASONS = tuple(Reason)
_TYPES: dict[str, np.dtype[Any]] = {"f4": np.dtype("<f4"), "u1": np.dtype("u1")}
_FACTS_IN_CHUNK = 128


class ArrayPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where an array is in the block of bytes."""

    name: str
    type: str
    """f4 (little endian) or u1."""
    offset: int
    count: int


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A frame that shows a defect: where its row is in the journal."""

    camera: str
    frame: int
    epoch: str
    seq: int
    verdict: Verdict


class DefectFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A defect with the frames that show it."""

    defect: CoilDefect
    frames: tuple[Seen, ...]
    """Where several starts of the daemon have numbered frames alike, all that the defect may be in."""


def worst_of(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst; of none, UNINSPECTED."""
    found = set(verdicts)
    return next((verdict for verdict in _WORST if verdict in found), Verdict.UNINSPECTED)


def packed(arrays: Mapping[str, NDArray[Any]]) -> tuple[list[ArrayPlace], bytes]:
    """One block of bytes; each array begins at a multiple of 4, as typed arrays of a page must."""
    places, parts, offset = [], [], 0
    for name, values in arrays.items():
        kind = "f4" if values.dtype.kind == "f" else "u1"
        data = np.ascontiguousarray(values, dtype=_TYPES[kind]).tobytes()
        places.append(ArrayPlace(name=name, type=kind, offset=offset, count=len(values)))
        data += bytes(-len(data) % 4)
        parts.append(data)
        offset += len(data)
    return places, b"".join(parts)


def arrays_of(
    findings: Findings, facts: Sequence[DefectFacts], classes: Sequence[str], unknowns: Sequence[Unknown]
) -> dict[str, NDArray[Any]]:
    """The arrays of a coil, in the order of ``findings.defects``, which is that along the coil. Places and sizes are in mm: x along the coil and y
    across it are the corner that is nearer to the head and to the reference edge."""
    number = {name: min(at, 255) for at, name in enumerate(classes)}
    defects = findings.defects
    areas = [one.area for one in defects]
    uncovered = not_covered(findings)
    unseen = [one.area for one in unknowns] + uncovered
    reasons = [NOT_TOLD if one.reason is None else REASONS.index(one.reason) for one in unknowns]
    return {
        **_boxes("", areas),
        "area": _floats(one.area_mm2 for one in defects),
        "score": _floats(one.score for one in defects),
        "kind": _bytes(number.get(one.class_name, 255) for one in defects),
        "face": _bytes(FACES.index(one.face) for one in areas),
        "verdict": _bytes(VERDICTS.index(worst_of(one.verdict for one in each.frames)) for each in facts),
        **_boxes("unknown.", unseen),
        "unknown.face": _bytes(FACES.index(one.face) for one in unseen),
        "unknown.reason": _bytes([*reasons, *[NOT_COVERED] * len(uncovered)]),
    }


def not_covered(findings: Findings) -> list[Area]:
    """Where no camera looks, on the faces that any camera sees: it is as little known as a frame that was lost."""
    placed = [one for one in findings.coverage if _is_placed(one)]
    width = across(findings)
    found: list[Area] = []
    for face in FACES:
        cameras = [one for one in placed if one.face == face]
        if not cameras:
            continue
        # Nothing beyond an edge of the strip is missed; without its width, what the cameras see of it is all that is known of it.
        strip = (max(0.0, width[0]), findings.width_mm or width[1])
        stretches = [(one.x_from_mm, one.x_to_mm) for one in cameras]
        for begin, end in between(stretches, strip):  # type: ignore[arg-type]
            found.append(_area(face, findings.from_mm, findings.to_mm, begin, end))
        for one in cameras:
            x_from, x_to = one.x_from_mm or 0.0, one.x_to_mm or 0.0
            for begin, end in between([(one.from_mm or 0.0, one.to_mm or 0.0)], (findings.from_mm, findings.to_mm)):
                found.append(_area(face, begin, end, x_from, x_to))
    return found


def across(findings: Findings) -> tuple[float, float]:
    """The stretch across the strip that a map shows, mm: what the cameras see, and all of the strip."""
    placed = [one for one in findings.coverage if _is_placed(one)]
    first = min((one.x_from_mm or 0.0 for one in placed), default=0.0)
    last = max((one.x_to_mm or 0.0 for one in placed), default=findings.width_mm or 1000.0)
    return min(first, 0.0), max(last, findings.width_mm or last)


def faces_of(findings: Findings) -> list[Face]:
    """The faces that any camera sees."""
    seen = {one.face for one in findings.coverage}
    return [face for face in FACES if face in seen] or [FACES[0]]


class Facts:
    """Facts of many defects in little memory: compressed, some at a time."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self.chunks = tuple(chunks)

    @classmethod
    def of(cls, facts: Sequence[DefectFacts]) -> Facts:
        """Keep ``facts``."""
        parts = (facts[at : at + _FACTS_IN_CHUNK] for at in range(0, len(facts), _FACTS_IN_CHUNK))
        return cls([zlib.compress(msgspec.json.encode(part), 1) for part in parts])

    def get(self, index: int) -> DefectFacts | None:
        """Of the defect with this index; None where there is none."""
        at, within = divmod(index, _FACTS_IN_CHUNK)
        if not 0 <= at < len(self.chunks):
            return None
        part = msgspec.json.decode(zlib.decompress(self.chunks[at]), type=list[DefectFacts])
        return part[within] if within < len(part) else None


def _boxes(prefix: str, areas: Sequence[Area]) -> dict[str, NDArray[Any]]:
    return {
        f"{prefix}x": _floats(one.from_mm for one in areas),
        f"{prefix}y": _floats(one.x_from_mm for one in areas),
        f"{prefix}length": _floats(one.to_mm - one.from_mm for one in areas),
        f"{prefix}width": _floats(one.x_to_mm - one.x_from_mm for one in areas),
    }


def _area(face: Face, begin: float, end: float, x_from: float, x_to: float) -> Area:
    return Area(face=face, from_mm=begin, to_mm=end, x_from_mm=x_from, x_to_mm=x_to)


def _is_placed(one: CameraCoverage) -> bool:
    return None not in (one.face, one.x_from_mm, one.x_to_mm, one.from_mm, one.to_mm)


def _floats(values: Iterable[float]) -> NDArray[np.float32]:
    return np.fromiter(values, dtype=np.float32)


def _bytes(values: Iterable[int]) -> NDArray[np.uint8]:
    return np.fromiter(values, dtype=np.uint8)
