"""A coil is followed over real sockets: a line's publisher, the follower, and somebody who subscribes to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import pytest
import yaml

from inspector.client import Subscriber
from inspector.coil.config import CoilConfig
from inspector.coil.load import parse_coil
from inspector.errors import UserError
from inspector.follow.follower import Follower
from inspector.frames.outcome import Outcome, Reason, Settled, Verdict
from inspector.protocol.codec import Packet
from inspector.protocol.coil import CoilBody, CoilDefectBody, CoilState
from inspector.protocol.masks import encode
from inspector.protocol.settings import Placement, StripFrame
from inspector.results.results import Results
from tests.results.publishing import (
    BUNDLE,
    LOST,
    PASSED,
    REJECTED,
    START,
    eventually,
    make_identity,
    make_meta,
    make_results,
)

FRAME_MM = 6.4
INFO = msgspec.structs.replace(
    START,
    placement=Placement(
        travel_axis="x", face="top", flip_across=False, flip_along=False,
        frame=StripFrame(x_from_mm=0.0, x_to_mm=3.2, from_mm=0.0, to_mm=FRAME_MM),
    ),
)  # fmt: skip
GRADING = {
    "grades": [{"name": "A", "limits": [{"min_length_mm": 20, "most": 0}], "most_uninspected_percent": 50}],
    "otherwise": "B",
}


def striped() -> Outcome:
    """A scratch over the whole length of the frame."""
    mask = np.zeros((8, 16), np.uint8)
    mask[3] = 4
    return msgspec.structs.replace(
        REJECTED, mask=encode(mask), pixels=(0, 0, 16, 0), defect_pixels=(0, 0, 16, 0), bundle=BUNDLE
    )


class Line:
    """A publisher, and what it says of a run."""

    def __init__(self, endpoint: str = "tcp://127.0.0.1:*", journal: Path | None = None) -> None:
        self.results: Results = make_results(make_identity(), journal, {"endpoint": endpoint})
        self.results.start()
        self.frame = 0

    def begin(self, run: str) -> None:
        self.results.begin("cam1", run, INFO)
        self.first = self.frame

    def see(self, run: str, outcome: Outcome = PASSED, count: int = 1) -> None:
        travel = round((self.frame - self.first) * FRAME_MM * 1000)
        meta = msgspec.structs.replace(
            make_meta(self.frame, run=run), position_um=travel, travel_um=travel, position_source=None
        )
        settled = Settled(
            meta=meta,
            outcome=outcome,
            settled_ns=meta.captured_ns + 10**6,
            resolved_through=self.frame + count - 1,
            count=count,
        )
        self.results.settled(settled)
        self.frame += count

    def coil(self, run: str) -> None:
        """40 frames: a scratch over five of them, and two that were lost."""
        self.begin(run)
        for number in range(38):
            if number == 20:
                self.see(run, LOST, 2)
            self.see(run, striped() if 3 <= number < 8 else PASSED)

    def end(self, run: str) -> None:
        self.results.end("cam1", run)


def configured(line: Line, folder: Path, **more: object) -> CoilConfig:
    follow = {"endpoint": line.results.endpoint, "publish": f"ipc://{folder}/coil", "settle_s": 0.1, "every_s": 0.1}
    tree = {
        "width_mm": 100,
        "grading": GRADING,
        "report": {"folder": str(folder / "reports")},
        "follow": follow,
        **more,
    }
    return parse_coil(yaml.safe_dump(tree), "coil.yaml")


@contextmanager
def following(config: CoilConfig, since: Literal["now", "epoch"] = "now") -> Iterator[Follower]:
    stop = threading.Event()
    with Follower(config, since) as follower:
        thread = threading.Thread(target=follower.run, args=(stop,))
        thread.start()
        try:
            yield follower
        finally:
            stop.set()
            thread.join(20)
            assert not thread.is_alive()


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.results.close()


def heard(subscriber: Subscriber, until: CoilState) -> list[Packet]:
    """What the follower publishes, up to the first message of a coil in that state."""
    packets = []
    while True:
        event = subscriber.receive(15_000)
        assert event is not None, "nothing more was heard"
        if isinstance(event, Packet):
            packets.append(event)
            if isinstance(event.body, CoilBody) and event.body.state is until:
                return packets


def test_a_coil_is_told_while_it_is_made_and_reported_when_it_is_over(line: Line, tmp_path: Path) -> None:
    with following(configured(line, tmp_path)) as follower:
        eventually(lambda: follower.endpoint != "")
        with Subscriber(follower.endpoint, since="epoch") as subscriber:
            line.coil("coil-7")
            begun = heard(subscriber, CoilState.BEGUN)
            line.end("coil-7")
            packets = heard(subscriber, CoilState.OVER)
        assert begun[-1].header.run == "coil-7"
        assert begun[-1].header.simulated
        found = [one.body.defect for one in packets if isinstance(one.body, CoilDefectBody)]
        assert [(one.class_name, round(one.length_mm, 1), one.pieces) for one in found] == [("scratches", 32.0, 5)]
        over = packets[-1].body
        assert isinstance(over, CoilBody)
        assert (over.grade, over.complete, over.defects) == ("B", True, {"scratches": 1})
        assert over.uninspected_mm == pytest.approx(2 * FRAME_MM)
        assert over.length_mm == pytest.approx(40 * FRAME_MM)
        assert over.report is not None
        files = {path.name for path in Path(over.report).iterdir()}
        assert files == {"index.html", "report.pdf", "defects.csv", "report.json"}


def test_what_the_name_of_a_run_says_is_no_path(line: Line, tmp_path: Path) -> None:
    with following(configured(line, tmp_path)) as follower:
        eventually(lambda: follower.endpoint != "")
        for run in ("../../x<script>", "coil-7", "coil-7"):
            line.coil(run)
            line.end(run)
            done = follower.coils + 1
            eventually(lambda done=done: follower.coils == done)  # type: ignore[misc]
    names = sorted(path.name for path in (tmp_path / "reports").iterdir())
    assert names[:2] == ["coil-7", "coil-7.2"]
    assert names[2].startswith("x_script-")
    assert {path.name for path in tmp_path.iterdir()} <= {"reports", "coil", "coil.recovery"}


def test_a_signal_ends_it_with_a_report_of_what_was_there(line: Line, tmp_path: Path) -> None:
    config = configured(line, tmp_path)
    file = tmp_path / "coil.yaml"
    file.write_text(yaml.safe_dump(msgspec.to_builtins(config)))
    command = [sys.executable, "-m", "inspector", "coil", "follow", "-c", str(file), "--since", "epoch"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    try:
        line.coil("coil-8")
        with Subscriber(config.follow.publish, since="epoch") as subscriber:
            heard(subscriber, CoilState.FOLLOWING)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, log
    report = json.loads((tmp_path / "reports/coil-8/report.json").read_text())
    assert report["cameras"][0]["complete"] is False
    assert report["cameras"][0]["told"] is None


def test_a_report_that_is_there_is_not_written_again(line: Line, tmp_path: Path) -> None:
    config = configured(line, tmp_path)
    line.coil("coil-7")
    line.end("coil-7")
    for _ in range(2):
        with following(config, since="epoch") as follower:
            eventually(lambda follower=follower: follower.coils == 1)  # type: ignore[misc]
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["coil-7"]


def test_a_line_that_does_not_say_how_frames_lie_is_followed_without_places(line: Line, tmp_path: Path) -> None:
    with following(configured(line, tmp_path)) as follower:
        eventually(lambda: follower.endpoint != "")
        with Subscriber(follower.endpoint, since="epoch") as subscriber:
            line.results.begin("cam1", "coil-9", START)
            line.first = line.frame
            line.see("coil-9", striped())
            line.see("coil-9", Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.DEADLINE))
            line.end("coil-9")
            over = heard(subscriber, CoilState.OVER)[-1].body
    assert isinstance(over, CoilBody)
    assert (over.length_mm, over.grade, over.complete) == (None, None, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rolls: [{name: a, circumference_mm: 2000}, {name: a, circumference_mm: 2100}]", "rolls: the name 'a' is used twice"),
        ("roll_marks: {period_from_mm: 500, period_to_mm: 400}", "roll_marks: period_from_mm must be below period_to_mm"),
        ("follow: {server_key: line.key}", "follow: server_key and client_key go together"),
        ("width: 5", "width"),
    ],
)  # fmt: skip
def test_a_configuration_that_cannot_be_meant_is_refused(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        parse_coil(text, "coil.yaml")
    assert str(caught.value).startswith("coil.yaml")
    assert "\n" not in str(caught.value)
