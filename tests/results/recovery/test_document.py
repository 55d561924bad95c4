"""The example in docs/protocol.md is a client that works: late to join, and over a restart of the daemon, it gets every result once."""

from __future__ import annotations

import queue
import re
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from socket import create_server

import msgspec

from inspector.protocol.recovery import Reply, Request, StreamEntry
from tests.results.publishing import eventually, make_identity, make_results
from tests.results.recovery.test_get import publish, stored

DOCUMENT = (Path(__file__).parents[3] / "docs/protocol.md").read_text()
SECTION = DOCUMENT[DOCUMENT.index("## Recovery") : DOCUMENT.index("## What the journal's file holds")]


def test_the_example_gets_every_result_once(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
    with closing(create_server(("127.0.0.1", 0))) as probe:
        endpoint = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    assert "tcp://127.0.0.1:5550" in example
    program = example.replace("tcp://127.0.0.1:5550", endpoint)
    path, lines = tmp_path / "j.sqlite", queue.Queue[str]()
    with subprocess.Popen([sys.executable, "-c", program], stdout=-1, text=True) as client:
        reading = threading.Thread(target=lambda: [lines.put(line) for line in client.stdout or ()])
        reading.start()
        try:
            for epoch in ("one", "two"):
                results = make_results(make_identity(epoch=epoch), path, results={"endpoint": endpoint})
                publish(results, 700)  # before anybody can hear it
                results.start()
                eventually(lambda: results.snapshot().subscriptions and stored(results), 20)  # noqa: B023
                publish(results, 50, first=700)
                heard = [lines.get(timeout=20).split() for _ in range(750)]
                assert [(one[1], int(one[3])) for one in heard] == [(epoch, frame) for frame in range(750)]
                assert {one[0] for one in heard} <= {"recovered", "live"}
                assert results.close()
        finally:
            client.kill()
            reading.join()
    assert lines.empty()


def test_the_request_in_the_document_is_one_and_every_key_is_told() -> None:
    (request,) = re.findall(r"```json\n(.*?)\n```", SECTION, re.DOTALL)
    read = msgspec.json.decode(request, type=Request)
    for struct in (Request, Reply, StreamEntry, type(read.do)):
        for key in struct.__struct_encode_fields__:
            assert f"`{key}`" in SECTION, key
