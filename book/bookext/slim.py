"""Make the built pages light and accessible, after Sphinx has written them.

The theme serves every kind of book; this removes what ours does not use:

* its style sheets become one, without unused rules (PurgeCSS);
* its icon fonts keep only the icons in the remaining rules (fontTools) and lie in the style sheet,
  because a page in a sandboxed frame may load no font;
* its scripts no longer delay the page, and the search index loads only for a search;
* some of its tags are corrected for screen readers and validators;
* a first script lets pages work without storage and prints them in the light theme.
"""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fontTools import subset
from sphinx.util import logging

from .libraries import LIBRARIES, NODE

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LOGGER = logging.getLogger(__name__)
BUNDLE = "book.css"
SHEET = re.compile(
    r'[ \t]*<link (?=[^>]*rel="stylesheet")[^>]*href="(?:\.\./)*_static/([^"?]+)[^>]*>\n?'
)
SCRIPT = re.compile(r'<script [^>]*src="(?:\.\./)*_static/((?!scripts/fontawesome)[^"?]+)')
OPTIONS = re.compile(r'<script src="[^"]*documentation_options\.js[^"]*"></script>')
IMPORT = re.compile(r'@import "([^"]+)";')
URL = re.compile(r"url\((?![\"']?(?:data:|#))[\"']?([^)\"']+)[\"']?\)")
ICON = re.compile(r'"\\([ef][0-9a-f]{3})"|([\ue000-\uf8ff])')

# Runs before the theme's scripts. In a sandboxed frame `localStorage` throws.
FIRST = """<script>
try { localStorage; } catch {
  for (const name of ["localStorage", "sessionStorage"]) {
    const kept = new Map();
    Object.defineProperty(window, name, { value: {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => kept.set(key, String(value)),
      removeItem: (key) => kept.delete(key),
    } });
  }
}
{
  const page = document.documentElement.dataset;
  let theme;
  addEventListener("beforeprint", () => { theme ??= page.theme; page.theme = "light"; });
  addEventListener("afterprint", () => { page.theme = theme ?? page.theme; theme = undefined; });
}
</script>"""
# Errors in the theme's (or docutils') pages: pattern and replacement. Each has to occur.
REPAIRS = [
    (r"<head>(?!<script>)", f"<head>{FIRST}"),  # once, when a page is processed again
    # colours without scripts, and before scripts run: "auto" has none until a script sets it
    (r'(<html [^>]*data-theme=)"auto"', r'\1"light"'),
    (r'(localStorage\.getItem\("theme"\)) \|\| "auto"',
     r'\1 || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")'),
    # one viewport is enough
    (r'<meta name="viewport" content="width=device-width, initial-scale=1" ?/>', ""),
    # 1.4 MB of script; the icons come from the fonts as well
    (r'<script defer src="[^"]*fontawesome\.js[^"]*"></script>', ""),
    # a place for advertisements
    (r'<div class="sidebar-primary-items__end[^>]*>\s*<div class="sidebar-primary-item">\s*'
     r'<div id="ethical-ad-placement"[^>]*>\s*</div></div>\s*</div>', ""),
    # the book's name is outside all landmarks
    (r'<div id="pst-primary-sidebar" ',
     '<div id="pst-primary-sidebar" role="complementary" aria-label="Book" '),
    # the chevron that opens a part of the table of contents has no name
    (r'<summary>(?=<span class="toctree-toggle")', '<summary aria-label="Its pages">'),
    # the title of the printed page is a second first-order heading
    (r'(<div id="jb-print-docs-body" class="onlyprint">\s*)<h1>(.*?)</h1>',
     r'\1<p class="h1">\2</p>'),
    # no role that lists and their entries may have
    (r' role="doc-biblioentry"', ""),
    (r'<div role="list" class="citation-list">', '<div class="citation-list">'),
]  # fmt: skip
# The theme puts the search index on every page.
SEARCH = re.compile(
    r'<script src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*"></script>'
)


def style_text(static: Path, name: str) -> str:
    """Inline a style sheet's imports and make its addresses relative to `_static`."""
    folder = Path(name).parent

    def imported(match: re.Match[str]) -> str:
        return style_text(static, _within(static, folder / match[1]))

    def readdressed(match: re.Match[str]) -> str:
        return f"url({_within(static, folder / match[1])})"

    text = (static / name).read_text(encoding="utf-8").removeprefix("\ufeff")
    text = URL.sub(readdressed, re.sub(r'@charset "[^"]+";', "", text))
    return IMPORT.sub(imported, text)


def _within(static: Path, path: Path) -> str:
    """Resolve the dots of a path below `_static`."""
    return (static / path).resolve().relative_to(static.resolve()).as_posix()


def purged(css: str, contents: list[Path]) -> str:
    """Keep the rules that match a word in the contents."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / BUNDLE).write_text(css, encoding="utf-8")
        program = LIBRARIES / "purgecss" / "bin" / "purgecss.js"
        files = ["--css", folder / BUNDLE, "--content", *contents, "--output", folder / "out"]
        subprocess.run([NODE, program, *files], check=True, stdout=subprocess.DEVNULL)
        return (folder / "out" / BUNDLE).read_text(encoding="utf-8")


def keep_icons(css: str, static: Path) -> str:
    """Reduce the icon fonts to the icons in the rules; return the rules with the fonts in them."""
    icons = [int(code, 16) if code else ord(sign) for code, sign in ICON.findall(css)]
    for font in (static / "vendor" / "fontawesome" / "webfonts").glob("*.woff2"):
        options = subset.Options(flavor="woff2", layout_features=[], name_IDs=[1, 13, 14])
        with subset.load_font(font, options) as whole:
            cut = subset.Subsetter(options)
            cut.populate(unicodes=icons)
            cut.subset(whole)
            subset.save_font(whole, font, options)
        data = base64.b64encode(font.read_bytes()).decode()
        address = font.relative_to(static).as_posix()
        css = css.replace(f"url({address})", f"url(data:font/woff2;base64,{data})")
    return re.sub(r',url\([^)]+\.(?:ttf|woff)\) ?format\("\w+"\)', "", css)


def slim(app: Sphinx, error: Exception | None) -> None:
    """Process all pages; pages processed by an earlier build do not change."""
    if app.builder.format != "html" or error:
        return
    out = Path(app.outdir)
    static = out / "_static"
    pages = {
        path: path.read_text(encoding="utf-8")
        for path in out.rglob("*.html")
        if static not in path.parents
    }
    pages = {path: text for path, text in pages.items() if SHEET.search(text)}  # no redirects
    sheets = [SHEET.findall(text) for text in pages.values()]
    fresh = [names for names in sheets if BUNDLE not in names]
    if not fresh:
        return
    common = [name for name in fresh[0] if all(name in names for names in fresh)]
    scripts = {name for text in pages.values() for name in SCRIPT.findall(text)}
    css = "\n".join(style_text(static, name) for name in common)
    css = purged(css, [*pages, *(static / name for name in scripts)])
    css = keep_icons(css, static)
    (static / BUNDLE).write_text(css, encoding="utf-8")
    version = hashlib.sha256(css.encode()).hexdigest()[:8]
    options = (static / "documentation_options.js").read_text(encoding="utf-8")
    useless = {pattern for pattern, _ in REPAIRS}
    for path, text in pages.items():
        up = "../" * (len(path.relative_to(out).parts) - 1)
        link = f'    <link rel="stylesheet" href="{up}_static/{BUNDLE}?v={version}" />\n'
        text = one_sheet(text, [*common, BUNDLE], link)
        for pattern, remedy in REPAIRS:
            text, count = re.subn(pattern, remedy, text)
            useless -= {pattern} if count else set()
        if path.name != "search.html":
            text = SEARCH.sub("", text)
        # An inline script needs the options immediately; the other scripts can wait.
        text = OPTIONS.sub(f"<script>{options}</script>", text)
        text = text.replace('<script src="', '<script defer src="')
        path.write_text(text, encoding="utf-8")
    if len(fresh) == len(pages):
        for pattern in useless:
            LOGGER.warning("slim: nothing to repair by %s; the theme may have changed", pattern)


def one_sheet(page: str, names: list[str], link: str) -> str:
    """Replace the named style sheets by one link, at the place of the first."""
    for match in reversed(list(SHEET.finditer(page))):
        if match[1] in names:
            page = page[: match.start()] + page[match.end() :]
            place = match.start()
    return page[:place] + link + page[place:]


def setup(app: Sphinx) -> dict[str, object]:
    """Register the parts with Sphinx."""
    app.connect("build-finished", slim, priority=900)  # after the theme has written its colours
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
