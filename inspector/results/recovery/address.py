"""What heartbeats say of where the recovery socket is, and what to do where its address is in use."""

from __future__ import annotations

import re
from pathlib import Path

from inspector.config.recovery import AUTO
from inspector.config.results import ResultsConfig

_TCP = re.compile(r"tcp://(.+):(\*|\d+)")
_EVERY_ADDRESS = ("*", "0.0.0.0", "[::]", "::")


def told(results: str, bound: str) -> str:
    """What heartbeats say: the address bound, with ``*`` for the host where it is reached as the results are. ``results`` is the address of
    those as it is configured."""
    if bound.startswith("ipc://"):
        path = bound.removeprefix("ipc://")
        return bound if path.startswith("@") else f"ipc://{Path(path).absolute()}"
    host, port = _split(bound)
    if not results.startswith("ipc://"):
        same = host in _EVERY_ADDRESS or host == _split(results)[0] or _is_loopback(host, _split(results)[0])
        return f"tcp://{'*' if same else host}:{port}"
    return f"tcp://{'127.0.0.1' if host in _EVERY_ADDRESS else host}:{port}"


def neighbour(config: ResultsConfig) -> str:
    """What else may have the address of the results, where it is in use; empty where that is nothing."""
    port = _split(config.endpoint)[1]
    if not port.isdigit() or int(port) < 2:
        return ""
    return f"; a line with its results on port {int(port) - 1} answers what was missed on {port}: keep the ports of two lines apart by 2"


def collision(config: ResultsConfig) -> str:
    """What to do where the address of the recovery socket is in use."""
    if config.recovery.endpoint == AUTO:
        return (
            "it is that of the results plus one (auto); another line may have its results there: keep the ports of two lines apart by 2, "
            "or set results.recovery.endpoint, null where nobody asks for what was missed"
        )
    return "set results.recovery.endpoint, null where nobody asks for what was missed"


def _split(endpoint: str) -> tuple[str, str]:
    """Host and port; a text that is no address is refused before."""
    found = _TCP.fullmatch(endpoint)
    return (found[1], found[2]) if found else (endpoint, "*")


def _is_loopback(bound: str, host: str) -> bool:
    """Whether ``host``, a name of the configuration, is the loopback address that was bound."""
    return bound in ("127.0.0.1", "[::1]") and host in ("localhost", "lo", "127.0.0.1", "[::1]")
