"""One colour for each learning rule: for figures, buttons, charts and words.

`gevbook.plots` chooses them; here they become custom properties of every page. Elements marked
by `data-rule="gevb"`, or by the class `rule-gevb` if docutils allows only classes, have them as
`--rule` and, for text, `--rule-text`: the nearest readable shade.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from gevbook.plots import COLOURS, NAMES

from .colours import readable

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SHEET = "rules.css"
WORD = re.compile(rf"\b({'|'.join(NAMES.values())})\b")


def named(text: str) -> str | None:
    """Find the rule that a text names, if it is exactly one."""
    found = set(WORD.findall(text))
    return next((rule for rule, name in NAMES.items() if found == {name}), None)


def sheet() -> str:
    """Write the style sheet."""
    lines = []
    for theme, place in (("light", ":root"), ("dark", 'html[data-theme="dark"]')):
        words = {f"{rule}-text": readable(colour, theme) for rule, colour in COLOURS.items()}
        values = {**COLOURS, **words} if theme == "light" else words
        lines.append(f"{place} {{ {' '.join(f'--{n}: {v};' for n, v in values.items())} }}")
    lines += [
        f':is([data-rule="{rule}"], .rule-{rule}) '
        f"{{ --rule: var(--{rule}); --rule-text: var(--{rule}-text); }}"
        for rule in COLOURS
    ]
    return "\n".join(lines) + "\n"


def write_sheet(app: Sphinx) -> None:
    """Write the sheet into the built book."""
    if app.builder.format == "html":
        target = Path(app.outdir, "_static", SHEET)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(sheet(), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts with Sphinx."""
    app.add_css_file(SHEET)
    app.connect("builder-inited", write_sheet)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
