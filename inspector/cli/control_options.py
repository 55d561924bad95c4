"""How commands find the control socket of a running line, and how they end."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.options import Limits, number_option

if TYPE_CHECKING:
    from inspector.client.control import ControlClient

NO_ANSWER = 3
"""Exit status where the daemon does not answer."""
SERVICE_FOLDER = Path("/run/inspector")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Line configuration; its control.endpoint is the address.")
]
EndpointOption = Annotated[
    str | None, typer.Option(help="The address itself, in place of --config: ipc://PATH or tcp://HOST:PORT.")
]
ServerKeyOption = Annotated[Path | None, typer.Option(help="For TCP: the daemon's public key file (*.key).")]
KeyOption = Annotated[Path | None, typer.Option(help="For TCP: your own secret key file (*.key_secret).")]
TimeoutOption = Annotated[
    float,
    number_option(
        "--timeout", Limits(0.1, 86_400), help="Seconds after which a daemon that says nothing does not answer."
    ),
]


@dataclass(frozen=True)
class Address:
    """Which line is asked, and by whom."""

    config: Path | None
    endpoint: str | None
    server_key: Path | None
    key: Path | None
    on_behalf_of: str
    timeout_s: float

    def connect(self) -> ControlClient:
        """Connect. Raises UserError for options that are missing or cannot be used, and NoAnswer where there is no socket."""
        from engines.files.looking import expanded
        from inspector.client.control import ControlClient
        from inspector.errors import UserError

        if (self.config is None) == (self.endpoint is None):
            raise UserError(
                "give either --config, the line's configuration, or --endpoint, the address of its control socket"
            )
        endpoint = self.endpoint or _endpoint_of(expanded(self.config or Path()))
        return ControlClient(
            endpoint,
            server_key=None if self.server_key is None else expanded(self.server_key),
            client_key=None if self.key is None else expanded(self.key),
            on_behalf_of=self.on_behalf_of,
            timeout_s=self.timeout_s,
        )


def service_address(config: Path) -> str:
    """Where the socket of a line is that systemd runs from this file."""
    return f"ipc://{SERVICE_FOLDER / config.stem / 'control'}"


def _endpoint_of(config: Path) -> str:
    """The address for programs on this machine. A file with a mistake in it does not keep anyone from the line that runs as a service."""
    from inspector.config.control import AUTO
    from inspector.config.load import load_config
    from inspector.errors import UserError

    service = service_address(config)
    try:
        endpoint = load_config(config, calibrated=False).control.endpoint
    except UserError as error:
        hidden = SERVICE_FOLDER.is_dir() and not os.access(SERVICE_FOLDER, os.X_OK)  # then the client says who may look
        if hidden or os.path.exists(service.removeprefix("ipc://")):
            return service
        raise UserError(f"{error}; --endpoint reaches a running line without this file") from None
    if endpoint is None:
        raise UserError(
            f"{config}: control.endpoint is null, so the line takes no commands on this machine; give --endpoint"
        )
    return service if endpoint == AUTO else endpoint
