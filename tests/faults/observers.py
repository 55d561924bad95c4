"""What looks at frames beside the line: recordings, the archive and shadow bundles. None may cost a verdict."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from inspector.archive.places import INDEX
from inspector.archive.reader import Archive
from inspector.client.control import ControlClient
from inspector.errors import UserError
from inspector.protocol.control import ShadowStart
from inspector.protocol.control_messages import Outcome
from tests.faults.disk import FaultyDisk, fill, small_disk
from tests.faults.running import RunningLine
from tests.faults.scenario import scenario
from tests.faults.stage import Stage
from tests.faults.subscribers import undisturbed
from tests.line.camera_line import children_of
from tests.tiny_bundle import make_tiny_bundle

GOOD = {"gate_clean", "no_defect", "defect"}


@scenario(
    fault="The disk of a recording is full",
    promise="The recording ends, and plays up to there; inspection goes on",
    told="`recording_ended`; exit status 1 of `inspector record`",
    remedy="make room, record again",
)
def recording_disk_full(stage: Stage) -> None:
    with small_disk(stage.folder / "disk", "8m") as disk:
        record = ("record", "{config}", "--to", str(disk / "recording"))
        with stage.line(recording={"free_mib": 1, "segment_mib": 1}, command=record) as line:
            fill(disk, leave=1 << 20)
            line.until_told("recording_ended")
            mark = line.mark()
            undisturbed(line, 50)
            assert line.reasons(mark) <= GOOD
            line.finish(status=1)


@scenario(
    fault="The disk of a recording is slow: each write takes 200 ms, and frames wait in memory until it is full",
    promise="Frames that do not fit are not recorded, which is counted; every frame is inspected all the same",
    told="the log and the recording's counts",
    remedy="a faster disk, fewer frames, more `recording.buffer_mib`",
)
def recording_disk_slow(stage: Stage) -> None:
    disk = FaultyDisk(stage.folder, "recording-slow")
    record = ("record", "{config}", "--to", str(stage.folder / "recording-slow"))
    with stage.line(
        source=stage.replay(rate_hz=300), recording={"buffer_mib": 1}, command=record, environment=disk.environment
    ) as line:
        disk.slow_writes(200)
        mark = line.mark()
        undisturbed(line, 800)
        assert line.reasons(mark) <= GOOD | {"overload"}, line.reasons(mark)
        disk.well()
        line.pause(0.3)
        line.stop()
        line.settle()


@scenario(
    fault="The process that archives hangs (SIGSTOP), is killed, and its disk is full",
    promise="Frames that it does not take are left out of the archive, which is counted; no verdict waits; it is started again",
    told="`archive_skipping`, `archive_failing`, `archive_full`",
    remedy="make room; `inspector archive list` shows what was kept",
)
def archive_fails(stage: Stage) -> None:
    with small_disk(stage.folder / "disk", "64m") as disk:
        archive = {"path": str(disk / "archive"), "free_mib": 16, "memory_mib": 1}
        with stage.line(source=stage.replay(rate_hz=30), archive=archive) as line:
            line.until(lambda: archived(disk) > 0, "frames that are archived")
            mark = line.mark()
            os.kill(archiver(line), signal.SIGSTOP)
            line.until_told("archive_skipping")
            os.kill(archiver(line), signal.SIGKILL)
            line.until_told("archive_failing", since=mark)
            before = archived(disk)
            line.until(lambda: archived(disk) > before, "frames that are archived again")
            full, pid = line.mark(), archiver(line)
            filler = fill(disk, leave=8 << 20)
            line.until_told("archive_full", since=full)
            undisturbed(line, 50)
            assert line.reasons(mark) <= GOOD, line.reasons(mark)
            assert archiver(line) == pid, "a full disk is no reason to start it again"
            room, before = line.mark(), archived(disk)
            filler.unlink()
            line.until(lambda: archived(disk) > before, "frames that are archived where there is room again")
            line.until(
                lambda: any(line.watcher.told(f"archive_{code}", "", room) for code in ("filling", "skipping", "well")),
                "another status than that of a full disk",
            )
            line.finish()


def archived(disk: Path) -> int:
    """Entries of the archive there; 0 before it is made."""
    if not (disk / "archive" / INDEX).exists():
        return 0
    try:
        with Archive(disk / "archive") as archive:
            return archive.count()
    except UserError:  # only just being made
        return 0


def archiver(line: RunningLine) -> int:
    """Process id of the one that archives: it yields the processor, and the inference child does not."""
    found = [pid for pid in children_of(line.process.pid) if os.sched_getscheduler(pid) == os.SCHED_IDLE]
    assert found, "there is no process that archives"
    return found[-1]


@scenario(
    fault="A shadow bundle's child hangs (SIGSTOP) with frames of the line in its hands",
    promise="It holds no more than `ring.observer_slots`, which cameras never had; after 30 s it is ended and started again; no verdict waits",
    told="`bundle_restarting`, `bundle_ready`",
)
def shadow_hangs(stage: Stage) -> None:
    bundle = make_tiny_bundle(stage.folder / "candidate", name="candidate", gate_threshold=0.7)
    with stage.line(ring={"slots": 8, "observer_slots": 4}) as line:
        active = line.child()
        with ControlClient(line.tree["control"]["endpoint"]) as control:
            reply = control.ask(ShadowStart(bundle=str(bundle.path), share=1.0))
        assert reply.outcome is Outcome.DONE, reply
        line.until(lambda: line.child() != active, "the shadow's child")
        line.until_inspected(30)
        mark = line.mark()
        os.kill(line.child(), signal.SIGSTOP)
        undisturbed(line, 150)
        assert line.reasons(mark) <= GOOD, line.reasons(mark)
        line.until_told("bundle_restarting", since=mark)
        line.finish()


@scenario(
    fault="A shadow bundle's child is killed again and again",
    promise="It is given up after three times; the verdicts of the active bundle are not touched",
    told="`bundle_restarting`, `bundle_ready`, `bundle_given_up`",
    remedy="start the shadow again when the cause is mended",
)
def shadow_killed(stage: Stage) -> None:
    bundle = make_tiny_bundle(stage.folder / "candidate", name="candidate", gate_threshold=0.7)
    with stage.line(ring={"observer_slots": 4}) as line:
        active = line.child()
        with ControlClient(line.tree["control"]["endpoint"]) as control:
            control.ask(ShadowStart(bundle=str(bundle.path), share=1.0))
        start = line.mark()
        for _ in range(3):
            line.until(lambda: line.child() != active, "the shadow's child")
            mark = line.mark()
            os.kill(line.child(), signal.SIGKILL)
            line.until(lambda since=mark: settled(line, since), "what becomes of it")  # type: ignore[misc]
        assert line.watcher.told("bundle_given_up")
        assert line.reasons(start) <= GOOD, line.reasons(start)
        line.finish()


def settled(line: RunningLine, since: int) -> bool:
    """Whether the shadow is there again, or was given up."""
    return line.watcher.told("bundle_ready", since=since) or line.watcher.told("bundle_given_up")
