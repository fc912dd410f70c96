"""`tools/browser.py install` where Chromium cannot be installed: a message; an error only in CI."""

import shutil
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


APT = """#!/bin/sh
for last; do :; done
case $last in
  update) ;;
  {there}) echo > {bin}/{there} && chmod +x {bin}/{there} ;;
  *) echo "E: no package $last" >&2; exit 100 ;;
esac
"""


@pytest.mark.parametrize("there", ["chromium-headless-shell", "chromium", "nothing"])
def test_what_apt_has_is_installed(there, tmp_path):
    for name in ("env", "chmod", "true"):
        (tmp_path / name).symlink_to(shutil.which(name))
    scripts = {"apt-get": APT.format(there=there, bin=tmp_path), "sudo": '#!/bin/sh\nshift; "$@"'}
    for name, script in scripts.items():
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    order = [sys.executable, browser.__file__, "install"]
    done = subprocess.run(order, env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    if there == "nothing":
        reason = "apt-get install: E: no package chromium"
        assert (done.stdout, done.stderr) == ("", f"browser.py: {browser.MISSING} ({reason})\n")
    else:
        assert done.stdout == f"Chromium is installed: {tmp_path / there}\n"
