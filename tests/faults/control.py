"""The control socket, used badly."""

from __future__ import annotations

import contextlib
import socket
import time

from inspector.client.control import ControlClient
from inspector.protocol.control import Pause, ReadStatus, Resume
from inspector.protocol.control_messages import Outcome
from tests.faults.meanwhile import flooded
from tests.faults.scenario import scenario
from tests.faults.stage import Stage
from tests.faults.subscribers import undisturbed
from tests.results import zmtp


@scenario(
    fault="A client floods the control socket with requests and reads no reply",
    promise="Results go on, in time; it is cut off or waits, and others are still answered",
    told="`peers_cut_off`; the log",
    remedy="mend the client",
    quick=True,
)
def control_flooded(stage: Stage) -> None:
    request = b'{"control":1,"id":"%d"}'
    numbers = iter(range(1 << 40))
    with stage.usual() as line:
        mark = line.mark()
        with flooded(line.tree["control"]["endpoint"], lambda: request % next(numbers)):
            undisturbed(line, 100)
        assert line.reasons(mark) <= {"gate_clean", "no_defect", "defect"}, line.reasons(mark)
        with ControlClient(line.tree["control"]["endpoint"]) as client:
            assert client.ask(ReadStatus()).outcome is Outcome.DONE


@scenario(
    fault="The control socket gets rubbish: no JSON, too large, too deep, no ZMTP at all",
    promise="It is counted and dropped; nothing of it ends a thread, and others are still answered",
    told="the log, once and then in sums",
    remedy="mend the client",
    quick=True,
)
def control_rubbish(stage: Stage) -> None:
    rubbish = (
        b"\0" * 10,
        b"[" * 100_000,
        b'{"control":1,"id":1e999}',
        b"x" * (1 << 20),
        '{"control":1,"id":"\ud800"}'.encode("utf-8", "surrogatepass"),
    )
    chance = stage.random
    with stage.usual() as line:
        with flooded(line.tree["control"]["endpoint"], lambda: chance.choice(rubbish)):
            undisturbed(line, 100)
        for _ in range(10):
            with zmtp.silent(line.tree["control"]["endpoint"]) as peer, contextlib.suppress(OSError):
                peer.settimeout(0.2)
                peer.sendall(chance.randbytes(1 << 16))
        assert "Traceback" not in line.log.read_text()
        with ControlClient(line.tree["control"]["endpoint"]) as client:
            assert client.ask(ReadStatus()).outcome is Outcome.DONE
        undisturbed(line)


@scenario(
    fault="The line is paused and resumed fifty times under load",
    promise="Each frame belongs to one side: inspected, or UNINSPECTED because of the pause",
    told="`paused`, `resumed`; reason `paused`",
)
def paused_often(stage: Stage) -> None:
    with stage.line() as line, ControlClient(line.tree["control"]["endpoint"]) as client:
        for _ in range(50):
            assert client.ask(Pause()).outcome is Outcome.DONE
            assert client.ask(Resume()).outcome is Outcome.DONE
        line.until_inspected(30)
        line.finish()


@scenario(
    fault="A hundred connections to the control socket that say nothing",
    promise="Results go on; a client with something to say is answered",
    told="`peers_cut_off`",
    remedy="find out who it is",
)
def control_connections(stage: Stage) -> None:
    with stage.line() as line, contextlib.ExitStack() as stack:
        endpoint = line.tree["control"]["endpoint"]
        until_s = time.monotonic() + 5
        for _ in range(100):
            peer = stack.enter_context(socket.socket(socket.AF_UNIX))
            peer.setblocking(False)
            with contextlib.suppress(OSError):
                peer.connect(endpoint.removeprefix("ipc://"))
            if time.monotonic() > until_s:
                break
        undisturbed(line)
        with ControlClient(endpoint) as client:
            assert client.ask(ReadStatus()).outcome is Outcome.DONE
        line.finish()
