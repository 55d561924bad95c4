"""A Python process that answers requests on its standard input and output, a JSON line each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from inspector.errors import UserError

HERE = Path(__file__).parents[2]
"""The folder that holds this program's packages."""
PATIENCE_S = 5.0
"""How long a process may take to end by itself."""

Request = TypeVar("Request", bound=msgspec.Struct)
Answer = TypeVar("Answer", bound=msgspec.Struct)


class Partner(Generic[Answer]):
    """The process, seen from the one that asks. Use as a context manager: leaving it ends the process."""

    def __init__(
        self,
        module: str,
        arguments: tuple[str, ...],
        answer: type[Answer],
        *,
        code: Path = HERE,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """``module`` is run with ``arguments``, from the packages in the folder ``code``, with ``environment`` beside this process's own."""
        self._module = module
        self._decode = msgspec.json.Decoder(answer).decode
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=code,  # from where -m takes modules first
            env={**os.environ, **(environment or {}), "PYTHONPATH": str(code)},
            start_new_session=True,  # Ctrl-C is for this process, which then ends that one
        )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def __enter__(self) -> Partner[Answer]:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()  # which asks it to end
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def ask(self, request: msgspec.Struct) -> None:
        """Send a request. Raises UserError where the process has ended."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(msgspec.json.encode(request) + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise self._ended() from None

    def answer(self) -> Answer:
        """Wait for the next answer. Raises UserError where the process has ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._ended()
        return self._decode(line)

    def _ended(self) -> UserError:
        return UserError(
            f"{self._module} ended before the measurement was complete; what it printed above says why. Try again."
        )


def requests(kind: type[Request]) -> Iterator[Request]:
    """In the process that answers: the requests, until there are no more."""
    decode = msgspec.json.Decoder(kind).decode
    for line in sys.stdin.buffer:
        yield decode(line)


def give(answer: msgspec.Struct) -> None:
    """In the process that answers: send an answer."""
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()
