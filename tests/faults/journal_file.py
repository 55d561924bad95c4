"""The journal's file is torn, damaged, deleted, locked, or no journal at all."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import yaml

from inspector.protocol.codec import decode
from tests.faults.journal import GOES_ON, TOLD, fails_and_recovers
from tests.faults.recovery import address_of
from tests.faults.scenario import scenario
from tests.faults.stage import Stage
from tests.results.recovery.asking import Asker
from tests.results.test_damaged_journal import turned


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
    remedy="look at the disk; `inspector journal export` reads the old file as far as it goes",
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
    fault="One bit turns in the id of a row of the journal while the line is off: SQLite reads the file as if it were whole",
    promise="Recovery gives every publication of that epoch as it was, or tells that its number is gone; `journal export` ends at the row",
    told="`text` of the reply; the error of `journal export`",
    remedy="look at the disk; `sqlite3 FILE .recover` saves the rows behind it",
)
def journal_row_altered(stage: Stage) -> None:
    with stage.line() as line:
        line.until_inspected(300)
        line.stop()
        line.settle()
        sent = {packet.header.seq: packet for packet in line.watcher.packets if packet.header.seq is not None}
        stream = line.watcher.packets[-1].header
        assert line.journal is not None
        turned(line.journal, stage.random.randrange(130, 300), stage.random.randrange(14))
        exported = [sys.executable, "-m", "inspector", "journal", "export", str(line.journal), "-o", "rows.csv"]
        done = subprocess.run(exported, capture_output=True, text=True, check=False, timeout=30, cwd=stage.folder)
        assert done.returncode == 2, done
        assert "is damaged" in done.stderr, done
        line.restart()
        line.until(lambda: line.watcher.saw("NewEpoch"), "the new epoch")
        line.until_inspected()
        with Asker(address_of(line)) as asker:
            asked = {
                "line": stream.line,
                "camera": stream.camera,
                "epoch": stream.epoch,
                "from": 0,
                "to": len(sent) - 1,
            }
            absent: set[int] = set()
            came = {}
            while asked["from"] is not None:
                answer = asker.done(request="get", **asked)
                came |= {packet.header.seq: packet for packet in (decode(one.sent()) for one in answer.publications)}
                absent |= {seq for first, last in answer.reply.absent for seq in range(first, last + 1)}
                asked["from"] = answer.reply.next
        assert 0 < len(absent) < 30, absent
        assert came == {seq: packet for seq, packet in sent.items() if seq not in absent}
        line.stop()
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
    remedy="use `inspector journal`, which never locks it",
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
