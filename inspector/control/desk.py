"""Decides on each request, has the line do what was asked, and answers.

``take`` is called by the thread of the sockets and only looks at the request: what may take time, the line's part and the journal's, is done
by three lanes. One is for commands that only look, one for those that are done at once, and one for those that load engines.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from engines.files.text import brief
from inspector.control.audit import Audit, Record
from inspector.control.control_socket import Arrival
from inspector.control.lanes import Lane, Task
from inspector.control.limits import LOOKS_WAITING, QUICK_WAITING, SLOW_WAITING
from inspector.control.remembered import Answer, Remembered
from inspector.control.replies import Replies, checked, refused
from inspector.control.requests import Asked, Refusal, asked_for, read_request
from inspector.errors import UserError
from inspector.protocol.control import SLOW, WITHOUT_JOURNAL, AnyCommand, Caller, CommandRefused, Role
from inspector.protocol.control_messages import Code, Outcome, id_in
from inspector.results.allow_list import Client
from inspector.results.bad_messages import Fault
from inspector.results.command_record import CommandRecord

log = logging.getLogger(__name__)

Perform = Callable[[AnyCommand, Caller], dict[str, object]]
"""Has the line do a command and returns what was done, as JSON has it. Raises CommandRefused where nothing was changed."""

_NO_ARGUMENTS = b"{}"
_JOURNALED_REFUSALS = frozenset(
    {Code.MALFORMED, Code.TOO_LARGE, Code.OTHER_EPOCH, Code.EXPIRED, Code.ID_REUSED, Code.ROLE, Code.JOURNAL}
)
"""The other refusals say that a client is to ask again, which is no event."""


class Desk:
    """Takes requests. ``take`` is for one thread; what it is given to answer with is called from any, once for each request."""

    def __init__(
        self,
        replies: Replies,
        perform: Perform,
        record: Record | None,
        writable: Callable[[], str],
        remembered: Sequence[CommandRecord],
    ) -> None:
        self._replies = replies
        self._perform = perform
        self._writable = writable
        self._audit = Audit(replies.epoch, record)
        self._remembered = Remembered(remembered)
        self._looks = Lane("control-looks", LOOKS_WAITING)
        self._quick = Lane("control-quick", QUICK_WAITING)
        self._slow = Lane("control-slow", SLOW_WAITING)
        self._stopping = False
        self._lock = threading.Lock()
        self._under_way: dict[int, tuple[Asked, Answer | None]] = {}
        """Commands that a lane has begun and not answered, by the identity of the object, and what came of those that wait for the disk."""

    def start(self) -> None:
        """Start the lanes."""
        for lane in (self._looks, self._quick, self._slow):
            lane.start()

    def close(self, timeout_s: float) -> None:
        """Let what is under way end, at most ``timeout_s``, and answer what has not: that the daemon stops."""
        self._stopping = True
        until_s = time.monotonic() + timeout_s
        for lane in (self._quick, self._slow, self._looks):
            lane.close(max(0.02, until_s - time.monotonic()))
        with self._lock:
            left, self._under_way = list(self._under_way.values()), {}
        for asked, done in left:
            if done is not None:
                asked.answer(_journaled(done, False), False)
                continue
            text = f"the daemon stops while {asked.name} is under way; whether it was done is not known"
            asked.answer(Answer(outcome=Outcome.FAILED, code=Code.STOPPING, text=text), False)

    def take(self, arrival: Arrival, reply: Callable[[bytes], None]) -> None:
        """Decide on what came in; ``reply`` is called once, now or later."""
        received_ns = time.time_ns()
        try:
            request = read_request(arrival)
        except Refusal as refusal:
            self._refuse(arrival, refusal, received_ns, reply)
            return

        def answer(given: Answer, repeated: bool) -> None:
            reply(self._replies.encoded(request.id, given, repeated=repeated))

        if request.do is None:
            answer(Answer(outcome=Outcome.DONE, code=Code.DONE), False)
            return
        asked = asked_for(arrival, request, request.do, received_ns, answer)
        decided = asked.forbidden() or (self._look(asked) if asked.looks else self._change(asked))
        if decided is not None:
            asked.answer(decided, False)
            self._note(asked.caller, asked.name, asked.arguments, received_ns, decided)

    def key_refused(self, key: str, address: str, client: Client | None) -> None:
        """Somebody was turned away at the door: a stranger, or a ``client`` whose role is too low."""
        if client is None:
            client, why = Client("unknown", Role.SUBSCRIBER), "is in no role's folder"
        else:
            why = f"has the role {client.role.value} only"
        told = refused("key", f"the public key of a client at {address} {why}")
        caller = Caller(who=client.name, public_key=key, role=client.role)
        self._put_note(caller, "connect", _NO_ARGUMENTS, time.time_ns(), told)

    # Deciding: what a request is answered with at once; None where the answer is given already, or comes from a lane.

    def _look(self, asked: Asked) -> Answer | None:
        untimely = asked.untimely(self._replies.epoch)
        if untimely is not None:
            return untimely
        return self._queued(self._looks, asked)

    def _change(self, asked: Asked) -> Answer | None:
        earlier = self._remembered.find(asked.key)
        if earlier is not None:
            if earlier.content != asked.content:
                return refused(
                    Code.ID_REUSED, f"this id was used before, for another request ({earlier.content.command})"
                )
            if earlier.answer is None:
                return Answer(
                    outcome=Outcome.WORKING, code=Code.WORKING, text="it is being done; ask again with this id"
                )
            asked.answer(earlier.answer, True)
            return None
        untimely = asked.untimely(self._replies.epoch)
        if untimely is not None:
            return untimely
        self._remembered.begin(asked.key, asked.content)
        not_queued = self._queued(self._slow if type(asked.command) in SLOW else self._quick, asked)
        if not_queued is not None:
            self._remembered.finish(asked.key, None)
        return not_queued

    def _queued(self, lane: Lane, asked: Asked) -> Answer | None:
        if lane.put(Task(lambda: self._run(asked), lambda: self._drop(asked))):
            return None
        if self._stopping:
            return refused(Code.STOPPING, "the daemon stops")
        return refused(Code.BUSY, "too many commands wait to be done; ask again later")

    # Doing, in a lane.

    def _run(self, asked: Asked) -> None:
        with self._lock:
            self._under_way[id(asked)] = asked, None
        answer = self._performed(asked) if asked.looks else self._changed(asked)
        with self._lock:
            answered = self._under_way.pop(id(asked), None) is None
        if not answered:
            asked.answer(answer, False)
        if asked.looks:
            self._audit.looked(asked.caller, asked.name, asked.arguments, asked.received_ns, answer)

    def _changed(self, asked: Asked) -> Answer:
        not_begun = asked.untimely(self._replies.epoch) or self._unjournalable(asked)
        answer = not_begun or self._performed(asked)
        with self._lock:
            if id(asked) in self._under_way:
                self._under_way[id(asked)] = asked, answer
        answer = self._journaled(asked, answer)
        self._remembered.finish(asked.key, None if not_begun else answer)
        who = f"{asked.caller.who} for {asked.caller.on_behalf_of}" if asked.caller.on_behalf_of else asked.caller.who
        level = logging.INFO if answer.outcome is Outcome.DONE else logging.WARNING
        what = (
            asked.name if asked.arguments == _NO_ARGUMENTS else f"{asked.name} {brief(asked.arguments.decode(), 200)}"
        )
        log.log(level, "%s, asked for by %s: %s", what, who, answer.text or answer.code)
        return answer

    def _performed(self, asked: Asked) -> Answer:
        try:
            result = checked(self._perform(asked.command, asked.caller))
        except CommandRefused as refusal:
            return refused(refusal.code, str(refusal))
        except UserError as error:
            return refused("refused", str(error))
        except Exception as error:
            log.exception("command %s failed", asked.name)
            text = f"an error in the program, which the log describes: {brief(str(error) or type(error).__name__, 200)}"
            return Answer(outcome=Outcome.FAILED, code=Code.INTERNAL, text=text)
        return Answer(outcome=Outcome.DONE, code=Code.DONE, result=result)

    def _unjournalable(self, asked: Asked) -> Answer | None:
        """The refusal of a command that must be journaled and cannot be."""
        why = "" if type(asked.command) in WITHOUT_JOURNAL else self._writable()
        if not why:
            return None
        return refused(
            Code.JOURNAL, f"the journal cannot be written ({why}); only pause, drain and rollback are done meanwhile"
        )

    def _journaled(self, asked: Asked, answer: Answer) -> Answer:
        """Journal the command; return its answer, which says whether it is."""
        try:
            kept = self._audit.done(asked.caller, asked.name, asked.arguments, asked.received_ns, answer)
        except Exception:
            log.exception("command %s could not be journaled", asked.name)
            kept = False
        return _journaled(answer, kept)

    def _drop(self, asked: Asked) -> None:
        if not asked.looks:
            self._remembered.finish(asked.key, None)
        asked.answer(refused(Code.STOPPING, "the daemon stops"), False)

    # Refusing.

    def _refuse(self, arrival: Arrival, refusal: Refusal, received_ns: int, reply: Callable[[bytes], None]) -> None:
        """Refuse what could not be read as a request."""
        readable = len(arrival.parts) == 1 and refusal.code == Code.MALFORMED
        request_id = id_in(arrival.parts[0]) if readable else None
        arrival.bad(Fault(refusal.code), str(refusal))
        told = refused(refusal.code, str(refusal))
        reply(self._replies.encoded(request_id, told))
        client = arrival.client
        caller = Caller(who=client.name, public_key=arrival.key, role=client.role, request_id=request_id or "")
        self._note(caller, "unreadable", _NO_ARGUMENTS, received_ns, told)

    def _note(self, caller: Caller, name: str, arguments: bytes, received_ns: int, told: Answer) -> None:
        if told.outcome is Outcome.REFUSED and told.code in _JOURNALED_REFUSALS:
            self._put_note(caller, name, arguments, received_ns, told)

    def _put_note(self, caller: Caller, name: str, arguments: bytes, received_ns: int, told: Answer) -> None:
        """Have a refusal journaled in the lane of looks, because the disk may be slow; where that is full it is left out."""

        def keep() -> None:
            self._audit.refused(caller, name, arguments, received_ns, told)

        self._looks.put(Task(keep, lambda: None))


def _journaled(answer: Answer, kept: bool | None) -> Answer:
    """The answer, which says whether it is in the journal."""
    text = answer.text
    if kept is False and answer.outcome is Outcome.DONE:
        text = "done, but the journal cannot be written, so it is not in the journal yet"
    return msgspec.structs.replace(answer, journaled=kept, text=text)
