"""When a child is restarted: after a pause that doubles with each failure in a row, up to ``max_restarts`` of them."""

from __future__ import annotations

from inspector.config.inference import InferenceConfig

STABLE_S = 60.0
"""After a child has served this long, the count of failures in a row starts again at 0."""
_MOST_DOUBLINGS = 64
"""The pause doubles at most this often, so that a long outage does not overflow a float."""


class Restarts:
    """Counts failures in a row."""

    def __init__(self, config: InferenceConfig) -> None:
        self._config = config
        self.failures = 0

    def failed(self, served_s: float) -> None:
        """A child ended after it had served for ``served_s`` seconds."""
        self.failures = 1 if served_s > STABLE_S else self.failures + 1

    @property
    def exhausted(self) -> bool:
        """Whether there were more failures in a row than the configuration allows."""
        limit = self._config.max_restarts
        return limit is not None and self.failures > limit

    @property
    def pause_s(self) -> float:
        """Pause before the next start, after at least one failure."""
        doublings = min(self.failures - 1, _MOST_DOUBLINGS)
        return min(self._config.restart_longest_s, self._config.restart_first_s * 2.0**doublings)
