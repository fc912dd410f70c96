"""One colour for each learning rule: for figures, buttons, charts and words.

`gevbook.plots` chooses them; here they become custom properties of every page. What is
marked as a rule's, by `data-rule="gevb"` or, where docutils allows nothing else, by the class
`rule-gevb`, has them as `--rule` and, for words, `--rule-text`: the nearest shade that can be read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gevbook.plots import COLOURS, NAMES

from .pictures import COLOURS as THEME

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SHEET = "rules.css"
CONTRAST = 4.5  # of words, by WCAG's level AA
_, *SURFACES = THEME["surface"]
GROUNDS = {"light": ("#ffffff", SURFACES[0]), "dark": ("#121212", SURFACES[1])}  # under words
WORD = re.compile(rf"\b({'|'.join(NAMES.values())})\b")


def named(text: str) -> str | None:
    """The rule that a text names, if it is one and no other."""
    found = set(WORD.findall(text))
    return next((rule for rule, name in NAMES.items() if found == {name}), None)


def _channels(colour: str) -> list[int]:
    return [int(colour[n : n + 2], 16) for n in (1, 3, 5)]


def _luminance(colour: str) -> float:
    """Of "#rrggbb", as WCAG defines it."""
    shares = [value / 255 for value in _channels(colour)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return sum(w * s for w, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Of two colours, from 1 to 21."""
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def readable(colour: str, theme: str) -> str:
    """The colour, as far towards black or white as words of it need on the theme's grounds."""
    grounds: Sequence[str] = GROUNDS[theme]
    end = 0 if theme == "light" else 255
    steps = 100
    shades = (
        "#" + "".join(f"{round(c + (end - c) * n / steps):02x}" for c in _channels(colour))
        for n in range(steps + 1)
    )
    return next(s for s in shades if min(contrast(s, ground) for ground in grounds) >= CONTRAST)


def sheet() -> str:
    """The style sheet."""
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
    """Put it into the built book."""
    if app.builder.format == "html":
        target = Path(app.outdir, "_static", SHEET)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(sheet(), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_css_file(SHEET)
    app.connect("builder-inited", write_sheet)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
