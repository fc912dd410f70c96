"""The widget of the chapter on limits and meaning. It needs a kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from gevb.companion.widget import labelled


def broadcast_explorer(
    error: Callable[[str, int, int, int], float], broadcasts: Sequence[str]
) -> widgets.VBox:
    """Choose what is broadcast, the components, the depth and a seed; train and see the error.

    Args:
        error: trains a network and gives its test error in per cent, for the name of a broadcast,
            the number of components, of hidden layers, and the seed.
        broadcasts: the names.
    """
    broadcast = widgets.Dropdown(options=list(broadcasts))
    components = widgets.IntSlider(value=10, min=1, max=20)
    depth = widgets.IntSlider(value=2, min=1, max=6)
    seed = widgets.IntSlider(value=0, min=0, max=9)
    start = widgets.Button(description="Train", button_style="primary")
    says = widgets.HTML()
    lines: list[str] = []

    def on_start(_: widgets.Button) -> None:
        start.disabled = True
        try:
            chosen = (broadcast.value, components.value, depth.value, seed.value)
            lines.append(
                f"{chosen[0]}, K = {chosen[1]}, {chosen[2]} hidden layers, seed {chosen[3]}: "
                f"test error <b>{error(*chosen):.1f} %</b>"
            )
            says.value = "<br>".join(lines)
        finally:
            start.disabled = False

    start.on_click(on_start)
    choices = {
        "broadcast": broadcast,
        "components K": components,
        "hidden layers": depth,
        "seed": seed,
    }
    return widgets.VBox([*labelled(choices), start, says])
