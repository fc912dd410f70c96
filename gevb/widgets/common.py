"""What the laboratories share."""

from __future__ import annotations

from collections.abc import Mapping

import ipywidgets as widgets


def labelled(choices: Mapping[str, widgets.Widget]) -> list[widgets.HBox]:
    """One row for each choice, with its name in front."""
    return [
        widgets.HBox([widgets.Label(name, layout={"width": "8em"}), choice])
        for name, choice in choices.items()
    ]
