"""A simulated GPU: tensors on cuda with shape, type and device, but without numbers.

It uses PyTorch's fake tensors. Reading a number, as `int(y.min())` does, for which a GPU would
make the processor wait, raises an error; so does mixing devices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from gevb.data import Dataset, Split
from gevb.datasets import DATASETS
from gevb.training import Config, Trainer

CUDA = torch.device("cuda")


class _Mode(FakeTensorMode):
    def __deepcopy__(self, memo: dict[int, Any]) -> _Mode:
        return self  # FA copies layers, whose parameters refer to their mode.


def _moved(self: nn.Module, move: Callable[[Tensor], Tensor]) -> nn.Module:
    """Do the same as `.to`; PyTorch's own way fails on fake parameters."""
    for module in self.modules():
        for name, parameter in module._parameters.items():
            assert parameter is not None
            module._parameters[name] = nn.Parameter(move(parameter.detach()))
        module._buffers.update(
            {name: move(t) for name, t in module._buffers.items() if t is not None}
        )
    return self


@contextmanager
def fake_gpu() -> Iterator[None]:
    """Make tensors inside the context fake, on every device."""
    with patch.object(nn.Module, "_apply", _moved), _Mode():
        yield


def fake_trainer(config: Config) -> Trainer:
    """Make a trainer on the fake GPU, with two batches for training and two for testing."""
    facts = DATASETS[config.dataset]

    def split() -> Split:
        made = object.__new__(Split)  # Its labels cannot be read.
        x = torch.zeros(config.batch_size + 29, *facts.image_shape, device=CUDA)
        y = torch.zeros(len(x), dtype=torch.long, device=CUDA)
        vars(made).update(x=x, y=y, classes=facts.classes)
        return made

    return Trainer(config, Dataset(config.dataset, split(), split()), CUDA)


_NO_KERNEL = {"empty", "empty_like", "empty_strided", "new_empty", "_unsafe_view"}


class Launches(TorchDispatchMode):
    """Counter of a GPU's work: kernels, and the bytes that they read and write.

    Every operation is a kernel, except views and empty tensors; `F.pad` fills and copies;
    `F.unfold` loops over examples; a convolution's gradient needs one kernel per result tensor.
    Kernels inside libraries (splitting sums, changing layouts) are left out. A view that repeats
    its entries counts them once.

    Attributes:
        launches, bytes: counts so far.
        elsewhere: operations with a result outside the GPU.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.launches = self.bytes = 0
        self.elsewhere: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Do one operation and count it."""
        result = func(*args, **(kwargs or {}))
        made = _tensors(result)
        name = func.overloadpacket.__name__
        if any(tensor.device.type != "cuda" for tensor in made):
            self.elsewhere.append(name)
        if func.namespace == "aten" and not (func.is_view or name in _NO_KERNEL):
            self.launches += {
                "im2col": len(args[0]) if name == "im2col" else 1,
                "constant_pad_nd": 2,
                "convolution_backward": len(made),
            }.get(name, 1)
            self.bytes += sum(map(_size, [*made, *_tensors(args)]))
        return result


def _size(tensor: Tensor) -> int:
    """Compute its bytes in memory."""
    return min(tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes())


def _tensors(of: Any) -> list[Tensor]:
    """Yield the tensors in nested lists and tuples."""
    if isinstance(of, Tensor):
        return [of]
    return [t for part in of for t in _tensors(part)] if isinstance(of, list | tuple) else []
