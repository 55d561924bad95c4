"""The recorded messages of ``docs/protocol/vectors``, sent to the subscribers of ``docs/clients``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from tests.docs_clients.client import Client
from tests.docs_clients.speaker import Speaker
from tests.protocol.vectors.case import Case, bytes_of
from tests.protocol.vectors.files import read_messages, read_sequences
from tests.protocol.vectors.sequences import Sequence

SUBSCRIBED = b"v1/"


def wrongly_passing(case: Case) -> bool:
    """A bad verdict by which a sheet would pass: no receiver may accept it."""
    topic, *rest = bytes_of(case)
    return topic.endswith((b"/result", b"/gap")) and b'"verdict":"PASS"' in rest[-1] if len(rest) == 2 else False


def test_recorded_messages(command: list[str], tmp_path: Path) -> None:
    """The one in Node.js has the schema and refuses whatever is bad; the one in C checks what it uses. libzmq hands neither of them
    a message without the topic they have subscribed to."""
    cases = [case for case in read_messages() if (bytes_of(case) or [b""])[0].startswith(SUBSCRIBED)]
    with Speaker() as speaker, Client(command, tmp_path, "-r", "none", speaker.endpoint) as client:
        speaker.await_subscriber()
        for number, case in enumerate(cases):
            speaker.send(bytes_of(case))
            speaker.send([b"v1/behind/%d" % number])  # certainly refused: by it the one before is found again
        topics = client.refusing(f"v1/behind/{len(cases) - 1}")
    refused = {cases[int(behind.rpartition("/")[2])].name for topic, behind in pairwise(topics)
               if not topic.startswith("v1/behind/")}  # fmt: skip
    bad = {case.name for case in cases if case.answer == "refuse"}
    assert refused <= bad
    missed = bad - refused
    assert not missed if "node" in command[0] else not missed & {case.name for case in cases if wrongly_passing(case)}


def of_line(parts: Iterable[bytes], line: str) -> list[bytes]:
    """The message as another line sends it."""
    topic, header, *rest = parts
    return [
        topic.replace(b"v1/line1/", f"v1/{line}/".encode()),
        header.replace(b'"line1"', f'"{line}"'.encode()),
        *rest,
    ]


def printable(sequence: Sequence, messages: dict[str, list[bytes]]) -> Iterator[int]:
    """Numbers of the verdicts of a sequence that count, in their order."""
    for step in sequence.steps:
        header = json.loads(messages[step.message][1])
        if header["type"] in ("result", "gap") and step.ignored is None and step.epoch != "left":
            yield header["seq"]


def test_recorded_sequences(command: list[str], tmp_path: Path) -> None:
    """All at once, each as a line of its own."""
    messages = {case.name: bytes_of(case) for case in read_messages()}
    sequences = {f"line{number}": sequence for number, sequence in enumerate(read_sequences(), 100)}
    with Speaker() as speaker, Client(command, tmp_path, "-r", "none", speaker.endpoint) as client:
        speaker.await_subscriber()
        for line, sequence in sequences.items():
            for step in sequence.steps:
                speaker.send(of_line(messages[step.message], line))
        speaker.send([b"v1/end"])
        client.refusing("v1/end")
        assert client.end() == 3
        printed, said = client.verdicts, client.events("missed")
        second = {event["line"] for event in client.events("second_publisher")}
    for line, sequence in sequences.items():
        numbers = [row["seq"] for row in printed if row["line"] == line]
        assert numbers == list(printable(sequence, messages)), sequence.name
        mine = [event for event in said if event["line"] == line]
        ranges = [(event["from"], event["to"]) for event in mine if event["to"] is not None]
        assert ranges == [tuple(step.missing) for step in sequence.steps if step.missing], sequence.name
        new = [step for step in sequence.steps if step.epoch == "new"]
        assert len([event for event in mine if event["to"] is None]) == len(new), (
            f"{sequence.name}: the end of an epoch is unproven"
        )
        assert (line in second) == any(step.epoch == "left" for step in sequence.steps), sequence.name


def test_silence_and_the_end_of_it(command: list[str], tmp_path: Path) -> None:
    with Speaker() as speaker, Client(command, tmp_path, "-r", "none", speaker.endpoint) as client:
        speaker.await_subscriber()
        speaker.result(0)
        speaker.heartbeat(0)
        assert client.saying("stale")["silent_ms"] > 300
        speaker.heartbeat(0)
        assert client.saying("back")["camera"] == "cam1"
        assert client.end() == 0
