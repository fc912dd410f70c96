"""Colours of the theme, light and dark, and shades readable as text on them."""

from __future__ import annotations

from collections.abc import Sequence

#: Theme colours in pictures of figures: a placeholder during drawing, then light and dark.
THEME = {
    "text-base": ("rgb(1, 2, 3)", "#222832", "#ced6dd"),
    "border": ("rgb(4, 5, 6)", "#d1d5da", "#48566b"),
    "surface": ("rgb(7, 8, 9)", "#f3f4f5", "#29313d"),
}
CONTRAST = 4.5  # of text, by WCAG level AA
_, *SURFACES = THEME["surface"]
GROUNDS = {"light": ("#ffffff", SURFACES[0]), "dark": ("#121212", SURFACES[1])}  # behind text


def _channels(colour: str) -> list[int]:
    return [int(colour[n : n + 2], 16) for n in (1, 3, 5)]


def _luminance(colour: str) -> float:
    """Compute the luminance of "#rrggbb" as WCAG defines it."""
    shares = [value / 255 for value in _channels(colour)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return sum(w * s for w, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Compute the contrast of two colours, from 1 to 21."""
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def readable(colour: str, theme: str) -> str:
    """Move a colour towards black or white until text in it is readable on the theme's grounds."""
    grounds: Sequence[str] = GROUNDS[theme]
    end = 0 if theme == "light" else 255
    steps = 100
    shades = (
        "#" + "".join(f"{round(c + (end - c) * n / steps):02x}" for c in _channels(colour))
        for n in range(steps + 1)
    )
    return next(s for s in shades if min(contrast(s, ground) for ground in grounds) >= CONTRAST)
