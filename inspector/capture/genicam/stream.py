"""The stream of an opened camera: buffers, packets, what came of them."""

from __future__ import annotations

import ctypes
import logging
from ctypes import byref
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inspector.capture.genicam import network
from inspector.capture.genicam.device import Device
from inspector.capture.genicam.library import AravisError, Library
from inspector.config.genicam import GenicamConfig
from inspector.errors import UserError

log = logging.getLogger("inspector.capture")

WHOLE = 0
_STATES = {1: "it was not filled", 2: "packets are missing", 3: "packets are missing", 4: "packets do not fit it"}
_STATES |= {5: "it is larger than the camera said", 7: "it was cut off"}
"""Why a buffer is not whole, by Aravis' status."""
NO_ID = 2**64 - 1
"""Written into an empty buffer: Aravis leaves the id of an older frame where the first packet is missing."""
_PACKET_SOCKET_DISABLED = 1
_NEVER_ADJUST = 0


class Received(NamedTuple):
    """A buffer that came back, whole or not. What it points to is valid until ``requeue``."""

    buffer: int
    state: str
    """Why it is not whole, one line; empty where it is."""
    frame_id: int | None
    """None where the packet that says it is missing: whatever else stands in the buffer is of an older frame."""
    stamp_ns: int
    """Wall clock when the first packet came, Unix ns."""
    camera_ns: int


class Image(NamedTuple):
    """The pixels in a whole buffer."""

    data: NDArray[np.uint8]
    """``uint8 [bytes]``, a view of the buffer."""
    height: int
    width: int
    format_code: int
    padding: int
    """Bytes at the end of each row."""


class Stream:
    """Receives frames once it is started. Used by one thread, but for ``packets``."""

    def __init__(self, device: Device, config: GenicamConfig) -> None:
        """Reserve buffers and begin to listen. Raises UserError."""
        self._library: Library = device.library
        self._device = device
        self.payload = int(self._library.arv_camera_get_payload(device.camera))
        if device.is_gige:
            _set_packet_size(device, config)
        stream = self._library.arv_camera_create_stream(device.camera, None, None)
        if not stream or not device.in_control():
            self._library.release(stream)
            raise UserError(f"the camera {device.name} gives no stream: another program controls it")
        self._stream: int | None = stream
        if device.is_gige:
            self._set_up(config)
        for _ in range(config.buffers):
            buffer = self._library.arv_buffer_new_allocate(self.payload)
            self.requeue(buffer)

    def start(self) -> None:
        """Let the camera send. Raises UserError."""
        try:
            self._library.arv_camera_start_acquisition(self._device.camera)
        except AravisError as error:
            raise UserError(f"the camera {self._device.name} does not start: {error}") from None

    def stop(self) -> None:
        """Let the camera send no more. Raises AravisError."""
        self._library.arv_camera_stop_acquisition(self._device.camera)

    def pop(self, timeout_us: int) -> Received | None:
        """The next frame in the order of their ids; None where none comes in time."""
        library = self._library
        buffer = library.arv_stream_timeout_pop_buffer(self._stream, timeout_us)
        if not buffer:
            return None
        status = library.arv_buffer_get_status(buffer)
        frame_id = library.arv_buffer_get_frame_id(buffer)
        return Received(
            buffer=buffer,
            state="" if status == WHOLE else _STATES.get(status, f"status {status}"),
            frame_id=None if frame_id == NO_ID else frame_id,
            stamp_ns=library.arv_buffer_get_system_timestamp(buffer),
            camera_ns=library.arv_buffer_get_timestamp(buffer),
        )

    def image(self, buffer: int) -> Image | None:
        """The pixels of a whole buffer; None where it holds no image."""
        library = self._library
        if library.arv_buffer_get_n_parts(buffer) < 1:
            return None
        size, x_padding, y_padding = ctypes.c_size_t(), ctypes.c_int(), ctypes.c_int()
        address = library.arv_buffer_get_image_data(buffer, byref(size))
        if not address or not size.value:
            return None
        library.arv_buffer_get_image_padding(buffer, byref(x_padding), byref(y_padding))
        return Image(
            data=np.ctypeslib.as_array((ctypes.c_uint8 * size.value).from_address(address)),
            height=library.arv_buffer_get_image_height(buffer),
            width=library.arv_buffer_get_image_width(buffer),
            format_code=library.arv_buffer_get_image_pixel_format(buffer),
            padding=x_padding.value,
        )

    def requeue(self, buffer: int) -> None:
        """Give a buffer back, to be filled again."""
        self._library.arv_buffer_set_frame_id(buffer, NO_ID)
        self._library.arv_stream_push_buffer(self._stream, buffer)

    def without_buffer(self) -> int:
        """Packets that came while no buffer was free."""
        counts = [ctypes.c_uint64() for _ in range(3)]
        self._library.arv_stream_get_statistics(self._stream, *map(byref, counts))
        return counts[2].value

    def packets(self) -> tuple[int, int]:
        """Packets that were sent again, and those that never came; of GigE Vision only."""
        resent, missing = ctypes.c_uint64(), ctypes.c_uint64()
        if self._device.is_gige:
            self._library.arv_gv_stream_get_statistics(self._stream, byref(resent), byref(missing))
        return resent.value, missing.value

    def close(self) -> None:
        """End the thread and free the buffers. May be called twice."""
        stream, self._stream = self._stream, None
        self._library.release(stream)

    def _set_up(self, config: GenicamConfig) -> None:
        wanted = max(1 << 20, config.socket_buffer_frames * self.payload)
        allowed = network.largest_socket_buffer()
        if allowed is not None and allowed < wanted:
            log.warning(
                "camera %s: net.core.rmem_max is %d, but %d frames take %d bytes: frames may be lost; "
                "sysctl -w net.core.rmem_max=%d",
                self._device.name,
                allowed,
                config.socket_buffer_frames,
                wanted,
                wanted,
            )
        for name, value in (
            ("socket-buffer", 0),  # of a fixed size
            ("socket-buffer-size", min(wanted, 2**31 - 1)),
            ("packet-resend", int(config.packet_resend)),
            ("packet-timeout", round(config.packet_timeout_ms * 1000)),
            ("frame-retention", round(config.frame_retention_ms * 1000)),
        ):
            assert self._stream is not None
            self._library.set_property(self._stream, name, value)


def _set_packet_size(device: Device, config: GenicamConfig) -> None:
    """Before the stream is made. Raises UserError."""
    library, name = device.library, device.name
    if not config.packet_socket:
        library.arv_gv_device_set_stream_options(device.device, _PACKET_SOCKET_DISABLED)
    limit = network.mtu(network.interface_towards(name))
    try:
        now = library.arv_gv_device_get_packet_size(device.device)
        wanted = config.packet_size or now
        if limit is not None and wanted > limit:
            log.warning(
                "camera %s: packets of %d bytes do not fit the interface; set to its MTU, %d", name, wanted, limit
            )
            wanted = limit
        if config.packet_size is not None:
            library.arv_gv_device_set_packet_size_adjustment(device.device, _NEVER_ADJUST)
        if wanted != now:
            library.arv_gv_device_set_packet_size(device.device, wanted)
            found = library.arv_gv_device_get_packet_size(device.device)
            if found > (limit or found):
                raise UserError(
                    f"the camera {name} sends packets of {found} bytes, and the interface takes {limit}; raise its MTU, or set packet_size to "
                    "what both can do"
                )
            if found != wanted:
                log.warning("camera %s: packets have %d bytes, as it cannot do %d", name, found, wanted)
    except AravisError as error:
        raise UserError(f"the camera {name}: its packet size cannot be set: {error}") from None
