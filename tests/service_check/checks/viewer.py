"""A viewer as a service: it shows a line that runs and one that has stopped, and writes nothing but what it has to."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from tests.service_check.bench import Bench
from tests.service_check.checks.unit import MOST_EXPOSURE
from tests.service_check.container import CheckError, Container, wait_for
from tests.service_check.report import Finding
from tests.service_check.service_line import START_S, Listener, ServiceLine

UNIT = "inspector-view@hall-1.service"
CONFIG = "etc/inspector/views/hall-1.yaml"
PORT = 8090
PYTHON = "/opt/inspector/current/bin/python"
ASK = """
import http.client, json, sys
path, body = sys.argv[1], sys.argv[2]
def asked(method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", 8090, timeout=20)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()
headers = {}
if body:
    csrf = json.loads(asked("GET", "/api/me")[1])["csrf"]
    headers = {"origin": "http://127.0.0.1:8090", "content-type": "application/json", "x-csrf-token": csrf}
print(json.dumps(asked("POST" if body else "GET", path, body or None, **headers)))
"""


def pages(bench: Bench) -> Finding:
    """It shows a line and makes the page of its coil, takes a review, is started again when it is killed, and shows the coil of a line that has
    stopped, beside whose journal nobody else has files."""
    container = bench.container
    line = bench.line("shown", archive={"path": "/var/lib/inspector/shown/archive"})
    _configure(container, line)
    said = container.ask("systemd-analyze", "security", "--no-pager", UNIT)
    (exposure,) = re.findall(r"exposure level for \S+: ([\d.]+)", said)
    if not 0 < float(exposure) <= MOST_EXPOSURE:
        raise CheckError(f"exposure {exposure}, expected at most {MOST_EXPOSURE}")
    try:
        with Listener(line) as listener:
            line.start()
            listener.wait_for_inspected(100)
            container.ask("systemctl", "start", UNIT)
            shown = _property(container, "StatusText")
            _expect(container, "/")
            _coil(container)
            _review(container)
            pid = _property(container, "MainPID")
            container.ask("sh", "-c", f"kill -s KILL {pid}")
            wait_for(lambda: _property(container, "MainPID") not in (pid, "0"), START_S, "another viewer")
            wait_for(lambda: _property(container, "ActiveState") == "active", START_S, "it to serve")
            line.stop()
            listener.wait_for_proof()
        # As after a copy: nothing lies beside the journal that a line has left.
        container.ask("sh", "-c", "rm -f /var/lib/inspector/shown/journal.sqlite-*")
        _coil(container)
        container.ask("systemctl", "stop", UNIT)
        if (result := _property(container, "Result")) != "success":
            raise CheckError(f"stopped with the result {result}")
    except CheckError as error:
        raise CheckError(f"{error}; {[str(one) for one in container.journal(UNIT)[-8:]]}") from None
    finally:
        container.run("systemctl", "stop", UNIT)
        container.run("systemctl", "reset-failed", UNIT)
    return Finding({"exposure": float(exposure)}, [f"StatusText={shown}"])


def _configure(container: Container, line: ServiceLine) -> None:
    shown = {
        "name": line.name,
        "endpoint": line.endpoint,
        "control": f"ipc:///run/inspector/{line.name}/control",
        "journal": f"{line.state_folder}/journal.sqlite",
        "archive": f"{line.state_folder}/archive",
    }
    tree = {
        "listen": f"127.0.0.1:{PORT}",
        "anyone": "engineer",
        "state": "/var/lib/inspector-view/hall-1",
        "lines": [shown],
    }
    (container.root / CONFIG).write_text(yaml.safe_dump(tree), encoding="utf-8")


def _coil(container: Container) -> None:
    """The newest coil is found in the journal, and a process of its own makes its page; trends are counted."""
    run = json.loads(_expect(container, "/api/lines/shown/runs"))["runs"][0]["id"]
    _expect(container, f"/api/lines/shown/runs/{run}")
    _expect(container, "/api/lines/shown/trends?days=1")
    container.ask("test", "-s", "/var/lib/inspector-view/hall-1/trends.sqlite")


def _review(container: Container) -> None:
    """A rejected frame is said to be right, which is written into the line's archive."""
    at = "/api/lines/shown/review"

    def entries() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(_expect(container, f"{at}?kind=reject&limit=1"))["entries"]
        return found

    wait_for(entries, START_S, "a frame to review")
    entry = entries()[0]["id"]
    review = {"base": 0, "says": "right", "judgements": [], "missed": [], "note": ""}
    _expect(container, f"{at}/{entry}", review)


def _asked(container: Container, path: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
    said = container.ask(PYTHON, "-c", ASK, path, "" if body is None else json.dumps(body))
    status, text = json.loads(said)
    return int(status), str(text)


def _expect(container: Container, path: str, body: dict[str, Any] | None = None) -> str:
    status, text = _asked(container, path, body)
    if status != 200:
        raise CheckError(f"{path}: status {status}: {text[:300]}")
    return text


def _property(container: Container, name: str) -> str:
    return container.ask("systemctl", "show", "--value", f"--property={name}", UNIT).strip()
