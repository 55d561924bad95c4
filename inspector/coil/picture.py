"""The set pixels of a frame, as they lie on the coil."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.coil.layout import Layout
from inspector.protocol import masks
from inspector.protocol.messages import ResultBody

Bits = NDArray[np.uint8]


@dataclass(slots=True)
class Picture:
    """Bit k of a pixel is set where class k is. Only the part of the frame that holds set pixels is kept."""

    classes: tuple[str, ...]
    bits: Bits
    """uint8 ``[lines, columns]``, lines along the coil."""
    line: int
    column: int
    """Of its first pixel in the frame."""
    scores: dict[str, float]
    fill: dict[str, float]
    """Where boxes stand for regions: the share of their pixels that are set, by class. Empty where the pixels are known."""

    @property
    def end_line(self) -> int:
        """Behind its last line."""
        return self.line + len(self.bits)

    def joined_to(self, earlier: Picture | None, lines: int, size: tuple[int, int]) -> Picture:
        """What ``earlier`` shows, with what this shows of the same frame: that of this begins ``lines`` further along; ``size`` is that of both."""
        if earlier is not None and earlier.classes != self.classes:
            return earlier
        whole = np.zeros(size, dtype=np.uint8)
        scores, fill = dict(self.scores), self.fill
        if earlier is not None:
            _paint(whole, earlier.bits, earlier.line, earlier.column)
            scores |= {name: max(score, scores.get(name, 0.0)) for name, score in earlier.scores.items()}
            fill = earlier.fill or fill
        _paint(whole, self.bits, self.line + lines, self.column)
        return Picture(self.classes, whole, 0, 0, scores, fill)


def picture_of(body: ResultBody, blob: bytes, layout: Layout) -> Picture | None:
    """The set pixels of a result; None where there are none. Without a mask, the boxes of its defects stand for them.

    Raises ValueError for a mask that is damaged, or of another size than the frames of ``layout``.
    """
    if body.mask is None:
        return _of_boxes(body, layout) if body.defects else None
    height, width = body.mask.height_px, body.mask.width_px
    geometry = layout.settings.geometry
    if (height, width) != (geometry.height_px, geometry.width_px):
        raise ValueError(f"a mask of {height} x {width} px; frames are {geometry.height_px} x {geometry.width_px} px")
    mask = masks.decode(blob, height, width)
    filled = _filled(blob, width)
    if filled is None:
        return None
    rows, columns = filled
    bits = layout.turned(mask[rows, columns])
    along, across = layout.box(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
    return Picture(body.mask.bits, bits, along.start, across.start, _scores(body, layout), {})


def _of_boxes(body: ResultBody, layout: Layout) -> Picture:
    classes = tuple(layout.settings.classes)
    bits = np.zeros(layout.size, dtype=np.uint8)
    area = dict.fromkeys(classes, 0)
    for defect in body.defects:
        if defect.class_name in area:
            bits[layout.box(*defect.bbox_px)] |= np.uint8(1 << classes.index(defect.class_name))
            area[defect.class_name] += defect.area_px
    painted = {name: int((bits >> k & 1).sum()) for k, name in enumerate(classes)}
    fill = {name: min(1.0, area[name] / count) for name, count in painted.items() if count}
    return Picture(classes, bits, 0, 0, _scores(body, layout), fill)


def _scores(body: ResultBody, layout: Layout) -> dict[str, float]:
    """By class: the highest probability in the frame, which its defects carry; of specks it is not told, only that it reached the threshold."""
    scores = {name: layout.least_score(name) for name in layout.settings.classes}
    for defect in body.defects:
        scores[defect.class_name] = max(scores.get(defect.class_name, 0.0), defect.score)
    return scores


def _filled(blob: bytes, width: int) -> tuple[slice, slice] | None:
    """The rows and columns of a mask in which pixels are set; ``blob`` holds its runs. None where no pixel is."""
    runs = np.frombuffer(blob, dtype="<u4").reshape(-1, 2).astype(np.int64)
    ends = np.cumsum(runs[:, 0])
    is_set = runs[:, 1] > 0
    if not is_set.any():
        return None
    first, last = (ends - runs[:, 0])[is_set], ends[is_set] - 1
    rows = slice(int(first[0] // width), int(last[-1] // width) + 1)
    if (first // width != last // width).any():  # a run that goes on into the next row
        return rows, slice(0, width)
    return rows, slice(int((first % width).min()), int((last % width).max()) + 1)


def _paint(whole: Bits, bits: Bits, line: int, column: int) -> None:
    """Set the pixels of ``bits`` in ``whole``, from ``line`` and ``column`` on; what lies outside is left out."""
    first, end = max(0, line), min(whole.shape[0], line + bits.shape[0])
    if first < end:
        columns = min(bits.shape[1], whole.shape[1] - column)
        whole[first:end, column : column + columns] |= bits[first - line : end - line, :columns]
