"""Logging in through the real server: who gets in, what a session is, and when it ends."""

from __future__ import annotations

import logging
import random
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from inspector.view import answers
from inspector.view.access.attempts import FREE
from inspector.view.access.login import WRONG
from inspector.view.access.sessions import MOST_OF_ONE
from inspector.view.app import Viewer
from tests.results.publishing import eventually
from tests.view.people import PASSWORD, Browser, users_file
from tests.view.serving import Page, configured, serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("users")


@pytest.fixture(scope="module")
def viewer(folder: Path) -> Iterator[Viewer]:
    users = users_file(folder, ana="operator", ben="quality", eve="viewer")
    with serving(configured(f"ipc://{folder}/nobody", users=str(users))) as made:
        yield made


@pytest.fixture
def ana(viewer: Viewer) -> Browser:
    browser = Browser(viewer)
    assert browser.login("ana").status == 200
    return browser


def page_of(browser: Browser, viewer: Viewer) -> Page:
    return Page(viewer, browser.cookie)


def test_without_a_login_there_is_the_login_page_only(viewer: Viewer) -> None:
    stranger = Browser(viewer)
    assert [stranger.ask(path).status for path in ("/login", "/static/login.js", "/api/me")] == [200] * 3
    assert stranger.ask("/api/me").json.items() >= {"name": "", "role": None, "rights": [], "users": True}.items()
    assert stranger.ask("/").headers["location"] == "/login"
    sent = stranger.ask("/coil?line=a&run=x%26y")
    assert (sent.status, sent.headers["location"]) == (303, "/login?next=/coil%3Fline%3Da%26run%3Dx%2526y")
    assert (
        stranger.ask("//example.org/x").headers["location"].startswith("/login?next=//example.org")
    )  # the page refuses it
    for path in ("/api/lines", "/api/lines/line1/runs", "/api/nothing", "/api/mexico"):
        answer = stranger.ask(path)
        assert (answer.status, answer.json) == (401, {"error": "this needs a login"})
    assert stranger.post("/api/lines/line1/commands", {}).status == 401
    with pytest.raises(InvalidStatus) as caught, page_of(stranger, viewer):
        pass
    assert caught.value.response.status_code == 401


def test_who_logs_in_has_a_role_and_a_session(viewer: Viewer) -> None:
    browser = Browser(viewer)
    before = browser.ask("/api/me").json["csrf"]
    answer = browser.login("ana")
    assert answer.status == 200
    flags = [flag.strip() for flag in answer.headers["set-cookie"].split(";")[1:]]
    assert flags == ["Path=/", "HttpOnly", "SameSite=Strict"]
    told = browser.ask("/api/me").json
    assert told.items() >= {"name": "ana", "role": "operator", "rights": ["look", "operate"], "users": True}.items()
    assert told["csrf"] != before
    assert browser.ask("/").status == 200
    assert browser.ask("/api/lines").status == 200
    with page_of(browser, viewer) as page:
        page.take()


def test_a_login_has_a_new_id_and_ends_the_one_before(viewer: Viewer, ana: Browser) -> None:
    fixed = ana.cookie
    assert ana.login("ben").status == 200
    assert ana.cookie != fixed
    assert ana.ask("/api/me").json["name"] == "ben"
    ana.cookie = fixed
    assert ana.ask("/api/lines").status == 401


def test_a_log_out_ends_the_session_and_its_pages(viewer: Viewer, ana: Browser) -> None:
    cookie = ana.cookie
    with page_of(ana, viewer) as page:
        page.take()
        assert ana.post("/api/logout", {}).status == 200
        close = page.ended(3)
    assert close is not None
    assert close.code == 4401
    assert ana.cookie == ""
    ana.cookie = cookie
    assert ana.ask("/api/lines").status == 401


def test_a_wrong_password_and_a_name_that_is_not_there_are_one_answer(
    viewer: Viewer, caplog: pytest.LogCaptureFixture
) -> None:
    browser = Browser(viewer, source="127.0.0.2")
    with caplog.at_level(logging.INFO):
        answers = [browser.login("ana", "not it, whatever it is"), browser.login("x\x1b[2J\n", PASSWORD)]
        assert browser.login("ana").status == 200
    assert [(one.status, one.json) for one in answers] == [(401, {"error": WRONG})] * 2
    assert "login failed: ana from 127.0.0.2" in caplog.text
    assert "login: ana (operator) from 127.0.0.2" in caplog.text
    assert "login failed: x\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER} from" in caplog.text
    assert PASSWORD not in caplog.text
    assert "whatever it is" not in caplog.text


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"name": "ana"}', b'{"name": 1, "password": 2}', b'{"name": "ana", "password": "' + b"x" * 2000 + b'"}', b'"\xff"', b'{"name": "ana", "password": "\\ud800"}', b"x" * 70_000],
)  # fmt: skip
def test_what_is_no_login_is_refused(viewer: Viewer, body: bytes) -> None:
    browser = Browser(viewer)
    kept = {"origin": browser.origin, "x-csrf-token": browser.ask("/api/me").json["csrf"]}
    answer = browser.ask("/api/login", "POST", body, content_type="application/json", **kept)
    assert answer.status in (400, 413)
    assert "\n" not in answer.json["error"]


def test_a_login_that_does_not_end_is_cut_off(viewer: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "LONGEST_POST_S", 0.2)
    browser = Browser(viewer)
    kept = {"origin": browser.origin, "x_csrf_token": browser.ask("/api/me").json["csrf"]}
    answer = browser.ask(
        "/api/login", "POST", b'{"name"', content_type="application/json", content_length="500", **kept
    )
    assert (answer.status, answer.json) == (408, {"error": "not all of it came within 0.2 s"})


def test_a_login_comes_from_a_page_of_the_viewer(viewer: Viewer) -> None:
    browser = Browser(viewer)
    assert browser.post("/api/login", {"name": "ana", "password": PASSWORD}, origin="http://example.org").status == 403
    assert browser.post("/api/login", {"name": "ana", "password": PASSWORD}, x_csrf_token="x").status == 403
    assert browser.post("/api/login", {"name": "ana", "password": PASSWORD}, content_type="text/plain").status == 415
    assert browser.cookie == ""


def test_failures_make_wait_whoever_fails(viewer: Viewer, ana: Browser) -> None:
    guessing = Browser(viewer, source="127.0.0.3")
    assert [guessing.login("eve", "wrong for once").status for _ in range(FREE)] == [401] * FREE
    answer = guessing.login("eve")
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) == 1
    assert answer.json["error"] == "too many failed logins; try again in 1 s"
    assert Browser(viewer, source="127.0.0.4").login("eve").status == 200, "from elsewhere she may"
    assert guessing.login("ben").status == 200, "and others from there"
    assert ana.ask("/api/lines").status == 200


def test_only_a_cookie_that_was_given_is_one(viewer: Viewer, ana: Browser) -> None:
    name, id_ = ana.cookie.split("=")
    rng = random.Random(7)
    letters = string.ascii_letters + string.digits + "-_"
    wrong = [
        f"{name}={id_[:-1]}", f"{name}={id_}x", f"{name}=", name, f"{name}={id_}=", f'{name}="{id_}"', f"x{name}={id_}", f"{name.upper()}={id_}",
        f"{name}={id_}; {name}={id_}", f"{name}=x; {name}={id_}", f"{name}={id_},x", f"{name}={'A' * 12_000}", f"__Host-{name}={id_}", "=" * 500, ";" * 500,
        f"{name}={id_[:20]}%00{id_[20:]}", *(f"{name}={''.join(rng.choices(letters, k=43))}" for _ in range(20)),
    ]  # fmt: skip
    for cookie in wrong:
        ana.cookie = cookie
        assert ana.ask("/api/me").json["name"] == "", cookie[:80]
    ana.cookie = f"other=1; {name}={id_}; x"
    assert ana.ask("/api/me").json["name"] == "ana"


def test_a_person_has_so_many_sessions(viewer: Viewer) -> None:
    browsers = [Browser(viewer) for _ in range(MOST_OF_ONE + 1)]
    assert [one.login("ben").status for one in browsers] == [200] * len(browsers)
    assert [one.ask("/api/lines").status for one in browsers] == [401] + [200] * MOST_OF_ONE


def test_a_changed_file_is_noticed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One who was removed or has another role is out, with his pages; one who was added is in, and a file with a mistake changes nothing."""
    users = users_file(tmp_path, ana="operator", ben="quality", eve="viewer")
    with serving(configured(f"ipc://{tmp_path}/nobody", users=str(users))) as viewer:
        ana, ben, eve = Browser(viewer), Browser(viewer), Browser(viewer)
        assert [one.login(name).status for one, name in ((ana, "ana"), (ben, "ben"), (eve, "eve"))] == [200] * 3
        with page_of(ana, viewer) as page, page_of(eve, viewer) as other:
            users_file(tmp_path, ben="engineer", eve="viewer", new="viewer")
            close = page.ended(5)
            assert close is not None
            assert close.code == 4401
            other.take()
        assert [one.ask("/api/lines").status for one in (ana, ben, eve)] == [401, 401, 200]
        assert Browser(viewer).login("new").status == 200
        assert ben.login("ben").status == 200
        users.write_text("users: [")
        eventually(lambda: Browser(viewer).login("new").status == 503)
        assert "nobody can log in until that is mended" in caplog.text
        assert eve.ask("/api/lines").status == 200


def test_strangers_may_look_where_that_is_configured(tmp_path: Path) -> None:
    users = users_file(tmp_path, ana="operator")
    with serving(configured(f"ipc://{tmp_path}/nobody", users=str(users), anyone="viewer")) as viewer:
        stranger = Browser(viewer)
        assert stranger.ask("/").status == 200
        assert stranger.ask("/api/me").json["rights"] == ["look"]
        assert stranger.login("ana").status == 200
        assert stranger.ask("/api/me").json["rights"] == ["look", "operate"]


def test_without_users_nobody_logs_in(tmp_path: Path) -> None:
    with serving(configured(f"ipc://{tmp_path}/nobody")) as viewer:
        browser = Browser(viewer)
        assert browser.ask("/login").headers["location"] == "/"
        assert browser.login("ana").status == 404
        assert browser.ask("/api/me").json["users"] is False
        assert browser.ask("/").status == 200
    with serving(configured(f"ipc://{tmp_path}/nobody", anyone=None)) as viewer:
        browser = Browser(viewer)
        assert [browser.ask(path).status for path in ("/", "/api/lines", "/static/base.css")] == [403, 403, 200]
