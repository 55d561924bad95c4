"""The reference of a controller's configuration, ``docs/controller-configuration.md``, from the types themselves.

``python -m inspector.client.controller.reference > docs/controller-configuration.md``
"""

from __future__ import annotations

import msgspec

from inspector.client.controller.config import ControllerConfig
from inspector.config.reference import page

HEADING = """\
# Configuration of a reject controller

Every key of a controller's YAML file. Generated from the types it is checked against: `inspector controller check --offline -c gate.yaml` names
what is wrong. Unknown keys are refused. A path is relative to the folder of the file. What they mean together is in [controller](controller.md).
"""
TITLES = {
    "ControllerConfig": "The controller",
    "ResultsOfLine": "`results`",
    "ControlOfLine": "`control`",
    "ClockConfig": "`clock`",
    "CoveringCamera": "`cameras[]`",
    "SheetsAtGate": "`sheets`",
    "PositionArrival": "`arrival` with `by: position`",
    "TimeArrival": "`arrival` with `by: time`",
    "LogConfig": "`actuator` with `kind: log`",
    "ModbusConfig": "`actuator` with `kind: modbus`",
    "Coils": "`actuator.coils`",
    "Registers": "`actuator.registers`",
    "RearmConfig": "`rearm`",
}
"""Sections in the order of the tree."""
TAGS = {"by": "Which arrival this is.", "kind": "Which actuator this is."}


def reference() -> str:
    """The whole page."""
    return page(HEADING, msgspec.json.schema(ControllerConfig), TITLES, TAGS)


if __name__ == "__main__":
    print(reference(), end="")
