"""Section ``control``: where the running line takes commands, and from whom."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engines.files.paths import PathRule, path_key
from inspector.config.section import Section

AUTO = "auto"


class ControlConfig(Section, frozen=True, kw_only=True):
    """The control socket. ``docs/control.md`` describes what it takes."""

    endpoint: Annotated[
        Annotated[str, path_key(PathRule(prefix="ipc://", other="@*"))] | None,
        Meta(
            description="Socket for programs on this machine: ipc://PATH, relative to this file. Whoever may open it may do everything. "
            "`auto`: `control` in the folder that systemd makes for the line (/run/inspector/LINE), and none where it is started "
            "otherwise. Null: none.",
        ),
    ] = AUTO
    remote: Annotated[
        str | None,
        Meta(
            description="Address for clients on other machines, e.g. `tcp://*:5560` or `tcp://192.168.1.4:5560`; port *: a free one. "
            "It needs `keys`: the client's key decides what it may do. Null: none."
        ),
    ] = None

    def __post_init__(self) -> None:
        """Raise ValueError for an endpoint that is no path, and for a remote one that is not TCP."""
        if self.remote is not None and not self.remote.startswith("tcp://"):
            raise ValueError(f"remote {self.remote!r}: expected tcp://ADDRESS:PORT, e.g. tcp://*:5560")
        endpoint = self.endpoint
        if endpoint is None or endpoint == AUTO:
            return
        if not endpoint.startswith("ipc://") or endpoint[len("ipc://") :][:1] in ("", "@", "*"):
            raise ValueError(
                f"endpoint {endpoint!r}: expected auto, null or ipc://PATH, e.g. ipc:///run/inspector/line1/control; "
                "TCP is configured under control.remote"
            )


def service_endpoint(runtime_folder: str) -> str:
    """Where the socket of a line is that systemd has started with this folder (``$RUNTIME_DIRECTORY``)."""
    return f"ipc://{runtime_folder}/control"
