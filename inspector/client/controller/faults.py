"""Faults, which keep everything rejected until a person arms the controller again."""

from __future__ import annotations


class Latch:
    """What a person has to acknowledge. It begins as not armed, unless it is known to be armed."""

    def __init__(self, armed: bool, faults: dict[str, str] | None = None, most_late: int = 5) -> None:
        self.faults: dict[str, str] = dict(faults or {})
        """Code and one line for a person, of each fault since the controller was armed."""
        self.armed = armed
        self.late_in_row = 0
        self._most_late = most_late

    @property
    def closed(self) -> str:
        """Why nothing may pass; empty where the controller is armed and well."""
        if self.faults:
            code, text = next(iter(self.faults.items()))
            return f"fault {code}: {text}"
        return "" if self.armed else "not armed"

    def fault(self, code: str, text: str) -> None:
        """Latch it; the first text of a code is kept."""
        self.faults.setdefault(code, text)

    def decided(self, in_time: bool) -> None:
        """A sheet was decided, with every verdict there in time or not."""
        self.late_in_row = 0 if in_time else self.late_in_row + 1
        if self.late_in_row >= self._most_late:
            self.fault("late", f"{self.late_in_row} sheets in a row had no verdict in time")

    def rearm(self) -> None:
        """A person has looked."""
        self.faults.clear()
        self.armed = True
        self.late_in_row = 0
