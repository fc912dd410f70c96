"""Global error-vector broadcasting (GEVB) in vectorized nonnegative networks (VNNs).

A companion to Clark, Abbott and Chung, "Credit Assignment Through Broadcasting a Global Error
Vector", NeurIPS 2021, https://arxiv.org/abs/2106.04089. In use::

    network = gevb.build("digits", "fc", seed=0)
    rule = gevb.GEVB(network)
    loss = rule.backward(x, y)  # fills .grad, in place of loss.backward()
"""

from gevb.data import Dataset, Split, load
from gevb.errors import InputError
from gevb.initializers import he, on_off
from gevb.layers import AvgPool2d, Conv2d, Flatten, Gate, Linear, LocallyConnected2d
from gevb.losses import cross_entropy, mean_squared_error
from gevb.networks import ARCHITECTURES, FC, LC, Conv, Network, Pool, build
from gevb.rules import BP, DFA, FA, GEVB, Rule, alignment_angles, make_rule
from gevb.training import Config, Evaluation, Experiment, Trainer, evaluate, train_epoch
from gevb.version import __version__

__all__ = [
    "ARCHITECTURES",
    "BP",
    "DFA",
    "FA",
    "FC",
    "GEVB",
    "LC",
    "AvgPool2d",
    "Config",
    "Conv",
    "Conv2d",
    "Dataset",
    "Evaluation",
    "Experiment",
    "Flatten",
    "Gate",
    "InputError",
    "Linear",
    "LocallyConnected2d",
    "Network",
    "Pool",
    "Rule",
    "Split",
    "Trainer",
    "__version__",
    "alignment_angles",
    "build",
    "cross_entropy",
    "evaluate",
    "he",
    "load",
    "make_rule",
    "mean_squared_error",
    "on_off",
    "train_epoch",
]
