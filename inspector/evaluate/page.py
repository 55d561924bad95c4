"""The evaluation as one HTML file that needs nothing beside it: style, plots and pictures are inside."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import NamedTuple

import cv2

from inspector.evaluate.plot import Plot
from inspector.evaluate.worst import Error, Worst
from inspector.report.blocks import Block, decimal
from inspector.report.html import render
from inspector.report.pictures import drawing
from inspector.report.pictures.contact_sheet import outlined
from inspector.report.pictures.drawing import Picture

_WIDEST_PX, _HIGHEST_PX = 800, 400
_MOST_ENLARGED = 4.0


class Shown(NamedTuple):
    """A picture inside the page."""

    uri: str
    width: int
    height: int
    caption: str


class Gallery(NamedTuple):
    """Pictures under headings, with the colours of the classes in them."""

    title: str
    key: list[tuple[str, str]]
    """Class name and colour."""
    sections: list[tuple[str, list[Shown]]]


def page(
    title: str, lines: Sequence[str], plots: Sequence[Plot], blocks: Sequence[Block], galleries: Sequence[Gallery]
) -> str:
    """The page's HTML: a title, lines of text under it, plots, tables, pictures."""
    return render(
        "inspector.evaluate",
        "evaluation.html",
        title=title,
        lines=lines,
        plots=plots,
        blocks=blocks,
        galleries=galleries,
    )


def worst_errors(worst: Worst, classes: Sequence[str], size: tuple[int, int], title: str) -> Gallery:
    """The worst errors as pictures. ``size`` is a frame's height and width. Raises DataError where a frame file has gone meanwhile."""
    key = [(name, _css(colour)) for name, colour in zip(classes, drawing.CLASSES, strict=False)]
    sections = [(heading, [_shown(error, classes, size) for error in errors]) for heading, errors in worst.sections()]
    return Gallery(title, key, sections)


def _css(colour: drawing.Colour) -> str:
    blue, green, red = colour
    return f"#{red:02x}{green:02x}{blue:02x}"


def _shown(error: Error, classes: Sequence[str], size: tuple[int, int]) -> Shown:
    height, width = size
    scale = min(_WIDEST_PX / width, _HIGHEST_PX / height, _MOST_ENLARGED)
    true = error.frame.mask() if error.frame.located else None
    picture = outlined(error.frame.frame(), error.found(height, width), true, len(classes), scale)
    return Shown(_data_uri(picture), picture.shape[1], picture.shape[0], _caption(error, classes))


def _caption(error: Error, classes: Sequence[str]) -> str:
    seen = error.seen
    truth = ", ".join(classes[k] for k in error.frame.classes) or ("defective" if seen.defective else "clean")
    caption = f"{seen.name}: truth {truth}; gate {seen.score:.3f}"
    if seen.dice is not None:
        caption += f"; Dice {decimal(seen.dice)}"
    if not error.frame.located:
        caption += "; the defects were not outlined"
    return caption


def _data_uri(picture: Picture) -> str:
    """JPEG without colour subsampling: thin coloured outlines survive, and a page of them stays small."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, 88, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    done, data = cv2.imencode(".jpg", picture, settings)
    if not done:
        raise ValueError(f"a picture of {picture.shape} cannot be encoded")
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"
