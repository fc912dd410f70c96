"""Checks of the saved state of a network and its optimizer, before any of it is loaded.

PyTorch loads averages of any shape into an optimizer; fused Adam then reads and writes out of
bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from gevb.errors import InputError, check_names, shown


def check_tensors(name: str, got: object, wanted: Mapping[Any, Tensor]) -> None:
    """Refuse anything but a dictionary of finite tensors like the wanted ones.

    Raises:
        InputError: no dictionary, or a tensor is missing, not wanted, of another type, shape,
            layout or device, or has a number that is not finite.
    """

    def kind(tensor: Tensor) -> str:
        shape = ", ".join(map(str, tensor.shape))
        return f"{tensor.dtype} of shape ({shape}), {tensor.layout}, on {tensor.device}"

    check_names(name, got, wanted)
    assert isinstance(got, dict)
    for key, tensor in wanted.items():
        found = got[key]
        if not isinstance(found, Tensor):
            raise InputError(f"{name}: {key}: got {shown(found)}, wanted a tensor")
        if kind(found) != kind(tensor):
            raise InputError(f"{name}: {key}: got {kind(found)}, wanted {kind(tensor)}")
        if not found.isfinite().all():
            raise InputError(f"{name}: {key}: got numbers that are not finite")


def checked_averages(
    state: object, optimizer: torch.optim.Optimizer
) -> dict[int, dict[str, Tensor]]:
    """Copy the averages of an Adam's `state_dict` in the memory layout of the parameters.

    Raises:
        InputError: they are not those of the optimizer's parameters.
    """
    check_names("optimizer", state, ("state", "param_groups"))
    assert isinstance(state, dict)
    parameters, averages = optimizer.param_groups[0]["params"], state["state"]
    if averages == {}:  # before the first step
        return {}
    check_names("optimizer", averages, range(len(parameters)))
    checked = {}
    for number, parameter in enumerate(parameters):
        count = parameter.new_zeros((), dtype=torch.float32)
        wanted = {"step": count, "exp_avg": parameter, "exp_avg_sq": parameter}
        check_tensors(f"optimizer: parameter {number}", averages[number], wanted)
        checked[number] = {
            name: torch.empty_like(tensor).copy_(averages[number][name])
            for name, tensor in wanted.items()
        }
    return checked
