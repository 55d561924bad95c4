"""The reference of the configuration of coils, ``docs/coil-configuration.md``, from the types themselves.

``python -m inspector.coil.reference > docs/coil-configuration.md``
"""

from __future__ import annotations

import msgspec

from inspector.coil.config import CoilConfig
from inspector.config.reference import page

HEADING = """\
# Configuration of coils

Every key of `coil.yaml`. Generated from the types it is checked against: `inspector coil check -c coil.yaml` names what is wrong. Unknown
keys are refused. A path is relative to the folder of the file. What they mean together is in [coil](coil.md) and [grading](coil-grading.md).
"""
TITLES = {
    "CoilConfig": "The coils of a line",
    "JoiningConfig": "`joining`",
    "RollConfig": "`rolls[]`",
    "RollMarksConfig": "`roll_marks`",
    "GradingConfig": "`grading`",
    "GradeConfig": "`grading.grades[]`",
    "DefectLimit": "`grading.grades[].limits[]`",
    "CutsConfig": "`grading.cuts`",
    "FollowConfig": "`follow`",
    "KeysConfig": "`follow.keys`",
    "CoilReportConfig": "`report`",
}
"""Sections in the order of the tree."""


def reference() -> str:
    """The whole page."""
    return page(HEADING, msgspec.json.schema(CoilConfig), TITLES, {})


if __name__ == "__main__":
    print(reference(), end="")
