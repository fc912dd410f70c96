"""Measure the built book with Lighthouse, beside a stock Jupyter Book of the same sources.

python tools/lighthouse.py [--pages PAGE ...]

Stock: the same chapters and table of contents with Jupyter Book's own extensions, theme options and
MathJax from its CDN, without bookext and custom.css; MyST-NB then leaves plotly's figures undrawn.

Both sides are served over gzip from this machine. Every page is measured in turn as ours and as
stock on Lighthouse's slowed-down phone, then as ours on its desktop. Prints a table and our audits
that failed. The results go to data/benchmarks/lighthouse.json, with the requests that nobody
answered (without a network, the stock side's MathJax is one); pages that are measured alone replace
their own results there, and carry a provenance of their own. Needs Chromium, and npx from `make`'s
environment, which fetches Lighthouse on first use.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import browser
import yaml
from browser import BOOK, ROOT
from command import Parser, Stop

LIGHTHOUSE = "lighthouse@13.5.0"
BIN = Path(sys.executable).parent
RESULT = ROOT / "data" / "benchmarks" / "lighthouse.json"
FORMAT = "gevb lighthouse 1"
WAYS = ("ours mobile", "stock mobile", "ours desktop")
CATEGORIES = ("accessibility", "best-practices", "seo")
HEAD = (
    "page",
    "access.",
    "practices",
    "SEO",
    "desktop",
    "mobile",
    "stock",
    "difference",
    "bytes",
    "stock's",
)


def build_stock(folder: Path) -> Path:
    """Build the same chapters without our settings; gives the folder with its pages."""
    left_out = shutil.ignore_patterns("bookext", "__pycache__", ".ipynb_checkpoints")
    shutil.copytree(ROOT / "book", folder / "book", ignore=left_out)
    shutil.copy(ROOT / "_toc.yml", folder)
    ours = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    # What the sources cannot be read without; everything else is Jupyter Book's.
    kept = {key: ours[key] for key in ("title", "author", "parse", "bibtex_bibfiles", "execute")}
    docs = [f"sphinx.ext.{name}" for name in ("autodoc", "autosummary", "napoleon", "viewcode")]
    stock = {**kept, "only_build_toc_files": True, "sphinx": {"extra_extensions": docs}}
    (folder / "_config.yml").write_text(yaml.safe_dump(stock), encoding="utf-8")
    order = [BIN / "jupyter-book", "build", "-q", folder]
    done = subprocess.run(order, capture_output=True, text=True)
    if done.returncode:
        raise Stop(f"the stock book was not built: {done.stderr.strip()[-300:]}")
    return folder / "_build" / "html"


def measure(url: str, desktop: bool, chrome: str) -> dict[str, Any]:
    """Lighthouse's report on one page."""
    order = [BIN / "npx", "--yes", LIGHTHOUSE, url, "--output=json", "--quiet"]
    order += ["--chrome-flags=--headless --no-sandbox --disable-gpu"]
    order += ["--preset=desktop"] if desktop else []
    path = os.pathsep.join((str(BIN), os.environ["PATH"]))  # npx looks for node there
    environment = {**os.environ, "PATH": path, "CHROME_PATH": chrome}
    done = subprocess.run(order, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise Stop(f"Lighthouse on {url}: {(done.stderr.strip() or 'no reason').splitlines()[-1]}")
    report: dict[str, Any] = json.loads(done.stdout)
    if error := report.get("runtimeError"):
        raise Stop(f"Lighthouse on {url}: {error['message']}")
    return report


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a report: scores from 0 to 100, bytes transferred, and audits that failed."""
    audits = report["audits"]
    requests = audits["network-requests"]["details"]["items"]
    failed = [
        f"{name}: {audits[reference['id']]['title']}"
        for name in CATEGORIES
        for reference in report["categories"][name]["auditRefs"]
        if reference["weight"] and audits[reference["id"]]["score"] not in (None, 1)
    ]
    scores = {name: round(100 * c["score"]) for name, c in report["categories"].items()}
    return {
        "scores": scores,
        "bytes": sum(request["transferSize"] for request in requests),
        "unanswered": sorted({r["url"] for r in requests if r.get("statusCode", -1) <= 0}),
        "failed": failed,
    }


def row(page: str, results: dict[str, dict[str, Any]]) -> tuple[object, ...]:
    """A page's line of the table."""
    phone, stock, desk = (results[way] for way in WAYS)
    mobile, theirs = (side["scores"]["performance"] for side in (phone, stock))
    return (
        page.removesuffix(".html"),
        *(min(phone["scores"][name], desk["scores"][name]) for name in CATEGORIES),
        desk["scores"]["performance"],
        mobile,
        theirs,
        f"{mobile - theirs:+d}",
        phone["bytes"],
        stock["bytes"],
    )


def line(cells: tuple[object, ...]) -> str:
    """Cells in columns."""
    return f"{cells[0]!s:30}" + "".join(f"{cell!s:>11}" for cell in cells[1:])


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write."""
    parser = Parser(prog="lighthouse.py", description=__doc__.splitlines()[0])
    parser.add_argument("--pages", nargs="+", help="such as book/index.html; default: all")
    chosen = parser.parse_args(arguments).pages
    started, clock = datetime.now(UTC), time.monotonic()
    results: dict[str, dict[str, Any]] = {}
    try:
        if not (chrome := browser.program()):
            raise Stop(browser.MISSING)
        pages = chosen or browser.pages(BOOK)
        if missing := [page for page in pages if not (BOOK / page).is_file()] or not pages:
            raise Stop(f"not in the built book: {missing if pages else 'anything; build it first'}")
        with tempfile.TemporaryDirectory() as folder:
            stock = build_stock(Path(folder))
            with browser.served(BOOK) as home, browser.served(stock) as stock_home:
                print(line(HEAD), flush=True)
                for page in pages:
                    results[page] = {}
                    for way in WAYS:
                        side = home if way.startswith("ours") else stock_home
                        report = measure(side + page, way.endswith("desktop"), chrome)
                        results[page][way] = summary(report)
                    print(line(row(page, results[page])), flush=True)
    except Stop as error:
        print(f"lighthouse.py: {error}", file=sys.stderr)
        return 2
    for page, ways in results.items():
        for way in ("ours mobile", "ours desktop"):
            for failure in ways[way]["failed"]:
                print(f"{page}, {way}: {failure}")
    facts = {
        "lighthouse": report["lighthouseVersion"],
        "browser": report["environment"]["hostUserAgent"],
        **{name: version(name) for name in ("jupyter-book", "sphinx", "sphinx-book-theme", "gevb")},
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "benchmark_index": report["environment"]["benchmarkIndex"],
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - clock, 1),
    }
    written = {"format": FORMAT, "provenance": facts, "pages": results}
    if chosen and RESULT.is_file():
        written = json.loads(RESULT.read_text(encoding="utf-8"))
        known = written["pages"] | {p: {**ways, "provenance": facts} for p, ways in results.items()}
        written["pages"] = {page: known[page] for page in browser.pages(BOOK) if page in known}
    RESULT.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    print(f"written: {RESULT.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
