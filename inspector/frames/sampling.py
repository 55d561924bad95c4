"""Which frames a shadow is to see: their number decides, so that the same frames are chosen again, by another candidate or in a replay."""

from __future__ import annotations

from hashlib import blake2b

_ALL = 1 << 64


class Sampling:
    """Chooses a share of the frames of each camera."""

    def __init__(self, share: float) -> None:
        """``share`` is above 0 and at most 1. The frames of a smaller share are among those of a larger one."""
        self.share = share
        self._below = int(share * _ALL)

    def chosen(self, camera: str, frame: int) -> bool:
        """Whether a frame is to be compared.

        By a hash, as every tenth frame might always be the same place of a roll."""
        digest = blake2b(f"{camera}/{frame}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") < self._below
