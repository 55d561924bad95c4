"""Runs a soak: starts the processes, reads what they say, checks it, and ends them."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import msgspec

from inspector.client import Malformed, Missed, NewEpoch, Packet, Recovered, SecondPublisher, Subscriber
from inspector.client.control import NoAnswer
from inspector.client.controller.rearm import ask
from inspector.errors import UserError
from inspector.protocol.codec import TOPIC_ROOT
from inspector.protocol.messages import HeartbeatBody, LineState, Signal, StatusBody
from inspector.soak.audit import Audit
from inspector.soak.books import Books
from inspector.soak.children import Child, children_of
from inspector.soak.director import Director
from inspector.soak.findings import Findings, Kind, Violation
from inspector.soak.gate import Said
from inspector.soak.growth import Growth
from inspector.soak.plan import POOL, RECOVERY_S, TRANSPORT_MS, Places, SoakSettings, passing_ms, prepare, write
from inspector.soak.planting import VARIABLE
from inspector.soak.scene import Heard, Scene
from inspector.soak.second import Second
from inspector.soak.stored import Stored
from inspector.soak.summary import Summary, summary_of

Tell = Callable[[str, dict[str, Any]], None]
"""Takes the name of an event and its figures: ``begun``, ``fault``, ``minute``, ``violation``."""
WELL = (Signal.NORMAL, Signal.MAINTENANCE_REQUIRED)
START_S = 180.0
"""Longest time until the first frame is inspected."""
END_S = 15.0
_LOOK_S = 1.0
_AT_ONCE = 500
_EXPECTED = {"leak": Kind.GROWTH, "lost": Kind.VERDICTS, "wrong-pass": Kind.JUDGEMENT, "wrong-gate": Kind.GATE}
"""Which check has to find each plant."""


def soak(
    settings: SoakSettings, daemon: tuple[str, ...], keep: Path | None, stop: threading.Event, tell: Tell
) -> Summary:
    """Run until the time is over, ``stop`` is set, or what was planted is found. ``daemon``: Python's arguments that start ``inspector``. Raises
    UserError where the line cannot be started."""
    with ExitStack() as stack:
        sockets = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inspector-soak-")))
        places = prepare(folder, sockets)
        write(places, settings)
        return _Soak(settings, places, daemon, stop, tell).run()


class _Soak:
    """One run."""

    def __init__(
        self, settings: SoakSettings, places: Places, daemon: tuple[str, ...], stop: threading.Event, tell: Tell
    ) -> None:
        self.settings, self.places, self.stop, self.tell = settings, places, stop, tell
        self.caught_s: dict[str, float] = {}
        self.findings = Findings(self._found)
        self.books = Books(self.findings, POOL)
        self.stored = Stored(places.journal, self.books, self.findings)
        self.second = Second(self.books, self.findings)
        self.audit = Audit(self.findings, TRANSPORT_MS, passing_ms(settings))
        self.growth = Growth(self.findings, settings.warm_up_s, settings.watched_s, settings.allowed_mib)
        self.heard = Heard()
        self.over = threading.Event()
        """The director is to stop."""
        self._daemon_command = daemon
        self._decode = msgspec.json.Decoder(Said).decode
        self._second_starts = 0
        self._torn_before = 0
        self._disagreed: set[str] = set()
        self._looked_s = self._minute_s = time.monotonic()

    def run(self) -> Summary:
        """From beginning to end."""
        settings, places = self.settings, self.places
        prefix = f"{TOPIC_ROOT}/{places.line}/"
        director: Director | None = None
        with ExitStack() as stack:
            self.subscriber = stack.enter_context(
                Subscriber(places.results, prefix, since="epoch", patience_s=RECOVERY_S)
            )
            self.tell("begun", {"seed": settings.seed, "folder": str(places.folder), "endpoint": places.results})
            scene = self._start(stack)
            self._until_it_inspects(scene)
            begun_s = self._minute_s = time.monotonic()
            if settings.faults:
                director = Director(scene, settings, self.findings, self.over, self._did)
                director.start()
            while not self.stop.is_set() and time.monotonic() - begun_s < settings.seconds:
                self._turn(scene, director)
                if director is not None and director.error is not None:
                    raise director.error
                if self._caught or not self._alive(scene, director):
                    break
            self.over.set()
            if director is not None:
                self._read_until(scene, lambda: not director.is_alive(), settings.patience_s)
            self._end(scene)
            return summary_of(
                time.monotonic() - begun_s, settings, self.heard.epochs, self.books, self.stored, self.second, self.audit, self.growth,
                self.findings, self.caught_s, director,
            )  # fmt: skip

    # Beginning and end.

    def _start(self, stack: ExitStack) -> Scene:
        places = self.places
        environment = {VARIABLE: ",".join(self.settings.plant)}
        made = {
            "daemon": (*self._daemon_command, "run", "-c", str(places.line_file), "--log-level", "warning"),
            "listener": ("-m", "inspector.soak.listener", places.results, places.line),
            "gate": ("-m", "inspector.soak.gate", str(places.gate_file)),
        }
        children = {}
        for name, arguments in made.items():
            children[name] = Child(name, arguments, places.folder / f"{name}.log", environment)
            stack.callback(children[name].kill)
        return Scene(places, self.heard, **children, stop=self.over, patience_s=self.settings.patience_s)

    def _until_it_inspects(self, scene: Scene) -> None:
        """Raises UserError where it does not."""
        until_s = time.monotonic() + START_S
        while self.heard.inspected == 0 or self.heard.passed == 0:
            self._turn(scene, None)
            if self.stop.is_set() or self._caught:
                return
            if scene.daemon.status is not None:
                raise UserError(f"the daemon cannot be started: {scene.daemon.tail()}")
            if time.monotonic() > until_s:
                what = "no frame was inspected" if self.heard.inspected == 0 else "the controller let nothing through"
                raise UserError(
                    f"{what} for {START_S:.0f} s; {self.heard.standing}; see {self.places.folder} with --keep"
                )

    def _alive(self, scene: Scene, director: Director | None) -> bool:
        """Whether the daemon runs, where no fault ends it just now."""
        status = scene.daemon.status
        # Looked at again last: a restart may have begun and ended between the two.
        if status is None or (director is not None and director.restarting) or scene.daemon.status is None:
            return True
        self.findings.broken(Kind.ENDED, f"the daemon ended with status {status}: {scene.daemon.tail()}")
        return False

    def _end(self, scene: Scene) -> None:
        """End the processes in order, and check what is left."""
        ran = scene.daemon.status is None
        ended: list[int | None] = []
        ending = threading.Thread(target=lambda: ended.append(scene.daemon.end(END_S)), name="ending", daemon=True)
        ending.start()
        self._read_until(scene, lambda: not ending.is_alive(), END_S + 5)
        if ran and ended != [0]:
            self.findings.broken(Kind.ENDED, f"the daemon was told to end: exit status {ended}")
        current = self.books.current
        self._read_until(scene, lambda: current is None or current.ended, 3)
        if ran and ended == [0] and current is not None and not current.ended:
            self.findings.broken(Kind.TOLD, "the daemon ended without saying so")
        self.growth.end()
        for child in (scene.gate, scene.listener):
            child.end(5.0)
        self._read_children(scene)
        self.stored.end()
        self.second.look()
        self.audit.end(time.time_ns())
        self._totals()

    # While it runs.

    def _read_until(self, scene: Scene, holds: Callable[[], bool], seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while not holds() and time.monotonic() < until_s:
            self._turn(scene, None)

    def _turn(self, scene: Scene, director: Director | None) -> None:
        """Read what has come, and look at everything that is due."""
        for event in self._events():
            self._take(event)
        self._read_children(scene)
        now_s = time.monotonic()
        if now_s - self._looked_s >= min(_LOOK_S, self.settings.watched_s / 10):
            self._looked_s = now_s
            self._look(scene, director)
        if now_s - self._minute_s >= self.settings.report_s:
            self._minute_s += self.settings.report_s
            self.tell("minute", self._figures(director))

    def _events(self) -> Iterator[object]:
        event = self.subscriber.receive(20)
        for _ in range(_AT_ONCE):
            if event is None:
                return
            yield event
            event = self.subscriber.receive(0)

    def _take(self, event: object) -> None:
        heard, books = self.heard, self.books
        if isinstance(event, Packet):
            books.take(event)
            self.audit.heard(event)
            header, body = event.header, event.body
            if isinstance(body, HeartbeatBody):
                return
            if header.seq is not None:
                heard.stream, heard.seq = (header.camera, header.epoch), header.seq
            if isinstance(body, StatusBody):
                heard.told += 1
                heard.codes.append((heard.told, body.code))
                heard.well = body.state is LineState.RUNNING and body.health.signal in WELL
                heard.standing = f"line {body.state.value}, {body.health.signal.value}, last told {body.code}"
            heard.inspected = books.inspected
            heard.epochs = len({stream.epoch for stream in books.streams}) if heard.epochs == 0 else heard.epochs
        elif isinstance(event, Missed):
            books.miss(event)
        elif isinstance(event, Recovered):
            books.recovered += event.count
        elif isinstance(event, NewEpoch):
            heard.epochs += 1
            heard.well = False
        elif isinstance(event, SecondPublisher):
            self.findings.broken(Kind.NUMBERS, f"two epochs of one camera alternate: {event.stream}")
        elif isinstance(event, Malformed):
            self.findings.broken(Kind.NUMBERS, f"what was published is no message: {event.reason}")

    def _read_children(self, scene: Scene) -> None:
        while not scene.daemon.lines.empty():
            scene.daemon.lines.get()
        while not scene.listener.lines.empty():
            start, line = scene.listener.lines.get()
            if start != self._second_starts:
                self._second_starts = start
                self.second.begin()
            if line.endswith("\n"):  # one that was killed may have left half a line
                self.second.take(line)
        self.heard.second = self.second.newest
        while not scene.gate.lines.empty():
            _, line = scene.gate.lines.get()
            with suppress(msgspec.DecodeError):
                self.audit.said(self._decode(line))
        self.heard.passed = self.audit.passed
        standing = self.audit.standing
        self.heard.faults = {} if standing is None else standing.faults

    def _look(self, scene: Scene, director: Director | None) -> None:
        self.stored.look()
        self.second.look()
        self.audit.check(time.time_ns())
        self._totals()
        if self.stored.torn > self._torn_before + self.heard.kills:
            self._torn_before += 1
            self.findings.broken(Kind.TOLD, "an epoch is over without having said so, and no daemon was killed")
        children = children_of(scene.daemon.pid) if scene.daemon.status is None else []
        self.growth.look(
            {
                "daemon": scene.daemon.pid if scene.daemon.status is None else None,
                "inference": children[0] if children else None,
                "controller": scene.gate.pid,
                "second subscriber": scene.listener.pid,
                "soak": os.getpid(),
            }
        )
        if self.heard.faults:
            self.audit.rearmed.update(self.heard.faults.keys())
            if director is None or not director.now:
                with contextlib.suppress(NoAnswer):
                    ask(self.places.rearm, "rearm", "soak", timeout_ms=200)

    def _totals(self) -> None:
        for key, books in self.subscriber.streams.items():
            if books.disagreed and key.epoch not in self._disagreed:
                self._disagreed.add(key.epoch)
                self.findings.broken(
                    Kind.TOTALS, f"epoch {key.epoch[:8]}: the end of a run has other totals than its frames"
                )

    # What is told.

    def _found(self, violation: Violation) -> None:
        self.tell("violation", msgspec.to_builtins(violation))
        for name in self.settings.plant:
            if violation.kind is _EXPECTED[name]:
                self.caught_s.setdefault(name, violation.after_s)

    @property
    def _caught(self) -> bool:
        """Whether everything that was planted was found."""
        return bool(self.settings.plant) and len(self.caught_s) == len(self.settings.plant)

    def _did(self, fault: str, took_s: float) -> None:
        self.tell("fault", {"fault": fault, "until_well_s": round(took_s, 2)})

    def _figures(self, director: Director | None) -> dict[str, Any]:
        books = self.books
        return {
            "seconds": round(time.monotonic() - self.findings.begun_s),
            "frames": books.frames,
            "uninspected": books.verdicts["UNINSPECTED"],
            "epochs": self.heard.epochs,
            "recovered": books.recovered,
            "missed": books.missed,
            "passed": self.audit.passed,
            "rows": self.stored.rows,
            "faults": 0 if director is None else director.done.total(),
            "violations": self.findings.counts.total(),
            "processes": self.growth.now,
        }
