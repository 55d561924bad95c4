"""One connection to a camera, from its opening to its end."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack

from inspector.capture.genicam import features
from inspector.capture.genicam.arrival_time import ArrivalTime
from inspector.capture.genicam.chunks import Chunks
from inspector.capture.genicam.device import Device
from inspector.capture.genicam.discovery import choose
from inspector.capture.genicam.frame_ids import FrameIds
from inspector.capture.genicam.keeper import Keeper
from inspector.capture.genicam.library import AravisError, library
from inspector.capture.genicam.rate import Rate
from inspector.capture.genicam.stream import Stream
from inspector.capture.pixel_formats import pixel_format
from inspector.capture.source import CameraLostError
from inspector.config.genicam import GenicamConfig
from inspector.errors import UserError
from inspector.frames.size import FrameSize

log = logging.getLogger("inspector.capture")

SILENT_S, SILENT_PERIODS = 1.0, 10
"""A camera that is not triggered has gone where no frame came for the longer of the two."""
FIRST_S = 5.0
"""It may take so long to deliver the first."""


class Session:
    """A camera that is open and set. Used by one thread at a time; nothing of it is used after ``end``."""

    def __init__(self, config: GenicamConfig) -> None:
        """Find the camera, set its features and reserve buffers; it does not send yet. Leaves nothing open where it raises UserError."""
        aravis = library()
        self.device = Device(aravis, choose(aravis, config))
        self.lost = False
        """Whether the camera has gone: nothing more is asked of it."""
        self.begun_s: float | None = None
        """When the camera was told to send, monotonic; None before that."""
        self.heard_s: float | None = None
        """When a frame came last, whole or not."""
        self._keeper: Keeper | None = None
        self._without_buffer = self._missing = 0
        with ExitStack() as opened:
            opened.callback(self.device.close)
            try:
                self._set_up(config, opened)
            except AravisError as error:
                raise UserError(f"the camera {self.device.name}: {error}") from None
            self._opened = opened.pop_all()

    def _set_up(self, config: GenicamConfig, opened: ExitStack) -> None:
        device = self.device
        try:
            device.execute("AcquisitionStop")  # after a crash it still sends, and locks its features
        except AravisError as error:
            log.info("camera %s: AcquisitionStop: %s", device.name, error)
        features.apply(device, config.features)
        _check_pixel_format(device)
        self.serial = device.serial()
        self.size = FrameSize(device.integer("Height"), device.integer("Width"))
        self.triggered = _is_triggered(device) if config.triggered is None else config.triggered
        self.clock = device.clock() if config.clock is None else config.clock.replace("none", "")
        self.ids = FrameIds(wide=not device.is_gige)
        self.times = ArrivalTime()
        self.rate = Rate(config.rate_hz)
        self._software_trigger_hz = config.software_trigger_hz
        self.chunks = Chunks(device, config.encoder_chunk, config.part_chunk)
        opened.callback(self.chunks.close)
        self.stream = Stream(device, config)
        opened.callback(self.stream.close)

    def begin(self) -> None:
        """Let the camera send. Raises CameraLostError."""
        try:
            self.stream.start()
        except UserError as error:
            self.lost = True
            raise CameraLostError(str(error)) from None
        self._opened.callback(self._stop)
        self.begun_s = time.monotonic()
        if self.triggered or self._software_trigger_hz is not None:
            self._keeper = Keeper(self.device, self._software_trigger_hz)
            self._opened.callback(self._keeper.stop)

    def end(self) -> None:
        """Give the camera up. Takes seconds where it has gone. May be called twice."""
        self._opened.close()

    def check(self) -> None:
        """Whether the camera is still there, while no frame comes. Asks nothing of it. Raises CameraLostError."""
        if not self.device.in_control():
            raise self.gone("is no longer under control: it was restarted or disconnected, or another program took it")
        if self._keeper is not None and self._keeper.found:
            raise self.gone(self._keeper.found)
        if self.triggered:
            return
        now_s, hz = time.monotonic(), self.rate.hz
        silent_s = now_s - (self.heard_s or self.begun_s or now_s)
        limit_s = FIRST_S if self.heard_s is None else SILENT_S
        if hz is not None:
            limit_s = max(limit_s, SILENT_PERIODS / hz)
        if silent_s > limit_s:
            raise self.gone(f"has sent no frame for {silent_s:.1f} s", stalled=True)

    def gone(self, what: str, *, stalled: bool = False) -> CameraLostError:
        """The error that says what is wrong with the camera; from now on nothing more is asked of it."""
        self.lost = True
        return CameraLostError(f"the camera {self.device.name} {what}", stalled=stalled)

    def lacked_buffers(self) -> bool:
        """Whether packets came while no buffer was free, since this was asked last."""
        before, self._without_buffer = self._without_buffer, self.stream.without_buffer()
        return self._without_buffer > before

    def incomplete(self, state: str) -> str:
        """Why a frame is not whole. Packets are counted for the stream, so those of frames that were given up together stand with the first."""
        before, self._missing = self._missing, self.stream.packets()[1]
        count = self._missing - before
        return f"the frame is incomplete: {state}" + (
            f" ({count} packets since the last incomplete frame)" if count else ""
        )

    def _stop(self) -> None:
        if self.lost:
            return
        try:
            self.stream.stop()
        except AravisError as error:
            log.info("camera %s: %s", self.device.name, error)


def _check_pixel_format(device: Device) -> None:
    """Raise UserError where the format that the camera is set to cannot be read."""
    try:
        pixel_format(device.integer("PixelFormat"))
    except AravisError as error:
        raise UserError(f"the camera {device.name}: its PixelFormat cannot be read: {error}") from None
    except UserError as error:
        raise UserError(
            f"the camera {device.name}: PixelFormat is {device.text('PixelFormat')}: {error}; set it among `features`"
        ) from None


def _is_triggered(device: Device) -> bool:
    """Whether it waits for a trigger before each frame."""
    try:
        if device.has("TriggerSelector"):
            selected = device.text("TriggerSelector")
            if selected != "FrameStart":
                features.apply(device, ({"TriggerSelector": "FrameStart"},))
                try:
                    return device.text("TriggerMode") == "On"
                finally:
                    features.apply(device, ({"TriggerSelector": selected},))
        return device.has("TriggerMode") and device.text("TriggerMode") == "On"
    except (AravisError, UserError):
        return False
