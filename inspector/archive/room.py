"""How much of what the archive may take a class of evidence may use: the less worthy finds it full while the more worthy still has room."""

from __future__ import annotations

from collections.abc import Mapping

from inspector.archive.entry import Evidence

SHARE: Mapping[Evidence, float] = {
    Evidence.SCRAP: 1.0,
    Evidence.REJECT: 0.9,
    Evidence.DISAGREEMENT: 0.6,
    Evidence.UNCERTAIN: 0.5,
    Evidence.CLEAN: 0.3,
}
"""Of slots and memory; a class may add a frame while less than this is in use."""


class Room:
    """What is in use of slots and memory. Not thread-safe."""

    def __init__(self, leases: int, memory_bytes: int) -> None:
        self.leases = leases
        self.memory_bytes = memory_bytes
        self.leased = 0
        self.waiting_bytes = 0
        """Of the pixels of all frames that are not archived yet."""

    def is_for(self, evidence: Evidence, frame_bytes: int) -> bool:
        """Whether a frame of that class and size has room. One that is larger than the class's share has it while nothing waits."""
        share = SHARE[evidence]
        if self.leased >= min(self.leases, max(1, int(share * self.leases))):
            return False
        return not self.waiting_bytes or self.waiting_bytes + frame_bytes <= share * self.memory_bytes
