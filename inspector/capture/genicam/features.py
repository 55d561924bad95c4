"""The features of a camera: what there is, and setting them. What is set is checked against its range before, and read back after: Aravis
sends values that are out of range, and cameras ignore or alter them without a word."""

from __future__ import annotations

import ctypes
import difflib
from collections.abc import Callable, Iterable, Iterator
from ctypes import byref
from dataclasses import dataclass

from inspector.capture.genicam.device import READ_ONLY, WRITE_ONLY, Device
from inspector.capture.genicam.library import AravisError
from inspector.config.genicam import FeatureValue
from inspector.errors import UserError

KINDS = ("command", "enumeration", "boolean", "float", "integer", "string")
"""In this order: an enumeration is an integer too."""
TOLERANCE = 0.02
"""A camera may round a floating-point value by this share: exposure times and rates come in steps of its clock."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature as a table shows it."""

    name: str
    kind: str
    access: str
    """``rw``, ``ro`` or ``wo``."""
    value: str
    range: str


def apply(device: Device, features: Iterable[dict[str, FeatureValue]]) -> None:
    """Set ``features``, each ``{name: value}``, in this order. Raises UserError for the first that is not what it was set to."""
    for feature in features:
        for name, value in feature.items():
            try:
                _set(device, name, value)
            except AravisError as error:
                raise UserError(f"the camera {device.name}: feature {name}: {error}") from None
            except _UnusableError as error:
                raise UserError(f"the camera {device.name}: feature {name} {error}") from None


def listed(device: Device) -> Iterator[Feature]:
    """All features of the camera that can be used now, in the order of its description."""
    for name in names(device):
        node, kind = _node(device, name)
        if node is None or not kind or not device.has(name):
            continue
        access = device.library.arv_gc_feature_node_get_actual_access_mode(node)
        value = "" if kind == "command" or access == WRITE_ONLY else _unless_unreadable(_read, device, name, kind)
        limits = _unless_unreadable(_range, device, name, kind)
        yield Feature(name, kind, {READ_ONLY: "ro", WRITE_ONLY: "wo"}.get(access, "rw"), value, limits)


def names(device: Device) -> list[str]:
    """Names of all features that the camera describes, categories left out."""
    found: dict[str, None] = {}
    _collect(device, "Root", found, set())
    return list(found)


def _unless_unreadable(read: Callable[[Device, str, str], str], device: Device, name: str, kind: str) -> str:
    """What ``read`` finds; where the camera's description is wrong or it does not answer, that in words."""
    try:
        return read(device, name, kind)
    except AravisError:
        return "unreadable"


class _UnusableError(Exception):
    """Why a feature cannot have a value, to stand behind its name."""


def _set(device: Device, name: str, value: FeatureValue) -> None:
    node, kind = _node(device, name)
    if node is None or not kind:
        raise _UnusableError(
            f"is none of this camera{_close(name, names(device))}; `inspector camera features` lists all"
        )
    if not device.has(name):
        raise _UnusableError("cannot be used with what is set before it")
    if device.library.arv_gc_feature_node_get_actual_access_mode(node) == READ_ONLY:
        raise _UnusableError(f"is read-only; it is {_read(device, name, kind)}")
    if device.library.arv_gc_feature_node_is_locked(node):
        raise _UnusableError("is locked by what is set before it")
    _SETTERS[kind](device, name, value)


def _set_command(device: Device, name: str, value: FeatureValue) -> None:
    if value is not None:
        raise _UnusableError(f"is a command, which has no value; expected `{name}: null`, found {value!r}")
    device.execute(name)


def _set_enumeration(device: Device, name: str, value: FeatureValue) -> None:
    entries = _entries(device, name)
    wanted = value
    if isinstance(value, bool):  # YAML reads On and Off as true and false
        wanted = next((entry for entry in (("On", "True") if value else ("Off", "False")) if entry in entries), value)
    if not isinstance(wanted, str) or wanted not in entries:
        raise _UnusableError(f"is {_shown(value)}; expected one of {', '.join(entries)}{_close(str(value), entries)}")
    device.library.arv_device_set_string_feature_value(device.device, name.encode(), wanted.encode())
    _same(device.text(name), wanted)


def _set_boolean(device: Device, name: str, value: FeatureValue) -> None:
    if not isinstance(value, bool):
        raise _UnusableError(f"is {_shown(value)}; expected true or false")
    device.library.arv_device_set_boolean_feature_value(device.device, name.encode(), value)
    _same(bool(device.library.arv_device_get_boolean_feature_value(device.device, name.encode())), value)


def _set_integer(device: Device, name: str, value: FeatureValue) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _UnusableError(f"is {_shown(value)}; expected a whole number")
    least, most, step = _integer_bounds(device, name)
    if not least <= value <= most:
        raise _UnusableError(f"is {value}; expected {least} to {most}")
    if step > 1 and (value - least) % step:
        below = value - (value - least) % step
        raise _UnusableError(
            f"is {value}; expected a step of {step} from {least} on, such as {below} or {below + step}"
        )
    device.library.arv_device_set_integer_feature_value(device.device, name.encode(), value)
    _same(device.integer(name), value)


def _set_float(device: Device, name: str, value: FeatureValue) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _UnusableError(f"is {_shown(value)}; expected a number")
    least, most = _float_bounds(device, name)
    slack = 1e-9 * max(abs(least), abs(most)) if max(abs(least), abs(most)) < 1e300 else 0.0
    if not least - slack <= value <= most + slack:
        raise _UnusableError(f"is {value:g}; expected {least:g} to {most:g}")
    device.library.arv_device_set_float_feature_value(device.device, name.encode(), float(value))
    found = float(device.library.arv_device_get_float_feature_value(device.device, name.encode()))
    if abs(found - value) > TOLERANCE * abs(value):
        raise _UnusableError(f"was set to {value:g} and reads {found:g}; set what the camera can do")


def _set_string(device: Device, name: str, value: FeatureValue) -> None:
    if not isinstance(value, str):
        raise _UnusableError(f"is {_shown(value)}; expected a text")
    device.library.arv_device_set_string_feature_value(device.device, name.encode(), value.encode())
    _same(device.text(name), value)


_SETTERS: dict[str, Callable[[Device, str, FeatureValue], None]] = {
    "command": _set_command,
    "enumeration": _set_enumeration,
    "boolean": _set_boolean,
    "integer": _set_integer,
    "float": _set_float,
    "string": _set_string,
}


def _same(found: FeatureValue, wanted: FeatureValue) -> None:
    if found != wanted:
        raise _UnusableError(
            f"was set to {_shown(wanted)} and reads {_shown(found)}; the camera did not take it: another feature may forbid it"
        )


def _node(device: Device, name: str) -> tuple[int | None, str]:
    """The feature's node and kind; no kind where it is a category, or nothing that can be set."""
    node: int | None = device.library.arv_device_get_feature(device.device, name.encode())
    if not node:
        return None, ""
    return node, next((kind for kind in KINDS if device.library.is_a(node, kind)), "")


def _read(device: Device, name: str, kind: str) -> str:
    if kind in ("enumeration", "string"):
        return device.text(name)
    if kind == "boolean":
        return _shown(bool(device.library.arv_device_get_boolean_feature_value(device.device, name.encode())))
    if kind == "float":
        return f"{device.library.arv_device_get_float_feature_value(device.device, name.encode()):g}"
    return str(device.integer(name))


def _range(device: Device, name: str, kind: str) -> str:
    if kind == "enumeration":
        return ", ".join(_entries(device, name))
    if kind == "integer":
        least, most, step = _integer_bounds(device, name)
        return f"{least} to {most}" + (f", step {step}" if step > 1 else "")
    if kind == "float":
        lowest, highest = _float_bounds(device, name)
        return "" if highest > 1e300 else f"{lowest:g} to {highest:g}"
    return ""


def _integer_bounds(device: Device, name: str) -> tuple[int, int, int]:
    least, most = ctypes.c_int64(), ctypes.c_int64()
    device.library.arv_device_get_integer_feature_bounds(device.device, name.encode(), byref(least), byref(most))
    step = device.library.arv_device_get_integer_feature_increment(device.device, name.encode())
    return least.value, most.value, max(1, step)


def _float_bounds(device: Device, name: str) -> tuple[float, float]:
    least, most = ctypes.c_double(), ctypes.c_double()
    device.library.arv_device_get_float_feature_bounds(device.device, name.encode(), byref(least), byref(most))
    return least.value, most.value


def _entries(device: Device, name: str) -> list[str]:
    count = ctypes.c_uint()
    entries = device.library.arv_device_dup_available_enumeration_feature_values_as_strings(
        device.device, name.encode(), byref(count)
    )
    if not entries:
        return []
    texts = ctypes.cast(entries, ctypes.POINTER(ctypes.c_char_p))
    found = [(texts[index] or b"").decode(errors="replace") for index in range(count.value)]
    device.library.free(entries)
    return found


def _collect(device: Device, name: str, found: dict[str, None], seen: set[str]) -> None:
    """Add the features below the category ``name``."""
    node: int | None = device.library.arv_device_get_feature(device.device, name.encode())
    if not node or name in seen:
        return
    seen.add(name)
    if not device.library.is_a(node, "category"):
        found[name] = None
        return
    element = device.library.arv_gc_category_get_features(node)
    while element:
        text = ctypes.cast(element.contents.data, ctypes.c_char_p).value or b""
        _collect(device, text.decode(errors="replace"), found, seen)
        element = ctypes.cast(element.contents.next, type(element))


def _close(name: str, known: Iterable[str]) -> str:
    by_lower = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=3)
    return f" (close to it: {', '.join(by_lower[one] for one in close)})" if close else ""


def _shown(value: FeatureValue) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else "null" if value is None else str(value)
