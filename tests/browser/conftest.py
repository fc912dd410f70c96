"""One browser and one server of the built book for each worker."""

from __future__ import annotations

import os

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
