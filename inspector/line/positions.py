"""Where on the sheet the frames of one camera are."""

from __future__ import annotations

from collections.abc import Callable

from inspector.capture.source import Arrival
from inspector.config.camera import CameraConfig
from inspector.config.recording import RecordedSource
from inspector.frames.clock import monotonic_ns
from inspector.frames.position import UNKNOWN, Position, PositionSource
from inspector.line.encoder import Encoder, EncoderState
from inspector.protocol.messages import Header
from inspector.protocol.values import LARGEST


class Positions:
    """Positions of one camera's frames, from the counts of its encoder, else from their numbers. Used under the lock under which frames get
    their numbers.

    ``travel_um`` counts from the first frame of the run of which the position is known. What cannot be known is None, never guessed: without
    an encoder everything from an interruption (``broken``, ``resume``) until the next run begins; with one, frames without a count."""

    def __init__(
        self, camera: CameraConfig, told: Callable[[bool, str, str], None] = lambda well, code, text: None
    ) -> None:
        """``told(well, code, text)`` is called when the encoder begins to be in trouble, or is well again."""
        self._told = told
        # A recording holds its positions: those that it does not know are not to be computed.
        self._pitch_um = None if isinstance(camera.source, RecordedSource) else camera.um_per_frame
        self._encoder = Encoder(camera.encoder) if camera.encoder else None
        self._state = EncoderState.WELL
        """Of the encoder, as it was told last."""
        self._run = ""
        self._begins = False
        """Whether a run has begun and none of its frames has had a position yet."""
        self._zero: int | None = 0
        """Number of the frame with position 0, without an encoder; None where it is not known."""
        self._travel_from: int | None = None
        """Of the run: its first frame's number, with an encoder its position; None where it is not known."""

    def resume(self, last: Header, *, live: bool) -> None:
        """Go on after the last frame that was published before the line was started, if the same run goes on. ``live``: the camera is a device,
        whose sheet moved on meanwhile; another source begins again."""
        if self._encoder is None:
            if live:
                self._run, self._zero = last.run or "", None
            return
        if last.encoder is None or last.captured_unix_ns is None:
            return
        self._run = last.run or ""
        self._encoder.resume(last.encoder, last.position_um, monotonic_ns(last.captured_unix_ns))
        if last.position_um is not None and last.travel_um is not None:
            self._travel_from = last.position_um - last.travel_um

    def broken(self) -> None:
        """The camera was away, and how many frames it took meanwhile is not known. An encoder goes on."""
        if self._encoder is None:
            self._zero = self._travel_from = None

    def of(self, number: int, arrival: Arrival | None, run: str) -> Position:
        """The position of frame ``number``, captured in ``run``; ``arrival`` is None for the first of a range of lost frames."""
        if arrival is not None and arrival.recorded is not None:
            return arrival.recorded
        if run != self._run:
            self._run, self._begins, self._travel_from = run, bool(run), None
        if self._encoder is not None:
            return UNKNOWN if arrival is None else self._by_encoder(self._encoder, arrival)
        raw = arrival.encoder if arrival else None
        return self._by_number(number, raw)

    def _by_number(self, number: int, raw: int | None) -> Position:
        if self._begins:
            self._begins, self._travel_from = False, number
            self._zero = number if self._zero is None else self._zero
        if self._pitch_um is None or self._zero is None:
            return Position(encoder=_bounded(raw))
        return Position(
            position_um=round((number - self._zero) * self._pitch_um),
            travel_um=None if self._travel_from is None else round((number - self._travel_from) * self._pitch_um),
            source=PositionSource.FRAME_COUNT,
            encoder=_bounded(raw),
        )

    def _by_encoder(self, encoder: Encoder, arrival: Arrival) -> Position:
        raw = arrival.encoder
        if raw is None:
            if not arrival.error:  # a frame that did not arrive whole has lost its count, too
                encoder.missing()
                self._tell(encoder)
            return UNKNOWN
        if self._begins:
            encoder.restart()
        position_um = encoder.read(raw, arrival.captured_ns)
        if self._begins and position_um is not None:
            self._begins, self._travel_from = False, position_um
        self._tell(encoder)
        if position_um is None:
            return Position(encoder=_bounded(raw))
        travel_um = None if self._travel_from is None else position_um - self._travel_from
        return Position(position_um, travel_um, PositionSource.ENCODER, _bounded(raw))

    def _tell(self, encoder: Encoder) -> None:
        if encoder.state is self._state:
            return
        self._state = encoder.state
        well = encoder.state is EncoderState.WELL
        self._told(well, encoder.state.value, encoder.text or "it counts forward, positions are known")


def _bounded(raw: int | None) -> int | None:
    """A count of 64 bits may be beyond what every reader of the messages takes."""
    return raw if raw is not None and abs(raw) <= LARGEST else None
