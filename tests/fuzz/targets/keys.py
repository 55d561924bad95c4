"""Key files of CURVE."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inspector.protocol.keys import KeyFileError, read_key_file, read_secret_key_file
from tests.fuzz.target import Target, promised, require
from tests.fuzz.targets import scratch

_PAIR = b"""\
#   ZeroMQ CURVE **Secret** Certificate
metadata
curve
    public-key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
    secret-key = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
"""


def key_file(data: bytes) -> None:
    """A file as a client's public key, and as one's own."""
    path = scratch.put("keys/one.key", data)
    path.chmod(0o600)
    with promised(KeyFileError):
        found = read_key_file(path)
        require(re.fullmatch(rb"[\x21-\x7e]{40}", found.public), "a key that is no text of 40 characters")
    with promised(KeyFileError):
        require(len(read_secret_key_file(path)[1]) == 40, "a secret key that is no text of 40 characters")


def seeds() -> Iterator[bytes]:
    """Both keys of the example in the specification (RFC 32), and the public one alone."""
    yield _PAIR
    yield _PAIR.split(b"    secret")[0]


TARGETS = (
    Target(
        "key_file",
        key_file,
        seeds,
        (b"public-key", b"secret-key", b" = ", b'"', b"'", b"%%", b"~" * 40, b"\x85", b"\xe2\x80\xa8"),
        longest=1 << 10,
    ),
)
