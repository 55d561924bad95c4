"""What a request asks for, and whether it may still be done."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from inspector.control.control_socket import Arrival
from inspector.control.remembered import Answer, Content, Key
from inspector.control.replies import refused
from inspector.protocol.control import LOOKS, NEEDS, AnyCommand, Caller
from inspector.protocol.control_messages import (
    LARGEST_REQUEST,
    LONGEST_EXPIRY_S,
    Code,
    MalformedRequest,
    Request,
    arguments_of,
    decode_request,
    name_of,
)


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, no error of the program
    """What came in is no request, or one too many. ``code`` is for programs, the text one line for a person."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Asked(NamedTuple):
    """A command that a client asks for."""

    command: AnyCommand
    caller: Caller
    epoch: str | None
    expires_ns: int | None
    received_ns: int
    """Unix time."""
    arguments: bytes
    answer: Callable[[Answer, bool], None]
    """Sends the answer, and whether it is that of an earlier request; to be called once."""

    @property
    def name(self) -> str:
        """The command's name, as ``run start``."""
        return name_of(self.command)

    @property
    def looks(self) -> bool:
        """Whether the command changes nothing."""
        return type(self.command) in LOOKS

    @property
    def key(self) -> Key:
        """What the command is remembered by."""
        return Key(self.caller.public_key, self.caller.request_id)

    @property
    def content(self) -> Content:
        """What is to be the same where the request comes again."""
        return Content(self.name, self.arguments, self.caller.on_behalf_of)

    def forbidden(self) -> Answer | None:
        """The refusal where the client's role does not suffice."""
        needs, has = NEEDS[type(self.command)], self.caller.role
        if has.covers(needs):
            return None
        return refused(Code.ROLE, f"{self.name} needs the role {needs.value}; {self.caller.who} has {has.value}")

    def untimely(self, epoch: str) -> Answer | None:
        """The refusal where the request is of another start of the daemon than ``epoch``, or has expired."""
        if self.epoch is None or self.expires_ns is None:
            if self.looks and self.epoch is None and self.expires_ns is None:
                return None
            return refused(
                Code.EPOCH_MISSING,
                "epoch and expires_ns are missing; take them from this reply and send the request again",
            )
        if self.epoch != epoch:
            return refused(
                Code.OTHER_EPOCH, "this is for another start of the daemon, which has been started again since"
            )
        left_s = (self.expires_ns - time.monotonic_ns()) / 1e9
        if left_s < 0:
            return refused(Code.EXPIRED, f"expired {-left_s:.1f} s ago; it was not begun")
        if left_s > LONGEST_EXPIRY_S:
            return refused(
                Code.EXPIRED,
                f"expires in {left_s:.0f} s; at most {LONGEST_EXPIRY_S:.0f} s after monotonic_ns are allowed",
            )
        return None


def read_request(arrival: Arrival) -> Request:
    """The request that came in. Raises Refusal where it is none."""
    if arrival.too_many:
        raise Refusal(Code.TOO_MANY, "more requests than one connection may send; wait a second")
    if len(arrival.parts) != 1:
        raise Refusal(Code.MALFORMED, f"{len(arrival.parts)} parts; a request is one, with JSON")
    (data,) = arrival.parts
    if len(data) > LARGEST_REQUEST:
        raise Refusal(Code.TOO_LARGE, f"{len(data)} bytes; a request has at most {LARGEST_REQUEST}")
    try:
        return decode_request(data)
    except MalformedRequest as error:
        raise Refusal(Code.MALFORMED, f"no request: {error}"[:500]) from None


def asked_for(
    arrival: Arrival, request: Request, command: AnyCommand, received_ns: int, answer: Callable[[Answer, bool], None]
) -> Asked:
    """What the request asks for."""
    caller = Caller(
        who=arrival.client.name,
        public_key=arrival.key,
        role=arrival.client.role,
        on_behalf_of=request.on_behalf_of,
        request_id=request.id,
    )
    return Asked(command, caller, request.epoch, request.expires_ns, received_ns, arguments_of(command), answer)
