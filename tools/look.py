"""Look at the built book with the network off.

python tools/look.py [PAGES] [--to FOLDER]

Opens every page in headless Chromium at a phone's and a desk's width, in the light and the dark
theme, stores full-page screenshots, and prints what went wrong: requests that failed or left the
book, errors on the console, figures that stayed empty, pages wider than the window.
Needs chromium (or CHROME_PATH) on Linux or macOS, and nothing else but Python.
"""

from __future__ import annotations

import base64
import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from command import Parser, Stop

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "_build" / "html"
WIDTHS = (390, 1280)
THEMES = ("light", "dark")
REDIRECT = 'http-equiv="Refresh"'  # the book's root leads to its first page
PATIENCE = 15  # seconds that a page has for its mathematics and figures
TALLEST = 16000  # pixels; Chromium cannot photograph more
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

READY = """document.readyState === "complete"
  && (!window.MathJax || !!window.MathJax.startup?.document)
  && !document.querySelector(".plotly-figure:not(.js-plotly-plot)")"""
WRONG_MATHEMATICS = """[...document.querySelectorAll("mjx-merror, [data-mjx-error]")]
  .map((node) => node.title || node.dataset.mjxError || node.textContent).join("; ")"""
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"


class Browser:
    """Headless Chromium, spoken to in the DevTools protocol over a pair of pipes."""

    def __init__(self, program: str, profile: str) -> None:
        """Start the program with an empty profile; no host but this machine has an address."""
        to_read, self.to = os.pipe()
        self.of, of_write = os.pipe()
        flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={profile}",
            "--remote-debugging-pipe",
        ]
        # Chromium reads the protocol from file 3 and writes it to file 4.
        script = f'exec "$@" 3<&{to_read} 4>&{of_write}'
        self.process = subprocess.Popen(
            ["bash", "-c", script, "look", program, *flags],
            pass_fds=(to_read, of_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(of_write)
        self.count = 0
        self.rest = b""
        self.events: list[dict[str, Any]] = []

    def message(self) -> dict[str, Any]:
        """The browser's next message."""
        while b"\0" not in self.rest:
            part = os.read(self.of, 1 << 20)
            if not part:
                raise Stop("the browser ended")
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Give an order and return its result; events that arrive meanwhile are kept."""
        self.count += 1
        order = {"id": self.count, "method": method, "params": params}
        if session:
            order["sessionId"] = session
        os.write(self.to, json.dumps(order).encode() + b"\0")
        while (message := self.message()).get("id") != self.count:
            self.events.append(message)
        if "error" in message:
            raise Stop(f"{method}: {message['error']['message']}")
        return message["result"]


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser that is gone afterwards."""
    wanted = os.environ.get("CHROME_PATH")
    names = [wanted] if wanted else BROWSERS
    program = next(filter(None, map(shutil.which, names)), None)
    if not program:
        raise Stop("no chromium found: install it or set CHROME_PATH")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        running = Browser(program, profile)
        try:
            yield running
            running.call("Browser.close")
        finally:
            running.process.kill()
            running.process.wait()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that does not report every request."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine; gives its address."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def complaint(event: dict[str, Any], requests: dict[str, str], home: str) -> str | None:
    """What an event of the browser says against the page, if anything."""
    params = event.get("params", {})
    match event.get("method"):
        case "Network.requestWillBeSent":
            url = requests[params["requestId"]] = params["request"]["url"]
            if not url.startswith((home, "data:", "blob:")):
                return f"request leaves the book: {url}"
        case "Network.loadingFailed" if not params.get("canceled"):
            return f"request failed: {requests.get(params['requestId'])} {params['errorText']}"
        case "Network.responseReceived" if params["response"]["status"] >= 400:
            return f"request failed: {params['response']['url']} {params['response']['status']}"
        case "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            return details.get("exception", {}).get("description", details["text"]).split("\n")[0]
        case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning"):
            return " ".join(str(a.get("value", a.get("description"))) for a in params["args"])
        case "Log.entryAdded" if params["entry"]["level"] == "error":
            return params["entry"]["text"]
    return None


def look(chromium: Browser, url: str, home: str, width: int, theme: str, image: Path) -> list[str]:
    """Open one page, photograph it, and return the complaints."""
    target = chromium.call("Target.createTarget", url="about:blank")["targetId"]
    session = chromium.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    call = functools.partial(chromium.call, session=session)

    def value(expression: str) -> Any:
        return call("Runtime.evaluate", expression=expression)["result"].get("value")

    def window(height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1}
        call("Emulation.setDeviceMetricsOverride", mobile=width < 600, **size)

    for domain in ("Page", "Network", "Runtime", "Log"):
        call(f"{domain}.enable")
    chosen = f'localStorage.setItem("mode", "{theme}"); localStorage.setItem("theme", "{theme}")'
    call("Page.addScriptToEvaluateOnNewDocument", source=chosen)
    window(900)
    call("Emulation.setTouchEmulationEnabled", enabled=width < 600)
    chromium.events.clear()
    call("Page.navigate", url=url)
    complaints = []
    deadline = time.monotonic() + PATIENCE
    height = 0
    while not (value(READY) and height):
        # A window as tall as the page brings every lazy figure into sight.
        height = value("document.documentElement?.scrollHeight") or 900
        if value("document.readyState") == "complete":
            window(height)
        if time.monotonic() > deadline:
            complaints.append("mathematics or a figure is still missing")
            break
        time.sleep(0.2)
    time.sleep(0.8)  # fonts, and the last frame of a drawing
    if (excess := value(OVERFLOW)) > 0:
        complaints.append(f"the page is {excess} px wider than the window")
    if wrong := value(WRONG_MATHEMATICS):
        complaints.append(f"mathematics: {wrong}")
    height = min(TALLEST, value("document.documentElement.scrollHeight"))
    window(height)
    shot = call("Page.captureScreenshot", format="png")
    image.write_bytes(base64.b64decode(shot["data"]))
    requests: dict[str, str] = {}
    complaints += filter(None, [complaint(event, requests, home) for event in chromium.events])
    chromium.call("Target.closeTarget", targetId=target)
    return list(dict.fromkeys(complaints))


def main(arguments: list[str] | None = None) -> int:
    """Look at the pages; 1 if any of them has something against it."""
    parser = Parser(prog="look.py", description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", help="such as book/index.html; default: all")
    parser.add_argument("--to", type=Path, default=ROOT / "_build" / "look", help="for the images")
    options = parser.parse_args(arguments)
    bad = 0
    try:
        pages = options.pages or sorted(
            str(page.relative_to(BOOK))
            for page in BOOK.rglob("*.html")
            if "_static" not in page.parts and REDIRECT not in page.read_text(encoding="utf-8")
        )
        if missing := [page for page in pages if not (BOOK / page).is_file()] or not pages:
            raise Stop(f"not in the built book: {missing if pages else 'anything; build it first'}")
        options.to.mkdir(parents=True, exist_ok=True)
        with served(BOOK) as home, browser() as chromium:
            for page in pages:
                for width in WIDTHS:
                    for theme in THEMES:
                        name = page.removesuffix(".html").replace("/", "-")
                        image = options.to / f"{name}-{width}-{theme}.png"
                        found = look(chromium, home + page, home, width, theme, image)
                        bad += len(found)
                        print(f"{page} {width} {theme}: {'; '.join(found) or 'fine'}", flush=True)
    except Stop as error:
        print(f"look.py: {error}", file=sys.stderr)
        return 2
    print(f"screenshots: {os.path.relpath(options.to)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
