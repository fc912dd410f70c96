"""What a valid state of a network and of its optimizer is, before any of it is loaded.

A checkpoint is a file, which may be damaged or made up. PyTorch loads averages of any shape into an
optimizer, and fused Adam then reads and writes beyond their end.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gevb.errors import InputError, check_names, shown
from gevb.networks import Network

# Of Adam, for every parameter.
_AVERAGES = ("exp_avg", "exp_avg_sq")


def check_tensor(name: str, got: object, wanted: Tensor) -> None:
    """Refuse what is not a tensor of finite numbers like the one that is wanted.

    Raises:
        InputError: no tensor, or one of another type, shape, layout or device, or with a number
            that is not finite.
    """

    def kind(tensor: Tensor) -> str:
        shape = ", ".join(map(str, tensor.shape))
        return f"{tensor.dtype} of shape ({shape}), {tensor.layout}, on {tensor.device}"

    if type(got) not in (Tensor, nn.Parameter):
        raise InputError(f"{name}: got {shown(got)}, wanted a tensor")
    assert isinstance(got, Tensor)
    if kind(got) != kind(wanted):
        raise InputError(f"{name}: got {kind(got)}, wanted {kind(wanted)}")
    if not got.isfinite().all():
        raise InputError(f"{name}: got numbers that are not finite")


def check_network(state: object, network: Network) -> None:
    """Refuse a `state_dict` that such a network, made from the same seed, cannot have.

    Raises:
        InputError: tensors that are missing, not wanted or of another kind, other gating vectors,
            or negative weights where there are none.
    """
    wanted = network.state_dict()
    check_names("network", state, wanted)
    assert isinstance(state, dict)
    for name, tensor in wanted.items():
        check_tensor(name, state[name], tensor)
    for name, t in network.named_buffers():
        if not torch.equal(state[name], t):
            raise InputError(f"{name}: got other gating vectors than the seed gives")
    for l, layer in enumerate(network.layers):
        name = f"layers.{l}.weights.weight"
        if layer.weights.nonnegative and (state[name] < 0).any():
            raise InputError(f"{name}: got negative weights, wanted none")


def check_optimizer(state: object, optimizer: torch.optim.Optimizer) -> None:
    """Refuse a `state_dict` that such an Adam, with the same options, cannot have.

    Raises:
        InputError: other options, or averages that are not those of the parameters.
    """
    fresh = optimizer.state_dict()
    check_names("optimizer", state, fresh)
    assert isinstance(state, dict)
    groups, averages = state["param_groups"], state["state"]
    if not isinstance(groups, list) or [type(group) for group in groups] != [dict]:
        raise InputError(f"optimizer: got groups {shown(groups)}, wanted one")
    for name, wanted in fresh["param_groups"][0].items():
        # Another version of PyTorch may not know an option; whether it captures is ours to say.
        got = groups[0].get(name, wanted)
        if name != "capturable" and (type(got) is not type(wanted) or got != wanted):
            raise InputError(f"optimizer: {name}: got {shown(got)}, wanted {shown(wanted)}")
    parameters = optimizer.param_groups[0]["params"]
    if averages != {}:  # Before the first step there are none.
        check_names("optimizer", averages, range(len(parameters)))
    for number, found in averages.items():
        name, parameter = f"optimizer: parameter {number}", parameters[number]
        check_names(name, found, ("step", *_AVERAGES))
        check_tensor(f"{name}: step", found["step"], parameter.new_zeros((), dtype=torch.float32))
        for average in _AVERAGES:
            check_tensor(f"{name}: {average}", found[average], parameter)
        if (found["exp_avg_sq"] < 0).any():
            raise InputError(f"{name}: got a negative mean of squares")


def check_steps(state: dict[str, Any], optimizer: torch.optim.Optimizer, steps: int) -> None:
    """Refuse a checked state of an optimizer that took another number of steps.

    Raises:
        InputError: it did.
    """
    counted = [found["step"].item() for found in state["state"].values()]
    wanted = [float(steps)] * len(optimizer.param_groups[0]["params"]) if steps else []
    if counted != wanted:
        raise InputError(f"optimizer: got {shown(counted)} steps, wanted {steps} of each parameter")


def copied(state: dict[str, Any], optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """A checked state for the optimizer to keep: its own options, and tensors of its own."""
    averages = {
        number: {name: t.clone(memory_format=torch.contiguous_format) for name, t in found.items()}
        for number, found in state["state"].items()
    }
    return {"state": averages, "param_groups": optimizer.state_dict()["param_groups"]}
