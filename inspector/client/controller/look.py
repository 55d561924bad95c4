"""Looks whether a controller would find what its configuration names: listens, reads, and moves nothing."""

from __future__ import annotations

import time
from collections import Counter

import msgspec

from inspector.client.control import KeyRefused, NoAnswer
from inspector.client.controller.config import ControllerConfig, ModbusConfig
from inspector.client.controller.exchanges import connect, exchange
from inspector.client.controller.plc import Plc, PlcTrouble
from inspector.client.controller.subscribing import subscribed
from inspector.protocol.codec import Packet
from inspector.protocol.messages import ResultBody, StartBody

_CONTROL_S = 2.0
_EXCHANGES = 5


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    what: str
    well: bool
    text: str


def look(config: ControllerConfig, seconds: float) -> list[Finding]:
    """What is found within so many seconds. Raises UserError for an address or a key that cannot be used."""
    found = [*_line(config, seconds)]
    if config.control is not None:
        found.append(_control(config))
    if isinstance(config.actuator, ModbusConfig):
        found.append(_plc(config.actuator))
    return found


def _line(config: ControllerConfig, seconds: float) -> list[Finding]:
    heard: dict[str, Counter[str]] = {camera.name: Counter() for camera in config.cameras}
    others: set[str] = set()
    sizes: dict[str, str] = {}
    until_s = time.monotonic() + seconds
    with subscribed(config) as subscriber:
        while (left_s := until_s - time.monotonic()) > 0:
            event = subscriber.receive(max(1, round(1000 * left_s)))
            if not isinstance(event, Packet):
                continue
            header = event.header
            if header.camera not in heard:
                others.add(header.camera)
                continue
            counts = heard[header.camera]
            counts["messages"] += 1
            counts["simulated"] += header.simulated
            if isinstance(event.body, ResultBody):
                counts["verdicts"] += 1
                counts["placed"] += header.position_um is not None
                counts["parts"] += header.part is not None
            if isinstance(event.body, StartBody) and event.body.scale is not None:
                body, scale = event.body, event.body.scale
                width, height = body.geometry.width_px * scale.x_mm_per_px, body.geometry.height_px * scale.y_mm_per_px
                sizes[header.camera] = f"; a frame is {width:g} x {height:g} mm by the line's scale"
    return [_camera(config, name, counts, others, sizes.get(name, "")) for name, counts in heard.items()]


def _camera(config: ControllerConfig, name: str, counts: Counter[str], others: set[str], size: str) -> Finding:
    what, endpoint = f"camera {name}", config.results.endpoint
    if not counts["messages"]:
        there = f"; it has {', '.join(sorted(others))}" if others else ", nor of another camera of this line"
        return Finding(what=what, well=False, text=f"nothing heard from {endpoint}{there}")
    text = f"{counts['messages']} messages, {counts['verdicts']} verdicts"
    if counts["simulated"] and not config.trial:
        return Finding(what=what, well=False, text=f"{text}, simulated: nothing would pass (trial: true, for a look)")
    if counts["verdicts"] and config.arrival.__struct_config__.tag == "position" and not counts["placed"]:
        return Finding(
            what=what,
            well=False,
            text=f"{text}, none with a position: give the line's camera encoder or travel_um_per_frame",
        )
    if counts["verdicts"] and config.sheets.by == "part" and not counts["parts"]:
        return Finding(what=what, well=False, text=f"{text}, none with the id of a part")
    return Finding(what=what, well=True, text=text + size)


def _control(config: ControllerConfig) -> Finding:
    assert config.control is not None
    try:
        with connect(config.control, _CONTROL_S) as client:
            best = min((exchange(client) for _ in range(_EXCHANGES)), key=lambda one: one.received - one.sent)
    except (NoAnswer, KeyRefused) as error:
        return Finding(what="control", well=False, text=str(error))
    if best.line != config.line:
        return Finding(what="control", well=False, text=f"line {best.line} answers; expected {config.line}")
    bound_ms = (best.received - best.sent) / 2e6
    wall_ms = (best.unix_ns - time.time_ns() + time.monotonic_ns() - (best.sent + best.received) // 2) / 1e6
    return Finding(
        what="control",
        well=True,
        text=f"the line's clock is {wall_ms:+.2f} ms from this machine's, known to {bound_ms:.2f} ms; epoch {best.epoch[:8]}",
    )


def _plc(config: ModbusConfig) -> Finding:
    where = f"PLC {config.host}:{config.port}"
    try:
        plc = Plc(config)
        try:
            outputs, record, echo = plc.outputs(), plc.record(), plc.echo()
        finally:
            plc.close()
    except PlcTrouble as trouble:
        return Finding(what=where, well=False, text=str(trouble))
    passing, rejecting = outputs
    return Finding(
        what=where,
        well=True,
        text=f"coils pass {passing:d}, reject {rejecting:d}; record {record}; echo {echo}; nothing was written",
    )
