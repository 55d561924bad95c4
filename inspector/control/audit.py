"""Writes the journal of commands: each one that was done, refused ones up to a number a minute, and now and then one that only looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec

from inspector.control.limits import LOOK_JOURNALED_EVERY_S, RECORD_S, REFUSALS_A_MINUTE
from inspector.control.remembered import Answer, encoded
from inspector.protocol.control import Caller
from inspector.protocol.control_messages import Outcome
from inspector.results.command_record import CommandRecord

Record = Callable[[CommandRecord, float], bool]
"""Keeps a record, waiting at most so many seconds for the disk; whether it is committed."""

_MINUTE_S = 60.0
_CLIENTS_REMEMBERED = 1000


class Audit:
    """The journal of commands. May be used from any thread but that of the sockets, because the disk may be slow."""

    def __init__(self, epoch: str, record: Record | None) -> None:
        """``record`` is None where the line keeps no journal."""
        self._epoch = epoch
        self._record = record
        self._lock = threading.Lock()
        self._minute_s = -_MINUTE_S
        self._refused = 0
        self._left_out = 0
        self._looked: dict[tuple[str, str, str], float] = {}

    def done(self, caller: Caller, command: str, arguments: bytes, received_ns: int, answer: Answer) -> bool | None:
        """Keep a command that was done, or begun; whether it is in the journal, None where there is none or too many were refused."""
        if answer.outcome is Outcome.REFUSED:
            return self.refused(caller, command, arguments, received_ns, answer, RECORD_S)
        return self._keep(caller, command, arguments, received_ns, answer, RECORD_S)

    def refused(
        self, caller: Caller, command: str, arguments: bytes, received_ns: int, answer: Answer, timeout_s: float = 0.0
    ) -> bool | None:
        """Keep a refusal, unless there were too many; the next one that is kept says how many were left out."""
        with self._lock:
            now_s = time.monotonic()
            if now_s - self._minute_s >= _MINUTE_S:
                self._minute_s, self._refused = now_s, 0
            if self._refused >= REFUSALS_A_MINUTE:
                self._left_out += 1
                return None
            self._refused += 1
            left_out, self._left_out = self._left_out, 0
        if left_out:
            answer = msgspec.structs.replace(
                answer, text=f"{answer.text} ({left_out} refusals before this one were left out)"
            )
        return self._keep(caller, command, arguments, received_ns, answer, timeout_s)

    def looked(self, caller: Caller, command: str, arguments: bytes, received_ns: int, answer: Answer) -> bool | None:
        """Keep a command that only looks, without what it showed; one every ten minutes for a client and command."""
        key = caller.public_key, caller.on_behalf_of, command
        with self._lock:
            now_s = time.monotonic()
            if now_s - self._looked.get(key, -LOOK_JOURNALED_EVERY_S) < LOOK_JOURNALED_EVERY_S:
                return None
            if len(self._looked) >= _CLIENTS_REMEMBERED:
                self._looked.clear()
            self._looked[key] = now_s
        return self._keep(caller, command, arguments, received_ns, msgspec.structs.replace(answer, result=None), 0.0)

    def _keep(
        self, caller: Caller, command: str, arguments: bytes, received_ns: int, answer: Answer, timeout_s: float
    ) -> bool | None:
        if self._record is None:
            return None
        changed = (answer.result or {}).get("changed")
        record = CommandRecord(
            request_id=caller.request_id,
            received_unix_ns=received_ns,
            epoch=self._epoch,
            who=caller.who,
            public_key=caller.public_key,
            role=caller.role.value,
            on_behalf_of=caller.on_behalf_of,
            command=command,
            arguments=arguments,
            outcome=answer.outcome.value,
            answer=encoded(answer),
            finished_unix_ns=time.time_ns(),
            diff=msgspec.json.encode(changed) if changed else b"",
        )
        return self._record(record, timeout_s)
