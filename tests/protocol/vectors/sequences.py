"""Messages one after the other, with what a receiver must conclude from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from inspector.results.publication import Publication
from tests.protocol.examples import run_of_a_camera, sheet_of_two_cameras
from tests.protocol.scene import NEXT_EPOCH, START, Scene
from tests.protocol.vectors.case import Case, accepted, altered, refused


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message that arrives, and what it shows."""

    message: str
    """Its name in ``messages.jsonl``."""
    missing: tuple[int, int] | None = None
    """First and last number that is now known to be missing in its stream."""
    epoch: str | None = None
    """``new``: another start of the daemon speaks. ``left``: one that had been left speaks again, so that two claim the stream."""
    ignored: str | None = None
    """Why it changes nothing: ``malformed``, or ``number`` (not above the last one)."""


class Sequence(msgspec.Struct, frozen=True, kw_only=True):
    """A line of ``sequences.jsonl``."""

    name: str
    steps: list[Step]
    streams: list[dict[str, Any]]
    """What is known of each stream at the end, in the order in which they came up."""


RUN_1, NEXT_RUN = "run: ", "next run: "
OTHER = "other epoch: "


def extra_cases() -> Iterator[Case]:
    """Messages that only sequences need."""
    for prefix, publications in ((OTHER, _other_epoch()), (NEXT_RUN, _next_run())):
        for publication in publications:
            yield accepted(f"{prefix}{publication.type.value} {publication.seq}", publication.parts())
    _, shown = run_of_a_camera()
    beat, end = shown["heartbeat"].parts(), shown["end"].parts()
    for last in (4, 10, 12):
        yield accepted(f"heartbeat after {last}", altered(beat, 2, last_seq=last))
    wrong = json.loads(end[2])["verdicts"] | {"PASS": 3, "UNINSPECTED": 3}
    yield accepted("run: end 10, of other totals", altered(end, 2, verdicts=wrong))
    yield refused("run: result 4, PASS by defect", "rule", altered(shown["result, specks"].parts(), 2, reason="defect"))


def sequences() -> Iterator[Sequence]:
    run = [f"{RUN_1}{one.type.value} {one.seq}" for one in run_of_a_camera()[0].published]
    cam1 = {"line": "line1", "camera": "cam1", "epoch": "0f8fad5b-d9cb-469f-a165-70867728950e"}
    seven = {"PASS": 2, "REJECT": 1, "UNINSPECTED": 4}
    whole = cam1 | _known(10, [], verdicts=seven, proven=True)

    yield _sequence("a whole run", _steps(run), [whole])
    yield _sequence(
        "a heartbeat between", _steps([*run[:5], "heartbeat after 4", *run[5:], "heartbeat after 10"]), [whole]
    )
    yield _sequence("a start that is repeated counts nothing", _steps([*run[:8], "start, repeated", *run[8:]]), [whole])
    yield _sequence(
        "a late result counts nothing", _steps(run[:8]), [cam1 | _known(7, [], verdicts=seven, ended=False)]
    )
    yield _sequence(
        "one number is missing",
        [*_steps(run[:3]), Step(message=run[4], missing=(3, 3)), *_steps(run[5:])],
        [cam1 | _known(10, [(3, 3)], verdicts={"PASS": 2, "UNINSPECTED": 4})],
    )
    yield _sequence(
        "a heartbeat reveals what was lost at the end",
        [*_steps(run[:8]), Step(message="heartbeat after 10", missing=(8, 10))],
        [cam1 | _known(10, [(8, 10)], verdicts=seven, ended=False)],
    )
    yield _sequence(
        "joined late, with a heartbeat first",
        [Step(message="heartbeat after 4", missing=(0, 4)), *_steps(run[5:])],
        [cam1 | _known(10, [(0, 4)], verdicts={})],
    )
    yield _sequence(
        "joined late, with a publication first",
        [Step(message=run[5], missing=(0, 4)), *_steps(run[6:]), Step(message="heartbeat after 12", missing=(11, 12))],
        [cam1 | _known(12, [(0, 4), (11, 12)], verdicts={})],
    )
    yield _sequence("joined before the first publication", _steps(["heartbeat before the first run", *run]), [whole])
    yield _sequence(
        "a number that was there before",
        [*_steps(run[:6]), Step(message=run[2], ignored="number"), *_steps(run[6:])],
        [whole],
    )
    malformed = "run: result 4, PASS by defect"
    yield _sequence(
        "a malformed message is missing",
        [
            *_steps(run[:4]),
            Step(message=malformed, ignored="malformed"),
            Step(message=run[5], missing=(4, 4)),
            *_steps(run[6:]),
        ],
        [cam1 | _known(10, [(4, 4)], verdicts={"PASS": 1, "REJECT": 1, "UNINSPECTED": 4})],
    )
    yield _sequence(
        "totals that do not agree",
        _steps([*run[:10], "run: end 10, of other totals"]),
        [cam1 | _known(10, [], verdicts=seven, agree=False)],
    )
    yield from _more_streams(run, cam1, seven, whole)


def _more_streams(
    run: list[str], cam1: dict[str, Any], seven: dict[str, int], whole: dict[str, Any]
) -> Iterator[Sequence]:
    other = [f"{OTHER}{one.type.value} {one.seq}" for one in _other_epoch()]
    restarted = cam1 | {"epoch": NEXT_EPOCH}
    broken_off = cam1 | _known(6, [], verdicts=seven, ended=False)
    yield _sequence(
        "the daemon was restarted in a run",
        [*_steps(run[:7]), Step(message=other[0], epoch="new"), *_steps(other[1:])],
        [broken_off, restarted | _known(2, [], verdicts={"PASS": 1}, proven=True)],
    )
    yield _sequence(
        "an epoch that was left speaks again",
        [
            *_steps(run[:7]),
            Step(message=other[0], epoch="new"),
            *_steps(other[1:2]),
            Step(message=run[7], epoch="left"),
        ],
        [
            cam1 | _known(7, [], verdicts=seven, ended=False),
            restarted | _known(1, [], verdicts={"PASS": 1}, ended=False),
        ],
    )
    sheets = [f"sheets: {one.type.value} {one.seq}" for one in sheet_of_two_cameras()[0]]
    stream = cam1 | {"camera": "sheet"}
    mixed = [one for pair in zip(run[:4], sheets, strict=True) for one in pair]
    yield _sequence(
        "two streams at once",
        _steps([*mixed, *run[4:]]),
        [whole, stream | _known(3, [], verdicts={"PASS": 1, "REJECT": 1}, proven=True)],
    )
    after = [f"{NEXT_RUN}{one.type.value} {one.seq}" for one in _next_run()]
    yield _sequence(
        "a run begins before the results of the one before are all there",
        _steps(after),
        [cam1 | {"camera": "cam5"} | _known(6, [], verdicts={"PASS": 1}, proven=True)],
    )


def _known(
    last: int,
    missing: list[tuple[int, int]],
    *,
    verdicts: dict[str, int],
    ended: bool = True,
    proven: bool = False,
    agree: bool | None = None,
) -> dict[str, Any]:
    """``verdicts``: frames of the run that began last, as counted from its start on. ``totals_agree`` is null where that cannot be said."""
    return {
        "last_seq": last, "missing": missing, "ended": ended, "verdicts": verdicts, "totals_agree": True if proven else agree, "proven": proven,
    }  # fmt: skip


def _sequence(name: str, steps: Iterable[Step], streams: list[dict[str, Any]]) -> Sequence:
    return Sequence(name=name, steps=list(steps), streams=streams)


def _steps(names: Iterable[str]) -> list[Step]:
    return [Step(message=name) for name in names]


def _other_epoch() -> list[Publication]:
    scene = Scene(epoch=NEXT_EPOCH)
    scene.clock.at(9000)
    scene.begin(run="coil-4712")
    scene.settle(scene.capture("coil-4712"), scene.judge.clean(0.01))
    scene.say(scene.stream.end("coil-4712"))
    return scene.published


def _next_run() -> list[Publication]:
    """A frame of the first run has its verdict after the second run has begun."""
    scene = Scene("cam5")
    scene.begin(run="coil-1")
    slow = scene.capture("coil-1")
    scene.begin(run="coil-2")
    quick = scene.capture("coil-2")
    scene.settle(quick, scene.judge.clean(0.01))
    scene.settle(slow, scene.judge.clean(0.02))
    scene.say(scene.stream.end("coil-1"))
    scene.say(scene.stream.end("coil-2"))
    scene.say(scene.stream.change(START, "nothing"))
    return scene.published
