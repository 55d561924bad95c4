"""The reject controller: keeps the sheets between camera and gate, and lets through only what was passed explicitly and in time.

``decision.py`` decides, without sockets and clocks, by what ``hearing``, ``clock``, ``places``, ``registers``, ``gate`` and ``faults`` keep;
``controller.py`` connects it with the line and with an actuator. ``docs/controller.md`` is for its users.
"""

from inspector.client.controller.controller import RejectController

__all__ = ["RejectController"]
