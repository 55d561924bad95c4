"""One browser for all tests of pages: its start takes longer than most of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.view.chromium import Page, browsing


@pytest.fixture(scope="package")
def chromium() -> Iterator[Page]:
    """Its only page, as the module before has left it."""
    with browsing() as made:
        yield made


@pytest.fixture(scope="module")
def browser(chromium: Page) -> Page:
    """An empty page of 1400 x 900."""
    chromium.empty()
    chromium.look(1400, 900)
    return chromium


@pytest.fixture
def tab(browser: Page) -> Page:
    """An empty one for each test: the page of the test before would complain of a viewer that is gone."""
    browser.empty()
    return browser
