"""The faults that a soak does to its own processes. Each function begins one, ends it, and says by which codes it must have been told."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import zmq

from inspector.client.control import ControlClient, NoAnswer
from inspector.protocol.codec import TOPIC_ROOT
from inspector.protocol.control import AnyCommand, Pause, Reload, Resume, RunEnd, RunStart
from inspector.protocol.control_messages import Outcome
from inspector.soak.children import children_of
from inspector.soak.plan import STALL_S
from inspector.soak.scene import Broken, Scene

_ANSWER_S = 20.0


class Fault(NamedTuple):
    """One kind."""

    name: str
    do: Callable[[Scene, random.Random], None]
    """Begin and end it. Raises Broken where something that must happen meanwhile does not."""
    weight: int
    restarts: bool = False
    """Whether the daemon is started again."""


def child_killed(scene: Scene, chance: random.Random) -> None:
    """The inference child dies."""
    mark, child = scene.mark(), _inference(scene)
    os.kill(child, signal.SIGKILL)
    scene.until_told("inference_restarting", mark)
    scene.until_told("inference_ready", mark)


def child_hangs(scene: Scene, chance: random.Random) -> None:
    """It hangs, until it counts as hung."""
    mark, child = scene.mark(), _inference(scene)
    os.kill(child, signal.SIGSTOP)
    scene.until_told("inference_restarting", mark)
    scene.until_told("inference_ready", mark)


def child_stands_still(scene: Scene, chance: random.Random) -> None:
    """It stands still for less than that."""
    child = _inference(scene)
    with _stopped(child):
        scene.pause(chance.uniform(0.05, STALL_S / 2))


def daemon_killed(scene: Scene, chance: random.Random) -> None:
    """SIGKILL, and started again."""
    epochs = scene.heard.epochs
    scene.heard.kills += 1
    scene.daemon.kill()
    scene.pause(chance.uniform(0, 1))
    scene.daemon.start()
    scene.until(lambda: scene.heard.epochs > epochs, "the new epoch")


def daemon_ended(scene: Scene, chance: random.Random) -> None:
    """SIGTERM, and started again."""
    mark, epochs = scene.mark(), scene.heard.epochs
    if (status := scene.daemon.end(8.0)) != 0:
        raise Broken(f"the daemon was told to end: exit status {status}")
    scene.until_told("stopped", mark)
    scene.daemon.start()
    scene.until(lambda: scene.heard.epochs > epochs, "the new epoch")


def daemon_stands_still(scene: Scene, chance: random.Random) -> None:
    """SIGSTOP for a while, as on a machine that swaps."""
    with _stopped(scene.daemon.pid):
        scene.pause(chance.uniform(0.1, 2.0))


def listener_stopped(scene: Scene, chance: random.Random) -> None:
    """The second subscriber stands still for a while."""
    with _stopped(scene.listener.pid):
        scene.pause(chance.uniform(0.5, 5.0))


def listener_killed(scene: Scene, chance: random.Random) -> None:
    """It is killed and begins again, with the first number of the epoch."""
    scene.listener.kill()
    scene.pause(chance.uniform(0, 1))
    scene.listener.start()


def controller_stopped(scene: Scene, chance: random.Random) -> None:
    """The reject controller stands still for a while."""
    with _stopped(scene.gate.pid):
        scene.pause(chance.uniform(0.1, 2.0))


def controller_killed(scene: Scene, chance: random.Random) -> None:
    """It is killed and started again."""
    scene.gate.kill()
    scene.pause(chance.uniform(0, 1))
    scene.gate.start()


def disk_refuses(scene: Scene, chance: random.Random) -> None:
    """No file of the daemon may be written; the disk is there again later."""
    mark, pid = scene.mark(), scene.daemon.pid
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most))
    try:
        scene.until_told("journal_failing", mark)
        scene.pause(chance.uniform(0.2, 3.0))
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))
    scene.until_told("journal_recovered", mark)


def subscriber_never_reads(scene: Scene, chance: random.Random) -> None:
    """Subscribers that read nothing, for a while."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        for _ in range(chance.randint(1, 10)):
            stuck = context.socket(zmq.SUB)
            stuck.setsockopt(zmq.RCVHWM, 1)
            stuck.setsockopt(zmq.RCVBUF, 4096)
            stuck.subscribe(f"{TOPIC_ROOT}/")
            stuck.connect(scene.places.results)
        scene.pause(chance.uniform(1, 5))
    finally:
        context.destroy(linger=0)


def connections_come_and_go(scene: Scene, chance: random.Random) -> None:
    """Connections that say nothing, or rubbish, and leave."""
    for _ in range(chance.randint(5, 40)):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", scene.places.port), 1) as one:
            one.sendall(chance.randbytes(chance.randint(0, 200)))


def recovery_asked(scene: Scene, chance: random.Random) -> None:
    """Requests for recovery that nobody waits for, and some that are none."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        asking = context.socket(zmq.DEALER)
        asking.setsockopt(zmq.LINGER, 0)
        asking.connect(f"tcp://127.0.0.1:{scene.places.port + 1}")
        stream = scene.heard.stream
        for number in range(chance.randint(10, 300)):
            whole = (
                f'{{"recovery":1,"id":"{number}","do":{{"request":"get","line":"{scene.places.line}",'
                f'"camera":"{stream[0]}","epoch":"{stream[1]}","from":0,"to":{10**6}}}}}'
            ).encode()
            with contextlib.suppress(zmq.Again):
                asking.send(whole[: chance.choice((len(whole), len(whole), 20))], zmq.NOBLOCK)
        scene.pause(chance.uniform(0.1, 1))
    finally:
        context.destroy(linger=0)


def paused(scene: Scene, chance: random.Random) -> None:
    """Paused by a person, and resumed."""
    mark = scene.mark()
    _ask(scene, Pause(why="soak"))
    scene.until_told("paused", mark)
    scene.pause(chance.uniform(0.1, 2))
    _ask(scene, Resume())
    scene.until_told("resumed", mark)


def run_changed(scene: Scene, chance: random.Random) -> None:
    """A run begins and, mostly, ends."""
    _ask(scene, RunStart(run=f"run-{chance.randrange(10**6)}"))
    scene.pause(chance.uniform(0.05, 2))
    if chance.random() < 0.7:
        _ask(scene, RunEnd())


def reloaded(scene: Scene, chance: random.Random) -> None:
    """The configuration is read again."""
    _ask(scene, Reload())


FAULTS = (
    Fault("child_killed", child_killed, 4),
    Fault("child_hangs", child_hangs, 3),
    Fault("child_stands_still", child_stands_still, 4),
    Fault("daemon_killed", daemon_killed, 4, restarts=True),
    Fault("daemon_ended", daemon_ended, 2, restarts=True),
    Fault("daemon_stands_still", daemon_stands_still, 3),
    Fault("listener_stopped", listener_stopped, 3),
    Fault("listener_killed", listener_killed, 3),
    Fault("controller_stopped", controller_stopped, 3),
    Fault("controller_killed", controller_killed, 3),
    Fault("disk_refuses", disk_refuses, 4),
    Fault("subscriber_never_reads", subscriber_never_reads, 3),
    Fault("connections_come_and_go", connections_come_and_go, 3),
    Fault("recovery_asked", recovery_asked, 3),
    Fault("paused", paused, 2),
    Fault("run_changed", run_changed, 4),
    Fault("reloaded", reloaded, 2),
)


def _inference(scene: Scene) -> int:
    """Process id of the inference child, which may have to be waited for."""
    scene.until(lambda: bool(children_of(scene.daemon.pid)), "an inference child")
    return children_of(scene.daemon.pid)[-1]


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _ask(scene: Scene, command: AnyCommand) -> None:
    """Have the line do it. Raises Broken."""
    name = type(command).__name__
    try:
        with ControlClient(scene.places.control, timeout_s=_ANSWER_S) as control:
            reply = control.ask(command)
    except NoAnswer as error:
        raise Broken(f"{name}: {error}") from None
    if reply.outcome is not Outcome.DONE:
        raise Broken(f"{name}: {reply.outcome.value}, {reply.code}: {reply.text}")
