"""What the viewer takes from others: cookies, what pages send, the file of users; and the reviews of an archive, which anybody may have written."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator
from functools import partial

import msgspec
from starlette.datastructures import Headers
from starlette.requests import Request

from inspector.archive import review_files
from inspector.archive.entry import KeptFile
from inspector.archive.index import RowError
from inspector.archive.places import review_path, reviewed_mask_path
from inspector.archive.review import Judgement, Missed, Proposal, Review, Truth
from inspector.errors import UserError
from inspector.view.access.door import Door
from inspector.view.access.login import Credentials
from inspector.view.access.passwords import Cost, hashed
from inspector.view.access.people import Person, Role
from inspector.view.access.user_list import UserList
from inspector.view.access.users import User as Listed
from inspector.view.access.users import changing_users, read_users
from inspector.view.answers import RefusedError, posted
from inspector.view.commands.routes import _read as read_command
from tests.fuzz.target import MARK, Target, promised, require, require_readable
from tests.fuzz.targets import scratch

_STEM = "20261130/coil-7-top-1042-3fa1b20c"
_CHEAP = Cost(16, 8, 1)
_KINDS = 3
"""Of what a page sends."""


@functools.cache
def _door() -> tuple[Door, str]:
    """One where somebody has logged in, and the cookie."""
    path = scratch.folder("pages-door") / "users.yaml"
    with changing_users(path) as users:
        users["anna"] = Listed("anna", Role.ENGINEER, hashed("correct horse battery", _CHEAP))
    door = Door(None, UserList(path, "view.yaml"), port=8090)
    return door, door.enter(Person("anna", Role.ENGINEER), None).partition(";")[0]


def cookies(data: bytes) -> None:
    """Headers with cookies: only the one that was given out is that of a session, and only alone."""
    door, good = _door()
    parts = data.split(MARK)
    visit = door.visit(Headers(raw=[(b"cookie", part) for part in parts]))
    known = visit.session is not None
    require(not known or sum(part.count(good.encode()) for part in parts) == 1, "a session of another cookie")
    require(known == (visit.person.name == "anna"), "a person without a session")
    alone = door.visit(Headers(raw=[(b"cookie", good.encode())]))
    require(alone.session is not None, "a session that others have ended")


def bodies(data: bytes) -> None:
    """What a page sends, as a review, a login and a command."""
    errors = []
    for read in (partial(_sent, kind=Proposal), partial(_sent, kind=Credentials), _command):
        try:
            read(data)
        except (RefusedError, UserError) as error:
            require_readable(str(error))
            errors.append(error)
    if len(errors) == _KINDS:
        with promised(RefusedError, UserError):
            raise errors[-1]


def _command(data: bytes) -> object:
    return read_command(_sent(data, dict))  # type: ignore[arg-type]


def _sent(data: bytes, kind: type) -> object:
    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": data, "more_body": False}

    return asyncio.run(posted(Request(scope, receive), kind))


def users(data: bytes) -> None:
    """The file of users."""
    path = scratch.put("pages-users/users.yaml", data)
    path.chmod(0o600)
    with promised(UserError):
        for name, user in read_users(path).items():
            require(name == user.name, "a user under another name")


def reviews(data: bytes) -> None:
    """The file with the reviews of an entry."""
    root = scratch.folder("pages-reviews")
    (root / review_path(_STEM)).parent.mkdir(parents=True, exist_ok=True)
    (root / review_path(_STEM)).write_bytes(data)
    with promised(RowError):
        for number, review in enumerate(review_files.read(root, _STEM) or (), 1):
            require(review.revision == number, "revisions that do not follow each other")
            msgspec.json.encode(review)


def cookie_seeds() -> Iterator[bytes]:
    """The right one, alone and beside others."""
    good = _door()[1].encode()
    yield good
    yield b"a=b; " + good + b"; theme=dark"
    yield b"inspector-8090=" + b"A" * 43 + MARK + b"inspector-8090="


def body_seeds() -> Iterator[bytes]:
    """Each kind."""
    yield b'{"base": 1, "says": "corrected", "judgements": [{"defect": 0, "says": "other_class", "class_name": "pitting"}], "note": "x"}'
    yield b'{"base": 0, "says": "corrected", "missed": [{"class_name": "pitting", "box_px": [1, 2, 30, 40]}]}'
    yield b'{"name": "anna", "password": "correct horse battery"}'
    yield b'{"id": "6f1c9a52-8f0e-4b7e-9a55-0d7f3c1f2b11", "command": "pause", "why": "roll change"}'
    yield b'{"id": "6f1c9a52", "command": "run start", "run": "coil-7", "recipe": null, "seen": {"run": null}}'


def user_seeds() -> Iterator[bytes]:
    """One of each role."""
    password = str(hashed("correct horse battery", _CHEAP))
    for role in Role:
        yield f"users:\n- {{name: anna, role: {role.value}, password: '{password}'}}\n".encode()


def review_seeds() -> Iterator[bytes]:
    """A history with an undo."""
    truth = Truth(
        classes=("pitting",),
        located=True,
        mask=KeptFile(path=reviewed_mask_path(_STEM), bytes=100, crc32=7),
    )
    first = Review(
        entry=4, revision=1, says="corrected", judgements=(Judgement(defect=0, says="right"),),
        missed=(Missed(class_name="pitting", box_px=(1, 2, 3, 4)),), note="", author="anna", at_unix_ns=10**18, truth=truth,
    )  # fmt: skip
    undone = msgspec.structs.replace(first, revision=2, says="undone", judgements=(), missed=(), truth=None)
    yield msgspec.json.encode([first])
    yield msgspec.json.encode([first, undone])


_JSON = (
    b'"says"',
    b'"false_alarm"',
    b"null",
    b"-1",
    b"1e999",
    b"[[[[",
    b'"\\ud800"',
    b'"defect"',
    b"999999999999999999999",
)
TARGETS = (
    Target("view_cookies", cookies, cookie_seeds, (b"inspector-8090=", b";", b"=", MARK, b"__Host-"), longest=1 << 12),
    Target("view_bodies", bodies, body_seeds, _JSON, longest=1 << 12),
    Target("view_users", users, user_seeds, (b"scrypt$", b"role: ", b"- {", b"&a", b"*a", b"<<: "), longest=1 << 11),
    Target("archive_reviews", reviews, review_seeds, (*_JSON, b"/../", b'"truth"', b'"crc32"')),
)
