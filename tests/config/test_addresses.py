"""A configuration whose sockets strangers could reach is refused with the line that is missing."""

from __future__ import annotations

import pytest

from inspector.config.addresses import ADD_KEYS
from inspector.config.load import parse_config
from inspector.errors import UserError

LINE = "line: l\ncameras: [{name: top, source: {kind: simulator}}]\n"
REACHED = [
    "tcp://*:5550", "tcp://0.0.0.0:5550", "tcp://[::]:5550", "tcp://192.168.1.4:5550", "tcp://eth0:5550", "tcp://line1:5550",
    "tcp://[fe80::1]:5550", "tcp://[::ffff:192.168.1.4]:5550", "tcp://127.0.0.1.nip.io:5550",
]  # fmt: skip


@pytest.mark.parametrize("endpoint", REACHED)
def test_results_that_others_can_reach_need_keys(endpoint: str) -> None:
    text = f"{LINE}results: {{endpoint: '{endpoint}'}}\n"
    with pytest.raises(UserError) as raised:
        parse_config(text, "line.yaml")
    assert str(raised.value).startswith(f"line.yaml: results.endpoint: {endpoint} can be reached from other machines")
    assert f"add `{ADD_KEYS}` (docs/keys.md)" in str(raised.value)
    assert parse_config(f"{text}{ADD_KEYS}\n", "line.yaml").keys is not None


@pytest.mark.parametrize("endpoint", ["tcp://127.0.0.1:5560", *REACHED])
def test_commands_over_tcp_need_keys_on_every_address(endpoint: str) -> None:
    text = f"{LINE}control: {{remote: '{endpoint}'}}\n"
    with pytest.raises(
        UserError, match=r"^line\.yaml: control\.remote: [^\n]* the line has no keys; add `keys: [^\n]*$"
    ):
        parse_config(text, "line.yaml")
    assert parse_config(f"{text}{ADD_KEYS}\n", "line.yaml").control.remote == endpoint


@pytest.mark.parametrize(
    "endpoint", ["tcp://127.0.0.1:5550", "tcp://[::1]:*", "tcp://localhost:1", "ipc://results.ipc"]
)
def test_what_only_this_machine_reaches_needs_none(endpoint: str) -> None:
    assert parse_config(f"{LINE}results: {{endpoint: '{endpoint}'}}\n", "line.yaml").keys is None


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("results: {endpoint: 'ipc://@lines'}", "results.endpoint: ipc://@lines is an abstract name"),
        ("control: {remote: 'ipc://c'}", "control: remote 'ipc://c': expected tcp://"),
        (f"{ADD_KEYS}\ncontrol: {{remote: 'tcp://x'}}", "control.remote: 'tcp://x' is no address"),
        ("results: {curve: {secret_key: a}}", "results"),
    ],
)
def test_what_is_no_address_is_one_line(section: str, said: str) -> None:
    with pytest.raises(UserError) as raised:
        parse_config(f"{LINE}{section}\n", "line.yaml")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
