"""One browser and one server of the built book for each worker."""

from __future__ import annotations

import os
from contextlib import ExitStack

import browser
import pytest


@pytest.fixture(scope="session")
def chromium():
    if not browser.program():
        if os.environ.get("CI"):
            pytest.fail(browser.MISSING, pytrace=False)
        pytest.skip(browser.MISSING)
    with browser.chromium() as running:
        yield running


@pytest.fixture(scope="session")
def home():
    with browser.served(browser.BOOK) as address:
        yield address


@pytest.fixture
def in_a_window(chromium):
    """Open an address in a window of its own; at the end no page of them has a complaint."""
    with ExitStack() as contexts:  # a page left open would go on with what it does
        pages = []

        def visit(home, name, script=None, **options):
            page = contexts.enter_context(chromium.new_context(**options)).new_page()
            pages.append(page)
            page.complaints = browser.watch(page, home)
            if script:
                page.add_init_script(script)
            page.goto(f"{home}{name}")
            return page

        yield visit
        assert [page.complaints for page in pages if page.complaints] == []
