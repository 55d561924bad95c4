"""A GigE Vision camera and its cable: Aravis' fake camera, which sends real GVSP, and packets of our own in its place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from inspector.capture.genicam.library import library
from inspector.client import Packet
from inspector.errors import UserError
from tests.capture.genicam import gvsp
from tests.capture.genicam.fake_camera import FakeCamera, loopback_library, sent_frames
from tests.faults.materials import IMAGES
from tests.faults.running import RunningLine
from tests.faults.scenario import Unavailable, scenario
from tests.faults.stage import Stage
from tests.tiny_bundle import HEIGHT, WIDTH

SILENT = ({"TriggerMode": True}, {"TriggerSource": "Software"})
"""The fake camera sends nothing itself."""
FIRST_STAMP = 10**9
_HOSTS = itertools.count(1)


def address() -> str:
    """One that no other scenario has."""
    return f"127.0.4.{next(_HOSTS)}"


@contextmanager
def camera_line(
    stage: Stage, rate_hz: float = 100, turn: Sequence[int] = range(IMAGES), **changes: Any
) -> Iterator[tuple[FakeCamera, RunningLine]]:
    """The fake camera that sends the images in this order, again and again, and a line that inspects them."""
    needs_aravis()
    path = stage.folder / "sent"
    known: dict[int, int] = {}

    def image_of(packet: Packet) -> str | None:
        stamp = packet.header.camera_ns
        if stamp not in known:
            known.update(sent_frames(path).tolist())
        assert stamp in known, f"a result about a frame that the camera did not send: {stamp}"
        return f"{turn[known[stamp]]:06}.png"

    with FakeCamera(address(), images=stage.materials.images[list(turn)], rate_hz=rate_hz, sent=path) as camera:
        source = {"kind": "genicam", "address": camera.address}
        with stage.line(source=source, image_of=image_of, **changes) as line:
            yield camera, line


@contextmanager
def by_packets(stage: Stage) -> Iterator[tuple[gvsp.Sender, RunningLine]]:
    """A line whose camera is silent, and what sends packets in its place. The time stamp of a frame says which image it shows."""
    needs_aravis()

    def image_of(packet: Packet) -> str | None:
        assert packet.header.camera_ns is not None
        return f"{(packet.header.camera_ns - FIRST_STAMP) % len(stage.materials.images):06}.png"

    with FakeCamera(address(), size=(HEIGHT, WIDTH)) as camera:
        source = {"kind": "genicam", "address": camera.address, "features": list(SILENT), "packet_size": 576}
        with stage.line(source=source, image_of=image_of, start=False) as line:
            line.until_told("running")
            with gvsp.Sender(camera.address) as sender:
                yield sender, line


def needs_aravis() -> None:
    """Raises Unavailable without it."""
    try:
        loopback_library()
        library()
    except (UserError, RuntimeError) as error:
        raise Unavailable(str(error)) from None


def packets(stage: Stage, sender: gvsp.Sender, number: int) -> list[bytes]:
    """Those of the frame with this number, from 0."""
    image = stage.materials.images[number % len(stage.materials.images)]
    return sender.packets(number + 1, image.tobytes(), HEIGHT, WIDTH, stamp=FIRST_STAMP + number)


@scenario(
    fault="Packets of the camera are lost: one in twenty",
    promise="What cannot be had again is UNINSPECTED; no frame is judged by a part of it",
    told="reasons `bad_frame` (incomplete), `camera_lost`; `bad_frames`",
    remedy="see to cable, switch and packet size (`inspector camera`)",
)
def packets_lost(stage: Stage) -> None:
    with camera_line(stage) as (camera, line):
        mark = line.mark()
        camera.tell("lost 0.05")
        line.pause(2)
        camera.tell("lost 0")
        line.until_inspected(30)
        found = line.finish()
        assert mark
        assert found.reasons["bad_frame"] + found.reasons["camera_lost"] > 0, found.reasons


@scenario(
    fault="The camera, or the network, sends frames and packets twice",
    promise="A frame that was there already is not counted again",
    told="nothing",
)
def frames_twice(stage: Stage) -> None:
    with by_packets(stage) as (sender, line):
        for number in range(60):
            once = packets(stage, sender, number)
            sender.send(once)
            if number % 3 == 1:
                sender.send(once)
            if number % 7 == 1:
                sender.send([once[0], *once[1:], *once[1:]])
            line.pause(0.005)
        line.until(lambda: line.inspected() >= 50, "verdicts")
        found = line.finish()
        assert found.inspected >= 58, found.reasons
        assert len(found.verdicts) <= 60, found.reasons


@scenario(
    fault="Packets arrive in another order, within a frame and across two",
    promise="A frame that is complete in the end is inspected as it was sent; any other is UNINSPECTED",
    told="reasons `bad_frame`, `camera_lost` where a frame stays incomplete",
    remedy="see to the switch",
)
def packets_reordered(stage: Stage) -> None:
    with by_packets(stage) as (sender, line):
        for number in range(0, 60, 2):
            first, second = packets(stage, sender, number), packets(stage, sender, number + 1)
            if number % 4 == 0:
                middle = first[1:]
                stage.random.shuffle(middle)
                sender.send([first[0], *middle, *second])
            else:
                sender.send([*first[:-1], second[0], first[-1], *second[1:]])
            line.pause(0.01)
        line.until(lambda: line.inspected() >= 40, "verdicts")
        found = line.finish()
        assert len(found.verdicts) == 60, found.reasons


@scenario(
    fault="Frames arrive cut off: without their last packets, without their first one, and with fewer rows than they say",
    promise="They are UNINSPECTED; no frame is judged by a part of it, or by rows of the one before",
    told="reasons `bad_frame`, `camera_lost`",
    remedy="see to cable and switch",
)
def frames_cut_off(stage: Stage) -> None:
    cut = set()
    with by_packets(stage) as (sender, line):
        for number in range(60):
            whole = packets(stage, sender, number)
            if number % 5 == 3:
                cut.add(number)
                image = stage.materials.images[number % 12]
                short = sender.packets(number + 1, image[:16].tobytes(), 16, WIDTH, stamp=FIRST_STAMP + number)
                sender.send((whole[:-2], whole[1:], short)[number % 3])
            else:
                sender.send(whole)
            line.pause(0.01)
        line.until(lambda: line.inspected() >= 48, "verdicts")
        found = line.finish()
        judged = {frame for frame, (verdict, _) in found.verdicts.items() if verdict.value != "UNINSPECTED"}
        assert not judged & cut, f"judged although cut off: {judged & cut}"
        assert len(judged) == 48, found.reasons


@scenario(
    fault="A storm of triggers: the camera sends forty times as many frames as usual",
    promise="Frames that are too many are UNINSPECTED; the line inspects as many as it can, and all again afterwards",
    told="reasons `overload`, `camera_lost`",
    remedy="see to the trigger",
)
def trigger_storm(stage: Stage) -> None:
    with camera_line(stage, rate_hz=50, ring={"slots": 8}, deadline_ms=200) as (camera, line):
        camera.tell("rate 2000")
        line.pause(3)
        camera.tell("rate 50")
        mark = line.mark()
        line.until(lambda: line.inspected(mark) > 60, "verdicts after the storm")
        line.finish()


@scenario(
    fault="The camera dies (SIGKILL) and is there again later",
    promise="It is opened again until it answers; frames that it misses meanwhile are UNINSPECTED at its rate",
    told="`camera_reconnecting`, `camera_back`; `gap` with reason `camera_lost`",
    remedy="see to its power supply",
)
def camera_killed(stage: Stage) -> None:
    with camera_line(stage) as (camera, line):
        line.until_inspected(200)  # so that its rate is known
        mark = line.mark()
        camera.kill()
        line.until_told("camera_reconnecting", since=mark)
        camera.start()
        line.until_told("camera_back", since=mark)
        line.until_inspected()
        found = line.finish()
        assert found.reasons["camera_lost"] > 50, found.reasons


@scenario(
    fault="The camera hangs (SIGSTOP) and goes on",
    promise="It is told within seconds and opened again; frames that it misses are UNINSPECTED at its rate",
    told="`camera_reconnecting`, `camera_back`; reason `camera_lost`",
    remedy="see to the camera",
)
def camera_hangs(stage: Stage) -> None:
    with camera_line(stage) as (camera, line):
        mark = line.mark()
        camera.freeze()
        line.until_told("camera_reconnecting", since=mark)
        camera.thaw()
        line.until_told("camera_back", since=mark)
        line.until_inspected()
        line.finish()


@scenario(
    fault="The camera sends frames of another size, then of its own again",
    promise="They are UNINSPECTED, and the line is degraded, until the size is right again",
    told="reason `bad_frame` with both sizes; `bad_frames`, or `camera_reconnecting` where it does not fit into the buffers",
    remedy="set the camera as it was",
)
def camera_other_size(stage: Stage) -> None:
    with camera_line(stage) as (camera, line):
        mark = line.mark()
        camera.tell("size 16 48")
        line.until(lambda: len(line.watcher.packets) > mark + 60, "frames of another size")
        camera.tell(f"size {HEIGHT} {WIDTH}")
        mark = line.mark()
        line.until(lambda: line.inspected(mark) > 30, "verdicts after that")
        found = line.finish()
        assert found.reasons["bad_frame"] + found.reasons["camera_lost"] > 20, found.reasons


@scenario(
    fault="The camera is there only after the line was started",
    promise="The start is refused in one line that says how to look for it; exit status 2",
    told="standard error, exit status",
    remedy="as the line says; systemd starts the line again",
)
def camera_missing_at_start(stage: Stage) -> None:
    needs_aravis()
    with stage.line(source={"kind": "genicam", "address": address()}, start=False) as line:
        line.ended(2)
        assert "Traceback" not in line.tail()
        assert line.reports("cannot be opened")
        line.read()
        assert line.inspected() == 0
