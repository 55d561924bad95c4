"""HTML from templates. Each room has a folder ``templates``; ``inspector.report`` holds the frame and the style that all pages share.

Text is escaped wherever it is put into a template, and a name that a template uses and nobody gave is an error.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

_SHARED = "inspector.report"


def render(room: str, template: str, **values: Any) -> str:
    """Fill in ``template``, a file in ``templates`` of the package ``room`` or of ``inspector.report``."""
    return _environment(room).get_template(template).render(values)


@cache
def _environment(room: str) -> Environment:
    rooms = dict.fromkeys((room, _SHARED))
    return Environment(
        loader=ChoiceLoader([PackageLoader(one) for one in rooms]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
