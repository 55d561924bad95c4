"""The subscription of a controller."""

from __future__ import annotations

from pathlib import Path

from inspector.client.controller.config import ControllerConfig
from inspector.client.subscriber import Subscriber
from inspector.errors import UserError
from inspector.protocol.codec import TOPIC_ROOT


def subscribed(config: ControllerConfig) -> Subscriber:
    """A subscription to the whole line, by which nothing that was missed is asked for: a controller acts at once or not at all."""
    server, client = config.results.server_key, config.results.client_key
    try:
        return Subscriber(
            config.results.endpoint,
            f"{TOPIC_ROOT}/{config.line}/",
            server_key=None if server is None else Path(server),
            client_key=None if client is None else Path(client),
            recovery=None,  # what is recovered is too late to act on, and must not hold up what comes now
        )
    except UserError as error:
        raise UserError(f"results: {error}") from None
