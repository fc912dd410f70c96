"""Chromium for the tools and tests that look at the built book.

python tools/browser.py install

Installs Chromium on Debian and Ubuntu; elsewhere prints how to get it. The exit code is 1 only in
continuous integration (CI in the environment) without it.
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
# The first has no windows, which needs less of the machine.
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
PATIENCE = 15000  # milliseconds for a page to draw a figure


def program() -> str | None:
    """Find Chromium's program, if there is one."""
    chosen = os.environ.get("CHROME_PATH")
    return next(filter(None, map(shutil.which, [chosen] if chosen else PROGRAMS)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless browser that can reach only this machine; raise Stop if there is none."""
    if not (path := program()):
        raise Stop(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@functools.cache
def zipped(path: Path, changed: int) -> bytes:
    """Compress a file's content with gzip, as of the time `changed`."""
    return gzip.compress(path.read_bytes(), mtime=0)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Silent file server that sends text with gzip, as hosts of static pages do."""

    protocol_version = "HTTP/1.1"

    def send_head(self) -> BinaryIO | None:  # type: ignore[override]
        """Answer with the headers; return the file that follows them."""
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
        """Print nothing."""


class Server(http.server.ThreadingHTTPServer):
    """Server that ignores broken connections."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing about broken connections."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine; yield its address, which ends with a slash."""
    with Server(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def pages(book: Path) -> list[str]:
    """List the pages of a built book, such as book/index.html; no redirects or theme pages."""
    return sorted(
        page.relative_to(book).as_posix()
        for page in book.rglob("*.html")
        if "_static" not in page.relative_to(book).parts
        and REDIRECT not in page.read_text(encoding="utf-8")
    )


def watch(page: Page, home: str) -> list[str]:
    """Return a list that collects errors of a page; `home` is the address of its book."""
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
    """Wrap a function of `page.js` for playwright."""
    return f"(...given) => ({PAGE}).{name}(...given)"


def ask(place: Page | ElementHandle, name: str, given: Any = None) -> Any:
    """Call a function of `page.js`; functions of an element take the element first."""
    return place.evaluate(function(name), given)


def read_through(page: Page) -> None:
    """Scroll through a page, and wait for its figures; `faults.figures` lists those left empty.

    Raises TimeoutError if a headless window never shows a picture and then stops answering, as
    happens now and then.
    """
    page.wait_for_function("() => new Promise(requestAnimationFrame)")
    ask(page, "readThrough")
    with suppress(TimeoutError):
        page.wait_for_function(function("allDrawn"), timeout=PATIENCE)


@dataclass(frozen=True)
class Visit:
    """An open page that was read through, and the errors on it."""

    name: str
    page: Page
    complaints: list[str]


@contextmanager
def visited(
    browser: Browser, home: str, name: str, theme: str = "light", **options: Any
) -> Iterator[Visit]:
    """Open a page in a window of its own; the options are those of a playwright context."""
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
    """Install Chromium on Debian and Ubuntu; return one line about it, or raise Stop."""
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
        """Run an apt-get order; return the reason if it failed, else ""."""
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
    """Install Chromium, and report it in one line."""
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
