"""Plotly figures of the book. One colour per learning rule, safe for colour-blind readers.

Background and text colours are left to the page. `layout.meta.alt` describes each figure in words.
"""

from gevb.figures.common import COLOURS, NAMES, NEUTRAL, use_notebook_renderer
from gevb.figures.feedback import what_units_hear
from gevb.figures.training import learning_curves, sign_match

__all__ = [
    "COLOURS",
    "NAMES",
    "NEUTRAL",
    "learning_curves",
    "sign_match",
    "use_notebook_renderer",
    "what_units_hear",
]
