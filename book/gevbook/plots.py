"""Building blocks of figures: colours, panels, curves, buttons, sliders, layout."""

from __future__ import annotations

import os
import textwrap
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
from IPython.display import Markdown, display
from numpy.typing import NDArray
from plotly.basedatatypes import BaseTraceType
from plotly.io.base_renderers import ExternalRenderer, MimetypeRenderer
from plotly.io.json import to_json_plotly
from plotly.offline import get_plotlyjs_version
from plotly.subplots import make_subplots

from gevb.lab.records import Record
from gevb.training import Evaluation

# Colours of the learning rules, from the palette of Okabe and Ito.
COLOURS = {"bp": "#0072B2", "fa": "#CC79A7", "dfa": "#E69F00", "gevb": "#009E73"}
#: Measured or active, beside grey; and wrong, beside grey for right. No rule has these colours, nor
#: those of signs.
MARKED, WRONG = "#7F8F1F", "#DD4444"
#: Negative and positive numbers, as in the playground.
NEGATIVE, POSITIVE = "#8C76E0", "#D9622B"
NEUTRAL = "#868B94"
PALE = "rgba(134, 139, 148, 0.35)"  # the neutral grey, transparent
NAMES = {"bp": "BP", "fa": "FA", "dfa": "DFA", "gevb": "GEVB"}
DASHES = ("solid", "dash", "dot", "dashdot")
#: Fill of bars, beside a plain one of the same colour.
HATCHED = {"shape": "/", "fillmode": "overlay", "fgcolor": "#FFFFFF"}
#: Marker that ends a line as an arrow.
ARROW = {"symbol": "arrow", "angleref": "previous"}
#: Axis without numbers.
HIDDEN = {"visible": False, "fixedrange": True}


class _Caption(ExternalRenderer):  # type: ignore[misc]
    """Renderer that shows the caption given to `finished` below a figure."""

    def render(self, fig_dict: Mapping[str, Any]) -> None:
        """Show the caption; plotly calls this after showing the figure."""
        if caption := (fig_dict["layout"].get("meta") or {}).get("caption"):
            display(Markdown(caption))


class _InFrame(MimetypeRenderer):  # type: ignore[misc]
    """HTML for a front end that gives each output a new frame, such as Colab.

    Plotly's own fragment calls its script at once, too early in a page that has already loaded, as
    a widget's. This one calls it after it has loaded.
    """

    def to_mimebundle(self, fig_dict: Mapping[str, Any]) -> dict[str, str]:
        """Return plotly's output for a figure."""
        place, figure = f"figure-{uuid.uuid4()}", to_json_plotly(fig_dict)
        address = f"https://cdn.plot.ly/plotly-{get_plotlyjs_version()}.min.js"
        return {
            "text/html": f"""<div id="{place}"></div>
<script>
(() => {{
  const figure = {figure};
  const draw = () => Plotly.newPlot("{place}", {{ ...figure, config: {{ responsive: true }} }});
  if (window.Plotly) return draw();
  const script = document.createElement("script");
  Object.assign(script, {{ src: "{address}", onload: draw }});
  document.head.append(script);
}})();
</script>"""
        }


def in_colab() -> bool:
    """Check if Colab's own page shows the notebook; its machines serve other pages too."""
    return "COLAB_NOTEBOOK_ID" in os.environ


def use_notebook_renderer() -> None:
    """Show figures as plain JSON, which the book and Jupyter draw and diffs can read.

    Colab is shown HTML. Each figure has its caption below it, in Markdown.
    """
    pio.renderers["caption"], pio.renderers["in_frame"] = _Caption(), _InFrame()
    pio.renderers.default = f"{'in_frame' if in_colab() else 'plotly_mimetype'}+caption"
    pio.templates.default = "none"


def short(values: Any, digits: int = 3) -> NDArray[np.float32]:
    """Round numbers to a number of decimals, in half the bytes; None becomes a gap."""
    return np.asarray(values, dtype=float).round(digits).astype("float32")


Places = Sequence[Any] | NDArray[Any]
"""Horizontal and vertical coordinates."""


def strokes(*paths: Sequence[Sequence[float | int]]) -> Places:
    """Join polylines into one line with gaps."""
    return [
        [value for path in paths for value in (*(point[n] for point in path), None)] for n in (0, 1)
    ]


def dots(
    at: Places, colour: Any, name: str | None = None, says: str | None = None, **look: Any
) -> go.Scatter:
    """Draw points, in the legend if they have a name; without text they have no tooltip."""
    x, y = at
    return go.Scatter(
        x=x, y=y, mode="markers", marker={"color": colour, **look}, **_named(name, says)
    )


def line(
    at: Places,
    colour: Any,
    name: str | None = None,
    says: str | None = None,
    marker: Mapping[str, object] | None = None,
    **look: Any,
) -> go.Scatter:
    """Draw a line, like `dots`, with points if there is a marker."""
    x, y = at
    mode = "lines" if marker is None else "lines+markers"
    look["color"] = colour
    return go.Scatter(x=x, y=y, mode=mode, line=look, marker=marker, **_named(name, says))


def area(
    x: Sequence[float | int], low: Sequence[float | int], high: Sequence[float | int], colour: str
) -> go.Scatter:
    """Fill the area between two lines."""
    return go.Scatter(
        x=[*x, *reversed(x)],
        y=short([*high, *reversed(low)]),
        mode="lines",
        line_width=0,
        fill="toself",
        fillcolor=colour,
        opacity=0.16,
        **_named(None, None),
    )


def key(name: str, colour: Any, symbol: str = "square", **look: Any) -> go.Scatter:
    """Make a legend entry for several traces together, or for one that is sometimes empty."""
    return dots(([None], [None]), colour, name, symbol=symbol, **{"size": 12, **look}).update(
        meta="key"
    )


def _named(name: str | None, says: str | None) -> dict[str, object]:
    touched = {"hovertemplate": says} if says else {"hoverinfo": "skip"}
    return {"name": name, "showlegend": name is not None, **touched}


def panels(
    titles: Sequence[str], rows: int = 1, shared: bool | str = True, **how: Any
) -> go.Figure:
    """Arrange axes side by side in rows, each with a title; on one vertical scale if shared.

    Titles break at a phone's width; the gap between rows depends on a row's height.
    """
    columns = -(-len(titles) // rows)
    letters = max(8, int((_PHONE - _BESIDE) / columns / 7))  # of a title, in its larger font
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=["<br>".join(textwrap.wrap(title, letters)) for title in titles],
        shared_yaxes=shared,
        **{"horizontal_spacing": 0.05 if shared else 0.12, "vertical_spacing": 0.4 / rows, **how},
    )
    return figure.update_annotations(font_size=14)


def square(figure: go.Figure, **both: object) -> None:
    """Give panels for planes one scale on both axes, and the same look."""
    for x, y in zip(figure.select_xaxes(), figure.select_yaxes(), strict=True):
        x.update(constrain="domain", **both)
        y.update(constrain="domain", scaleanchor=y.anchor, **both)


# -------------------------------------------------------------------------------------- curves


@dataclass(frozen=True)
class Curve:
    """Values along a horizontal axis, in one panel of a chart or in several.

    Attributes:
        name: in the legend, where curves of one name and owner share an entry; "" for no entry.
        values: horizontal and vertical coordinates, by the title of the panel.
        colour: of the line. Without a dash of their own, the curves of one owner and colour are
            solid, dashed, dotted, ... by name.
        look: dash and width of the line; None for points without a line.
        marker: of the points; None for a line without.
        owner: its button shows the curve, see `switch`; None for all buttons.
        note: text before a value.
        says: tooltip of its points, if not that of `chart`.
        band: lowest and highest values, drawn as an area, by the title of the panel.
        bars: extent of a bar below and above each point, by the title of the panel.
    """

    name: str
    values: Mapping[str, Places]
    colour: str
    look: Mapping[str, object] | None = field(default_factory=dict)
    marker: Mapping[str, object] | None = field(default_factory=lambda: {"size": 5})
    owner: str | None = None
    note: str = ""
    says: str = ""
    band: Mapping[str, Places] = field(default_factory=dict)
    bars: Mapping[str, Places] = field(default_factory=dict)

    @property
    def end(self) -> float | int:
        """Last position on the horizontal axis, the latest of all panels."""
        return max(x[-1] for x, _ in self.values.values() if len(x))

    @classmethod
    def of(cls, name: str, record: Record, measures: Measures, **more: Any) -> Curve:
        """Make a curve of the measures of a record's evaluations, in the colour of its rule."""
        history = record.history
        epochs = [evaluation.epoch for evaluation in history]
        values = {title: (epochs, list(map(value, history))) for title, value in measures.items()}
        return cls(name, values, COLOURS[record.config.rule], **more)

    def traces(self, title: str, says: str, dash: str) -> list[go.Scatter]:
        """Make the traces of one panel.

        Args:
            title: of the panel.
            says: tooltip of a point.
            dash: of a line without a dash of its own.
        """
        x, y = self.values[title]
        at, says = (list(x), short(y)), self.note + (self.says or says)
        if self.look is None:
            trace = dots(at, self.colour, self.name, says, **(self.marker or {}))
        else:
            look = {"dash": dash, **self.look}
            trace = line(at, self.colour, self.name, says, self.marker, **look)
        if title in self.bars:
            below, above = map(short, self.bars[title])
            sizes = {"array": above, "arrayminus": below, "symmetric": False}
            trace.error_y = {"type": "data", "thickness": 1, **sizes}
        if title in self.band:
            low, high = self.band[title]
            return [area(x, low, high, self.colour), trace]
        return [trace]


Measures = Mapping[str, Callable[[Evaluation], float | None]]
"""Values of an evaluation to plot, by the title of their panel."""
ERRORS: Measures = {"test": lambda e: e.test_error, "training": lambda e: e.train_error}
#: Tooltips in `chart` for values over training: in percent, in degrees, without a unit.
PERCENT, DEGREES, PLAIN = (f"%{{y:.3~r}}{unit} after %{{x}} epochs" for unit in (" %", "°", ""))


def angles_of(layers: int, title: str) -> Measures:
    """Make measures of each hidden layer's angle; None if a network has fewer layers."""

    def angle(l: int, evaluation: Evaluation) -> float | None:
        return evaluation.angles[l] if l < len(evaluation.angles) else None

    return {f"{title} {l + 1}": partial(angle, l) for l in range(layers)}


def chart(
    curves: Sequence[Curve],
    x: str,
    y: str,
    says: str,
    titles: Sequence[str] | None = None,
    rows: int = 1,
    shared: bool = True,
    layouts: Mapping[str, Mapping[str, object]] | None = None,
    **how: Any,
) -> go.Figure:
    """Draw curves in a panel for each title, with buttons if there are owners.

    Set the axes afterwards, on the figure. `ends` puts the ends of the curves into words:

    >>> cost = Curve("GEVB", {"conv": ([2, 10], [20, 81]), "fc": ([2, 10], [9, 40])}, "green",
    ...     band={"fc": ([8, 38], [10, 42])})
    >>> figure = chart([cost], "components K", "cost (%)", "%{y} % with %{x} components")
    >>> figure = figure.update_yaxes(rangemode="tozero")
    >>> ends([cost], " %", along="K =")
    'GEVB: conv 20 to 81 %, fc 9 to 40 %'

    Args:
        curves: to draw, foreground last.
        x: title of the horizontal axis.
        y: title of the vertical axis.
        says: tooltip of a point, with %{x} and %{y} in it.
        titles: of the panels, by default those of the curves.
        rows: of panels.
        shared: all panels use one vertical scale.
        layouts: see `switch`.
        how: other arguments of `panels`.
    """
    titles = titles or list(dict.fromkeys(title for curve in curves for title in curve.values))
    figure = panels(titles, rows=rows, shared="all" if shared else False, **how)
    named: set[str] = set()
    alike: dict[tuple[str | None, str], dict[str, str]] = {}
    owners: list[str | None] = []
    for curve in curves:
        group = " ".join(filter(None, (curve.owner, curve.name)))
        dashes = alike.setdefault((curve.owner, curve.colour), {})
        dash = dashes.setdefault(curve.name, DASHES[len(dashes) % len(DASHES)])
        for title in curve.values:
            traces = curve.traces(title, says, dash)
            traces[-1].showlegend = bool(curve.name) and group not in named
            named.add(group)
            row, column = divmod(titles.index(title), -(-len(titles) // rows))
            for trace in traces:
                figure.add_trace(trace.update(legendgroup=group), row=1 + row, col=1 + column)
                owners.append(curve.owner)
    figure.update_xaxes(title=x, row=rows)
    figure.update_yaxes(title=y, col=1)
    if any(owners):
        switch(figure, owners, layouts=layouts)
    return figure


def ends(curves: Sequence[Curve], unit: str, along: str | None = "epoch") -> str:
    """Describe the first and last values of curves in words.

    Args:
        curves: see `chart`.
        unit: of the values.
        along: quantity named for a curve that ends before others of its owner; None to leave it
            out.
    """
    said, owner = [], None
    last: dict[str | None, float | int] = {}
    for curve in curves:
        last[curve.owner] = max(last.get(curve.owner, 0), curve.end)
    for curve in curves:
        if curve.owner != owner:
            owner = curve.owner
            said.append(f"{owner}:")
        parts = [
            f"{title} {three_digits(values[0])} to {three_digits(values[-1])}{unit}".strip()
            for title, (_, values) in curve.values.items()
            if len(values)
        ]
        until = f" (to {along} {curve.end})" if along and curve.end < last[owner] else ""
        said.append(f"{curve.note}{curve.name}{until}: {', '.join(parts)};")
    return " ".join(said).removesuffix(";")


def three_digits(value: float | int | None) -> str:
    """Format a value with three digits."""
    return "none" if value is None else f"{float(f'{value:.3g}'):g}"


# ------------------------------------------------------------------------------------- choices


def switch(
    figure: go.Figure,
    owners: Sequence[str | None],
    start: str | None = None,
    layouts: Mapping[str, Mapping[str, object]] | None = None,
) -> None:
    """Make a button for each owner, which shows its traces; none if there is only one owner.

    Args:
        figure: with all traces.
        owners: of its traces, in their order; traces of None are always shown.
        start: owner shown first, by default the first.
        layouts: other changes of the layout for an owner.
    """
    names = [name for name in dict.fromkeys(owners) if name is not None]
    start, layouts = start or names[0], layouts or {}
    for trace, owner in zip(figure.data, owners, strict=True):
        trace.visible = owner in (None, start)
    figure.update_layout(**layouts.get(start, {}))
    if len(names) == 1:
        return
    buttons = [
        {
            "label": name,
            "method": "update",
            "args": [{"visible": [o in (None, name) for o in owners]}, layouts.get(name, {})],
        }
        for name in names
    ]
    figure.update_layout(updatemenus=[_menu(buttons, names.index(start))])


def frames(
    figure: go.Figure,
    views: Mapping[str, Sequence[BaseTraceType]],
    prefix: str | None = None,
    start: str | None = None,
    places: Sequence[int] | None = None,
    layouts: Mapping[str, Mapping[str, object]] | None = None,
) -> None:
    """Add traces that change, and a slider that goes from view to view if there are several.

    Args:
        figure: to add them to.
        views: by name, the traces of each view; all have equally many.
        prefix: text of the slider before the name; without one there is a menu instead.
        start: view shown first, by default the first.
        places: panel of each trace, counted from 1; by default all are in the first.
        layouts: other changes of the layout for a view.
    """
    names, layouts = list(views), layouts or {}
    start, before = start or names[0], len(figure.data)
    figure.add_traces(views[start])
    moving = list(range(before, len(figure.data)))
    for n, panel in zip(moving, places or [1] * len(moving), strict=True):
        if panel > 1:
            figure.data[n].update(xaxis=f"x{panel}", yaxis=f"y{panel}")
    figure.update_layout(**layouts.get(start, {}))
    if len(names) == 1:
        return
    figure.frames = [
        go.Frame(name=name, data=traces, traces=moving, layout=layouts.get(name))
        for name, traces in views.items()
    ]
    jump = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}}
    steps = [{"label": name, "method": "animate", "args": [[name], jump]} for name in names]
    active = names.index(start)
    if prefix is None:
        figure.update_layout(updatemenus=[_menu(steps, active)])
        return
    slider = {"steps": steps, "active": active, "currentvalue": {"prefix": prefix}}
    figure.update_layout(sliders=[{**slider, **_ABOVE, "pad": {"t": 5, "b": 45}}])


# Position above the figure and its titles, as in the book. Plotly reserves the space.
_ABOVE = {"y": 1, "yanchor": "bottom"}


def _menu(choices: Sequence[Mapping[str, object]], active: int) -> dict[str, object]:
    """Make a row of buttons, or a menu if they do not fit."""
    wide = sum(len(str(choice["label"])) for choice in choices) > 60
    return {
        "type": "dropdown" if wide else "buttons",
        "direction": "down" if wide else "right",
        "buttons": list(choices),
        "active": active,
        "x": 0.5,
        "xanchor": "center",
        "pad": {"b": 25},
        **_ABOVE,
    }


# -------------------------------------------------------------------------------------- layout

# In pixels: a line of text and a letter; a figure on a phone and in the book, and its width
# outside the panels; the sign of an entry in a legend.
_LINE, _LETTER, _PHONE, _BOOK, _BESIDE, _SIGN = 19, 6.2, 340, 700, 65, 46


def finished(
    figure: go.Figure,
    alt: str,
    caption: str,
    height: int,
    narrow: int | None = None,
    **layout: object,
) -> go.Figure:
    """Give the figure the book's layout, with a legend under the axes.

    Args:
        figure: with all traces.
        alt: description in words.
        caption: what to look for, in Markdown; shown below it.
        height: of the panels, in pixels.
        narrow: the same on a phone, where the book also reserves space for a longer legend.
        layout: other options.
    """
    figure.update_layout(**layout)
    figure.update_xaxes(title_standoff=12, ticklabelstandoff=2)
    figure.update_yaxes(title_standoff=10, ticklabelstandoff=4, automargin=True)
    titles = [note.text for note in figure.layout.annotations if note.yref == "paper"]
    top = 13 + _LINE * _lines(titles) if titles else 15
    below = _below_axes(figure)

    def sizes(panels: int, width: int) -> dict[str, Any]:
        bottom = below + _legend(figure, width)
        return {
            "height": panels + top + bottom,
            "margin": {"l": 10, "r": 15, "t": top, "b": bottom},
        }

    wide, phone = sizes(height, _BOOK), sizes(narrow or height, _PHONE)
    return figure.update_layout(
        template="none",
        **wide,
        legend={
            "orientation": "h",
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
            "tracegroupgap": 0,
        },
        meta={"alt": alt, "caption": caption, **({"narrow": phone} if phone != wide else {})},
    )


def _lines(texts: Sequence[str]) -> int:
    """Count the lines of the longest text."""
    return max((1 + text.count("<br>") for text in texts), default=1)


def _below_axes(figure: go.Figure) -> int:
    """Compute the pixels for the numbers or names at the horizontal axes, and for their titles."""
    axes = [axis for axis in figure.select_xaxes() if axis.visible is not False]
    named = any(axis.showticklabels is not False for axis in axes)
    titled = any(axis.title.text for axis in axes)
    lines = _lines(_categories(figure, "x"))
    return 10 + (5 + _LINE * lines) * named + (12 + _LINE) * titled


def _legend(figure: go.Figure, width: int) -> int:
    """Compute the pixels for the longest legend of all choices, in a figure of this width."""
    if len(figure.data) == 1 or figure.layout.showlegend is False:
        return 0
    choices = [
        button.args[0]["visible"]
        for menu in figure.layout.updatemenus
        for button in menu.buttons
        if button.method == "update"
    ]
    choices = choices or [[trace.visible is not False for trace in figure.data]]
    return max(_rows(figure, width, shown) for shown in choices)


def _rows(figure: go.Figure, width: int, shown: Sequence[bool]) -> int:
    """Compute the pixels for the entries of the visible traces."""
    names = [
        trace.name
        for trace, there in zip(figure.data, shown, strict=True)
        if trace.name and trace.showlegend is not False and there
    ]
    if not names:
        return 0
    beside = [len(line) for y in _categories(figure, "y") for line in y.split("<br>")]
    room = width - max(_BESIDE, _LETTER * max(beside, default=0) + 20)
    each = figure.layout.legend.entrywidth
    wide = [_SIGN + (each or _LETTER * len(name)) for name in names]
    if any(trace.legendgroup for trace in figure.data):  # plotly fills row by row
        rows, taken = 1, 0.0
        for entry in wide:
            rows, taken = (rows, taken + entry) if taken + entry <= room else (rows + 1, entry)
    else:  # one row, or columns as wide as the widest entry
        columns = len(wide) if sum(wide) < room else max(1, room // max(wide))
        rows = -(-len(wide) // int(columns))
    return 5 + _LINE * rows


def _categories(figure: go.Figure, axis: str) -> list[str]:
    """List the names that replace numbers."""
    traces = (trace[axis] for trace in figure.data if trace[axis] is not None)
    return [value for values in traces for value in values if isinstance(value, str)]
