"""Messages that every receiver must refuse: good ones with one thing wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from inspector.frames.outcome import Reason
from tests.protocol.examples import run_of_a_camera, sheet_of_two_cameras
from tests.protocol.vectors.case import Case, altered, refused

Parts = list[bytes]
_TOO_LARGE = 2**53


def bad_cases() -> Iterator[Case]:
    _, shown = run_of_a_camera()
    parts = {name: publication.parts() for name, publication in shown.items()}
    clean, scratch = parts["result, clean"], parts["result, scratch"]
    yield from _parts(clean, scratch)
    yield from _header(clean)
    yield from _bodies(clean)
    yield from _segmented(scratch)
    yield from _others(parts)
    yield from _sheets(clean)


def _parts(clean: Parts, scratch: Parts) -> Iterator[Case]:
    topic, header, body = clean
    for name, broken, sent in (
        ("no part", "parts", []),
        ("no body", "parts", clean[:2]),
        ("five parts", "parts", [*scratch, b""]),
        ("a mask that is not there", "blob", scratch[:3]),
        ("a mask that is empty", "blob", [*scratch[:3], b""]),
        ("a mask that is not announced", "blob", [*clean, scratch[3]]),
        ("the topic of another camera", "topic", [b"v1/line1/cam2/result", header, body]),
        ("the topic of another type", "topic", [b"v1/line1/cam1/late", header, body]),
        ("a topic with more behind it", "topic", [topic + b"/x", header, body]),
        ("an empty topic", "topic", [b"", header, body]),
        ("a header that is cut off", "header", [topic, header[:-20], body]),
        ("an empty header", "header", [topic, b"", body]),
        ("a header that is null", "header", [topic, b"null", body]),
        ("a header that is a list", "header", [topic, b"[]", body]),
        ("a header that is no UTF-8", "header", [topic, header.replace(b"coil", b"\xff\xfe"), body]),
        ("two headers", "header", [topic, header + header, body]),
        ("a body that is cut off", "body", [topic, header, body[:-1]]),
        ("an empty body", "body", [topic, header, b""]),
        ("a body that is null", "body", [topic, header, b"null"]),
        ("a body that is no UTF-8", "body", [topic, header, body.replace(b'"detail":"', b'"detail":"\xc3\x28')]),
        ("a body nested deeply", "body", [topic, header, b'{"x":' * 1000]),
        ("NaN", "body", [topic, header, body.replace(b"0.0123", b"NaN")]),
    ):
        yield refused(name, broken, sent)


def _header(clean: Parts) -> Iterator[Case]:
    yield refused("version 2", "version", altered(clean, 1, protocol=2))
    yield refused(
        "version 2, of which nothing else is known",
        "version",
        altered(clean, 1, protocol=2, type="verdict", seq=..., epoch=...),
    )
    changes: dict[str, dict[str, Any]] = {
        "a version that is text": {"protocol": "1"},
        "without protocol": {"protocol": ...},
        "without type": {"type": ...},
        "without seq": {"seq": ...},
        "without simulated": {"simulated": ...},
        "without durable": {"durable": ...},
        "without deadline_unix_ns": {"deadline_unix_ns": ...},
        "an unknown type": {"type": "verdict"},
        "a line that is no name": {"line": "a/b"},
        "a camera with a line end": {"camera": "cam1\n"},
        "a camera of 64 characters": {"camera": "c" * 64},
        "an empty epoch": {"epoch": ""},
        "an epoch of 65 characters": {"epoch": "e" * 65},
        "a run of 65 characters": {"run": "r" * 65},
        "a bundle of 257 characters": {"bundle": "b" * 257},
        "seq null": {"seq": None},
        "a negative seq": {"seq": -1},
        "seq with a fraction": {"seq": 2.5},
        "seq that is text": {"seq": "2"},
        "seq that is true": {"seq": True},
        "seq of 2^53": {"seq": _TOO_LARGE},
        "seq of forty digits": {"seq": 10**39},
        "frame null": {"frame": None},
        "captured_unix_ns null": {"captured_unix_ns": None},
        "a deadline of 2^64": {"deadline_unix_ns": 2**64},
        "a position of 2^53": {"position_um": _TOO_LARGE},
        "resolved_through of -2": {"resolved_through": -2},
        "resolved_through null": {"resolved_through": None},
        "simulated that is text": {"simulated": "false"},
        "simulated null": {"simulated": None},
        "durable null": {"durable": None},
        "an unknown source of positions": {"position_source": "guess"},
    }
    for name, change in changes.items():
        yield refused(f"header: {name}", "header" if name not in _RULES else "rule", altered(clean, 1, **change))


_RULES = ("seq null", "frame null", "captured_unix_ns null")
"""Of these each key may be so, and only the type of the message forbids it."""


def _bodies(clean: Parts) -> Iterator[Case]:
    changes: dict[str, dict[str, Any]] = {
        "a verdict in small letters": {"verdict": "pass"},
        "an unknown verdict": {"verdict": "MAYBE"},
        "verdict null": {"verdict": None},
        "without verdict": {"verdict": ...},
        "an unknown reason": {"reason": "because"},
        "without reason": {"reason": ...},
        "detail null": {"detail": None},
        "a detail of 1001 characters": {"detail": "d" * 1001},
        "a gate score above 1": {"gate_score": 1.0001},
        "a negative gate score": {"gate_score": -0.1},
        "a gate score that is text": {"gate_score": "0.01"},
        "pixels null": {"pixels": None},
        "without defect_pixels": {"defect_pixels": ...},
        "defects null": {"defects": None},
        "without mask": {"mask": ...},
        "latency_us of 2^53": {"latency_us": _TOO_LARGE},
        "name null": {"name": None},
    }
    for name, change in changes.items():
        yield refused(f"result: {name}", "body", altered(clean, 2, **change))
    rules: dict[str, dict[str, Any]] = {
        "PASS by defect": {"reason": "defect"},
        "PASS by deadline": {"reason": "deadline"},
        "REJECT by gate_clean": {"verdict": "REJECT"},
        "SCRAP by no_defect": {"verdict": "SCRAP", "reason": "no_defect"},
        "UNINSPECTED by defect": {"verdict": "UNINSPECTED", "reason": Reason.DEFECT.value},
        "gate_clean without a score": {"gate_score": None},
        "gate_clean with pixels": {"pixels": {"pitting": 3}},
        "gate_clean with pixels of defects": {"defect_pixels": {"pitting": 0}},
    }
    for name, change in rules.items():
        yield refused(f"result: {name}", "rule", altered(clean, 2, **change))


def _segmented(scratch: Parts) -> Iterator[Case]:
    (found,) = json.loads(scratch[2])["defects"]
    mask = json.loads(scratch[2])["mask"]

    def defect(**changes: Any) -> dict[str, Any]:
        changed = {key: value for key, value in (found | changes).items() if value is not ...}
        return {"defects": [changed]}

    changes: dict[str, dict[str, Any]] = {
        "a defect that is empty": {"defects": [{}]},
        "a defect without area_mm2": defect(area_mm2=...),
        "a defect without position_um": defect(position_um=...),
        "a score above 1": defect(score=1.01),
        "a negative length": defect(length_px=-1.0),
        "a box of three numbers": defect(bbox_px=[1, 2, 3]),
        "a negative box": defect(bbox_px=[-1, 2, 3, 4]),
        "a class of 61 characters": defect(**{"class": "c" * 61}),
        "a class without a name": defect(**{"class": ""}),
        "a negative count": {"pixels": {"pitting": -1}},
        "nine classes": {"pixels": dict.fromkeys("abcdefghi", 0)},
        "a mask of no height": {"mask": mask | {"height_px": 0}},
        "a mask of nine classes": {"mask": mask | {"bits": list("abcdefghi")}},
        "a mask without classes": {"mask": mask | {"bits": []}},
    }
    for name, change in changes.items():
        yield refused(f"result: {name}", "body", altered(scratch, 2, **change))
    yield refused(
        "result: gate_clean with a mask",
        "rule",
        altered(scratch, 2, verdict="PASS", reason="gate_clean", pixels={}, defect_pixels={}, defects=[]),
    )


def _others(parts: dict[str, Parts]) -> Iterator[Case]:
    start, repeated, end, beat = parts["start"], parts["start, repeated"], parts["end"], parts["heartbeat"]
    gap, late, status, change = parts["gap"], parts["late"], parts["status"], parts["change"]
    limits = json.loads(start[2])["thresholds"]
    reason = json.loads(status[2])["health"]["reasons"][0]
    for name, broken, sent in (
        ("start: without a number, and no repeat", "rule", altered(start, 1, seq=None)),
        ("start: a repeat with a number", "rule", altered(repeated, 1, seq=3)),
        ("start: of no run", "rule", altered(start, 1, run=None)),
        ("start: of no bundle", "rule", altered(start, 1, bundle=None)),
        ("start: with a frame", "rule", altered(start, 1, frame=0)),
        ("start: without classes", "body", altered(start, 2, classes=[])),
        ("start: without thresholds", "body", altered(start, 2, thresholds=...)),
        ("start: a threshold above 1", "body", altered(start, 2, thresholds=limits | {"gate": 1.5})),
        ("start: a scale of 0", "body", altered(start, 2, scale={"x_mm_per_px": 0, "y_mm_per_px": 0.4})),
        ("start: heartbeats every 99 ms", "body", altered(start, 2, heartbeat_ms=99)),
        ("start: a deadline of 0", "body", altered(start, 2, deadline_ms=0)),
        ("start: 101 rules", "body", altered(start, 2, rules=["r"] * 101)),
        ("change: without a number", "rule", altered(change, 1, seq=None)),
        ("change: without why", "body", altered(change, 2, why=...)),
        ("gap: backwards", "range", altered(gap, 2, last=2)),
        ("gap: that does not begin at its frame", "range", altered(gap, 2, first=4)),
        ("gap: that passes", "rule", altered(gap, 2, verdict="PASS", reason="no_defect")),
        ("gap: by a reason of another verdict", "rule", altered(gap, 2, reason="no_defect")),
        ("gap: with a deadline", "rule", altered(gap, 1, deadline_unix_ns=1795471201220000000)),
        ("gap: without a frame", "rule", altered(gap, 1, frame=None)),
        ("late: PASS by defect", "rule", altered(late, 2, late_reason="defect")),
        ("late: a verdict in the place of late_verdict", "body", altered(late, 2, late_verdict=..., verdict="PASS")),
        ("late: without a number", "rule", altered(late, 1, seq=None)),
        ("status: an unknown state", "body", altered(status, 2, state="asleep")),
        ("status: without engines", "body", altered(status, 2, engines=...)),
        ("status: without health", "body", altered(status, 2, health=...)),
        ("status: health null", "body", altered(status, 2, health=None)),
        ("status: an empty code", "body", altered(status, 2, code="")),
        ("status: a code of 65 characters", "body", altered(status, 2, code="c" * 65)),
        (
            "status: 17 reasons",
            "body",
            altered(status, 2, health={"signal": "failure", "reasons": [reason | {"text": "t"}] * 17}),
        ),
        ("status: an unknown signal", "body", altered(status, 2, health={"signal": "fine", "reasons": []})),
        ("status: with a position", "rule", altered(status, 1, position_um=0)),
        ("heartbeat: with a number", "rule", altered(beat, 1, seq=9)),
        ("heartbeat: with a captured_unix_ns", "rule", altered(beat, 1, captured_unix_ns=1795471201220000000)),
        ("heartbeat: last_seq of -2", "body", altered(beat, 2, last_seq=-2)),
        ("heartbeat: every 99 ms", "body", altered(beat, 2, interval_ms=99)),
        ("heartbeat: every 251 ms", "body", altered(beat, 2, interval_ms=251)),
        ("heartbeat: without recovery", "body", altered(beat, 2, recovery=...)),
        ("end: of no run", "rule", altered(end, 1, run=None)),
        ("end: an unknown verdict", "body", altered(end, 2, verdicts={"MAYBE": 7})),
        ("end: an unknown reason", "body", altered(end, 2, reasons={"because": 7})),
        ("end: a negative count", "body", altered(end, 2, frames=-1)),
    ):
        yield refused(name, broken, sent)


def _sheets(clean: Parts) -> Iterator[Case]:
    sheet = sheet_of_two_cameras()[1].parts()
    (found,) = json.loads(sheet[2])["defects"]
    mask = {"height_px": 256, "width_px": 1600, "bits": ["pitting"]}
    for name, change in {
        "without frames": {"frames": ...},
        "without missing": {"missing": ...},
        "missing what is no name": {"missing": ["a/b"]},
        "a frame without a number": {"frames": [{"camera": "left", "verdict": "PASS", "reason": "gate_clean"}]},
        "a defect on no face": {"defects": [found | {"face": "left"}]},
        "a defect of no camera": {"defects": [{key: value for key, value in found.items() if key != "camera"}]},
        "with a mask": {"mask": mask},
    }.items():
        sent = altered(sheet, 2, **change)
        yield refused(f"sheet: {name}", "body", [*sent, b"\1\0\0\0\1\0\0\0"] if name == "with a mask" else sent)
    yield refused("sheet: with the body of a frame", "body", altered(clean, 1, camera="sheet"))
