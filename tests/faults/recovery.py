"""The recovery socket, and what can be had from it when something else fails."""

from __future__ import annotations

import contextlib
import threading

from inspector.protocol.codec import Packet
from inspector.protocol.messages import HeartbeatBody
from tests.faults.disk import fill, small_disk
from tests.faults.journal import delay_ms
from tests.faults.meanwhile import flooded
from tests.faults.running import RunningLine
from tests.faults.scenario import scenario
from tests.faults.stage import Stage
from tests.faults.subscribers import complete, undisturbed
from tests.results import zmtp
from tests.results.recovery.asking import Asker

GOOD = {"gate_clean", "no_defect", "defect"}


def address_of(line: RunningLine) -> str:
    """Where the line answers, as its heartbeats say."""
    line.until(lambda: bool(line.watcher.beats), "a heartbeat")
    body = line.watcher.beats[-1][1].body
    assert isinstance(body, HeartbeatBody)
    assert body.recovery is not None
    return body.recovery.replace("*", "127.0.0.1")


def everything(line: RunningLine) -> str:
    """A request for the whole epoch."""
    header = line.watcher.packets[-1].header
    stream = f'"line":"{header.line}","camera":"{header.camera}","epoch":"{header.epoch}"'
    return f'{{"recovery":1,"id":"%d","do":{{"request":"get",{stream},"from":0,"to":100000}}}}'


@scenario(
    fault="A client floods the recovery socket with requests for everything, and reads no reply",
    promise="Results go on, in time; others are still answered",
    told="`peers_cut_off`; the log",
    remedy="mend the client",
    quick=True,
)
def recovery_flooded(stage: Stage) -> None:
    numbers = iter(range(1 << 40))
    with stage.usual() as line:
        mark = line.mark()
        request = everything(line)
        with flooded(address_of(line), lambda: (request % next(numbers)).encode()):
            undisturbed(line, 100)
        assert line.reasons(mark) <= GOOD, line.reasons(mark)
        line.recovered()


@scenario(
    fault="The recovery socket gets rubbish: no JSON, too large, too deep, no ZMTP at all",
    promise="It is counted and dropped; nothing of it ends a thread, and others are still answered",
    told="the log, once and then in sums",
    remedy="mend the client",
)
def recovery_rubbish(stage: Stage) -> None:
    rubbish = (
        b"\0" * 10,
        b"[" * 3000,
        b'{"recovery":1e999,"id":1}',
        b"x" * 4096,
        b'{"recovery":1,"id":"a","do":{"request":"get"}}',
    )
    chance = stage.random
    with stage.usual() as line:
        endpoint = address_of(line)
        with flooded(endpoint, lambda: chance.choice(rubbish)):
            undisturbed(line, 100)
        for _ in range(5):
            with zmtp.silent(endpoint) as peer, contextlib.suppress(OSError):
                peer.settimeout(0.2)
                peer.sendall(chance.randbytes(1 << 16))
        assert "Traceback" not in line.log.read_text()
        line.recovered()
        undisturbed(line)


@scenario(
    fault="A subscriber that is thousands of results behind recovers them while the line runs",
    promise="It gets all of them, in their order; no live result is delayed past its deadline",
    told="`Recovered` at the subscriber",
    limit_s=120,
)
def recovery_of_thousands(stage: Stage) -> None:
    with stage.line(source=stage.replay(rate_hz=300), deadline_ms=200) as line:
        line.until(lambda: line.watcher.seq > 5000, "thousands of results", 60)
        mark = line.mark()
        line.recovered()
        late = [delay_ms(packet) for packet in line.watcher.packets[mark:]]
        assert max(late) < 200, f"a result took {max(late):.0f} ms"
        line.finish()


@scenario(
    fault="The journal's disk is full when a subscriber asks for what it missed",
    promise="What is on the disk, and the latest publications, which are kept in memory, can be had without a gap",
    told="`journal_failing`; `durable: false`",
    remedy="make room",
)
def recovery_while_disk_full(stage: Stage) -> None:
    with (
        small_disk(stage.folder / "disk", "4m") as disk,
        stage.line(journal={"path": str(disk / "journal.sqlite"), "retry_ms": 100}) as line,
    ):
        ballast = fill(disk)
        line.until_told("journal_failing")
        line.until_inspected(100)
        newest = line.watcher.seq
        late = line.watch(since="epoch")
        line.until(lambda: late.seq >= newest, "what was published before it came")
        numbers = {packet.header.seq for packet in late.packets}
        assert set(range(newest + 1)) <= numbers, "something is missing"
        ballast.unlink()
        line.until_told("journal_recovered")
        line.finish()


@scenario(
    fault="The line has no journal, and a subscriber asks for what it missed",
    promise="The latest publications, as many as fit into `results.recovery.memory_mib`, can be had; every message says `durable: false`",
    told="`durable: false`",
    remedy="give the line a journal",
)
def recovery_without_journal(stage: Stage) -> None:
    with stage.line(journal={"path": None}) as line:
        line.until_inspected(100)
        newest = line.watcher.seq
        late = line.watch(since="epoch")
        line.until(lambda: late.seq >= newest, "what was published before it came")
        assert set(range(newest + 1)) <= {packet.header.seq for packet in late.packets}
        assert not any(packet.header.durable for packet in line.watcher.packets)
        line.finish()


@scenario(
    fault="A subscriber is stopped while the daemon is killed and started again, and goes on",
    promise="It learns of the new epoch, and gets the end of the old one first, as far as the journal has it",
    told="`NewEpoch`, `Recovered`, `Missed` at the subscriber",
)
def recovery_of_the_epoch_before(stage: Stage) -> None:
    with stage.line() as line:
        other = line.watch()
        line.until(lambda: bool(other.packets), "a message to the other subscriber")
        other.stop()
        line.until_inspected(100)
        line.pause(0.3)  # commits
        line.kill()
        line.restart()
        line.until(lambda: line.watcher.saw("NewEpoch"), "the new epoch")
        line.until_inspected(50)
        other.resume()
        newest = line.watcher.packets[-1].header
        line.until(lambda: bool(other.packets) and other.packets[-1].header.epoch == newest.epoch, "the new epoch")
        assert of_epoch_before(line.watcher.packets) <= of_epoch_before(other.packets) | not_told(other.events)
        line.finish()


def of_epoch_before(packets: list[Packet]) -> set[int | None]:
    """Numbers of the first epoch."""
    return {packet.header.seq for packet in packets if packet.header.epoch == packets[0].header.epoch}


def not_told(events: list[dict[str, object]]) -> set[int | None]:
    """Numbers that a subscriber was told it misses."""
    found: set[int | None] = set()
    for event in events:
        if event["event"] == "Missed":
            found |= set(range(int(str(event["first_seq"])), int(str(event["last_seq"])) + 1))
    return found


@scenario(
    fault="Twenty clients recover everything at the same time, again and again",
    promise="Each gets what it asked for, or is told to ask later (`busy`); results go on, in time",
    told="outcome `busy`",
)
def recovery_by_many(stage: Stage) -> None:
    with stage.line(deadline_ms=500) as line:
        line.until_inspected(300)
        endpoint, header = address_of(line), line.watcher.packets[-1].header
        mark = line.mark()
        done: list[int] = []

        def recover() -> None:
            with Asker(endpoint) as client:
                for _ in range(5):
                    answer = client.ask(
                        request="get",
                        line=header.line,
                        camera=header.camera,
                        epoch=header.epoch,
                        **{"from": 0, "to": 299},
                    )
                    done.append(answer.reply.publications)

        threads = [threading.Thread(target=recover) for _ in range(20)]
        for thread in threads:
            thread.start()
        line.until(lambda: len(done) == 100, "all answers")
        for thread in threads:
            thread.join()
        assert set(done) <= {0, 300}, set(done)
        assert line.reasons(mark) <= GOOD, line.reasons(mark)
        assert complete(line.watcher)
        line.finish()
