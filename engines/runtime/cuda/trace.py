"""Times of each copy and run by stream, for a picture of how they overlap. It needs extra events, so a line does not trace."""

from __future__ import annotations

from typing import Any, TypeAlias

from engines.runtime.cuda.device import Device

Mark: TypeAlias = "tuple[str, Any, Any]"
"""Lane of the picture, and the timed events before and after."""


class Trace:
    """Timed events around every copy and run."""

    def __init__(self, device: Device, stream: Any) -> None:
        self._device = device
        self._zero = device.event(timed=True)
        self._zero.record(stream)
        self.spans: list[tuple[str, float, float]] = []
        """Lane of the picture, begin and end in ms since the trace began."""

    def mark(self, marks: list[Mark], lane: str, stream: Any) -> _Marked:
        """Time what is enqueued inside the `with` block."""
        return _Marked(self._device, marks, lane, stream)

    def take(self, marks: list[Mark]) -> None:
        """Add the marks of a finished batch."""
        for lane, begin, end in marks:
            self.spans.append((lane, begin.time_since(self._zero), end.time_since(self._zero)))


class _Marked:
    def __init__(self, device: Device, marks: list[Mark], lane: str, stream: Any) -> None:
        self._device, self._marks, self._lane, self._stream = device, marks, lane, stream

    def __enter__(self) -> None:
        self._begin = self._device.event(timed=True)
        self._begin.record(self._stream)

    def __exit__(self, *_: object) -> None:
        end = self._device.event(timed=True)
        end.record(self._stream)
        self._marks.append((self._lane, self._begin, end))


class _NoMark:
    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


_NO_MARK = _NoMark()


def no_mark(*_: object) -> _NoMark:
    """In place of `Trace.mark` where nothing is traced."""
    return _NO_MARK
