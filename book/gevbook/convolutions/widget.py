"""The widget of the chapter on convolutions. It needs a kernel."""

from __future__ import annotations

import ipywidgets as widgets
import plotly.graph_objects as go

from gevb.data import Split
from gevb.layers import Conv2d, contract
from gevb.networks import Network
from gevb.rules import GEVB
from gevb.theory.convolutions import position_updates
from gevbook.convolutions.figures import kernel_sum
from gevbook.widget import explorer


def kernel_explorer(network: Network, split: Split) -> widgets.VBox:
    """Choose an image, a sending and a receiving channel; show the sum of the kernel's update.

    Args:
        network: its second layer is a convolution, with as many positions as units below.
        split: the images to choose from.
    """
    layer = network.layers[1].weights
    assert isinstance(layer, Conv2d)
    rule = GEVB(network)

    def draw(number: int, j: int, i: int) -> tuple[str, go.Figure]:
        x = split.x[number : number + 1].to(layer.weight.dtype)
        trace = network.trace(x)
        e, _ = network.readout(rule.loss(trace.logits, split.y[number : number + 1])[1])
        signal = contract(trace.inputs[1], e)[0]
        mask = trace.gates[1][0].to(signal.dtype)
        terms = position_updates(layer, signal, mask)
        return "", kernel_sum(x[0, 0], signal[j], mask[i], terms[:, :, i, j])

    choices = {
        "image": widgets.BoundedIntText(value=0, min=0, max=len(split) - 1),
        "sending channel": widgets.IntSlider(value=0, min=0, max=layer.in_units[0] - 1),
        "receiving channel": widgets.IntSlider(value=0, min=0, max=layer.out_units[0] - 1),
    }
    return explorer(choices, draw)
