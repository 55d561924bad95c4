"""TensorRT's messages: the last complaint is kept, for the one line an error gets; by itself it writes to the terminal unasked."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def logger(api: Any) -> Any:
    """The `ILogger` of the imported TensorRT `api`; `last()` gives its last complaint.

    One for all: TensorRT keeps to the first that a process gave it, whatever is given later."""

    class Log(api.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            api.ILogger.__init__(self)
            self._complaint = "no reason given"

        def log(self, severity: Any, message: str) -> None:
            if severity in (api.ILogger.Severity.ERROR, api.ILogger.Severity.INTERNAL_ERROR):
                self._complaint = message.splitlines()[0][:300]

        def last(self) -> str:
            return self._complaint

        def forget(self) -> None:
            """What was complained of so far has nothing to do with what comes."""
            self._complaint = "no reason given"

    return Log()
