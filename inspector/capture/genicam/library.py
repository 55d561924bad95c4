"""Binds what is used of Aravis, by ctypes: PyGObject cannot be installed by pip everywhere, and the ABI of Aravis 0.8 is stable."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from ctypes import POINTER, Structure, byref, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint, c_uint32, c_uint64
from functools import lru_cache
from typing import Any

from inspector.errors import UserError

FILE = "libaravis-0.8.so.0"
PACKAGE = "libaravis-0.8-0"
OLDEST = (0, 8, 20)
"""The version of JetPack 6."""


class _GError(Structure):
    _fields_ = (("domain", c_uint32), ("code", c_int), ("message", c_char_p))


class _GSList(Structure):
    _fields_ = (("data", ctypes.c_void_p), ("next", ctypes.c_void_p))


class AravisError(UserError):
    """A call of Aravis failed; the text is Aravis' own."""


_P, _S, _U = ctypes.c_void_p, c_char_p, c_uint
_ERROR = POINTER(POINTER(_GError))
_INT_P, _DOUBLE_P, _SIZE_P = POINTER(c_int64), POINTER(c_double), POINTER(c_size_t)

_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "arv_get_major_version": (_U, ()),
    "arv_get_minor_version": (_U, ()),
    "arv_get_micro_version": (_U, ()),
    "arv_debug_enable": (c_int, (_S,)),
    "arv_update_device_list": (None, ()),
    "arv_get_n_devices": (_U, ()),
    "arv_get_device_id": (_S, (_U,)),
    "arv_get_device_physical_id": (_S, (_U,)),
    "arv_get_device_address": (_S, (_U,)),
    "arv_get_device_vendor": (_S, (_U,)),
    "arv_get_device_model": (_S, (_U,)),
    "arv_get_device_serial_nbr": (_S, (_U,)),
    "arv_get_device_protocol": (_S, (_U,)),
    "arv_camera_new": (_P, (_S, _ERROR)),
    "arv_camera_get_device": (_P, (_P,)),
    "arv_camera_create_stream": (_P, (_P, _P, _P, _ERROR)),
    "arv_camera_start_acquisition": (None, (_P, _ERROR)),
    "arv_camera_stop_acquisition": (None, (_P, _ERROR)),
    "arv_camera_get_payload": (_U, (_P, _ERROR)),
    "arv_camera_is_gv_device": (c_int, (_P,)),
    "arv_gv_device_is_controller": (c_int, (_P,)),
    "arv_gv_device_get_packet_size": (_U, (_P, _ERROR)),
    "arv_gv_device_set_packet_size": (None, (_P, c_int, _ERROR)),
    "arv_gv_device_set_packet_size_adjustment": (None, (_P, c_int)),
    "arv_gv_device_set_stream_options": (None, (_P, c_int)),
    "arv_gv_device_get_timestamp_tick_frequency": (c_uint64, (_P, _ERROR)),
    "arv_device_read_register": (c_int, (_P, c_uint64, POINTER(c_uint32), _ERROR)),
    "arv_device_read_memory": (c_int, (_P, c_uint64, c_uint32, _P, _ERROR)),
    "arv_device_get_genicam_xml": (_S, (_P, _SIZE_P)),
    "arv_device_get_feature": (_P, (_P, _S)),
    "arv_device_is_feature_available": (c_int, (_P, _S, _ERROR)),
    "arv_device_execute_command": (None, (_P, _S, _ERROR)),
    "arv_device_set_boolean_feature_value": (None, (_P, _S, c_int, _ERROR)),
    "arv_device_get_boolean_feature_value": (c_int, (_P, _S, _ERROR)),
    "arv_device_set_string_feature_value": (None, (_P, _S, _S, _ERROR)),
    "arv_device_get_string_feature_value": (_S, (_P, _S, _ERROR)),
    "arv_device_set_integer_feature_value": (None, (_P, _S, c_int64, _ERROR)),
    "arv_device_get_integer_feature_value": (c_int64, (_P, _S, _ERROR)),
    "arv_device_get_integer_feature_bounds": (None, (_P, _S, _INT_P, _INT_P, _ERROR)),
    "arv_device_get_integer_feature_increment": (c_int64, (_P, _S, _ERROR)),
    "arv_device_set_float_feature_value": (None, (_P, _S, c_double, _ERROR)),
    "arv_device_get_float_feature_value": (c_double, (_P, _S, _ERROR)),
    "arv_device_get_float_feature_bounds": (None, (_P, _S, _DOUBLE_P, _DOUBLE_P, _ERROR)),
    "arv_device_dup_available_enumeration_feature_values_as_strings": (_P, (_P, _S, POINTER(_U), _ERROR)),
    "arv_gc_feature_node_get_name": (_S, (_P,)),
    "arv_gc_feature_node_get_actual_access_mode": (c_int, (_P,)),
    "arv_gc_feature_node_is_locked": (c_int, (_P, _ERROR)),
    "arv_gc_category_get_features": (POINTER(_GSList), (_P,)),
    "arv_gc_category_get_type": (c_size_t, ()),
    "arv_gc_command_get_type": (c_size_t, ()),
    "arv_gc_enumeration_get_type": (c_size_t, ()),
    "arv_gc_boolean_get_type": (c_size_t, ()),
    "arv_gc_float_get_type": (c_size_t, ()),
    "arv_gc_integer_get_type": (c_size_t, ()),
    "arv_gc_string_get_type": (c_size_t, ()),
    "arv_device_create_chunk_parser": (_P, (_P,)),
    "arv_chunk_parser_get_integer_value": (c_int64, (_P, _P, _S, _ERROR)),
    "arv_buffer_new_allocate": (_P, (c_size_t,)),
    "arv_buffer_get_status": (c_int, (_P,)),
    "arv_buffer_get_n_parts": (_U, (_P,)),
    "arv_buffer_get_frame_id": (c_uint64, (_P,)),
    "arv_buffer_set_frame_id": (None, (_P, c_uint64)),
    "arv_buffer_get_timestamp": (c_uint64, (_P,)),
    "arv_buffer_get_system_timestamp": (c_uint64, (_P,)),
    "arv_buffer_get_image_data": (_P, (_P, _SIZE_P)),
    "arv_buffer_get_image_pixel_format": (c_uint32, (_P,)),
    "arv_buffer_get_image_width": (c_int, (_P,)),
    "arv_buffer_get_image_height": (c_int, (_P,)),
    "arv_buffer_get_image_padding": (None, (_P, POINTER(c_int), POINTER(c_int))),
    "arv_buffer_has_chunks": (c_int, (_P,)),
    "arv_stream_push_buffer": (None, (_P, _P)),
    "arv_stream_timeout_pop_buffer": (_P, (_P, c_uint64)),
    "arv_stream_get_statistics": (None, (_P, POINTER(c_uint64), POINTER(c_uint64), POINTER(c_uint64))),
    "arv_gv_stream_get_statistics": (None, (_P, POINTER(c_uint64), POINTER(c_uint64))),
}


class Library:
    """The functions of Aravis by their names. One that can fail takes no ``GError **``: it raises AravisError."""

    def __init__(self) -> None:
        """Raises UserError where the library is missing or too old."""
        try:
            aravis = ctypes.CDLL(FILE)
        except OSError:
            raise UserError(
                f"a camera of kind genicam needs the library {FILE}, which is not installed: apt-get install {PACKAGE}"
            ) from None
        self._functions: dict[str, Callable[..., Any]] = {}
        for name, (result, arguments) in _SIGNATURES.items():
            self._functions[name] = _bound(aravis, name, result, arguments)
        self._glib = ctypes.CDLL("libglib-2.0.so.0")
        self._gobject = ctypes.CDLL("libgobject-2.0.so.0")
        version = tuple(self._functions[f"arv_get_{part}_version"]() for part in ("major", "minor", "micro"))
        self.version = ".".join(map(str, version))
        if version < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            raise UserError(f"{FILE} is Aravis {self.version}; expected {oldest} or newer of 0.8: update {PACKAGE}")
        if (
            "ARV_DEBUG" not in os.environ
        ):  # Aravis writes its warnings to standard error; what matters is told by errors
            self.arv_debug_enable(b"all:0")

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The function ``name``."""
        try:
            return self._functions[name]
        except KeyError:
            raise AttributeError(name) from None

    def is_a(self, instance: int, kind: str) -> bool:
        """Whether a node of a camera's description is of ``kind``: ``integer``, ``float``, ``enumeration``, ..."""
        check = self._gobject.g_type_check_instance_is_a
        check.argtypes = (_P, c_size_t)
        return bool(check(instance, self._functions[f"arv_gc_{kind}_get_type"]()))

    def set_property(self, instance: int, name: str, value: int) -> None:
        """Set a property of type int, uint or enum."""
        self._gobject.g_object_set(_P(instance), name.encode(), c_int(value), _P(None))

    def release(self, instance: int | None) -> None:
        """Give up an object."""
        if instance:
            self._gobject.g_object_unref(_P(instance))

    def free(self, memory: int | None) -> None:
        """Give back memory that Aravis allocated."""
        self._glib.g_free(_P(memory))


@lru_cache(maxsize=1)
def library() -> Library:
    """Aravis, loaded once. Raises UserError."""
    return Library()


def _bound(aravis: ctypes.CDLL, name: str, result: Any, arguments: tuple[Any, ...]) -> Callable[..., Any]:
    try:
        function = getattr(aravis, name)
    except AttributeError:
        raise UserError(f"{FILE} has no function {name}: it is too old; update {PACKAGE}") from None
    function.restype, function.argtypes = result, arguments
    if not arguments or arguments[-1] is not _ERROR:
        return function  # type: ignore[no-any-return]

    def checked(*values: Any) -> Any:
        error = POINTER(_GError)()
        answer = function(*values, byref(error))
        if error:
            text = (error.contents.message or b"").decode(errors="replace")
            ctypes.CDLL("libglib-2.0.so.0").g_error_free(error)
            raise AravisError(" ".join(text.split()) or f"{name} failed")
        return answer

    return checked
