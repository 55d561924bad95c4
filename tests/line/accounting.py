"""The line's promise, checked from its journal: exactly one verdict per frame, gapless numbers, a watermark that never falls."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from inspector.protocol.messages import ChangeBody, EndBody, GapBody, LateBody, ResultBody, StartBody, StatusBody
from inspector.results.journal_reader import JournalReader


@dataclass
class Account:
    """What one stream of a journal says."""

    verdicts: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    """Verdict, reason and detail by frame."""
    late: list[int] = field(default_factory=list)
    statuses: list[tuple[str, str, str]] = field(default_factory=list)
    """State, code, text."""
    results: dict[int, ResultBody] = field(default_factory=dict)

    @property
    def reasons(self) -> Counter[str]:
        """Frames by reason."""
        return Counter(reason for _, reason, _ in self.verdicts.values())


def account(path: Path, camera: str = "top") -> Account:
    """Read a journal and assert the promise for ``camera``."""
    with JournalReader(path) as reader:
        (epoch,) = reader.epochs()
        rows = reader.rows(epoch, camera, limit=1_000_000)
    assert [row.seq for row in rows] == list(range(len(rows))), "seq has a gap"
    found = Account()
    watermark = -1
    ended = False
    for row in rows:
        packet = row.packet()
        header, body = packet.header, packet.body
        assert header.resolved_through >= watermark, "the watermark fell"
        watermark = header.resolved_through
        if isinstance(body, ResultBody):
            assert header.frame not in found.verdicts, f"frame {header.frame} has two verdicts"
            found.verdicts[header.frame] = (body.verdict.value, body.reason.value, body.detail)
            found.results[header.frame] = body
        elif isinstance(body, GapBody):
            for frame in range(body.first, body.last + 1):
                assert frame not in found.verdicts, f"frame {frame} has two verdicts"
                found.verdicts[frame] = (body.verdict.value, body.reason.value, body.detail)
        elif isinstance(body, LateBody):
            assert header.frame in found.verdicts, "a late answer for a frame without a verdict"
            found.late.append(header.frame)
        elif isinstance(body, StatusBody):
            found.statuses.append((body.state.value, body.code, body.text))
        elif isinstance(body, EndBody):
            ended = True
            assert body.frames == len(found.verdicts)
            assert sum(body.verdicts.values()) == len(found.verdicts)
        else:
            assert isinstance(body, (StartBody, ChangeBody))
        resolved = range(watermark + 1)
        assert len(found.verdicts) >= len(resolved)
        assert all(frame in found.verdicts for frame in list(resolved)[-3:]), "the watermark is ahead of the verdicts"
    assert ended, "the run has no end"
    assert sorted(found.verdicts) == list(range(len(found.verdicts))), "a frame has no verdict"
    assert watermark == len(found.verdicts) - 1
    return found
