"""Passwords, kept as what scrypt (RFC 7914) makes of them: it takes time and memory, so that whoever gets the hashes guesses slowly."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import unicodedata
from typing import NamedTuple

LEAST_CHARACTERS = 10
MOST_BYTES = 1024
"""Of a password in UTF-8."""
_SALT_BYTES, _HASH_BYTES = 16, 32
_MOST_MEMORY = 128 << 20
_MOST_WORK = 16 << 20
"""Of n * r * p: twenty times what this program writes. A file may not make the viewer work for minutes."""
_LINE = re.compile(
    r"scrypt\$n=(?P<n>\d{1,8}),r=(?P<r>\d{1,3}),p=(?P<p>\d{1,3})\$(?P<salt>[\w+/]{1,100}={0,2})\$(?P<hash>[\w+/]{1,100}={0,2})"
)


class Cost(NamedTuple):
    """Parameters of scrypt: memory is 128 * n * r bytes, time is proportional to n * r * p."""

    n: int
    r: int
    p: int


COST = Cost(1 << 15, 8, 3)
"""32 MiB; as OWASP's Password Storage Cheat Sheet has it for this much memory."""


class StoredPassword(NamedTuple):
    """What is kept of a password."""

    cost: Cost
    salt: bytes
    hash: bytes

    def __str__(self) -> str:
        """One printable line, which ``stored`` reads."""
        n, r, p = self.cost
        return f"scrypt$n={n},r={r},p={p}${_text(self.salt)}${_text(self.hash)}"

    def is_of(self, password: str) -> bool:
        """Whether it is this password; takes the same time for a wrong one."""
        return hmac.compare_digest(_scrypt(password, self.salt, self.cost, len(self.hash)), self.hash)


def hashed(password: str, cost: Cost = COST) -> StoredPassword:
    """What is to be kept of a password."""
    salt = os.urandom(_SALT_BYTES)
    return StoredPassword(cost, salt, _scrypt(password, salt, cost, _HASH_BYTES))


def nobodys(cost: Cost = COST) -> StoredPassword:
    """What no password fits; to look at it takes as long as with one that somebody has."""
    return StoredPassword(cost, os.urandom(_SALT_BYTES), os.urandom(_HASH_BYTES))


def stored(text: str) -> StoredPassword:
    """What ``str`` of one wrote. Raises ValueError with what is wrong; the text is a secret, and not told."""
    found = _LINE.fullmatch(text)
    if found is None:
        raise ValueError("is no line that `inspector users passwd` writes (scrypt$...)")
    cost = Cost(int(found["n"]), int(found["r"]), int(found["p"]))
    n, r, p = cost
    fits = n >= 2 and not n & (n - 1) and r and p and n < 1 << min(16 * r, 64)  # the last is the RFC's own
    if not fits or 128 * n * r > _MOST_MEMORY or n * r * p > _MOST_WORK:
        raise ValueError(f"has parameters of scrypt that are not used here (n={n}, r={r}, p={p})")
    try:
        salt, hash_ = (base64.b64decode(found[part], validate=True) for part in ("salt", "hash"))
    except (binascii.Error, ValueError):
        raise ValueError("is damaged") from None
    if len(salt) < 8 or len(hash_) < 16:
        raise ValueError("is damaged: salt or hash is too short")
    return StoredPassword(cost, salt, hash_)


def why_unfit(password: str, name: str) -> str:
    """Why this cannot be the password of ``name``; empty where it can."""
    try:
        size = len(password.encode())
    except UnicodeEncodeError:
        return "is no UTF-8 text"
    if len(password) < LEAST_CHARACTERS:
        return f"has {len(password)} characters; expected at least {LEAST_CHARACTERS}"
    if size > MOST_BYTES:
        return f"has more than {MOST_BYTES} bytes"
    if len(set(password)) < 4 or (len(name) >= 4 and name.casefold() in password.casefold()):
        return "is guessed at once: it repeats few characters, or holds the name"
    if any(unicodedata.category(one) == "Cc" for one in password):
        return "holds control characters, which no page can send"
    return ""


def _scrypt(password: str, salt: bytes, cost: Cost, length: int) -> bytes:
    n, r, p = cost
    # The same letter may be typed as one character or as two.
    data = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    # The library has to be allowed what it takes: the table, and a block for each p.
    return hashlib.scrypt(data, salt=salt, n=n, r=r, p=p, maxmem=128 * r * (n + p + 2) + (1 << 20), dklen=length)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
