"""The requests to a PLC that is a Modbus TCP server: each is done and read back, or raises. For one thread.

The register map is in docs/controller.md. A record is written in one request (function 16), so that the PLC never sees half of one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from inspector.client.controller.actuator import State
from inspector.client.controller.config import ModbusConfig
from inspector.errors import UserError

if TYPE_CHECKING:
    from pymodbus.pdu import ModbusPDU

PASS, REJECT = 1, 2
"""The verdict in a record; any other value is no verdict."""
MOST_SEQUENCE = 65_535
"""The sequence in a record goes from 1 to this, then from 1 again. 0 is what a PLC has that was switched on just now."""


class PlcTrouble(Exception):  # noqa: N818 - what happened at the other end
    """The PLC did not do what it was asked. The text is one line."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Plc:
    """A connection to the PLC."""

    def __init__(self, config: ModbusConfig) -> None:
        """Connects. Raises PlcTrouble, and UserError where pymodbus is not installed."""
        try:
            from pymodbus.client import ModbusTcpClient
            from pymodbus.exceptions import ModbusException
        except ImportError:
            raise UserError(
                "actuator: kind: modbus needs pymodbus; install it with: pip install 'inspector[controller]'"
            ) from None
        # What goes wrong is told by the controller, in one line.
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
        self._config = config
        self._device = config.device
        self._errors = (ModbusException, OSError)
        self._client = ModbusTcpClient(config.host, port=config.port, timeout=config.answer_ms / 1000, retries=0)
        if not self._client.connect():
            raise PlcTrouble("plc_unreachable", f"{config.host}:{config.port} cannot be reached")

    def close(self) -> None:
        """Disconnect."""
        self._client.close()

    def write_output(self, is_open: bool) -> None:
        """Set the coils ``pass`` and ``reject``, and read them back. Raises PlcTrouble."""
        wanted, address = [is_open, not is_open], self._config.coils.outputs
        self._done(lambda: self._client.write_coils(address, wanted, device_id=self._device), "write the coils")
        found = self._done(
            lambda: self._client.read_coils(address, count=2, device_id=self._device), "read the coils back"
        )
        if found.bits[:2] != wanted:
            raise PlcTrouble(
                "plc_readback", f"coils {address} and {address + 1} are {found.bits[:2]} after {wanted} was written"
            )

    def write_record(self, sequence: int, number: int, passed: bool) -> None:
        """Write a sheet's verdict, and read it back. Raises PlcTrouble."""
        address = self._config.registers.record
        wanted = [sequence, number >> 16 & 0xFFFF, number & 0xFFFF, PASS if passed else REJECT]
        self._done(lambda: self._client.write_registers(address, wanted, device_id=self._device), "write a record")
        found = self._registers(address, 4, "read the record back")
        if found != wanted:
            raise PlcTrouble(
                "plc_readback", f"registers {address} to {address + 3} hold {found} after {wanted} was written"
            )

    def write_heartbeat(self, count: int, state: State) -> None:
        """Count the heartbeat. Raises PlcTrouble."""
        address, values = self._config.registers.heartbeat, [count, state.value]
        self._done(lambda: self._client.write_registers(address, values, device_id=self._device), "write the heartbeat")

    def heartbeat(self) -> list[int]:
        """Heartbeat and state as they are. Raises PlcTrouble."""
        return self._registers(self._config.registers.heartbeat, 2, "read the heartbeat")

    def echo(self) -> int:
        """The sequence of the record that the PLC has taken last. Raises PlcTrouble."""
        return self._registers(self._config.registers.echo, 1, "read the echo")[0]

    def rearm_coil(self) -> bool:
        """Whether a person presses the button at the PLC; False where there is none. Raises PlcTrouble."""
        address = self._config.coils.rearm
        if address is None:
            return False
        found = self._done(
            lambda: self._client.read_coils(address, count=1, device_id=self._device), "read the coil rearm"
        )
        return bool(found.bits[0])

    def outputs(self) -> list[bool]:
        """The coils ``pass`` and ``reject`` as they are. Raises PlcTrouble."""
        address = self._config.coils.outputs
        found = self._done(lambda: self._client.read_coils(address, count=2, device_id=self._device), "read the coils")
        return list(found.bits[:2])

    def record(self) -> list[int]:
        """The record as it is. Raises PlcTrouble."""
        return self._registers(self._config.registers.record, 4, "read the record")

    def _registers(self, address: int, count: int, what: str) -> list[int]:
        found = self._done(
            lambda: self._client.read_holding_registers(address, count=count, device_id=self._device), what
        )
        if len(found.registers) != count:
            raise PlcTrouble(
                "plc_refused", f"{len(found.registers)} registers from {address} on; expected {count} ({what})"
            )
        return list(found.registers)

    def _done(self, request: Callable[[], ModbusPDU], what: str) -> ModbusPDU:
        config = self._config
        try:
            answer = request()
        except self._errors:
            raise PlcTrouble(
                "plc_silent", f"{config.host}:{config.port} gave no answer within {config.answer_ms:g} ms ({what})"
            ) from None
        if answer.isError():
            raise PlcTrouble("plc_refused", f"{config.host}:{config.port} refused ({what}): {answer}"[:200])
        return answer
