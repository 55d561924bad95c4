"""Changes that keep the form of an input, so that it gets past the parser: of JSON, YAML and PNG."""

from __future__ import annotations

import copy
import json
import random
import re
import struct
import zlib
from collections.abc import Callable
from typing import Any

from tests.engines.files.fuzz_yaml import altered
from tests.fuzz.target import MARK

Mutation = Callable[[bytes, random.Random], bytes]
"""Another input made of this one."""

_DEEP: list[Any] = []
for _ in range(200):
    _DEEP = [_DEEP]
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 255, 65536, 2**31, 2**53 - 1, 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 10**40, 0.5, -0.0, 1e300, 1.5e-320, "",
    "a", "0", "\0", "\n", "\x1b[2J", "\x9b2J", "\u202e", "\u2028", "a\nb", "/", "..", "../../x", "/etc/passwd", "a" * 70, "a" * 300, "a" * 5000, [],
    [None], [[]], [0, 0], [1, 0], {}, {"a": 1}, {"\x1b[2J": 1}, {"\n": {}}, _DEEP,
)  # fmt: skip


def json_changed(data: bytes, draw: random.Random) -> bytes:
    """One value or key of one of the JSON texts in an input is another one, missing, or one more."""
    pieces = re.split(b"(" + re.escape(MARK) + rb"|\n)", data)
    trees = {at: tree for at, piece in enumerate(pieces) if isinstance(tree := _parsed(piece), dict)}
    if not trees:
        return data
    at = draw.choice(list(trees))
    try:
        others = [value for tree in trees.values() for value in _leaves(tree)]
        _change(trees[at], draw, others)
        text = json.dumps(trees[at], separators=(",", ":"), ensure_ascii=draw.random() < 0.5)
    except RecursionError:  # a tree that is nested more deeply than Python goes
        return data
    pieces[at] = text.encode("utf-8", "surrogatepass")
    return b"".join(pieces)


def yaml_changed(data: bytes, draw: random.Random) -> bytes:
    """A scalar, a key or a line is another one."""
    text, mark, rest = data.partition(MARK)
    return altered(text.decode("utf-8", "replace"), draw) + mark + rest


def png_changed(data: bytes, draw: random.Random) -> bytes:
    """Some bytes of one chunk are others, or a chunk is there twice or missing; the sums of all are right."""
    start, chunks = data.partition(b"\x89PNG\r\n\x1a\n")[0], _chunks(data)
    if not chunks:
        return data
    at = draw.randrange(len(chunks))
    kind, body = chunks[at]
    how = draw.randrange(6)
    if how == 0:
        chunks.insert(draw.randrange(len(chunks) + 1), (kind, body))
    elif how == 1:
        del chunks[at]
    elif how == 2:
        chunks[at] = draw.choice((b"tRNS", b"PLTE", b"gAMA", b"acTL", b"IDAT", b"zzZz", b"iCCP", b"sBIT")), body
    elif kind == b"IDAT" and how == 3:
        chunks[at] = kind, _deflated(body, draw)
    else:
        chunks[at] = kind, _bytes_changed(body, draw)
    return (
        start
        + b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in chunks
        )
    )


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], data.find(b"IHDR") - 4
    while at >= 0 and at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            break
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def _deflated(body: bytes, draw: random.Random) -> bytes:
    """The pixels changed before they are compressed."""
    try:
        return zlib.compress(_bytes_changed(zlib.decompress(body), draw))
    except zlib.error:
        return body


def _bytes_changed(data: bytes, draw: random.Random) -> bytes:
    """A byte is another one, a few are cut out or put in."""
    at = draw.randrange(len(data) + 1)
    return draw.choice(
        (
            data[:at]
            + bytes([draw.choice((0, 1, 2, 3, 4, 6, 8, 16, 127, 128, 255, draw.randrange(256)))])
            + data[at + 1 :],
            data[:at],
            data[:at] + data[at + draw.randrange(5) :],
            data[:at] + draw.randbytes(draw.randrange(5)) + data[at:],
        )
    )


def _parsed(piece: bytes) -> Any:
    try:
        return json.loads(piece)
    except (ValueError, RecursionError):
        return None


def _leaves(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in _leaves(value)] + list(tree.values())
    return [leaf for value in tree for leaf in _leaves(value)] if isinstance(tree, list) else [tree]


def _change(tree: Any, draw: random.Random, others: list[Any]) -> None:
    """Change a place in a tree, most often a leaf."""
    while isinstance(tree, (dict, list)) and tree:
        key = draw.choice(list(tree)) if isinstance(tree, dict) else draw.randrange(len(tree))
        if isinstance(tree[key], (dict, list)) and tree[key] and draw.random() < 0.8:
            tree = tree[key]
            continue
        how = draw.random()
        if how < 0.15:
            del tree[key]
        elif how < 0.25 and isinstance(tree, dict):
            tree[draw.choice(("x", "\x1b[2J", "\n", "", "a" * 300))] = tree.pop(key)
        elif how < 0.4:
            tree[key] = copy.deepcopy(draw.choice(others))
        elif how < 0.5 and isinstance(tree, list):
            tree.extend(copy.deepcopy(tree) * draw.choice((1, 3, 20)))
        elif how < 0.6 and type(tree[key]) is int:
            tree[key] += draw.choice((-1, 1, 2, -(2**53), 2**53))
        else:
            tree[key] = copy.deepcopy(draw.choice(_VALUES))
        return
