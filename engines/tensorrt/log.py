"""TensorRT's messages: the last error message is kept, to be quoted in our own errors; nothing is written to the terminal."""

from __future__ import annotations

from functools import cache
from typing import Any

_NONE = "no reason given"


@cache
def logger(api: Any) -> Any:
    """The `ILogger` of the imported TensorRT `api`; its `last_error()` is TensorRT's last error message.

    One for the process: TensorRT keeps the first logger that it is given, and ignores later ones."""

    class Log(api.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            api.ILogger.__init__(self)
            self._last_error = _NONE

        def log(self, severity: Any, message: str) -> None:
            if severity in (api.ILogger.Severity.ERROR, api.ILogger.Severity.INTERNAL_ERROR):
                self._last_error = message.splitlines()[0][:300]

        def last_error(self) -> str:
            return self._last_error

        def forget(self) -> None:
            """Clear the last error, so that a later failure does not quote it."""
            self._last_error = _NONE

    return Log()
