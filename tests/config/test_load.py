"""A configuration is either right or refused in one line that says what to mend."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest
import yaml

from inspector.cli.examples import Kind, examples
from inspector.config.load import config_schema, load_config, parse_config
from inspector.config.ring import RingConfig
from inspector.errors import UserError

CONFIGS = [one.path for one in examples(Kind.LINE)]
GOOD = """
line: l1
cameras:
  - name: top
    source: {kind: simulator, frames: 10}
"""


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_shipped_configuration_loads_and_fits_the_schema(path: Path) -> None:
    load_config(path)
    jsonschema.validate(yaml.safe_load(path.read_text()), config_schema())


def test_shipped_configurations_were_found() -> None:
    assert {path.name for path in CONFIGS} >= {"demo.yaml", "line.yaml"}


def test_defaults_are_those_of_a_live_line() -> None:
    config = parse_config(GOOD, "x.yaml")
    assert config.overload == "drop_oldest"
    assert config.deadline_ms == 100
    assert config.cameras[0].source.frames == 10


@pytest.mark.parametrize(
    ("pixels", "slots"),
    [(32 * 48, 64), (256 * 1600, 64), (1024 * 1024, 32), (800 * 1000, 41), (4096 * 8192, 32)],
)
def test_a_ring_has_more_slots_where_frames_are_not_large(pixels: int, slots: int) -> None:
    assert RingConfig().slots_for(pixels) == slots
    assert RingConfig(slots=7).slots_for(pixels) == 7


def test_every_key_is_documented() -> None:
    for name, section in config_schema()["$defs"].items():
        for key, field in section.get("properties", {}).items():
            if key == "kind" or "$ref" in field or "$ref" in str(field.get("anyOf", "")):
                continue
            assert "description" in str(field), f"{name}.{key} has no description"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD + "deadlin_ms: 5\n", "unknown key 'deadlin_ms'; did you mean 'deadline_ms'?"),
        (GOOD.replace("frames: 10", "frame: 10"), r"cameras\[0\].source: unknown key 'frame'"),
        (GOOD.replace("line: l1", ""), "the key 'line' is missing"),
        (GOOD.replace("line: l1", "line: 'a/b'"), "line: .*found 'a/b'"),
        (
            GOOD.replace("simulator", "camera"),
            r"source.kind: found 'camera', expected replay, simulator, recording, opencv or genicam",
        ),
        (
            GOOD.replace("kind: simulator, ", ""),
            r"source: the key 'kind' is missing; expected replay, simulator, recording, opencv or genicam",
        ),
        (GOOD + "overload: drop\n", r"overload: found 'drop', expected drop_newest, drop_oldest or wait"),
        (GOOD + "inference: {runtime: 3}\n", r"runtime: found 3, expected auto, openvino, tensorrt or torch"),
        (GOOD + "verdicts: {rules: [{verdict: bad}]}\n", r"rules\[0\].verdict: found 'bad', expected reject or scrap"),
        (GOOD.replace("line: l1", 'line: "l1\\n"'), r"line: expected letters, digits.*at most 63"),
        (GOOD.replace("name: top", 'name: "top\\n"'), r"cameras\[0\].name: expected letters, digits"),
        (GOOD + 'run: "r\\n"\n', "run: expected letters, digits"),
        (GOOD + "ring: {slots: 1}\n", r"ring.slots: .*>= 2.*\(found 1\)"),
        (GOOD + "deadline_ms: soon\n", "deadline_ms: .*'soon'"),
        (GOOD + "overload: wait\n", "overload: wait .*deadline_ms is 100"),
        (
            GOOD + "archive: {path: a}\nring: {observer_slots: 0}\n",
            "archive.path: the archive needs slots .* is 0; set it to 2",
        ),
        (
            GOOD + "archive: {reject: {format: gif}}\n",
            r"archive.reject.format: found 'gif', expected jpeg, png or webp",
        ),
        (GOOD.replace("cameras:", "cameras:\n  - {name: top, source: {kind: simulator}}"), "'top' is used twice"),
        (GOOD + "inference: {stall_timeout_s: .inf}\n", r"x\.yaml: inference\.stall_timeout_s: inf is not allowed"),
        (GOOD + "deadline_ms: 1.0e+16\n", r"deadline_ms: .*<= 3600000"),
        (GOOD.replace("frames: 10", "rate_hz: .inf"), r"cameras\[0\]\.source\.rate_hz: inf"),
        (GOOD + "run: 2024-13-45\n", "'2024-13-45' is no date; put a text in quotes"),
        ("line: " + 3000 * "[", "nested more than 60 deep"),
        ("line: [", "not valid YAML"),
        (GOOD + "line: l2\n", "not valid YAML: the key 'line' is there twice"),
        (
            GOOD.replace("frames: 10", "frames: 10, frames: 20"),
            r"line 5, column \d+ is .*: the key 'frames' is there twice",
        ),
        ("", "holds no configuration"),
        ("- 1", "holds no configuration"),
        (
            "line: a\ncameras:\n  - {name: a, source: {kind: genicam, serial: '1', packet_socket: true}}\n"
            "  - {name: b, source: {kind: genicam, serial: '2'}}",
            "cameras.a.source: packet_socket is true, and the line has 2 cameras of kind genicam",
        ),
        (
            "line: a\ncameras: [{name: a, source: {kind: genicam, serial: '1', address: 192.168.1.10}}]",
            r"cameras\[0\]\.source: serial and address each choose the camera; give one of them",
        ),
    ],
)
def test_mistakes_are_named_in_one_line(text: str, expected: str) -> None:
    with pytest.raises(UserError, match=expected) as caught:
        parse_config(text, "x.yaml")
    assert str(caught.value).startswith("x.yaml:")
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.yaml: cannot be read"):
        load_config(tmp_path / "nowhere.yaml")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "line.yaml")
    with pytest.raises(UserError, match=r"line\.yaml: is no regular file"):
        load_config(tmp_path / "line.yaml")


def test_a_merge_key_may_be_overridden() -> None:
    text = (
        "line: l\ncameras: [{name: a, source: &s {kind: simulator, seed: 1}}, {name: b, source: {<<: *s, seed: 2}}]\n"
    )
    assert [camera.source.seed for camera in parse_config(text, "x.yaml").cameras] == [1, 2]


def test_keys_are_relative_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "line.yaml"
    path.write_text(GOOD + "keys: {secret_key: keys/line.key_secret, clients: /etc/clients}\n")
    keys = load_config(path).keys
    assert keys is not None
    assert (keys.secret_key, keys.clients) == (str(tmp_path / "keys/line.key_secret"), "/etc/clients")


def test_replay_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "line.yaml"
    path.write_text("line: l\ncameras: [{name: top, source: {kind: replay, path: frames}}]\n")
    assert load_config(path).cameras[0].source.path == str(tmp_path / "frames")


def test_the_schema_for_editors_has_patterns_that_ecmascript_knows() -> None:
    assert r"\Z" not in json.dumps(config_schema())
