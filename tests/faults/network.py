"""The cable between the daemon and a subscriber on another machine, which are two network namespaces here, with CURVE between them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faults.running import RunningLine, free_port
from tests.faults.scenario import Unavailable, scenario
from tests.faults.stage import Stage
from tests.faults.subscribers import complete
from tests.faults.watching import Watcher

DAEMON, SUBSCRIBER = "10.250.77.1", "10.250.77.2"
TOLD = "`Stale`, then `Missed` or `Recovered` at the subscriber"


class Cable:
    """Two network namespaces and a cable between them. Raises Unavailable where this user may not make them."""

    def __init__(self) -> None:
        self.daemon, self.subscriber = (f"faults-{os.getpid()}-{side}" for side in ("d", "s"))
        self._ends = "fltd", "flts"

    def __enter__(self) -> Cable:
        try:
            for space in (self.daemon, self.subscriber):
                _ip("netns", "add", space)
                _ip("-n", space, "link", "set", "lo", "up")
            first, second = self._ends
            _ip(
                "link",
                "add",
                first,
                "netns",
                self.daemon,
                "type",
                "veth",
                "peer",
                "name",
                second,
                "netns",
                self.subscriber,
            )
            for space, end, host in ((self.daemon, first, DAEMON), (self.subscriber, second, SUBSCRIBER)):
                _ip("-n", space, "address", "add", f"{host}/30", "dev", end)
                _ip("-n", space, "link", "set", end, "up")
        except (OSError, subprocess.CalledProcessError) as error:
            self.__exit__()
            raise Unavailable(f"network namespaces need root and iproute2: {error}") from None
        return self

    def __exit__(self, *_: object) -> None:
        for space in (self.daemon, self.subscriber):
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)

    def cut(self) -> None:
        """Pull it out, at the subscriber's."""
        _ip("-n", self.subscriber, "link", "set", self._ends[1], "down")

    def mend(self) -> None:
        """Put it in again."""
        _ip("-n", self.subscriber, "link", "set", self._ends[1], "up")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True)


@contextmanager
def across(stage: Stage, **changes: Any) -> Iterator[tuple[Cable, RunningLine, Watcher]]:
    """The cable, a line with a subscriber beside it, and another subscriber at the other end of the cable."""
    with Cable() as cable:
        keys = keys_in(stage.folder)
        endpoint = f"tcp://{DAEMON}:{free_port()}"
        here, there = (("ip", "netns", "exec", space) for space in (cable.daemon, cable.subscriber))
        with stage.line(
            results={"endpoint": endpoint},
            **keys.line,
            launch=here,
            watch_launch=here,
            watch_keys=keys.subscriber,
            **changes,
        ) as line:
            far = line.watch(there)
            line.until(lambda: bool(far.packets), "a message at the other end of the cable")
            yield cable, line, far


class keys_in:  # noqa: N801 - used as a function
    """Keys of the daemon and of a subscriber in a folder."""

    def __init__(self, folder: Path) -> None:
        import zmq.auth

        for name in ("daemon", "clients"):
            (folder / name).mkdir()
        public, secret = zmq.auth.create_certificates(folder / "daemon", "line")
        zmq.auth.create_certificates(folder / "clients", "mes")
        for private in ("daemon/line", "clients/mes"):
            (folder / f"{private}.key_secret").chmod(0o600)
        allowed = folder / "allowed" / "subscriber"
        allowed.mkdir(parents=True)
        (allowed / "mes.key").write_bytes((folder / "clients" / "mes.key").read_bytes())
        self.line = {"keys": {"secret_key": secret, "clients": str(allowed.parent)}}
        self.subscriber = public, str(folder / "clients" / "mes.key_secret")


def cut_for(stage: Stage, seconds: float) -> None:
    """Results go on meanwhile, and the subscriber learns what it missed."""
    with across(stage) as (cable, line, far):
        cable.cut()
        begun_s = time.monotonic()
        mark = line.mark()
        line.pause(seconds)
        assert line.inspected(mark) > 70 * (time.monotonic() - begun_s), "results did not go on"
        assert far.saw("Stale"), "the silence was not noticed"
        newest = line.watcher.seq
        cable.mend()
        line.until(lambda: far.seq >= newest, "messages after the cut", 120)
        assert complete(far), far.events
        assert complete(line.watcher)
        line.finish()


@scenario(
    fault="The network between daemon and subscriber is cut for 2 s",
    promise="Results go on. The subscriber is told that they are stale, then gets what was sent meanwhile",
    told=TOLD,
)
def network_cut_2_s(stage: Stage) -> None:
    cut_for(stage, 2)


@scenario(
    fault="The network between daemon and subscriber is cut for 60 s",
    promise="Results go on. The subscriber is told that they are stale, connects again and learns what it missed",
    told=TOLD,
    remedy="see to the network",
    limit_s=240,
)
def network_cut_60_s(stage: Stage) -> None:
    cut_for(stage, 60)


@scenario(
    fault="The network is cut ten times for a moment, at random",
    promise="The subscriber gets everything in the end, in its order",
    told=TOLD,
    limit_s=120,
)
def network_flickers(stage: Stage) -> None:
    with across(stage) as (cable, line, far):
        for _ in range(10):
            cable.cut()
            line.pause(stage.random.uniform(0.01, 0.3))
            cable.mend()
            line.pause(stage.random.uniform(0.1, 0.5))
        newest = line.watcher.seq
        line.until(lambda: far.seq >= newest, "messages after the last cut", 60)
        assert complete(far), far.events
        line.finish()


@scenario(
    fault="The subscriber's machine is gone for good: the cable is pulled out and stays out, and the line is stopped",
    promise="The stop waits for it no longer than `results.linger_ms`: under 2 s",
    told="nothing",
)
def network_cut_at_the_end(stage: Stage) -> None:
    with across(stage) as (cable, line, far):
        cable.cut()
        line.pause(1)
        line.stop()
        line.watchers.remove(far)
        far.close()
        line.settle()
