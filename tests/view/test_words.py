"""Why a line is not well, as its page says it."""

from __future__ import annotations

import msgspec
import pytest

from inspector.line.health import health_of, reason
from inspector.protocol.codec import decode
from inspector.protocol.messages import StatusBody
from inspector.view.live.live_line import LiveLine
from inspector.view.live.sections import now
from inspector.view.live.words import details
from tests.protocol.examples import examples

CPU = reason("engines", "cpu_fallback", "engines run on an i7, OpenVINO (no GPU)")
DIRT = reason(
    "lens of camera top",
    "dirty_columns",
    "camera top: columns 575-749 are darker; clean lens, window and lamp; picture: /var/drift/1 top.png",
)
CAMERA = reason("camera top", "camera_failed", "no such device")
STATUS = next(
    body for body in (decode(one.parts()).body for one in examples().values()) if isinstance(body, StatusBody)
)


def test_the_worst_comes_first_and_what_nobody_at_the_line_can_mend_last() -> None:
    live = LiveLine("tcp://127.0.0.1:5550")
    live.status = msgspec.structs.replace(STATUS, health=health_of([CPU, DIRT, CAMERA]))
    told = now(live, 0.0)["reasons"]
    assert [(one["words"].partition(":")[0], one["standing"]) for one in told] == [
        ("A camera failed", False),
        ("Dirt on the lens or the window", False),
        ("Inspection runs on the processor, not on a GPU", True),
    ]
    assert [(one["part"], one["text"]) for one in told] == [
        ("camera top", "no such device"),
        ("lens of camera top", "columns 575-749 are darker; clean lens, window and lamp"),
        ("", "engines run on an i7, OpenVINO (no GPU)"),
    ]


@pytest.mark.parametrize(
    ("part", "text", "told"),
    [
        ("journal", "no space left: /data", ("journal", "no space left: /data")),
        ("light of camera a", "camera b: darker", ("light of camera a", "camera b: darker")),
        ("camera a", "", ("camera a", "")),
    ],
)
def test_other_texts_stay(part: str, text: str, told: tuple[str, str]) -> None:
    assert details(part, text) == told
