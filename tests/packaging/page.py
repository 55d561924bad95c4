"""Inside the new system: the installed viewer serves its pages: ``python -m tests.packaging.page``.

The line ``strip`` of the package's check runs meanwhile. Prints the files of the live page with their sizes.
"""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import time

COMMAND = "/opt/inspector/current/bin/inspector"
VIEWED = ("tcp://127.0.0.1:5550", "--journal", "/var/lib/inspector/strip/journal.sqlite")
PORT = 8090
LONGEST_S = 30.0


def main() -> None:
    """Raises AssertionError or TimeoutError."""
    viewer = subprocess.Popen([COMMAND, "view", *VIEWED])
    try:
        page = _answer("/", wait=True)
        needed = sorted(set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page)))
        assert needed, f"the page loads nothing: {page[:300]}"
        for path in needed:
            print(path, len(_answer(path)))
        run = json.loads(_answer("/api/lines/line1/runs"))["runs"][0]
        assert run["cameras"], run
        assert "times" in json.loads(_answer("/api/lines/line1/trends?days=1", wait=True))
    finally:
        viewer.terminate()
        status = viewer.wait(LONGEST_S)
    assert status == 0, f"the viewer ended with status {status}"


def _answer(path: str, *, wait: bool = False) -> str:
    """What is told with status 200; ``wait``: as soon as the viewer serves, and has made it."""
    until_s = time.monotonic() + LONGEST_S
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=LONGEST_S)
            connection.request("GET", path)
            answer = connection.getresponse()
            status, text = answer.status, answer.read().decode()
            connection.close()
        except ConnectionRefusedError:
            status, text = 0, "nobody listens"
        if status == 200:
            return text
        if not wait or status not in (0, 202) or time.monotonic() > until_s:
            raise TimeoutError(f"{path}: status {status}: {text[:300]}")
        time.sleep(0.02)


if __name__ == "__main__":
    main()
