"""Where metrics may be served."""

from __future__ import annotations

import pytest

from inspector.config.load import parse_config
from inspector.config.metrics import Address, loopback_address
from inspector.errors import UserError

LINE = "line: l1\ncameras: [{name: top, source: {kind: simulator}}]\n"


def test_nothing_listens_unasked() -> None:
    assert parse_config(LINE, "x.yaml").metrics.endpoint is None


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("127.0.0.1:9464", Address("127.0.0.1", 9464)),
        ("127.0.0.2:0", Address("127.0.0.2", 0)),
        ("[::1]:65535", Address("::1", 65535)),
    ],
)
def test_loopback_addresses(endpoint: str, address: Address) -> None:
    assert loopback_address(endpoint) == address
    assert parse_config(f"{LINE}metrics: {{endpoint: '{endpoint}'}}", "x.yaml").metrics.endpoint == endpoint


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        ("0.0.0.0:9464", "can be reached from other machines"),
        ("[::]:9464", "can be reached from other machines"),
        ("10.0.0.7:9464", "use 127.0.0.1:PORT"),
        ("127.0.0.1", "expected ADDRESS:PORT"),
        ("127.0.0.1:", "expected ADDRESS:PORT"),
        ("localhost:9464", "expected ADDRESS:PORT"),
        ("http://127.0.0.1:9464", "expected ADDRESS:PORT"),
        ("::1:9464", "expected ADDRESS:PORT"),
        ("127.0.0.1:70000", "expected 0 to 65535"),
        ("", "e.g. 127.0.0.1:9464"),
    ],
)
def test_others_are_refused_in_one_line(endpoint: str, told: str) -> None:
    with pytest.raises(UserError) as error:
        parse_config(f"{LINE}metrics: {{endpoint: '{endpoint}'}}", "x.yaml")
    assert str(error.value).startswith("x.yaml: metrics: endpoint ")
    assert told in str(error.value)
    assert "\n" not in str(error.value)
