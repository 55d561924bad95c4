"""A replay that publishes is a line to subscribers, for as long as it runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from engines.bundle import Bundle
from inspector.cli.replay_line import Recording, replayed_line
from inspector.cli.replay_publish import Publishing
from inspector.client import Missed, Packet, Subscriber
from inspector.config.tree import LineConfig
from inspector.protocol.messages import EndBody
from tests.cli.in_process import refused
from tests.tiny_bundle import frame_with

FRAMES = 12


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(FRAMES):
        cv2.imwrite(str(folder / f"f{number:02}.png"), frame_with([(192, 4)] if number % 3 == 0 else []))
    return folder


def test_a_subscriber_gets_every_result_of_a_replay(frames: Path, tiny_bundle: Bundle, tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/results"
    options = ("--publish-at", endpoint, "--wait-for-subscribers", "1", "--bundle", tiny_bundle.path)
    command = [sys.executable, "-m", "inspector", "replay", frames, *options]
    replay = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        with Subscriber(endpoint, since="epoch", timeout_ms=20_000) as subscriber:
            packets = []
            for event in subscriber:
                assert not isinstance(event, Missed)
                packets += [event] if isinstance(event, Packet) else []
                if isinstance(event, Packet) and isinstance(event.body, EndBody):
                    break
            (books,) = subscriber.streams.values()
        _, told = replay.communicate(timeout=20)
    finally:
        replay.kill()
        replay.wait()
    assert replay.returncode == 0, told
    assert f"publishing on {endpoint}, once 1 have subscribed: inspector subscribe {endpoint}" in told
    assert books.proven
    assert sum(books.verdicts.values()) == FRAMES
    assert all(packet.header.simulated for packet in packets), "no controller may act on them"


def played(publishing: Publishing | None, line: Path) -> LineConfig:
    recording = Recording(path="frames", rate_hz=None, loop=False)
    return replayed_line(
        line, None, recording, bundle="demo", runtime=None, precision=None, deadline_ms=None,
        journal=Path("journal.sqlite"), publishing=publishing,
    )  # fmt: skip


def test_it_publishes_as_the_configured_line_does(tmp_path: Path) -> None:
    line = tmp_path / "line.yaml"
    line.write_text(
        "line: l1\ncameras: [{name: top, source: {kind: simulator}}]\n"
        "results: {endpoint: tcp://127.0.0.1:5999, heartbeat_ms: 150, wait_for_subscribers: 3, recovery: {endpoint: tcp://127.0.0.1:7000}}\n"
    )
    as_configured = played(Publishing(None, None), line).results
    assert (as_configured.endpoint, as_configured.heartbeat_ms) == ("tcp://127.0.0.1:5999", 150)
    assert (as_configured.wait_for_subscribers, as_configured.recovery.endpoint) == (3, "tcp://127.0.0.1:7000")
    elsewhere = played(Publishing("tcp://127.0.0.1:6000", 0), line).results
    assert (elsewhere.endpoint, elsewhere.wait_for_subscribers) == ("tcp://127.0.0.1:6000", 0)
    assert elsewhere.recovery.endpoint == "auto"
    assert played(None, line).results.recovery.endpoint is None, "nobody knows of it"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--wait-for-subscribers", "1"), "--wait-for-subscribers: is for a replay that publishes; give --publish too"),
        (("--publish-at", "tcp://127.0.0.1:*"), "--publish-at: found tcp://127.0.0.1:*, expected a port"),
        (("--publish", "--wait-for-subscribers", "-1"), "--wait-for-subscribers"),
    ],
)
def test_options_that_do_not_fit_are_told(frames: Path, options: tuple[str, ...], said: str) -> None:
    assert said in refused("replay", frames, *options)
