"""HTML from templates. Each package has a folder ``templates``; ``inspector.report`` holds the layout and style shared by all pages.

Text is escaped where it is put into a template, and a name in a template that has no value is an error.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

_SHARED = "inspector.report"


def render(package: str, template: str, **values: Any) -> str:
    """The HTML of ``template``, a file in ``templates`` of ``package`` or of ``inspector.report``."""
    return _environment(package).get_template(template).render(values)


@cache
def _environment(package: str) -> Environment:
    packages = dict.fromkeys((package, _SHARED))
    return Environment(
        loader=ChoiceLoader([PackageLoader(one) for one in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
