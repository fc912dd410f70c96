"""Without a Chromium to be had, `tools/browser.py install` says so; only in CI is that an error."""

import subprocess
import sys

import browser
import pytest


@pytest.mark.parametrize(("environment", "code"), [({}, 0), ({"CI": "true"}, 1)])
def test_nothing_to_install_from(environment, code):
    order = [sys.executable, browser.__file__, "install"]
    done = subprocess.run(order, env={"PATH": "", **environment}, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == f"browser.py: {browser.MISSING}\n"


def test_nothing_to_do(monkeypatch, capsys):
    monkeypatch.setenv("CHROME_PATH", sys.executable)  # any program will do
    assert browser.main(["install"]) == 0
    assert capsys.readouterr().out == f"Chromium is there: {sys.executable}\n"
