"""A PLC: pymodbus' own server, and a small program that scans its registers as the one in docs/controller.md does."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from concurrent.futures import Future
from typing import Any, NamedTuple

import msgspec
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from inspector.client.controller.config import ModbusConfig

logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)  # what a test breaks on purpose
CYCLE_S = 0.002
STALL_S = 0.02
SIZE = 64


class Taken(NamedTuple):
    """A record that the PLC has taken over."""

    sequence: int
    number: int
    verdict: int
    at_s: float


class PlcTwin:
    """Runs in a thread. What a test may change at any time stands in public fields."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.mute = False
        """It echoes nothing."""
        self.echoes: int | None = None
        """What it echoes in place of the right sequence."""
        self.watchdog_s = 0.3
        self.delay_s = 0.0
        """Before each answer."""
        self.shows: int | None = None
        """Sequence that it is to show as its echo, and in the record, once."""
        self.rejects = 0
        """How often it was told to reject after it had not been."""
        self.taken: list[Taken] = []
        self.gate: list[tuple[float, bool]] = []
        """When the gate moved, and whether it opened: coil pass without coil reject, and a heartbeat that counts."""
        self.heartbeats: list[int] = []
        self.state = -1
        self._thread: threading.Thread | None = None
        self._button = False
        self._forgets = False
        self._killed = False
        self.start()

    @property
    def open(self) -> bool:
        """The gate."""
        return bool(self.gate) and self.gate[-1][1]

    def config(self, **keys: Any) -> ModbusConfig:
        """To reach it, with the patience that a machine with much to do takes."""
        tree = {
            "kind": "modbus",
            "host": "127.0.0.1",
            "port": self.port,
            "reconnect_s": 0.05,
            "answer_ms": 1000,
            "echo_ms": 1000,
            **keys,
        }
        return msgspec.convert(tree, ModbusConfig)

    def start(self) -> None:
        """Switch it on. Its memory is 0, and the coil `reject` unset: the gate rejects because `pass` is not set either."""
        ready: Future[int] = Future()
        self._killed = False
        self._thread = threading.Thread(target=self._main, args=(ready,), daemon=True)
        self._thread.start()
        self.port = ready.result(5)

    def kill(self) -> None:
        """Switch it off: connections end, memory is lost."""
        self._killed = True
        assert self._thread is not None
        self._thread.join(5)
        self._moved(False)

    def noted(self, at_s: float, **what: Any) -> None:
        """Something happened; for a log."""

    def forget(self) -> None:
        """Its program is started again: its memory is 0, and connections stay."""
        self._forgets = True

    def press(self, pressed: bool) -> None:
        """Its button for arming: coil 5."""
        self._button = pressed

    def _main(self, ready: Future[int]) -> None:
        asyncio.run(self._run(ready))

    async def _run(self, ready: Future[int]) -> None:
        bits = [SimData(0, count=SIZE // 16, values=0, datatype=DataType.BITS)]
        words = [SimData(0, count=SIZE, values=0, datatype=DataType.REGISTERS)]
        device = SimDevice(1, simdata=(bits, bits, words, words), action=self._action)
        server = ModbusTcpServer(device, address=("127.0.0.1", self.port))
        await server.serve_forever(background=True)
        ready.set_result(server.transport.sockets[0].getsockname()[1])
        beat, beat_s, lapsed, rejected = 0, 0.0, True, False
        scanned_s = time.monotonic()
        while not self._killed:
            await asyncio.sleep(CYCLE_S)
            before_s, scanned_s = scanned_s, time.monotonic()
            if scanned_s - before_s > STALL_S:
                self.noted(scanned_s, stalled=scanned_s - before_s)
            if self._forgets:
                self._forgets = False
                await server.context.async_setValues(1, 16, 0, [0] * SIZE)
                await server.context.async_setValues(1, 15, 0, [False] * 16)
            if self.shows is not None:
                await server.context.async_setValues(1, 16, 0, [self.shows])
                await server.context.async_setValues(1, 16, 20, [self.shows])
                self.shows = None
            words_now: Any = await server.context.async_getValues(1, 3, 0, SIZE)
            coils: Any = await server.context.async_getValues(1, 1, 0, 16)
            if words_now[10] != beat:
                beat, beat_s = words_now[10], time.monotonic()
                self.heartbeats.append(beat)
            if words_now[11] != self.state:
                self.state = words_now[11]
                self.noted(scanned_s, state=self.state)
            sequence = words_now[0]
            if sequence != words_now[20] and not self.mute:
                record = Taken(sequence, words_now[1] << 16 | words_now[2], words_now[3], time.monotonic())
                if self.echoes is None:
                    self.taken.append(record)
                    self.noted(record.at_s, taken=[sequence, record.number, record.verdict])
                await server.context.async_setValues(1, 16, 20, [sequence if self.echoes is None else self.echoes])
            if self._button != coils[5]:
                await server.context.async_setValues(1, 5, 5, [self._button])
            alive = time.monotonic() - beat_s < self.watchdog_s
            self.rejects += coils[1] and not rejected
            rejected = coils[1]
            lapsed = not alive or (lapsed and not coils[1])
            self._moved(bool(coils[0] and not coils[1] and words_now[11] == 2 and alive and not lapsed))
        await server.shutdown()

    async def _action(self, code: int, start: int, address: int, count: int, now: list[int], values: Any) -> None:
        if self.delay_s and code in (1, 3, 15, 16) and count != SIZE and count != 1:
            await asyncio.sleep(self.delay_s)

    def _moved(self, is_open: bool) -> None:
        if is_open != self.open:
            self.gate.append((time.monotonic(), is_open))
            self.noted(self.gate[-1][0], open=is_open)
