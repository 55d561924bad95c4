"""The stream of a coil: what is found on it, numbered and sent like the results of a camera."""

from __future__ import annotations

from inspector.protocol.coil import CoilBody, CoilDefectBody, RollMarkBody
from inspector.protocol.messages import MessageType
from inspector.results.publication import Publication
from inspector.results.stream import Stream

CoilMessage = CoilBody | CoilDefectBody | RollMarkBody
_TYPES: dict[type[CoilMessage], MessageType] = {
    CoilBody: MessageType.COIL,
    CoilDefectBody: MessageType.DEFECT,
    RollMarkBody: MessageType.ROLL_MARK,
}


class CoilStream(Stream):
    """Makes and numbers the messages about coils."""

    def coil(self, run: str, body: CoilMessage) -> Publication:
        """What is known of the coil ``run``."""
        return self._publish(_TYPES[type(body)], body, run=run)
