"""With what a run was inspected, as its messages name it."""

from __future__ import annotations

import msgspec

from inspector.protocol.messages import EndBody, Header, MessageType
from inspector.protocol.settings import Settings

_MOST_NAMES = 100
"""Of each kind that are listed."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Of what and with what a coil was inspected. Names are in the order in which they came first."""

    recipes: tuple[str, ...]
    bundles: tuple[str, ...]
    operating_points: tuple[str, ...]
    calibrations: tuple[str, ...]
    flat_fields: tuple[str, ...]
    software: tuple[str, ...]
    began_unix_ns: int | None
    """When its first message was published; None: there is none."""
    ended_unix_ns: int | None
    """When its last ``end`` was; None: there is none."""
    simulated: bool
    """Whether any message says that it is not of a real sheet."""


class Heading:
    """Collects what the messages of a run name."""

    def __init__(self) -> None:
        self._names: tuple[dict[str, None], ...] = tuple({} for _ in range(5))
        self._software: dict[str, None] = {}
        self._latest: tuple[str | None, ...] = ()
        self._began_unix_ns: int | None = None
        self._ended_unix_ns: int | None = None
        self._simulated = False

    def add(self, header: Header, body: object) -> None:
        """A message of the run."""
        if self._began_unix_ns is None:
            self._began_unix_ns = header.published_unix_ns
        self._simulated |= header.simulated
        named = header.recipe, header.bundle, header.operating_point, header.calibration, header.flat_field
        # A heartbeat or a status names what is active, which may have inspected nothing of the run.
        if named != self._latest and header.type not in (MessageType.HEARTBEAT, MessageType.STATUS):
            self._latest = named
            for names, name in zip(self._names, named, strict=True):
                if name is not None and len(names) < _MOST_NAMES:
                    names[name] = None
        if isinstance(body, Settings) and len(self._software) < _MOST_NAMES:
            self._software[body.software] = None
        elif isinstance(body, EndBody):
            self._ended_unix_ns = header.published_unix_ns

    @property
    def head(self) -> Head:
        """What was named so far."""
        recipes, bundles, operating_points, calibrations, flat_fields = map(tuple, self._names)
        return Head(
            recipes=recipes,
            bundles=bundles,
            operating_points=operating_points,
            calibrations=calibrations,
            flat_fields=flat_fields,
            software=tuple(self._software),
            began_unix_ns=self._began_unix_ns,
            ended_unix_ns=self._ended_unix_ns,
            simulated=self._simulated,
        )
