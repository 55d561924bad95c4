"""An opened camera: control of it, its registers and its features."""

from __future__ import annotations

import ctypes
import socket
import struct
import threading
from ctypes import byref

from inspector.capture.genicam.library import AravisError, Library
from inspector.errors import UserError

_CONTROLLER_PORT, _CONTROLLER_ADDRESS = 0x0A04, 0x0A14
_CONTROL = 0x0A00
_SERIAL_NUMBER, _SERIAL_BYTES = 0x00D8, 16
"""Bootstrap registers of GigE Vision: who controls the camera, which rights it has, and its serial number."""
READ_ONLY, WRITE_ONLY = 0, 1
"""Access modes of a feature."""


class Device:
    """A camera that this process controls. Every call may block for 2.5 s where the camera has gone."""

    def __init__(self, library: Library, name: str) -> None:
        """Open the camera ``name``, an address or Aravis' id. Raises UserError where it does not answer or another program controls it."""
        self.library = library
        self.name = name
        try:
            self._camera: int | None = library.arv_camera_new(name.encode())
        except AravisError as error:
            raise UserError(
                f"the camera {name} cannot be opened: {error}; look at its power and cable; `inspector camera list` shows which answer"
            ) from None
        if not self._camera:
            raise UserError(f"the camera {name} cannot be opened; `inspector camera list` shows which answer")
        self.device: int = library.arv_camera_get_device(self._camera)
        self.is_gige = bool(library.arv_camera_is_gv_device(self._camera))
        if not self.in_control():
            controller = self._controller()
            threading.Thread(target=self.close, name=f"closing-{name}", daemon=True).start()  # takes seconds
            raise UserError(
                f"the camera {name} is controlled by {controller}; end that program. After a crash the camera is free again within seconds"
            )

    @property
    def camera(self) -> int:
        """Aravis' camera. Raises RuntimeError after ``close``."""
        if self._camera is None:
            raise RuntimeError(f"the camera {self.name} is closed")
        return self._camera

    def in_control(self) -> bool:
        """Whether this process still controls the camera as far as Aravis knows; asks nothing of the camera."""
        return not self.is_gige or bool(self.library.arv_gv_device_is_controller(self.device))

    def answers(self) -> bool:
        """Whether the camera answers, and this process controls it. Asks the camera."""
        try:
            if self.is_gige:
                return self._register(_CONTROL) != 0
            version = ctypes.c_uint32()
            self.library.arv_device_read_memory(self.device, 0, 4, byref(version))
        except AravisError:
            return False
        return True

    def has(self, name: str) -> bool:
        """Whether the camera has the feature ``name``, and it can be used now."""
        if not self.library.arv_device_get_feature(self.device, name.encode()):
            return False
        try:
            return bool(self.library.arv_device_is_feature_available(self.device, name.encode()))
        except AravisError:
            return False

    def integer(self, name: str) -> int:
        """Value of an integer, or the number of an enumeration's entry. Raises AravisError."""
        return int(self.library.arv_device_get_integer_feature_value(self.device, name.encode()))

    def text(self, name: str) -> str:
        """Value of a string, or the name of an enumeration's entry. Raises AravisError."""
        value: bytes | None = self.library.arv_device_get_string_feature_value(self.device, name.encode())
        return (value or b"").decode(errors="replace")

    def is_true(self, *names: str) -> bool:
        """Whether the first of these features that the camera has is true."""
        for name in names:
            if self.has(name):
                try:
                    return bool(self.library.arv_device_get_boolean_feature_value(self.device, name.encode()))
                except AravisError:
                    return False
        return False

    def number(self, *names: str) -> float | None:
        """Value of the first of these floating-point features that the camera has; None where it has none."""
        for name in names:
            if self.has(name):
                try:
                    return float(self.library.arv_device_get_float_feature_value(self.device, name.encode()))
                except AravisError:
                    continue
        return None

    def serial(self) -> str | None:
        """Serial number of the camera, the one by which a search finds it; None where it tells none."""
        if self.is_gige:
            text = ctypes.create_string_buffer(_SERIAL_BYTES)
            try:
                self.library.arv_device_read_memory(self.device, _SERIAL_NUMBER, _SERIAL_BYTES, text)
            except AravisError:
                return None
            return text.value.decode(errors="replace") or None
        try:
            return self.text("DeviceSerialNumber") or None if self.has("DeviceSerialNumber") else None
        except AravisError:
            return None

    def execute(self, name: str) -> None:
        """Execute a command. Raises AravisError."""
        self.library.arv_device_execute_command(self.device, name.encode())

    def clock(self) -> str:
        """What the camera's time stamps count: ``ticks`` or ``ptp``; empty where it has no clock."""
        if self.is_true("PtpEnable", "GevIEEE1588"):
            return "ptp"
        try:
            has_clock = not self.is_gige or self.library.arv_gv_device_get_timestamp_tick_frequency(self.device) > 0
        except AravisError:
            return ""
        return "ticks" if has_clock else ""

    def packet_size(self) -> int:
        """Bytes of a packet, headers counted; of GigE Vision only. Raises AravisError."""
        return int(self.library.arv_gv_device_get_packet_size(self.device))

    def description(self) -> str:
        """The camera's description of itself, XML."""
        size = ctypes.c_size_t()
        text: bytes | None = self.library.arv_device_get_genicam_xml(self.device, byref(size))
        return (text or b"").decode(errors="replace")

    def close(self) -> None:
        """Give up control and the camera. May be called twice."""
        camera, self._camera = self._camera, None
        self.library.release(camera)

    def _register(self, address: int) -> int:
        value = ctypes.c_uint32()
        self.library.arv_device_read_register(self.device, address, byref(value))
        return value.value

    def _controller(self) -> str:
        """Who controls a camera that we do not, as far as it tells."""
        try:
            address, port = self._register(_CONTROLLER_ADDRESS), self._register(_CONTROLLER_PORT)
        except AravisError:
            address = port = 0
        if not address:
            return "another program (the camera does not tell its address)"
        return f"another program, at {socket.inet_ntoa(struct.pack('!I', address))} port {port & 0xFFFF}"
