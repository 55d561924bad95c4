"""Records that the tests put into a journal beside publications."""

from __future__ import annotations

import msgspec

from inspector.results.command_record import CommandRecord
from inspector.results.shadow_record import Comparison, Disagreement


def make_command(number: int = 0, **changes: object) -> CommandRecord:
    made = CommandRecord(
        request_id=f"request-{number}", received_unix_ns=1_800_000_000_000_000_000 + number, epoch="epoch-1", who="mes",
        public_key="k" * 40, role="operator", on_behalf_of="M. Huber", command="run start", arguments=b'{"run":"coil-7"}',
        outcome="done", answer=b'{"run":"coil-7","recipe":null}', finished_unix_ns=1_800_000_000_004_000_000 + number, diff=b"",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def make_disagreement(frame: int = 0, **changes: object) -> Disagreement:
    made = Disagreement(
        epoch="epoch-1", run="coil-7", camera="cam1", frame=frame, captured_unix_ns=1_800_000_000_000_000_000 + frame,
        active=b'{"verdict":"PASS"}', shadow=b'{"verdict":"REJECT"}', shadow_bundle="next-2-0123abcd", active_bundle="demo-1-89abcdef",
        kind="verdict",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def make_comparison(compared: int = 100, **changes: object) -> Comparison:
    made = Comparison(
        epoch="epoch-1", camera="cam1", shadow_bundle="next-2-0123abcd", active_bundle="demo-1-89abcdef",
        started_unix_ns=1_800_000_000_000_000_000, compared=compared, agreed=compared - 2, pairs=b'{"PASS REJECT":2}', classes=b"{}",
        sample=b"{}",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)
