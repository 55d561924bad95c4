"""A line in its own process (`inspector run`), subscribers in theirs, and what holds of it in the end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from inspector.client import Packet
from inspector.client.events import StreamKey
from inspector.protocol.messages import ResultBody
from inspector.results.journal_reader import JournalReader
from tests.faults import books
from tests.faults.books import Books
from tests.faults.watching import ROOT, Watcher
from tests.line.camera_line import Judgement, children_of

PATIENCE_S = 30.0
LONGEST_STOP_S = 8.0
"""Less than 2 s is promised; this machine may have other work."""


def free_port() -> int:
    """A port on loopback that nobody uses now, nor the one behind it, which is for recovery."""
    while True:
        with socket.socket() as results, socket.socket() as recovery:
            results.bind(("127.0.0.1", 0))
            port: int = results.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                recovery.bind(("127.0.0.1", port + 1))
                return port


class RunningLine:
    """The daemon and its subscribers."""

    def __init__(
        self,
        folder: Path,
        tree: dict[str, Any],
        expected: Callable[[], Mapping[str, Judgement]],
        image_of: Callable[[Packet], str | None],
        *,
        environment: Mapping[str, str] | None = None,
        launch: tuple[str, ...] = (),
        watch_at: str | None = None,
        watch_launch: tuple[str, ...] = (),
        watch_keys: tuple[str, str] | None = None,
        command: tuple[str, ...] = ("run", "-c", "{config}"),
        start: bool = True,
        **process: Any,
    ) -> None:
        """``launch`` and ``watch_launch`` stand before the commands of the daemon and of the subscriber. ``watch_at``: where the subscriber
        connects, in place of the endpoint; ``watch_keys``: files with the daemon's public key and its own secret one. ``command``: of
        `inspector`. ``process``: of ``subprocess.Popen``, such as ``preexec_fn`` or ``stderr``."""
        self.folder = folder
        self.tree = tree
        self.config = folder / "line.yaml"
        self.config.write_text(yaml.safe_dump(tree))
        self.endpoint = watch_at or tree["results"]["endpoint"]
        self.journal: Path | None = tree["journal"]["path"] and Path(tree["journal"]["path"])
        self.set_aside: list[Path] = []
        """Journals that were set aside, or are of another time, which count too."""
        self.log = folder / "daemon.log"
        self._expected, self._image_of = expected, image_of
        self._environment, self._launch, self._process = environment or {}, launch, process
        self._command = tuple(part.format(config=self.config) for part in command)
        self._watch_launch, self._watch_keys = watch_launch, watch_keys
        self.watchers: list[Watcher] = []
        self.settled: list[Watcher] = []
        """Subscribers that are no longer read, whose books count all the same."""
        self._watched = 0
        self._launch_daemon()
        try:
            self.watch()
            if start:
                self.until(lambda: self.inspected() > 0, "the first verdict on pixels")
        except BaseException:
            self.close()
            raise

    # What a scenario does to it.

    @property
    def watcher(self) -> Watcher:
        """The first subscriber, which no scenario stops without saying so."""
        return self.watchers[0]

    def watch(self, launch: tuple[str, ...] | None = None, since: str = "now") -> Watcher:
        """One more subscriber; ``launch`` stands before its command, where it is another one, ``since`` says where it begins."""
        self._watched += 1
        file = self.folder / f"received-{self._watched}.jsonl"
        launch = self._watch_launch if launch is None else launch
        self.watchers.append(Watcher(self.endpoint, file, launch, self._watch_keys, since))
        return self.watchers[-1]

    def child(self) -> int:
        """Process id of the inference child that was started last. Raises AssertionError where there is none."""
        children = [pid for pid in children_of(self.process.pid) if b"spawn_main" in _command_of(pid)]
        assert children, "there is no child"
        return children[-1]

    def signal(self, number: signal.Signals) -> None:
        """To the daemon."""
        self.process.send_signal(number)

    def restart(self) -> None:
        """Start the daemon again, after it has ended."""
        self.process.wait(PATIENCE_S)
        self._launch_daemon()

    def kill(self) -> None:
        """SIGKILL to the daemon."""
        self.process.kill()
        self.process.wait()

    def _launch_daemon(self) -> None:
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*self._launch, sys.executable, "-m", "inspector", *self._command],
                cwd=ROOT, env={**os.environ, **self._environment}, **{"stderr": log, **self._process},
            )  # fmt: skip

    # What a scenario waits for.

    def until(self, holds: Callable[[], bool], what: str, seconds: float = PATIENCE_S) -> None:
        """Read along until the condition holds. Raises AssertionError where it does not within ``seconds``, or the daemon has ended."""
        until_s = time.monotonic() + seconds
        while True:
            self.read()
            if holds():
                return
            assert self.process.poll() is None, f"the daemon ended before {what}:\n{self.tail()}"
            assert time.monotonic() < until_s, f"not within {seconds:g} s: {what}\n{self.tail()}"
            time.sleep(0.01)

    def until_told(self, code: str, about: str = "", since: int = 0, seconds: float = PATIENCE_S) -> None:
        """Read along until a status with this code has come, behind the first ``since`` messages."""
        self.until(lambda: self.watcher.told(code, about, since), f"status {code} {about}", seconds)

    def until_inspected(self, more: int = 30, seconds: float = PATIENCE_S) -> None:
        """Read along until so many more frames have a verdict on their pixels."""
        self.read()
        wanted = self.inspected() + more
        self.until(lambda: self.inspected() >= wanted, f"{more} more verdicts on pixels", seconds)

    def pause(self, seconds: float) -> None:
        """Read along for so long."""
        until_s = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= until_s, "the end of a pause", seconds + PATIENCE_S)

    def read(self) -> None:
        """Take what the subscribers have received."""
        for watcher in self.watchers:
            watcher.read()

    def mark(self) -> int:
        """How many messages the first subscriber has."""
        self.read()
        return len(self.watcher.packets)

    def inspected(self, since: int = 0) -> int:
        """Verdicts on pixels that the first subscriber has, behind the first ``since`` messages."""
        counts = self.watcher.inspected
        return counts[-1] - counts[since]

    def reasons(self, since: int = 0) -> set[str]:
        """Of the results that the first subscriber has."""
        return {p.body.reason.value for p in self.watcher.packets[since:] if isinstance(p.body, ResultBody)}

    def tail(self) -> str:
        """The end of the daemon's log."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""

    def reports(self, text: str) -> bool:
        """Whether the log has it."""
        return text in self.log.read_text(errors="replace")

    # The end.

    def stop(self, status: int = 0) -> None:
        """End the daemon as a service is ended. Raises AssertionError where it takes too long, or its exit status is another one."""
        begun_s = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        self.ended(status)
        took_s = time.monotonic() - begun_s
        assert took_s < LONGEST_STOP_S, f"it took {took_s:.1f} s to stop"

    def ended(self, status: int) -> None:
        """Wait until the daemon has ended by itself, or was told to, with this exit status."""
        try:
            found = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the daemon does not end:\n{self.tail()}") from None
        assert found == status, f"exit status {found}, not {status}:\n{self.tail()}"

    def recovered(self) -> None:
        """A subscriber that comes only now gets everything of this epoch from its first number on, but for what was marked as not durable.
        Raises AssertionError where it does not."""
        late = self.watch(since="epoch")
        self.read()
        newest = self.watcher.seq
        self.until(lambda: late.seq >= newest, "what was published before it came")
        epoch = late.packets[-1].header.epoch
        had = {packet.header.seq for packet in late.packets if packet.header.epoch == epoch}
        marked = {packet.header.seq for packet in self.watcher.packets if not packet.header.durable}
        missing = set(range(newest + 1)) - had - marked
        assert not missing, f"{len(missing)} publications cannot be recovered: {sorted(missing)[:5]}; {late.events}"
        self.watchers.remove(late)
        self.settled.append(late)

    def settle(self, ended: bool = True) -> dict[StreamKey, Books]:
        """The books of all streams, checked. ``ended``: of the last epoch the end must have been told."""
        if ended:
            self._take_the_rest()
        received = [watcher.packets for watcher in [*self.watchers, *self.settled]]
        found = books.opened(received, self._journaled())
        books.check(found, self._expected, self._image_of, ended=False)
        if ended and self.watcher.packets:
            last = books.key_of(self.watcher.packets[-1]).epoch
            open_ones = [key for key, one in found.items() if key.epoch == last and one.begun and not one.ended]
            assert not open_ones, f"the end was not told: {open_ones}"
        return found

    def settle_last(self) -> Books:
        """The books of the last epoch, whose journal is the one at the path; those of journals before it are not looked at."""
        self._take_the_rest()
        last = books.key_of(self.watcher.packets[-1])
        received = [[packet for packet in watcher.packets if books.key_of(packet) == last] for watcher in self.watchers]
        journaled = self._journaled(last.epoch)
        found = books.opened(received, [packet for packet in journaled if books.key_of(packet) == last])
        books.check(found, self._expected, self._image_of, ended=True)
        return found[last]

    def finish(self, status: int = 0) -> Books:
        """See what can be recovered, stop it, and check the books; those of the first camera in the last epoch."""
        self.recovered()
        self.stop(status)
        found = self.settle()
        last = books.key_of(self.watcher.packets[-1])
        return found[last]

    def close(self) -> None:
        """End every process."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
        self.kill()
        for watcher in [*self.watchers, *self.settled]:
            watcher.close()

    def __enter__(self) -> RunningLine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take_the_rest(self) -> None:
        """What a subscriber still gets of a daemon that has ended."""
        until_s = time.monotonic() + 2
        while time.monotonic() < until_s:
            self.read()
            if self.watcher.told("stopped", since=max(0, len(self.watcher.packets) - 3)):
                return
            time.sleep(0.01)

    def _journaled(self, epoch: str | None = None) -> list[Packet]:
        found: list[Packet] = []
        for path in [*self.set_aside, *([self.journal] if self.journal else [])]:
            if path.exists():
                with JournalReader(path) as reader:
                    found += [row.packet() for row in reader.walk(epoch=epoch)]
        return found


def _command_of(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
