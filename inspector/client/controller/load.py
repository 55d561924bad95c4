"""Reads and checks the configuration of a reject controller; each error is one line with the key and what mends it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from inspector.client.controller.config import AUTO, ControllerConfig, LogConfig, ModbusConfig, TimeArrival, hold_ms_of
from inspector.config.other_file import load_file, parse_text
from inspector.errors import UserError
from inspector.frames.sheet import SHEET

_KEYS = "docs/controller-configuration.md lists all"


def load_controller(path: Path) -> ControllerConfig:
    """The configuration in ``path``; paths in it are relative to its folder. Raises UserError."""
    missing = "give an existing controller configuration; `inspector config example controller` prints one"
    return load_file(path, parse_controller, missing)


def parse_controller(text: str, origin: str) -> ControllerConfig:
    """The configuration in a YAML text; ``origin`` names it in errors. Raises UserError."""
    config = parse_text(text, origin, ControllerConfig, "controller configuration", _KEYS)
    for check in (_check_cameras, _check_sheets, _check_arrival, _check_actuator, _check_keys, _check_rearm):
        if problem := check(config):
            raise UserError(f"{origin}: {problem}")
    return config


def _check_cameras(config: ControllerConfig) -> str:
    counts = Counter(camera.name for camera in config.cameras)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        return f"cameras: the name {twice[0]!r} is used twice"
    if SHEET in counts and len(counts) > 1:
        return f"cameras: {SHEET!r} is the stream of whole sheets, which the line makes of all its cameras; name it alone, or the cameras alone"
    return ""


def _check_sheets(config: ControllerConfig) -> str:
    sheets = config.sheets
    for key, by in (("length_mm", "length"), ("frames_per_part", "part")):
        if (getattr(sheets, key) is not None) != (sheets.by == by):
            found = f"no {key}" if sheets.by == by else f"{key}"
            return f"sheets: found by: {sheets.by} and {found}; give {key} with `by: {by}`, and only there"
    if sheets.length_mm is not None and 2 * sheets.unseen_mm >= sheets.length_mm:
        return (
            f"sheets.unseen_mm: found {sheets.unseen_mm:g}, expected less than half of length_mm ({sheets.length_mm:g})"
        )
    return ""


_HOLD = "the time for which a PLC may hold the output (100 ms and twice actuator.watchdog_ms)"


def _check_arrival(config: ControllerConfig) -> str:
    arrival = config.arrival
    if isinstance(arrival, TimeArrival):
        if config.sheets.by == "length":
            return "arrival: sheets by length are found by their position; use arrival: {by: position, distance_mm: ..., fastest_m_per_s: ..., gate_ms: ...}"
        ahead = arrival.decide_ms + arrival.gate_ms + arrival.tolerance_ms + hold_ms_of(config)
        if ahead >= arrival.transport_ms:
            return f"arrival: decide_ms, gate_ms, tolerance_ms and {_HOLD} take {ahead:g} ms together; expected less than transport_ms ({arrival.transport_ms:g})"
        return ""
    if arrival.gap_mm and config.sheets.by == "length":
        return f"arrival.gap_mm: found {arrival.gap_mm:g}; between sheets by length there is no space, so leave it out"
    if bare := [camera.name for camera in config.cameras if camera.frame_mm is None]:
        return f"cameras: {bare[0]} has no frame_mm, which arrival by position needs: the length of a frame along the strip"
    ahead_mm = arrival.fastest_m_per_s * (arrival.decide_ms + arrival.gate_ms + hold_ms_of(config))
    if ahead_mm + arrival.jitter_mm >= arrival.distance_mm:
        return (
            f"arrival: at {arrival.fastest_m_per_s:g} m/s the strip moves {ahead_mm:g} mm in decide_ms, gate_ms and {_HOLD}, and jitter_mm is "
            f"{arrival.jitter_mm:g}; expected less together than distance_mm ({arrival.distance_mm:g})"
        )
    return ""


def _check_actuator(config: ControllerConfig) -> str:
    actuator = config.actuator
    if config.trial and not isinstance(actuator, LogConfig):
        return "trial: true acts on simulated results, and no gate may move for them; use actuator: {kind: log}, or trial: false"
    if not isinstance(actuator, ModbusConfig):
        return ""
    coils = {actuator.coils.outputs, actuator.coils.outputs + 1}
    if actuator.coils.rearm in coils:
        return f"actuator.coils.rearm: {actuator.coils.rearm} is an output; the outputs are {sorted(coils)}"
    if actuator.watchdog_ms < 2 * actuator.heartbeat_ms:
        return f"actuator.watchdog_ms: found {actuator.watchdog_ms:g}, expected at least twice heartbeat_ms ({actuator.heartbeat_ms:g})"
    registers = actuator.registers
    used = [
        *range(registers.record, registers.record + 4),
        *range(registers.heartbeat, registers.heartbeat + 2),
        registers.echo,
    ]
    if len(set(used)) < len(used):
        return "actuator.registers: record takes four registers, heartbeat two and echo one; they overlap"
    if max(used) > 65_535 or max(coils) > 65_535:
        return "actuator: the last address is 65535"
    if config.arrival.decide_ms < actuator.echo_ms:
        return (
            f"arrival.decide_ms: found {config.arrival.decide_ms:g}; the PLC may take actuator.echo_ms ({actuator.echo_ms:g}) to take a sheet's verdict; "
            "expected at least that"
        )
    return ""


def _check_keys(config: ControllerConfig) -> str:
    for name, section in (("results", config.results), ("control", config.control)):
        if section is None:
            continue
        if section.endpoint.startswith("ipc://") and (section.server_key or section.client_key):
            return (
                f"{name}: found keys for {section.endpoint}; a line uses none on ipc, where the permissions of the folder say who may connect: leave out "
                "server_key and client_key"
            )
        if (section.server_key is None) != (section.client_key is None):
            return f"{name}: CURVE needs both server_key, the line's public key, and client_key, the controller's secret one"
    return ""


def _check_rearm(config: ControllerConfig) -> str:
    endpoint = config.rearm.endpoint
    if endpoint is None or endpoint == AUTO or (endpoint.startswith("ipc://") and not endpoint.startswith("ipc://@")):
        return ""
    return f"rearm.endpoint: found {endpoint}, expected ipc://PATH: who may open that file may arm"
