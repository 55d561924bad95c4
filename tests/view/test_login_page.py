"""The login page in a browser: a wrong password, the way on, the log out, and a page whose login ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from inspector.view.app import Viewer
from inspector.view.config import ViewConfig, ViewLineConfig
from tests.view.chromium import Page, needs_chromium
from tests.view.people import PASSWORD, users_file
from tests.view.serving import configured, serving
from tests.view.test_reviews import archive_in

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("users")


@pytest.fixture(scope="module")
def viewer(folder: Path) -> Iterator[Viewer]:
    users = users_file(folder, ana="operator")
    with serving(configured(f"ipc://{folder}/nobody", users=str(users))) as made:
        yield made


def enter(tab: Page, name: str, password: str) -> None:
    tab.until("!!document.getElementById('enter') && !document.getElementById('enter').disabled")
    for field, value in (("name", name), ("password", password)):
        tab.js(f"document.getElementById('{field}').value = {value!r}")
    tab.js("document.getElementById('enter').click()")


def test_in_and_out(tab: Page, viewer: Viewer, folder: Path) -> None:
    tab.open(f"{viewer.url}?line=line1")
    assert tab.js("location.pathname + location.search") == "/login?next=/%3Fline%3Dline1"
    enter(tab, "ana", "wrong, to begin with")
    tab.until("document.getElementById('wrong').textContent === 'the name or the password is wrong'")
    assert PASSWORD not in tab.js("document.documentElement.outerHTML")
    enter(tab, "ana", PASSWORD)
    tab.until("location.pathname + location.search === '/?line=line1' && !!document.querySelector('.logout')")
    assert tab.js("document.querySelector('.person').textContent") == "ana, operator Log out"
    assert tab.js("document.cookie") == "", "no script reads it"
    tab.until("!!document.querySelector('line-panel')")
    users_file(folder, ana="engineer")
    tab.until("location.pathname === '/login'")
    assert tab.js("new URLSearchParams(location.search).get('next')") == "/?line=line1"
    enter(tab, "ana", PASSWORD)
    tab.until("location.pathname === '/' && !!document.querySelector('.logout')")
    tab.js("document.querySelector('.logout').click()")
    tab.until("location.pathname === '/login'")
    tab.open(viewer.url)
    assert tab.js("location.pathname") == "/login"
    assert [one for one in tab.errors if "401" not in one and "WebSocket" not in one] == []


def test_the_way_on_stays_here(tab: Page, viewer: Viewer) -> None:
    """Whatever an address says; who has logged in is led on at once."""
    tab.open(f"{viewer.url}login")
    enter(tab, "ana", PASSWORD)
    tab.until("location.pathname === '/'")
    for wanted in ("//example.org/x", "/\\example.org", "https://example.org/", "javascript:alert(1)", "/\t/example.org", "/login", ""):  # fmt: skip
        tab.open(f"{viewer.url}login?next={quote(wanted)}")
        tab.until("location.pathname === '/'")
        assert tab.js("location.host") == f"127.0.0.1:{viewer.port}"
    tab.open(f"{viewer.url}static/base.css")  # a page that says nothing more while the browser ends


def test_a_picture_is_kept_for_its_login_only(tab: Page, tmp_path: Path) -> None:
    """The browser does not ask for it again, and does not show it to whoever sits there next."""
    lines = (ViewLineConfig(endpoint=f"ipc://{tmp_path}/nobody", archive=str(archive_in(tmp_path))),)
    users = users_file(tmp_path, ana="viewer")
    with serving(ViewConfig(listen="127.0.0.1:0", lines=lines, users=str(users))) as viewer:
        tab.open(f"{viewer.url}login")
        enter(tab, "ana", PASSWORD)
        tab.until("location.pathname === '/' && !!document.querySelector('.logout')")
        shown = tab.js("fetch('/api/lines/line1/review/1').then((one) => one.json()).then((one) => one.shown.picture)")
        look = f"fetch('/api/lines/line1/pictures/{shown}').then((one) => one.blob().then(() => one.status))"
        assert [tab.js(look), tab.js(look)] == [200, 200]
        sent = tab.js(
            f"performance.getEntriesByName(location.origin + '/api/lines/line1/pictures/{shown}').map((one) => one.transferSize)"
        )
        assert (sent[0] > 0, sent[1]) == (True, 0)
        tab.js("document.querySelector('.logout').click()")
        tab.until("location.pathname === '/login'")
        assert tab.js(look) == 401
        enter(tab, "ana", PASSWORD)
        tab.until("location.pathname === '/' && !!document.querySelector('.logout')")
        assert tab.js(look) == 200
        tab.open(f"{viewer.url}static/base.css")
