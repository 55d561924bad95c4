"""Which addresses are bound, and what is said about the others."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from inspector.errors import UserError
from inspector.results.endpoint import check_endpoint
from tests.results.publishing import Ear, make_results


@pytest.mark.parametrize(
    "endpoint",
    [
        "tcp://*:5550", "tcp://0.0.0.0:5550", "tcp://[::]:5550", "tcp://192.168.1.4:5550", "tcp://eth0:5550",
        "tcp://line.plant.example:5550", "tcp://[fe80::1]:5550", "tcp://127.0.0.1.nip.io:5550", "tcp://[::ffff:192.168.1.4]:5550",
        "tcp://ip6-localhost:5550", "tcp://127.1:5550", "tcp://[fe80::1%lo]:5550",
    ],
)  # fmt: skip
def test_more_than_loopback_needs_keys(endpoint: str) -> None:
    with pytest.raises(
        UserError, match=r"^results\.endpoint: .* the line has no keys; add `keys: {secret_key: [^`]*}`"
    ):
        check_endpoint(endpoint, keys=False)
    check_endpoint(endpoint, keys=True)


@pytest.mark.parametrize(
    "endpoint",
    ["tcp://127.0.0.1:5550", "tcp://127.8.9.1:*", "tcp://localhost:1", "tcp://[::1]:5550"],
)
def test_loopback_and_ipc_need_none(endpoint: str) -> None:
    check_endpoint(endpoint, keys=False)


def test_an_abstract_name_has_no_folder_that_protects_it() -> None:
    with pytest.raises(UserError, match=r"results\.endpoint: ipc://@abstract is an abstract name"):
        check_endpoint("ipc://@abstract", keys=True)


@pytest.mark.parametrize(
    "endpoint",
    ["", "5550", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:99999", "tcp://127.0.0.1:-1", "udp://127.0.0.1:1",
     "inproc://x", "ipc://", "tcp://127.0.0.1:1;0.0.0.0:2", "tcp://127.0.0.1:1,tcp://0.0.0.0:2", " tcp://127.0.0.1:1"],
)  # fmt: skip
def test_what_is_no_address_is_refused(endpoint: str) -> None:
    with pytest.raises(UserError, match=r"^results\.endpoint: [^\n]*$"):
        check_endpoint(endpoint, keys=False)


@pytest.mark.parametrize(
    "endpoint", ["tcp://127.0.0.1:*", "tcp://localhost:*", "tcp://lo:*", "ipc://{folder}/results.ipc"]
)
def test_the_bound_endpoint_can_be_connected_to(endpoint: str, tmp_path: Path) -> None:
    results = make_results(results={"endpoint": endpoint.format(folder=tmp_path)})
    assert results.endpoint == ""
    results.start()
    assert "*" not in results.endpoint
    with Ear(results.endpoint) as ear:
        ear.until("heartbeat")
    results.close()


def test_ipv6_loopback() -> None:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
    results = make_results(results={"endpoint": "tcp://[::1]:*"})
    results.start()
    results.close()


def test_an_address_this_machine_does_not_have() -> None:
    with pytest.raises(UserError, match="this machine has no such address"):
        check_and_bind("tcp://nosuchcard0:5550")


def test_an_ipc_path_in_use_is_not_taken_over(tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/results.ipc"
    first = make_results(results={"endpoint": endpoint})
    first.start()
    with pytest.raises(UserError, match=r"results\.endpoint: ipc://.* is in use by another program"):
        make_results(results={"endpoint": endpoint}).start()
    with Ear(endpoint) as ear:
        ear.until("heartbeat")
    first.close()
    again = make_results(results={"endpoint": endpoint})
    again.start()
    again.close()


@pytest.mark.parametrize(
    ("path", "said"),
    [("nowhere/x.ipc", "folder of"), ("file.txt", "is a file"), ("x" * 120, "longer than 107 bytes")],
)
def test_bad_ipc_paths(tmp_path: Path, path: str, said: str) -> None:
    (tmp_path / "file.txt").write_text("keep me")
    with pytest.raises(UserError, match=said):
        make_results(results={"endpoint": f"ipc://{tmp_path}/{path}"}).start()
    assert (tmp_path / "file.txt").read_text() == "keep me"


def check_and_bind(endpoint: str) -> None:
    """Past the check for CURVE, as with keys."""
    import zmq

    from inspector.results.endpoint import bind

    context = zmq.Context()
    try:
        bind(context.socket(zmq.XPUB), endpoint)
    finally:
        context.destroy(linger=0)
