"""Who may ask for what: every address of the viewer with every role. An address that is not in the table here fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import Route, WebSocketRoute
from websockets.exceptions import InvalidStatus

from inspector.view.access.entrance import Entrance, Files
from inspector.view.access.security import Guard
from inspector.view.app import Viewer, make_app
from inspector.view.config import ViewConfig
from inspector.view.live.lines import Lines
from inspector.view.load import listen_address
from tests.view.people import Browser, users_file
from tests.view.serving import Page, configured, serving

ROLES = ("viewer", "operator", "quality", "engineer")
EVERYBODY = "everybody"
"""Without a login."""
LOOK, REVIEW, OPERATE, ENGINEER = ROLES, ("quality", "engineer"), ("operator", "engineer"), ("engineer",)
AT = "/api/lines/{line}"
EXAMPLES = {"line": "line1", "run:int": "1", "index:int": "0", "name": "1-00000000.picture", "entry:int": "1", "command": "x", "epoch": "e", "camera": "c", "frame:int": "1"}  # fmt: skip
MAY: dict[tuple[str, str], tuple[str, ...] | str] = {
    ("GET", "/"): LOOK,
    ("GET", "/login"): EVERYBODY,
    ("GET", "/static/{name}"): EVERYBODY,
    ("GET", "/coil"): LOOK,
    ("GET", "/review"): LOOK,
    ("GET", "/trends"): LOOK,
    ("GET", "/live"): LOOK,
    ("GET", "/api/me"): EVERYBODY,
    ("POST", "/api/login"): EVERYBODY,
    ("POST", "/api/logout"): LOOK,
    ("GET", "/api/lines"): LOOK,
    ("GET", f"{AT}/runs"): LOOK,
    ("GET", f"{AT}/runs/{{run:int}}"): LOOK,
    ("GET", f"{AT}/runs/{{run:int}}/defects.bin"): LOOK,
    ("GET", f"{AT}/runs/{{run:int}}/defects/{{index:int}}"): LOOK,
    ("GET", f"{AT}/runs/{{run:int}}/judgement"): LOOK,
    ("GET", f"{AT}/runs/{{run:int}}/report.html"): LOOK,
    ("GET", f"{AT}/pictures/{{name}}"): LOOK,
    ("GET", f"{AT}/frames/{{epoch}}/{{camera}}/{{frame:int}}"): LOOK,
    ("GET", f"{AT}/review"): LOOK,
    ("GET", f"{AT}/review/{{entry:int}}"): LOOK,
    ("POST", f"{AT}/review/{{entry:int}}"): REVIEW,
    ("GET", f"{AT}/trends"): LOOK,
    ("GET", f"{AT}/trends.csv"): LOOK,
    ("GET", f"{AT}/commands"): LOOK,
    ("POST", f"{AT}/commands"): OPERATE,
    ("GET", f"{AT}/commands/{{command}}"): LOOK,
}
COMMANDS = {
    "pause": OPERATE, "resume": OPERATE, "run start": OPERATE, "run end": OPERATE, "recipe prepare": OPERATE,
    "bundle rollback": ENGINEER, "bundle list": LOOK, "shadow report": LOOK,
}  # fmt: skip


def config_in(folder: Path, **more: object) -> ViewConfig:
    config = configured(f"ipc://{folder}/nobody", **more)
    line = config.lines[0].__class__(
        endpoint=f"ipc://{folder}/nobody", journal=str(folder / "journal"), archive=str(folder / "archive"), control=f"ipc://{folder}/control"
    )  # fmt: skip
    return ViewConfig(listen=config.listen, lines=(line,), users=config.users, anyone=config.anyone)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rights")
    users_file(folder, **{role: role for role in ROLES})
    return folder


@pytest.fixture(scope="module")
def viewer(folder: Path) -> Iterator[Viewer]:
    with serving(config_in(folder, users=str(folder / "users.yaml"))) as made:
        yield made


@pytest.fixture(scope="module")
def people(viewer: Viewer) -> dict[str, Browser]:
    people = {role: Browser(viewer) for role in ROLES}
    for role, browser in people.items():
        assert browser.login(role).status == 200
    return people | {"": Browser(viewer)}


def filled(path: str) -> str:
    for name, value in EXAMPLES.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path
    return path


def is_refused(browser: Browser, method: str, path: str, body: object) -> bool:
    """For want of a right: whatever else is wrong with the request comes after it."""
    answer = browser.post(path, body) if method == "POST" else browser.ask(path)
    location = answer.headers.get("location", "")
    if answer.status in (401, 403):
        assert answer.json["error"].startswith(("this needs", "nobody may look here"))
        return True
    return location.startswith("/login")


def test_every_address_is_in_the_table(folder: Path) -> None:
    config = config_in(folder, users=str(folder / "users.yaml"))
    address = listen_address(config, "view.yaml")
    entrance = Entrance(config, Files(config, "view.yaml"), address)
    with entrance:
        guard = make_app(config, Lines(config), entrance, 1.0)
    assert isinstance(guard, Guard)
    found = set()
    for route in guard.app.routes:  # type: ignore[attr-defined]
        assert isinstance(route, Route | WebSocketRoute), f"what is below {route} has no place in the table"
        methods = (route.methods or set()) if isinstance(route, Route) else {"GET"}
        found |= {(method, route.path) for method in methods - {"HEAD"}}
    assert found == set(MAY), "who may ask for it, and is that so? The table here says it for every address"


@pytest.mark.parametrize(("method", "path"), MAY, ids=[" ".join(one) for one in MAY])
def test_only_those_in_the_table_may(method: str, path: str, people: dict[str, Browser], viewer: Viewer) -> None:
    may, asked = MAY[method, path], filled(path)
    for role, browser in people.items():
        if path == "/live":
            refused = False
            try:
                with Page(viewer, browser.cookie):
                    pass
            except InvalidStatus as error:
                refused = error.response.status_code == 401
        elif path == "/api/logout":
            continue  # it would end what the others here are asked with; without a login there is nothing to end
        else:
            sent = {"command": "pause", "id": f"p-{role or 'nobody'}"} if path.endswith("/commands") else {}
            refused = is_refused(browser, method, asked, sent)
            if method == "GET":
                assert browser.ask(asked, "HEAD").status == browser.ask(asked).status
        assert refused == (may != EVERYBODY and role not in may), role or "nobody"


@pytest.mark.parametrize(("command", "may"), COMMANDS.items())
def test_a_command_needs_its_role(command: str, may: tuple[str, ...], people: dict[str, Browser]) -> None:
    told = {"run start": {"run": "x"}, "recipe prepare": {"recipe": "x"}}.get(command, {})
    key = {"run start": "run", "run end": "run", "bundle rollback": "bundle"}.get(command)
    for role, browser in people.items():
        sent = {"command": command, "id": f"{command.replace(' ', '-')}-{role or 'nobody'}", **told}
        if key is not None:
            sent["seen"] = {key: None}
        assert is_refused(browser, "POST", "/api/lines/line1/commands", sent) == (role not in may), role


@pytest.mark.parametrize("anyone", [None, "auto", "quality"])
def test_without_users_everybody_is_what_is_configured(anyone: str | None, folder: Path) -> None:
    role = "viewer" if anyone == "auto" else anyone
    with serving(config_in(folder, anyone=anyone)) as viewer:
        browser = Browser(viewer)
        for (method, path), may in MAY.items():
            if method == "POST" and path not in ("/api/login", "/api/logout"):
                sent = {"command": "pause", "id": "p"} if path.endswith("/commands") else {}
                assert is_refused(browser, method, filled(path), sent) == (role not in may), (method, path)
            elif method == "GET" and may == LOOK and path != "/live":
                assert (browser.ask(filled(path)).status == 403) == (role is None), path
