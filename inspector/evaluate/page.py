"""The evaluation as one HTML file that needs nothing beside it: style, curves and pictures are inside. No script."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

import cv2

from inspector.evaluate import svg
from inspector.evaluate.worst import Error, Worst
from inspector.report import page as report_page
from inspector.report.blocks import Block, figure
from inspector.report.pictures import drawing
from inspector.report.pictures.contact_sheet import outlined
from inspector.report.pictures.drawing import Picture

_WIDEST_PX, _HIGHEST_PX = 800, 400
_MOST_ENLARGED = 4.0
_STYLE = """
.errors { display: flex; flex-wrap: wrap; gap: 1rem; } .errors figure { margin: 0; max-width: 800px; }
figcaption { color: var(--faint); font-size: .85rem; } h2.kind { margin-top: 2rem; }
.key b { padding: 0 .4rem 0 .8rem; } .warning { color: #ff9a1f; }
"""


def page(title: str, lines: Sequence[str], charts: Sequence[str], made: Sequence[Block], below: str = "") -> str:
    """The page: a title, lines of text under it, plots, blocks, and ready HTML below."""
    plots = "".join(f"<section>{one}</section>" for one in charts)
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>
<style>{report_page.STYLE}{_STYLE}{svg.STYLE}</style></head>
<body>
<h1>{escape(title)}</h1>
{"".join(f"<p>{escape(line)}</p>" for line in lines)}
<div class="blocks">
{plots}
{"".join(report_page.section(one) for one in made)}
</div>
{below}
</body>
</html>
"""


def worst_errors(worst: Worst, classes: Sequence[str], size: tuple[int, int], title: str = "Worst errors") -> str:
    """The pictures as HTML. ``size`` is a frame's height and width. Raises DataError where a frame has gone meanwhile."""
    sections = worst.sections()
    if not sections:
        return f"<h2>{escape(title)}</h2><p>None.</p>"
    parts = [f"<h2>{escape(title)}</h2>", _key(classes)]
    for heading, errors in sections:
        shown = "".join(_figure(error, classes, size) for error in errors)
        parts.append(f'<h2 class="kind">{escape(heading)}</h2><div class="errors">{shown}</div>')
    return "\n".join(parts)


def _key(classes: Sequence[str]) -> str:
    names = "".join(
        f'<b style="color:{_css(colour)}">&#9632;</b>{escape(name)}'
        for name, colour in zip(classes, drawing.CLASSES, strict=False)
    )
    return f'<p class="key">Found:{names}<b>- -</b>truth, as labelled (dashed white)</p>'


def _css(colour: drawing.Colour) -> str:
    blue, green, red = colour
    return f"#{red:02x}{green:02x}{blue:02x}"


def _figure(error: Error, classes: Sequence[str], size: tuple[int, int]) -> str:
    height, width = size
    scale = min(_WIDEST_PX / width, _HIGHEST_PX / height, _MOST_ENLARGED)
    true = error.frame.mask() if error.frame.located else None
    picture = outlined(error.frame.frame(), error.found(height, width), true, len(classes), scale)
    seen = error.seen
    truth = ", ".join(classes[k] for k in error.frame.classes) or ("defective" if seen.defective else "clean")
    caption = f"{seen.name}: truth {truth}; gate {seen.score:.3f}"
    if seen.dice is not None:
        caption += f"; Dice {figure(seen.dice)}"
    if not error.frame.located:
        caption += "; nobody drew where"
    return (
        f'<figure><img src="{_data_uri(picture)}" width="{picture.shape[1]}" height="{picture.shape[0]}" '
        f'alt="{escape(caption)}"><figcaption>{escape(caption)}</figcaption></figure>'
    )


def _data_uri(picture: Picture) -> str:
    """JPEG without colour subsampling: thin coloured outlines survive, and a page of them stays small."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, 88, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    done, data = cv2.imencode(".jpg", picture, settings)
    if not done:
        raise ValueError(f"a picture of {picture.shape} cannot be encoded")
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"
