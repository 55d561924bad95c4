"""Who may do what on the pages."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from inspector.view.access.sessions import Session


class Role(str, Enum):
    """What a person at the pages is."""

    VIEWER = "viewer"
    """Looks."""
    OPERATOR = "operator"
    """Looks, pauses the line, begins and ends runs, prepares recipes."""
    QUALITY = "quality"
    """Looks, and reviews what the line found."""
    ENGINEER = "engineer"
    """Everything: changes the model and the configuration, too."""


RoleName = Literal["viewer", "operator", "quality", "engineer"]
"""A role as a configuration says it."""


class Right(str, Enum):
    """What a page may be used for."""

    LOOK = "look"
    REVIEW = "review"
    OPERATE = "operate"
    """Commands that need the role operator at the line's control socket."""
    ENGINEER = "engineer"
    """Commands that need the role engineer there."""


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.LOOK}),
    Role.OPERATOR: frozenset({Right.LOOK, Right.OPERATE}),
    Role.QUALITY: frozenset({Right.LOOK, Right.REVIEW}),
    Role.ENGINEER: frozenset(Right),
}
LOCAL = "local"
"""What is written down where nobody logged in."""


class Person(NamedTuple):
    """Somebody at a page."""

    name: str
    """Empty: nobody logged in, which only an address of this machine itself allows."""
    role: Role | None
    """None: may do nothing."""

    @property
    def rights(self) -> frozenset[Right]:
        """What this person may do."""
        return frozenset() if self.role is None else RIGHTS[self.role]

    @property
    def author(self) -> str:
        """What is written down of who did something."""
        return self.name or LOCAL


class Visit(NamedTuple):
    """A request, as far as its sender is known."""

    person: Person
    csrf: str
    """What a page repeats in the header of a request that changes something; a page of another origin cannot know it."""
    session: Session | None = None
    """None: the sender has not logged in."""
    users: bool = False
    """Whether there are users, so that the sender could log in."""
