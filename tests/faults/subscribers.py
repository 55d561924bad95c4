"""Subscribers that are slow, stopped, many or hostile: nobody else pays for them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import zmq

from tests.faults.running import RunningLine
from tests.faults.scenario import scenario
from tests.faults.stage import Stage
from tests.faults.watching import ROOT, Watcher
from tests.results import zmtp

NOBODY_ELSE = "No other subscriber loses or waits for a message"
LISTENER = """
import sys, zmq
socket = zmq.Context().socket(zmq.SUB)
socket.setsockopt(zmq.RCVHWM, 1)
socket.subscribe("v1/")
socket.connect(sys.argv[1])
print(socket.recv()[:2], flush=True)
sys.stdin.read()
"""


HUGE = zmtp.frame(b"x" * (1 << 20))


def undisturbed(line: RunningLine, frames: int = 30) -> None:
    """The first subscriber gets further verdicts and has missed none."""
    line.until_inspected(frames)
    assert complete(line.watcher), f"the other subscriber missed something: {line.watcher.events}\n{line.tail()}"


def complete(watcher: Watcher) -> bool:
    """Whether it has everything since its first message."""
    last: dict[str, int] = {}
    for packet in watcher.packets:
        seq, epoch = packet.header.seq, packet.header.epoch
        if seq is not None and last.setdefault(epoch, seq - 1) + 1 != seq:
            return False
        if seq is not None:
            last[epoch] = seq
    return True


@contextmanager
def another(line: RunningLine) -> Iterator[Watcher]:
    """One more subscriber, which has got something."""
    watcher = line.watch()
    line.until(lambda: bool(watcher.packets), "a message to the other subscriber")
    try:
        yield watcher
    finally:
        watcher.close()
        line.watchers.remove(watcher)


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@scenario(
    fault="A subscriber is stopped for a second (SIGSTOP) and goes on",
    promise=f"It gets everything, late; what waits for it is bounded by `results.send_mib`. {NOBODY_ELSE}",
    told="`Stale` at the subscriber where its heartbeats are late",
    quick=True,
)
def subscriber_stopped(stage: Stage) -> None:
    with stage.usual() as line, another(line) as watcher:
        watcher.stop()
        undisturbed(line, 100)
        watcher.resume()
        newest = line.watcher.seq
        line.until(lambda: watcher.seq >= newest, "what it had not read")
        assert complete(watcher)


@scenario(
    fault="A subscriber is stopped for longer than `results.send_mib` allows, and goes on",
    promise=f"It is disconnected, connects again and learns which numbers it missed; those are in the journal. {NOBODY_ELSE}",
    told="`peers_cut_off`, later `peers_calm`; `Missed` or `Recovered` at the subscriber",
    remedy="make the subscriber faster, or raise `results.send_mib`",
    limit_s=180,
)
def subscriber_stopped_too_long(stage: Stage) -> None:
    with (
        stage.line(source=stage.replay(rate_hz=600), results={"send_mib": 1}) as line,
        another(line) as watcher,
    ):
        watcher.stop()
        line.until_told("peers_cut_off", "read too slowly")
        watcher.resume()
        newest = line.watcher.seq
        line.until(lambda: watcher.seq > newest, "messages after that")
        assert complete(watcher), watcher.events
        undisturbed(line)
        line.finish()


@scenario(
    fault="A subscriber is killed (SIGKILL)",
    promise=NOBODY_ELSE,
    told="the log, at level debug",
    quick=True,
)
def subscriber_killed(stage: Stage) -> None:
    with stage.usual() as line, another(line) as watcher:
        watcher.kill()
        undisturbed(line, 50)


@scenario(
    fault="A subscriber subscribes and never reads",
    promise=f"The daemon's memory for it is bounded by `results.send_mib`, then it is disconnected. {NOBODY_ELSE}",
    told="the log",
    remedy="find out who it is: the log has the address",
    quick=True,
)
def subscriber_never_reads(stage: Stage) -> None:
    with stage.usual() as line:
        never = subprocess.Popen([sys.executable, "-c", LISTENER, line.endpoint], stdin=-1, stdout=-1)
        assert never.stdout
        try:
            assert never.stdout.readline()
            before = memory_mib(line.process.pid)
            undisturbed(line, 100)
            assert memory_mib(line.process.pid) - before < 16
        finally:
            never.kill()
            never.communicate()


@scenario(
    fault="A subscriber connects, gets a message and leaves, 1,000 times",
    promise=f"Each time it is told the start of the run; descriptors and memory of the daemon do not grow. {NOBODY_ELSE}",
    told="nothing",
    limit_s=180,
)
def subscriber_reconnects(stage: Stage) -> None:
    with stage.line() as line, zmq.Context() as context:
        held = descriptors(line)
        memory = 0.0
        for turn in range(1000):
            one = context.socket(zmq.SUB)
            one.setsockopt(zmq.LINGER, 0)
            one.setsockopt(zmq.RCVTIMEO, 5000)
            one.subscribe("v1/")
            one.connect(line.endpoint)
            assert one.recv_multipart()
            one.close()
            if turn == 300:
                memory = memory_mib(line.process.pid)
            line.read()
        undisturbed(line)
        line.until(lambda: descriptors(line) <= held + 4, "closed connections")
        assert memory_mib(line.process.pid) - memory < 24, "memory grew"
        line.finish()


def descriptors(line: RunningLine) -> int:
    """Open files of the daemon."""
    return len(os.listdir(f"/proc/{line.process.pid}/fd"))


@scenario(
    fault="Fifty subscribers, one of which is stuck",
    promise="The other forty-nine get every message",
    told="nothing while it is within `results.send_mib`, then the log",
)
def fifty_subscribers(stage: Stage) -> None:
    with stage.line() as line, another(line) as stuck:
        crowd = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.crowd", line.endpoint, "48"], stdin=-1, stdout=-1, text=True, cwd=ROOT
        )
        assert crowd.stdout
        try:
            assert crowd.stdout.readline() == "ready\n"
            stuck.stop()
            undisturbed(line, 300)
            said, _ = crowd.communicate("", timeout=30)
        finally:
            crowd.kill()
        figures = json.loads(said)
        assert figures["missing"] == 0, figures
        assert figures["fewest"] > 250, figures
        line.finish()


@scenario(
    fault="A peer sends rubbish to the results' socket: bytes that are no ZMTP, subscriptions without end, messages of 1 MiB",
    promise=f"It is cut off, and counted; no input ends the daemon. {NOBODY_ELSE}",
    told="`peers_cut_off`, later `peers_calm`",
    remedy="find out who it is: the log has the address",
    quick=True,
)
def results_flooded(stage: Stage) -> None:
    with stage.usual() as line:
        mark = line.mark()
        attacks = (zmtp.silent, noise(stage)), (zmtp.connected, subscriptions(stage)), (zmtp.connected, HUGE)
        for connect, attack in attacks:
            for _ in range(3):
                with connect(line.endpoint) as peer, suppress(OSError):  # which says that it was cut off
                    peer.settimeout(5)
                    peer.sendall(attack)
                    while peer.recv(4096):
                        pass
        line.until(lambda: line.watcher.told("peers_cut_off", since=mark) or line.reports("cut off"), "a cut")
        undisturbed(line)


def noise(stage: Stage) -> bytes:
    """No ZMTP at all."""
    return stage.random.randbytes(1 << 20)


def subscriptions(stage: Stage) -> bytes:
    """Many, to topics that are none."""
    return b"".join(zmtp.frame(b"\1" + stage.random.randbytes(100)) for _ in range(20_000))


@scenario(
    fault="Forty connections that say nothing, where `results.max_connections` is 16",
    promise=f"Beyond the limit, those that have subscribed to nothing are cut off, so that a new subscriber gets in. {NOBODY_ELSE}",
    told="`peers_cut_off`",
    remedy="find out who it is",
)
def connections_that_say_nothing(stage: Stage) -> None:
    with stage.line(results={"max_connections": 16}) as line, ExitStack() as stack:
        mark = line.mark()
        for _ in range(40):
            silent = stack.enter_context(socket.socket())
            silent.setblocking(False)
            silent.connect_ex(("127.0.0.1", int(line.endpoint.rpartition(":")[2])))
        line.until_told("peers_cut_off", since=mark)
        with another(line):
            undisturbed(line)
        line.finish()
