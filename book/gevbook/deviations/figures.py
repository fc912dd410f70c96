"""Effects of the differences from the paper, in one picture."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from gevb.datasets import DATASETS
from gevbook.deviations import variants
from gevbook.plots import COLOURS, NAMES, NEUTRAL, dots, finished, key, short


def effects(titles: Mapping[str, str]) -> go.Figure:
    """Plot the other choice's test error minus ours with its 95 % interval, a row a rule.

    Args:
        titles: row titles, by the names of recorded comparisons.
    """
    figure, said, rules = go.Figure(), [], set()
    for name, title in titles.items():
        dataset = DATASETS[variants.read_comparison(name)["dataset"]].title
        for rule, difference in variants.differences(name).items():
            x, (low, high) = difference.estimate, difference.interval
            row = f"{title},<br>{dataset}, {NAMES[rule]}"
            trace = dots(
                (short([x]), [row]), COLOURS[rule], says="%{x:+.2f} points<extra></extra>", size=9
            )
            bar = {"type": "data", "symmetric": False, "color": COLOURS[rule]}
            trace.error_x = {**bar, "array": short([high - x]), "arrayminus": short([x - low])}
            figure.add_trace(trace)
            rules.add(rule)
            said.append((low <= 0 <= high, f"{row}: {x:+.2f} ({low:+.2f} to {high:+.2f})"))
    figure.add_traces([key(NAMES[r], COLOURS[r], "circle", size=9) for r in NAMES if r in rules])
    figure.add_vline(x=0, line={"color": NEUTRAL, "dash": "dot"})
    figure.update_xaxes(title="other minus ours (points)")
    figure.update_yaxes(autorange="reversed", ticksuffix=" ")
    within = sum(contains for contains, _ in said)
    return finished(
        figure,
        alt="Differences in test error with 95 % intervals, in points. "
        + "; ".join(text for _, text in said).replace("<br>", " ")
        + ".",
        caption="Test error with the other choice minus test error with ours, mean over the seeds "
        f"and 95 % interval. {within} of {len(said)} intervals contain zero (dotted).",
        height=20 + 42 * len(said),
    )
