"""Commands by clicks on the page of a real line, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.bundle import Bundle
from inspector.protocol.messages import LineState
from inspector.view.config import ViewLineConfig
from tests.control.serving import served
from tests.results.publishing import eventually
from tests.view.chromium import Page, needs_chromium
from tests.view.commanding import Commanded
from tests.view.serving import configured, serving
from tests.view.test_pages import HOSTILE

pytestmark = needs_chromium


@pytest.fixture
def tab(browser: Page) -> Page:
    browser.empty()
    browser.look(1180, 820, touch=True)
    return browser


@pytest.fixture(scope="module")
def line(tiny_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commanded]:
    made = Commanded(tmp_path_factory.mktemp("line"), tiny_bundle)
    yield made
    made.close()


def press(tab: Page, selector: str) -> None:
    """A click in the middle of the button, as a person does it, when it may be pressed."""
    at = f"document.querySelector({json.dumps(selector)})"
    tab.until(f"!!{at} && !{at}.disabled && {at}?.checkVisibility()")
    tab.js(f"{at}.scrollIntoView({{ block: 'center' }})")
    middle = f"(({{ x, y, width, height }}) => [x + width / 2, y + height / 2])({at}.getBoundingClientRect())"
    x, y = tab.until(f"document.elementFromPoint(...{middle}) === {at} && {middle}")
    tab.click(x, y)


def command(name: str) -> str:
    return f"line-commands button[data-command='{name}']"


RESULT = "document.querySelector('line-commands .result').textContent"


def test_pause_resume_and_a_run_by_clicks(tab: Page, line: Commanded) -> None:
    with serving(configured(lines=(line.shown(),), anyone="operator")) as viewer:
        tab.open(viewer.url)
        press(tab, command("pause"))
        tab.until("document.querySelector('dialog')?.textContent.includes('UNINSPECTED until somebody resumes')")
        assert tab.js("document.activeElement.textContent") == "Cancel"
        press(tab, "dialog .answers button")
        tab.until("document.querySelector('dialog') === null")
        assert line.line.status.state is LineState.RUNNING
        press(tab, command("pause"))
        press(tab, "dialog .yes")
        tab.until(f"{RESULT}.includes('Pause – done: frames are UNINSPECTED')")
        eventually(lambda: line.line.status.state is LineState.PAUSED)
        press(tab, command("resume"))
        tab.until(f"{RESULT}.includes('Resume – done')")
        eventually(lambda: line.line.status.state is LineState.RUNNING)
        tab.until("document.querySelectorAll('.past li').length >= 2")
        tab.until("document.querySelector('.newest').textContent.includes('local, done')")

        press(tab, command("run start"))
        press(tab, "dialog .yes")
        assert tab.js("document.querySelector('dialog .wrong').textContent") == "The run needs a name."
        tab.send("Input.insertText", text="coil 2")
        press(tab, "dialog .yes")
        assert tab.js("document.querySelector('dialog .wrong').textContent").startswith("The name has letters, digits")
        tab.js("document.querySelector('dialog input').value = 'coil-2'")
        press(tab, "dialog .yes")
        tab.until(f"{RESULT}.includes('run coil-2')")
        tab.until("document.querySelector('.figures')?.textContent.includes('coil-2')")

        assert tab.js(f"document.querySelector({json.dumps(command('bundle rollback'))}).hidden")
        forged = """(async () => { const answers = [];
            for (const headers of [{}, { "x-csrf-token": "guessed" }]) {
              const body = JSON.stringify({ id: "forged", command: "pause" });
              const sent = { method: "POST", body, headers: { "content-type": "application/json", ...headers } };
              answers.push((await fetch("/api/lines/line1/commands", sent)).status);
            }
            return answers; })()"""
        assert tab.errors == []
        assert tab.js(forged) == [403, 403]
        assert line.line.status.state is LineState.RUNNING


def test_who_looks_is_offered_to_look(tab: Page, line: Commanded) -> None:
    with serving(configured(lines=(line.shown(),))) as viewer:
        tab.open(viewer.url)
        press(tab, command("bundle list"))
        tab.until(f"{RESULT}.includes('active, ready')")
        shown = "[...document.querySelectorAll('line-commands button')].filter((one) => one.checkVisibility()).map((one) => one.dataset.command)"
        assert tab.js(shown) == ["bundle list", "shadow report"]
        assert tab.js("document.documentElement.scrollWidth <= innerWidth")


def test_a_line_without_a_socket_has_no_commands(tab: Page, line: Commanded) -> None:
    with serving(configured(lines=(line.shown(control=None),), anyone="engineer")) as viewer:
        tab.open(viewer.url)
        tab.until("!!document.querySelector('strip-map')")
        assert tab.js("document.querySelector('line-commands')") is None


def test_what_a_line_says_stays_text(tab: Page, tmp_path: Path) -> None:
    with served(tmp_path) as one:
        one.perform.go_on.set()
        one.perform.result = {
            "paused": False,
            "run": HOSTILE,
            "recipe": HOSTILE,
            "bundle": HOSTILE,
            "bundles": [{"bundle": HOSTILE, "operating_point": HOSTILE, "role": HOSTILE, "state": HOSTILE}],
            "recipes": [HOSTILE, "thin"],
            "prepared": HOSTILE,
        }
        lines = (ViewLineConfig(endpoint=f"ipc://{tmp_path}/r", control=one.endpoint),)
        with serving(configured(lines=lines, anyone="engineer")) as viewer:
            tab.open(viewer.url)
            press(tab, command("bundle list"))
            tab.until(f"{RESULT}.includes({json.dumps(HOSTILE)})")
            press(tab, command("run start"))
            tab.until(f"document.querySelector('dialog')?.textContent.includes({json.dumps(HOSTILE)})")
            press(tab, "dialog .answers button")
            press(tab, command("pause"))
            tab.js(f"document.querySelector('dialog input').value = {json.dumps(HOSTILE)}")
            press(tab, "dialog .yes")
            tab.until(f"document.querySelector('.newest').textContent.includes({json.dumps(HOSTILE)})")
            tab.until(f"document.querySelector('.past').textContent.includes({json.dumps(HOSTILE)})")
            assert tab.js("document.images.length") == 0
            assert tab.errors == []
