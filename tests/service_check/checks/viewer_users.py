"""A viewer as a service that other machines may reach: users whom root has named, and a key that only root reads."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tests.service_check.bench import Bench
from tests.service_check.container import CheckError, Container
from tests.service_check.report import Finding
from tests.service_check.service_line import Listener, ServiceLine
from tests.view.people import certificate

UNIT = "inspector-view@plant.service"
VIEWS = "/etc/inspector/views"
KEY = "/etc/inspector/keys/pages.key"
DROP_IN = f"/etc/systemd/system/{UNIT}.d"
INSPECTOR = "/opt/inspector/current/bin/inspector"
PASSWORD = "a long one for the check"
ADD = f"""
set -eu
echo '{PASSWORD}' | {INSPECTOR} users add ana --role operator --password-file - --file {VIEWS}/plant.users.yaml
chown root:inspector {VIEWS}/plant.users.yaml && chmod 640 {VIEWS}/plant.users.yaml
chmod 600 {KEY} && chmod 644 {VIEWS}/pages.crt
mkdir -p {DROP_IN}
printf '[Service]\\nLoadCredential=pages.key:{KEY}\\n' > {DROP_IN}/tls.conf
systemctl daemon-reload
"""
"""As docs/view.md says it, and the unit."""
PAUSE = f"""
import http.client, json, ssl
trusted = ssl.create_default_context(cafile="{VIEWS}/pages.crt")
headers = {{"origin": "https://127.0.0.1:8443", "content-type": "application/json"}}
def asked(method, path, body=None):
    connection = http.client.HTTPSConnection("127.0.0.1", 8443, timeout=20, context=trusted)
    connection.request(method, path, body and json.dumps(body), headers)
    answer = connection.getresponse()
    if cookie := answer.getheader("set-cookie"):
        headers["cookie"] = cookie.split(";")[0]
    told = json.loads(answer.read())
    if path == "/api/me":
        headers["x-csrf-token"] = told["csrf"]
    return answer.status
pause = ("POST", "/api/lines/guarded/commands", {{"id": "check-pause-1", "command": "pause", "why": "check"}})
asked("GET", "/api/me")
statuses = [asked(*pause), asked("POST", "/api/login", {{"name": "ana", "password": "{PASSWORD}"}})]
asked("GET", "/api/me")
print(json.dumps([*statuses, asked(*pause)]))
"""


def users(bench: Bench) -> Finding:
    """Over TLS, with the key as a credential: nobody commands without a login, an operator pauses the line, and the line's journal has her name."""
    container = bench.container
    line = bench.line("guarded")
    _configure(container, line)
    try:
        with Listener(line) as listener:
            line.start()
            listener.wait_for_inspected(10)
            container.ask("systemctl", "start", UNIT)
            statuses = json.loads(container.ask("/opt/inspector/current/bin/python", "-c", PAUSE))
            if statuses != [401, 200, 200]:
                raise CheckError(f"pause, login, pause: statuses {statuses}, expected 401, 200, 200")
            line.stop()
            listener.wait_for_proof()
        gave = {one["command"]: one["on_behalf_of"] for one in line.commands()}
        if gave.get("pause") != "ana":
            raise CheckError(f"commands of the journal, and for whom: {gave}; expected a pause for ana")
    except CheckError as error:
        raise CheckError(f"{error}; {[str(one) for one in container.journal(UNIT)[-8:]]}") from None
    finally:
        container.run("systemctl", "stop", UNIT)
        container.run("systemctl", "reset-failed", UNIT)
    return Finding({}, [f"commands: {gave}"])


def _configure(container: Container, line: ServiceLine) -> None:
    tree = {
        "listen": "0.0.0.0:8443",
        "users": "plant.users.yaml",
        "tls": {"certificate": "pages.crt", "key": f"/run/credentials/{UNIT}/pages.key"},
        "lines": [
            {"name": line.name, "endpoint": line.endpoint, "control": f"ipc:///run/inspector/{line.name}/control"}
        ],
    }
    views = Path(f"{container.root}{VIEWS}")
    (views / "plant.yaml").write_text(yaml.safe_dump(tree), encoding="utf-8")
    made = certificate(views, "pages")
    Path(made.key).replace(f"{container.root}{KEY}")
    container.ask("sh", "-c", ADD)
