"""Whether an ONNX graph holds all its weights itself. ONNX lets a tensor name a file beside the graph, which no digest would cover.

Looks at the protobuf fields of `onnx.proto` that lead to tensors, without the package `onnx`, which a line does not need. Weights
themselves are skipped, so a graph of 50 MB takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator

_DEEPEST = 60
"""Messages within messages; protobuf itself stops at 100."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

_GRAPH = 7
"""Field of a model."""
# The fields of each message that lead to a tensor, with the message they hold. Numbers are those of onnx.proto.
_LEADS: dict[str, dict[int, str]] = {
    "model": {_GRAPH: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse tensor", 23: "sparse tensor"},
    "sparse tensor": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
"""Fields of a tensor."""
_MEND = "save it with its weights inside: onnx.save_model(onnx.load(PATH), PATH, save_as_external_data=False)"


class _NotProtobufError(Exception):
    """The bytes are no message."""


def why_not_whole(data: bytes) -> str:
    """Why these bytes are not a graph with all its weights, in one line; empty where they are."""
    try:
        if not any(number == _GRAPH for number, _, _ in _fields(memoryview(data))):
            return "is no ONNX graph; export the bundle again"
        if _is_elsewhere(memoryview(data), "model", 0):
            return f"keeps weights in another file, which has no digest; {_MEND}"
    except _NotProtobufError as error:
        return f"is no ONNX graph ({error}); export the bundle again"
    return ""


def _is_elsewhere(message: memoryview, kind: str, depth: int) -> bool:
    """Whether the data of any tensor in the message are in another file."""
    if depth > _DEEPEST:
        raise _NotProtobufError("nested too deeply")
    leads = _LEADS[kind]
    for number, value, inner in _fields(message):
        if kind == "tensor" and (number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0)):
            return True
        if number in leads and inner is not None and _is_elsewhere(inner, leads[number], depth + 1):
            return True
    return False


def _fields(message: memoryview) -> Iterator[tuple[int, int, memoryview | None]]:
    """Number of each field, with its value where that is an integer, else its bytes."""
    place, end = 0, len(message)
    while place < end:
        key, place = _varint(message, place)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise _NotProtobufError("a field without a number")
        if wire == _VARINT:
            value, place = _varint(message, place)
            yield number, value, None
            continue
        if wire == _BYTES:
            length, place = _varint(message, place)
        elif wire in (_FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
        else:
            raise _NotProtobufError("a field of an unknown kind")
        if length > end - place:
            raise _NotProtobufError("it ends early")
        yield number, 0, message[place : place + length] if wire == _BYTES else None
        place += length


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """An integer of 7 bits a byte, and the place after it."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            raise _NotProtobufError("it ends early")
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise _NotProtobufError("an integer of more than 10 bytes")
