"""The journal's disk is full, slow, or refuses."""

from __future__ import annotations

import errno

from inspector.protocol.codec import Packet
from tests.faults.disk import FaultyDisk, fill, small_disk
from tests.faults.running import RunningLine
from tests.faults.scenario import scenario
from tests.faults.stage import Stage

GOES_ON = (
    "Results go on as before, marked `durable: false`; what waits for the disk (bounded) is written when it returns"
)
TOLD = "`journal_failing`, `journal_recovered`; `durable` of each message"


def fails_and_recovers(line: RunningLine, mend: object, least: int = 40) -> None:
    """The journal is told to fail; results go on; after ``mend()`` everything is in it."""
    line.until_told("journal_failing")
    line.until_inspected(least)
    assert callable(mend)
    mend()
    line.until_told("journal_recovered")
    line.until_inspected(20)
    found = line.finish()
    assert found.journaled == len(found.packets), f"{found.journaled} of {len(found.packets)} are in the journal"
    marked_while(found.packets)


def marked_while(packets: dict[int, Packet]) -> None:
    """Messages after the failure was told say that they are not durable, and those at the end are again."""
    durable = [packet.header.durable for _, packet in sorted(packets.items())]
    assert durable[0], "the first message"
    assert False in durable, "no message was marked"
    assert durable[-1], "the last message"


@scenario(
    fault="The journal's disk is full, then it is not",
    promise=GOES_ON,
    told=TOLD,
    remedy="make room",
    quick=True,
)
def journal_disk_full(stage: Stage) -> None:
    with (
        small_disk(stage.folder / "disk", "4m") as disk,
        stage.line(journal={"path": str(disk / "journal.sqlite"), "retry_ms": 100}) as line,
    ):
        ballast = fill(disk)
        fails_and_recovers(line, ballast.unlink)


@scenario(
    fault="The journal's disk is full for longer than `journal.max_waiting` publications",
    promise="Results go on; the publications that no longer fit into memory are in no journal, and how many is told",
    told=TOLD + ", with the number that is missing",
    remedy="make room",
)
def journal_disk_full_too_long(stage: Stage) -> None:
    with (
        small_disk(stage.folder / "disk", "4m") as disk,
        stage.line(journal={"path": str(disk / "journal.sqlite"), "retry_ms": 100, "max_waiting": 50}) as line,
    ):
        ballast = fill(disk)
        line.until_told("journal_failing")
        line.until_inspected(150)
        ballast.unlink()
        line.until_told("journal_recovered", "publications are missing from it")
        line.until_inspected(20)
        found = line.finish()
        missing = len(found.packets) - found.journaled
        assert missing > 0
        assert line.watcher.told("journal_recovered", f"{missing} publications are missing")


@scenario(
    fault="The journal's disk becomes read-only (EROFS)",
    promise=GOES_ON,
    told=TOLD,
    remedy="find out why (dmesg), mount it again",
)
def journal_read_only(stage: Stage) -> None:
    disk = FaultyDisk(stage.folder, "journal.sqlite")
    with stage.line(journal={"retry_ms": 100}, environment=disk.environment) as line:
        disk.fails(errno.EROFS)
        fails_and_recovers(line, disk.well)


@scenario(
    fault="The journal's disk fails (EIO on each write and sync)",
    promise=GOES_ON,
    told=TOLD,
    remedy="replace the disk",
)
def journal_disk_fails(stage: Stage) -> None:
    disk = FaultyDisk(stage.folder, "journal.sqlite")
    with stage.line(journal={"retry_ms": 100}, environment=disk.environment) as line:
        disk.fails(errno.EIO)
        fails_and_recovers(line, disk.well)


@scenario(
    fault="The journal's disk is slow: each commit takes 500 ms",
    promise="No result waits for it; the journal is behind by as much, and complete in the end",
    told="metrics `inspector_journal_...`",
    remedy="a faster disk, if it lasts",
)
def journal_slow(stage: Stage) -> None:
    disk = FaultyDisk(stage.folder, "journal.sqlite")
    with stage.line(environment=disk.environment) as line:
        disk.slow(500)
        mark = line.mark()
        line.pause(3)
        late = [delay_ms(packet) for packet in line.watcher.packets[mark:]]
        assert len(late) > 200, f"{len(late)} messages in 3 s"
        assert max(late) < 400, f"a result took {max(late):.0f} ms"
        disk.well()
        found = line.finish()
        assert found.journaled == len(found.packets)


def delay_ms(packet: Packet) -> float:
    """From capture to publication."""
    captured = packet.header.captured_unix_ns
    return 0.0 if captured is None else (packet.header.published_unix_ns - captured) / 1e6


@scenario(
    fault="The journal's disk hangs: a commit does not return for seconds, and the line is stopped meanwhile",
    promise="Results go on, and the stop does not wait for the disk; what was not committed is lost to the journal, and the log says so",
    told="`journal_failing`; the log",
    remedy="replace the disk",
)
def journal_hangs(stage: Stage) -> None:
    disk = FaultyDisk(stage.folder, "journal.sqlite")
    with stage.line(environment=disk.environment) as line:
        disk.slow(60_000)
        line.until_told("journal_failing")
        line.until_inspected(50)
        line.stop()
        line.settle()
        assert line.reports("journal")
