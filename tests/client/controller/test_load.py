"""A controller's configuration is either right or refused in one line that says what to mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.cli.examples import find_example
from inspector.client.controller.config import ModbusConfig
from inspector.client.controller.load import load_controller, parse_controller
from inspector.client.controller.reference import reference
from inspector.errors import UserError

GOOD = """
line: line1
cameras: [{name: top, frame_mm: 100}]
sheets: {by: length, length_mm: 250}
arrival: {by: position, distance_mm: 2000, fastest_m_per_s: 2, gate_ms: 0}
actuator: {kind: modbus, host: 10.0.0.1}
"""
TIME = "arrival: {by: time, transport_ms: 1000, passing_ms: 20, gate_ms: 0}"
POSITION = "arrival: {by: position, distance_mm: 2000, fastest_m_per_s: 2, gate_ms: 0}"


def test_the_example_and_paths(tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text(find_example("controller").text())
    config = load_controller(tmp_path / "gate.yaml")
    assert isinstance(config.actuator, ModbusConfig)
    assert config.rearm.state_file == str(tmp_path / "controller.state")
    assert config.rearm.endpoint == f"ipc://{tmp_path}/controller.socket"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD.replace("line: line1", ""), "the key 'line' is missing"),
        (GOOD.replace(", gate_ms: 0", ""), "arrival: the key 'gate_ms' is missing"),
        (
            GOOD.replace(POSITION, "arrival: {by: time, transport_ms: 1000, passing_ms: 20}"),
            "arrival: the key 'gate_ms' is missing",
        ),
        (
            GOOD + "distance_mm: 5\n",
            "unknown key 'distance_mm'; it is a key of another section|unknown key 'distance_mm' here",
        ),
        (GOOD.replace("by: position", "by: encoder"), "arrival.by: found 'encoder', expected position or time"),
        (GOOD.replace("kind: modbus", "kind: profinet"), "actuator.kind: found 'profinet', expected log or modbus"),
        (GOOD.replace("[{name: top, frame_mm: 100}]", "[{name: a}, {name: a}]"), "'a' is used twice"),
        (GOOD.replace("{name: top,", "{name: sheet}, {name: top,"), "'sheet' is the stream of whole sheets"),
        (GOOD.replace(", length_mm: 250", ""), "by: length and no length_mm"),
        (GOOD.replace("by: length", "by: frame"), "by: frame and length_mm"),
        (GOOD.replace("by: length, length_mm: 250", "by: part"), "by: part and no frames_per_part"),
        (GOOD.replace("length_mm: 250", "length_mm: 250, unseen_mm: 125"), "expected less than half of length_mm"),
        (GOOD.replace("name: top, frame_mm: 100", "name: top"), "top has no frame_mm"),
        (GOOD.replace(POSITION, TIME), "sheets by length are found by their position"),
        (GOOD.replace("distance_mm: 2000", "distance_mm: 400"), "the strip moves 1800 mm in decide_ms"),
        (
            GOOD.replace(POSITION, "arrival: {by: time, transport_ms: 200, passing_ms: 20, gate_ms: 0}").replace(
                "by: length, length_mm: 250", "by: frame"
            ),
            "take 900 ms together; expected less than transport_ms",
        ),
        (GOOD.replace("gate_ms: 0", "gate_ms: 0, gap_mm: 5"), "arrival.gap_mm: found 5; between sheets by length"),
        (GOOD + "rearm: {endpoint: 'tcp://127.0.0.1:5'}\n", "rearm.endpoint: found tcp://127.0.0.1:5, expected ipc"),
        (GOOD + "rearm: {endpoint: 'ipc://@gate'}\n", "rearm.endpoint: found ipc://@gate, expected ipc"),
        (GOOD + "trial: true\n", "trial: true acts on simulated results"),
        (
            GOOD.replace("host: 10.0.0.1", "host: 10.0.0.1, coils: {outputs: 4, rearm: 5}"),
            "coils.rearm: 5 is an output",
        ),
        (GOOD.replace("host: 10.0.0.1", "host: 10.0.0.1, registers: {echo: 3}"), "they overlap"),
        (GOOD.replace("host: 10.0.0.1", "host: 10.0.0.1, coils: {outputs: 65535}"), "the last address is 65535"),
        (
            GOOD.replace("host: 10.0.0.1", "host: 10.0.0.1, echo_ms: 300"),
            "decide_ms: found 200; the PLC may take actuator.echo_ms .300",
        ),
        (GOOD + "results: {endpoint: 'tcp://x:1', server_key: a.key}\n", "results: CURVE needs both"),
        ("- 1", "holds no controller configuration"),
    ],
)
def test_mistakes_are_named_in_one_line(text: str, expected: str) -> None:
    with pytest.raises(UserError, match=expected) as caught:
        parse_controller(text, "gate.yaml")
    assert str(caught.value).startswith("gate.yaml:")
    assert "\n" not in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="inspector config example controller"):
        load_controller(tmp_path / "nowhere.yaml")


def test_the_reference_is_up_to_date() -> None:
    written = (Path(__file__).parents[3] / "docs/controller-configuration.md").read_text(encoding="utf-8")
    assert written == reference(), "python -m inspector.client.controller.reference > docs/controller-configuration.md"
