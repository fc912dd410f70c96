"""Chromium for the tools and tests that look at the built book.

python tools/browser.py install

Puts Chromium in place on Debian and Ubuntu, and elsewhere says how to get it. Exit code 1 only
where continuous integration (CI in the environment) would go without it.
"""

from __future__ import annotations

import functools
import gzip
import http.server
import io
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from command import Parser, Stop
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    ElementHandle,
    Page,
    Request,
    Response,
    TimeoutError,
    sync_playwright,
)

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "_build" / "html"
LANDING = "book/index.html"
# First the one without windows, which is less work for a machine.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
MISSING = "no Chromium found: install Chromium or Chrome, or set CHROME_PATH to its program"
FLAGS = ("--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
REDIRECT = 'http-equiv="Refresh"'  # the book's root leads to its first page
ZIPPED = {".css", ".html", ".js", ".json", ".svg", ".txt"}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
}
PAGE = (ROOT / "tools" / "page.js").read_text(encoding="utf-8")
PATIENCE = 15000  # milliseconds that a page has for a figure


def program() -> str | None:
    """Where Chromium is, if anywhere."""
    chosen = os.environ.get("CHROME_PATH")
    return next(filter(None, map(shutil.which, [chosen] if chosen else PROGRAMS)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser for which no host but this machine has an address; Stop if none."""
    if not (path := program()):
        raise Stop(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@functools.cache
def zipped(path: Path, changed: int) -> bytes:
    """A file's content over gzip, as it was at the time `changed`."""
    return gzip.compress(path.read_bytes(), mtime=0)


class Handler(http.server.SimpleHTTPRequestHandler):
    """A silent file server that sends text over gzip, as the hosts of static pages do."""

    protocol_version = "HTTP/1.1"

    def send_head(self) -> BinaryIO | None:  # type: ignore[override]
        """Answer with the headers; gives what is to follow them."""
        path = Path(self.translate_path(self.path))
        accepted = self.headers.get("Accept-Encoding", "")
        if path.suffix not in ZIPPED or not path.is_file() or "gzip" not in accepted:
            return super().send_head()  # type: ignore[return-value]
        body = zipped(path, path.stat().st_mtime_ns)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return io.BytesIO(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(http.server.ThreadingHTTPServer):
    """A server that does not mind a browser that leaves."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of broken connections."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine; gives its address, which ends with a slash."""
    with Server(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def pages(book: Path) -> list[str]:
    """The pages of a built book, such as book/index.html; no redirects, none of the theme's."""
    return sorted(
        page.relative_to(book).as_posix()
        for page in book.rglob("*.html")
        if "_static" not in page.relative_to(book).parts
        and REDIRECT not in page.read_text(encoding="utf-8")
    )


def watch(page: Page, home: str) -> list[str]:
    """A list that grows with what goes wrong on a page; `home` is where its book begins."""
    complaints: list[str] = []

    def complain(text: str) -> None:
        if text not in complaints:
            complaints.append(text)

    def requested(request: Request) -> None:
        if not request.url.startswith((home, "data:", "blob:", "about:")):
            complain(f"request leaves the book: {request.url}")

    def failed(request: Request) -> None:
        complain(f"request failed: {request.url} ({request.failure})")

    def answered(response: Response) -> None:
        if response.status >= 400:
            complain(f"request failed: {response.url} ({response.status})")

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            place = message.location
            complain(f"console {message.type}: {message.text} ({place['url'].removeprefix(home)})")

    page.on("request", requested)
    page.on("requestfailed", failed)
    page.on("response", answered)
    page.on("console", said)
    page.on("pageerror", lambda error: complain(f"page error: {error.message}"))
    return complaints


def function(name: str) -> str:
    """A function of `page.js`, as playwright takes one."""
    return f"(...given) => ({PAGE}).{name}(...given)"


def ask(place: Page | ElementHandle, name: str, given: Any = None) -> Any:
    """What a function of `page.js` answers; that of an element takes the element first."""
    return place.evaluate(function(name), given)


def read_through(page: Page) -> None:
    """Scroll through a page, and give its figures time; `faults.figures` tells which stay empty.

    Now and then a headless window never shows a picture, and then some answers never come:
    TimeoutError.
    """
    page.wait_for_function("() => new Promise(requestAnimationFrame)")
    ask(page, "readThrough")
    with suppress(TimeoutError):
        page.wait_for_function(function("allDrawn"), timeout=PATIENCE)


@dataclass(frozen=True)
class Visit:
    """An open page that was read through, and what goes wrong on it."""

    name: str
    page: Page
    complaints: list[str]


@contextmanager
def visited(
    browser: Browser, home: str, name: str, theme: str = "light", **options: Any
) -> Iterator[Visit]:
    """Open a page in a window of its own; the options are playwright's for a new context."""
    with browser.new_context(**{**DESK, **options}) as context:
        page = context.new_page()
        page.add_init_script(
            f'localStorage.setItem("mode", "{theme}"); localStorage.setItem("theme", "{theme}")'
        )
        complaints = watch(page, home)
        page.goto(home + name)
        if options.get("java_script_enabled", True):
            read_through(page)
        yield Visit(name, page, complaints)


def install() -> str:
    """Make Chromium available on Debian and Ubuntu; gives one line about it, or raises Stop."""
    if path := program():
        return f"Chromium is there: {path}"
    apt = shutil.which("apt-get")
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if not apt or "CHROME_PATH" in os.environ:
        raise Stop(MISSING)
    if sudo and subprocess.run([*sudo, "true"], capture_output=True).returncode:
        raise Stop(MISSING)
    quiet = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", apt, "-qq"]

    def why_not(*order: str) -> str:
        """Why apt-get did not follow an order; "" if it did."""
        done = subprocess.run([*quiet, *order], capture_output=True, text=True)
        reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
        return f"apt-get {order[0]}: {reason}" if done.returncode else ""

    shell, whole = PROGRAMS[:2]  # Ubuntu has no package of the first
    if reason := why_not("update") or (
        why_not("install", "-y", shell) and why_not("install", "-y", whole)
    ):
        raise Stop(f"{MISSING} ({reason})")
    if path := program():
        return f"Chromium is installed: {path}"
    raise Stop(MISSING)


def main(arguments: list[str] | None = None) -> int:
    """Install Chromium, and say so in one line."""
    parser = Parser(prog="browser.py", description=__doc__.splitlines()[0])
    parser.add_argument("order", choices=["install"])
    parser.parse_args(arguments)
    try:
        print(install())
    except Stop as error:
        print(f"browser.py: {error}", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
