"""The widget of the chapter on limits and meaning. It needs a kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from gevbook.widget import Job, Report, Work, labelled


def broadcast_explorer(
    error: Callable[[str, int, int, int, Report], float], broadcasts: Sequence[str]
) -> widgets.VBox:
    """Choose the broadcast, the components, the depth and a seed; train and show the error.

    Args:
        error: trains a network and returns its test error in percent, for the name of a broadcast,
            the number of components, of hidden layers, and the seed. It regularly calls its last
            argument with the share that is done and a message.
        broadcasts: the names.
    """
    broadcast = widgets.Dropdown(options=list(broadcasts))
    components = widgets.IntSlider(value=10, min=1, max=20)
    depth = widgets.IntSlider(value=2, min=1, max=6)
    seed = widgets.IntSlider(value=0, min=0, max=9)
    results = widgets.HTML()
    lines: list[str] = []

    def plan() -> Job:
        chosen = (broadcast.value, components.value, depth.value, seed.value)
        name = f"{chosen[0]}, K = {chosen[1]}, {chosen[2]} hidden layers, seed {chosen[3]}"
        return lambda report: f"{name}: test error <b>{error(*chosen, report):.1f} %</b>"

    def show(line: str) -> str:
        lines.append(line)
        results.value = "<br>".join(lines)
        return ""

    choices = {
        "broadcast": broadcast,
        "components K": components,
        "hidden layers": depth,
        "seed": seed,
    }
    return widgets.VBox([*labelled(choices), Work("Train", plan, show).box, results])
