"""The reference of the configuration of the viewer, ``docs/view-configuration.md``, from the types themselves.

``python -m inspector.view.reference > docs/view-configuration.md``
"""

from __future__ import annotations

import msgspec

from inspector.config.reference import page
from inspector.view.config import ViewConfig

HEADING = """\
# Configuration of the viewer

Every key of `view.yaml`. Generated from the types it is checked against: `inspector view --check -c view.yaml` names what is wrong. Unknown keys
are refused. A path is relative to the folder of the file. What they mean together is in [view](view.md) and [users](view-users.md).
"""
TITLES = {"ViewConfig": "The viewer", "TlsConfig": "`tls`", "ViewLineConfig": "`lines[]`"}
"""Sections in the order of the tree."""


def reference() -> str:
    """The whole page."""
    return page(HEADING, msgspec.json.schema(ViewConfig), TITLES, {})


if __name__ == "__main__":
    print(reference(), end="")
