"""What differs between two configurations of a line, key by key, and which of it a running line can take over."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from inspector.config.tree import LineConfig

LIVE = re.compile(
    r"bundle|recipes|deadline_ms|drain_timeout_s|verdicts\.(rules|travel_axis|max_defects)\b.*|cameras\[\d+\]\.(scale|scale_file)\b.*"
)
"""Keys that take effect without a restart."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One key whose value differs. The configuration holds no secrets, only the names of files with secrets."""

    key: str
    """As in ``cameras[0].scale``."""
    before: Any
    """None where it was not there."""
    after: Any

    @property
    def live(self) -> bool:
        """Whether a running line can take it over."""
        return LIVE.fullmatch(self.key) is not None


def differences(before: LineConfig, after: LineConfig) -> list[Difference]:
    """Every key that differs, in the order of the tree; lists of another length differ as a whole."""
    found: list[Difference] = []
    _compare("", msgspec.to_builtins(before), msgspec.to_builtins(after), found)
    return found


def _compare(key: str, before: Any, after: Any, found: list[Difference]) -> None:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            _compare(f"{key}.{name}" if key else name, before.get(name), after.get(name), found)
    elif isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)) and len(before) == len(after):
        for number, pair in enumerate(zip(before, after, strict=True)):
            _compare(f"{key}[{number}]", *pair, found)
    elif before != after:
        found.append(Difference(key=key, before=before, after=after))
