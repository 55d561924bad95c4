"""Whether a line can bind its addresses here, and use its keys."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

from inspector.config.keys import KeysConfig
from inspector.config.recovery import ENDPOINT as RECOVERY_ENDPOINT
from inspector.config.recovery import recovery_address
from inspector.config.tree import LineConfig
from inspector.doctor.finding import Finding, Section, Subject
from inspector.errors import UserError

ENDPOINT = Subject(Section.LINE, "Endpoint", needed=True)
RECOVERY = Subject(Section.LINE, "Recovery", needed=True)
REMOTE = Subject(Section.LINE, "Remote control", needed=True)
KEYS = Subject(Section.LINE, "Keys", needed=True)


def socket_findings(config: LineConfig) -> Iterator[Finding]:
    """Findings about results, control over TCP, and keys."""
    yield _address(ENDPOINT, config.results.endpoint, "results.endpoint", config)
    recovery = recovery_address(config.results.endpoint, config.results.recovery)
    if recovery is not None:
        yield _address(RECOVERY, recovery, RECOVERY_ENDPOINT, config)
    else:
        yield RECOVERY.note(f"{RECOVERY_ENDPOINT} is null", "subscribers cannot ask for what they missed")
    if config.control.remote is not None:
        yield _address(REMOTE, config.control.remote, "control.remote", config)
    if config.keys is not None:
        yield _keys(config.keys)


def _address(subject: Subject, endpoint: str, key: str, config: LineConfig) -> Finding:
    """Whether the address can be bound; tries it and closes it again."""
    import zmq

    from inspector.results.endpoint import bind, check_endpoint

    try:
        check_endpoint(endpoint, keys=config.keys is not None, key=key)
        with zmq.Context() as context, context.socket(zmq.XPUB) as trial:
            bind(trial, endpoint, key)
    except UserError as error:
        advice = f"the daemon refuses to start, unless line {config.line} itself is what runs there already"
        return subject.wrong(str(error), advice)
    secured = "with keys" if config.keys is not None and endpoint.startswith("tcp://") else "loopback or ipc only"
    return subject.ok(f"{endpoint} is free", f"clients connect there, {secured}")


def _keys(keys: KeysConfig) -> Finding:
    from inspector.protocol.control import Role
    from inspector.protocol.keys import CREDENTIALS
    from inspector.results.allow_list import AllowList

    if keys.secret_key.startswith(f"{CREDENTIALS}/") and not os.path.exists(keys.secret_key):
        advice = "the service has it while it runs; LoadCredential= of its unit must name the key (docs/keys.md)"
        return KEYS.note(f"{keys.secret_key} is not there now", advice)
    try:
        known = AllowList(keys, "doctor", Role.SUBSCRIBER).clients()
    except UserError as error:
        return KEYS.wrong(str(error), "the daemon refuses to start")
    counts = Counter(client.role for client in known)
    found = ", ".join(f"{counts[role]} {role.value}" for role in Role if counts[role])
    return KEYS.ok(found or "no client may connect yet", "`inspector keys show -c FILE` lists them")
