"""The widget of the chapter on convolutions. It needs a kernel."""

from __future__ import annotations

import ipywidgets as widgets
from IPython.display import display

from gevb.data import Split
from gevb.layers import Conv2d, contract
from gevb.networks import Network
from gevb.rules import GEVB
from gevb.theory.convolutions import position_updates
from gevbook.convolutions.figures import kernel_sum
from gevbook.widget import labelled


def kernel_explorer(network: Network, split: Split) -> widgets.VBox:
    """Choose an image, a sending and a receiving channel; see the kernel's update add up.

    Args:
        network: its second layer is a convolution, with as many positions as units below.
        split: the images to choose from.
    """
    layer = network.layers[1].weights
    assert isinstance(layer, Conv2d)
    rule = GEVB(network)
    number = widgets.BoundedIntText(value=0, min=0, max=len(split) - 1)
    sender = widgets.IntSlider(value=0, min=0, max=layer.in_units[0] - 1)
    receiver = widgets.IntSlider(value=0, min=0, max=layer.out_units[0] - 1)
    shown = widgets.Output()

    def draw(_: object = None) -> None:
        x = split.x[number.value : number.value + 1].to(layer.weight.dtype)
        y = split.y[number.value : number.value + 1]
        trace = network.trace(x)
        e, _ = network.readout(rule.loss(trace.logits, y)[1])
        signal = contract(trace.inputs[1], e)[0]
        mask = trace.gates[1][0].to(signal.dtype)
        terms = position_updates(layer, signal, mask)
        j, i = sender.value, receiver.value
        figure = kernel_sum(x[0, 0], signal[j], mask[i], terms[:, :, i, j])
        shown.clear_output(wait=True)
        with shown:
            display(figure)

    choices = {"image": number, "sending channel": sender, "receiving channel": receiver}
    for choice in choices.values():
        choice.observe(draw, "value")
    button = widgets.Button(description="Draw", button_style="primary")
    button.on_click(draw)
    return widgets.VBox([*labelled(choices), button, shown])
