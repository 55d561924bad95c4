"""Faults of the disk and of the journal's file."""

from __future__ import annotations

import errno
import sqlite3
import subprocess
import sys
from pathlib import Path

import yaml

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
    """Where messages say whether they are durable: those after the failure was told are not, and those at the end are again."""
    durable = [getattr(packet.header, "durable", None) for _, packet in sorted(packets.items())]
    if None in durable:
        return
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


@scenario(
    fault="The daemon is killed at a random moment, and the tail of the journal is torn off at a random byte",
    promise="The journal is a whole number of publications without a gap up to some point; the next start goes on in the same file",
    told="a new epoch",
)
def journal_torn(stage: Stage) -> None:
    with stage.line() as line:
        line.pause(stage.random.uniform(0.1, 0.5))
        line.kill()
        log = Path(f"{line.journal}-wal")
        size = log.stat().st_size
        with log.open("r+b") as file:
            file.truncate(stage.random.randrange(size // 2, size))
        line.restart()
        line.until(lambda: line.watcher.saw("NewEpoch"), "the new epoch")
        line.until_inspected()
        line.stop()
        before, after = line.settle().values()
        assert 0 < before.journaled < len(before.packets)
        assert after.journaled == len(after.packets)


@scenario(
    fault="The journal is damaged while the line is off, in all pages but the first ones",
    promise="It is kept under another name, a new one is begun, and the line runs; no publication of the new epoch is lost",
    told="`journal_set_aside` with the name",
    remedy="look at the disk; `inspector history` reads the old file as far as it goes",
)
def journal_damaged_while_off(stage: Stage) -> None:
    with stage.line() as line:
        line.until_inspected(300)
        line.stop()
        line.settle()
        damage(line.journal, stage, first=3)
        mark = line.mark()
        line.restart()
        line.until_told("journal_set_aside", since=mark)
        line.until_inspected()
        line.stop()
        assert list(stage.folder.glob("journal.sqlite.damaged-*"))
        last = line.settle_last()
        assert last.journaled == len(last.packets)


@scenario(
    fault="Half of the journal is missing at the start, as a power cut on a worn card leaves it",
    promise="It is kept under another name, a new one is begun, and the line runs",
    told="`journal_set_aside` with the name",
    remedy="look at the disk",
)
def journal_cut_while_off(stage: Stage) -> None:
    with stage.line() as line:
        line.until_inspected(100)
        line.stop()
        line.settle()
        assert line.journal is not None
        with line.journal.open("r+b") as file:
            file.truncate(line.journal.stat().st_size // 2)
        mark = line.mark()
        line.restart()
        line.until_told("journal_set_aside", since=mark)
        line.until_inspected()
        line.stop()
        last = line.settle_last()
        assert last.journaled == len(last.packets)


@scenario(
    fault="Pages of the journal are damaged while the line runs, and it is restarted later",
    promise="Results go on. The damage is noticed when SQLite reads such a page: the file is then kept under another name, and a new one begun",
    told="`journal_set_aside` with the name",
    remedy="look at the disk",
)
def journal_damaged_while_running(stage: Stage) -> None:
    with stage.line() as line:
        line.until_inspected(100)
        damage(line.journal, stage, first=1)
        line.until_inspected(100)
        line.stop()
        mark = line.mark()
        line.restart()
        line.until(lambda: line.inspected(mark) > 100, "verdicts after the restart")
        line.stop()
        last = line.settle_last()
        assert last.journaled == len(last.packets)


def damage(journal: Path | None, stage: Stage, first: int) -> None:
    """Fill every page from ``first`` on with noise."""
    assert journal is not None
    with journal.open("r+b") as file:
        for page in range(first, journal.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(stage.random.randbytes(4096))


@scenario(
    fault="Somebody deletes the journal's file while the line runs",
    promise="A new file is begun at its place, and results go on",
    told="the log; what was in the old file is gone",
    remedy="restore it from the backup",
)
def journal_deleted(stage: Stage) -> None:
    with stage.line() as line:
        line.until_inspected(50)
        assert line.journal is not None
        line.journal.unlink()
        line.until(line.journal.exists, "a new file")
        line.until_inspected(50)
        found = line.finish()
        assert 50 < found.journaled < len(found.packets)


@scenario(
    fault="Another program locks the journal for two seconds",
    promise=GOES_ON,
    told=TOLD,
    remedy="use `inspector history`, which never locks it",
)
def journal_locked(stage: Stage) -> None:
    with stage.line(journal={"retry_ms": 100}) as line:
        assert line.journal is not None
        locker = sqlite3.connect(line.journal, isolation_level=None)
        locker.execute("BEGIN EXCLUSIVE")
        fails_and_recovers(line, locker.close)


@scenario(
    fault="The line is started with a journal that it cannot write, or that is none",
    promise="The start is refused in one line that names the key and what mends it; exit status 2",
    told="standard error, exit status",
    remedy="as the line says",
)
def journal_cannot_be_opened(stage: Stage) -> None:
    none = stage.folder / "none.txt"
    none.write_text("no journal\n" * 1000)
    for path in (none, stage.folder / "missing" / "journal.sqlite", stage.folder):
        config = stage.folder / "line.yaml"
        config.write_text(yaml.safe_dump(stage.tree(journal={"path": str(path)})))
        done = subprocess.run(
            [sys.executable, "-m", "inspector", "run", "-c", str(config)],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert done.returncode == 2, done
        last = done.stderr.splitlines()[-1]
        assert "journal" in last, last
        assert "Traceback" not in done.stderr, done.stderr
