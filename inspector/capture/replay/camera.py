"""The replay as a ``FrameSource``."""

from __future__ import annotations

import threading

from engines.images.suffixes import RAW_SUFFIX
from inspector.capture.pacing import Pacer
from inspector.capture.replay.ahead import DecodeAhead
from inspector.capture.replay.decoding import recording_decoder
from inspector.capture.replay.listing import frame_names, list_files
from inspector.capture.source import Arrival, SoftwareSource
from inspector.config.replay import ReplayConfig
from inspector.errors import UserError


class ReplayCamera(SoftwareSource):
    """Delivers recorded frames of ``height x width`` pixels, or of any size where these are None (a ``FrameSource``).

    A file without a usable frame arrives without pixels and with the reason. With a rate, frame n is due at start + n / rate,
    and frames that the line was too late to take are skipped in the numbers; without one, every file is delivered.
    """

    def __init__(self, config: ReplayConfig, height: int | None, width: int | None) -> None:
        self._config = config
        self._decoder = recording_decoder(config, height, width)
        self._pacer = Pacer(config.rate_hz, config.backlog)
        self._interrupted = threading.Event()
        self._names: list[str] = []
        self._frames: int | None = None
        self._number = 0
        self._ahead: DecodeAhead | None = None

    def open(self) -> None:
        """List the files and start decoding. Raises UserError where there is nothing to replay."""
        files = list_files(self._config.path)
        if self._config.raw is None:
            raw = next((one for one in files if one.suffix.lower() == RAW_SUFFIX), None)
            if raw is not None:
                raise UserError(f"{raw}: is a raw file; add the key raw with its dtype, e.g. raw: {{dtype: uint8}}")
        self._names = frame_names(files)
        self._frames = None if self._config.loop else len(files)
        self._ahead = DecodeAhead(files, self._decoder, self._config.decode_threads, self._frames)

    def next(self) -> Arrival | None:
        """The next frame; None after the last file and after ``interrupt``."""
        if self._ahead is None or self._interrupted.is_set() or self._number == self._frames:
            return None
        due = self._pacer.wait(self._number)
        if due < 0:
            return None
        number = self._still_held(due)
        decoded = self._ahead.take(number)
        if decoded is None or self._interrupted.is_set():
            return None
        self._number = number + 1
        name = self._names[number % len(self._names)]
        return Arrival(number, self._pacer.due_ns(number), decoded.pixels, decoded.error, name)

    def _still_held(self, due: int) -> int:
        """The camera exposes nothing after the last file, so its buffers keep the last frames of the run."""
        if self._frames is None:
            return due
        return min(due, max(self._number, self._frames - 1 - self._config.backlog))

    def exposed(self) -> int | None:
        """Frames due by now at the configured rate, at most those of the run; None without a rate. From any thread."""
        due = self._pacer.exposed()
        return due if due is None or self._frames is None else min(due, self._frames)

    def interrupt(self) -> None:
        """Make a blocked or later ``next`` return None within 50 ms. May be called from any thread."""
        self._interrupted.set()
        self._pacer.stop()
        ahead = self._ahead
        if ahead is not None:
            ahead.stop()

    def close(self) -> None:
        """End the decoding threads; safe after a failed ``open`` and when called twice."""
        self.interrupt()
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None
