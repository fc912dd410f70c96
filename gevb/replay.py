"""A training step as a CUDA graph: launched as a whole, and not kernel by kernel.

A step of a small network takes a GPU less time than it takes the processor to ask for its
kernels one by one. A graph holds a step's memory for itself, beside what other steps take. Not
yet run on a GPU: the tests replay steps on the processor, by a stand-in.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

#: Takes note of all that an action does to tensors, and gives what does it again to the same ones.
Capture = Callable[[Callable[[], None]], Callable[[], None]]

WARM_UP = 3  # calls, in which libraries and the optimizer make what they keep


def cuda_graph(action: Callable[[], None]) -> Callable[[], None]:
    """Capture by a CUDA graph; nothing is done before it is replayed."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        action()
    return graph.replay


class Replayed:
    """A training step that is captured once and replayed from then on.

    The first calls, and batches of another length than usual, are done as ever.

    Args:
        step: learns from the examples of an index, and gives their loss. It must not wait for the
            device, and has to find whatever it changes in the same place every time.
        length: of the usual index.
        capture: `cuda_graph`.
    """

    def __init__(
        self,
        step: Callable[[Int[Tensor, " B"]], Float[Tensor, ""]],
        length: int,
        capture: Capture,
    ) -> None:
        self.step, self.length, self.capture = step, length, capture
        self.calls = 0
        self.replay: Callable[[], None] | None = None

    def __call__(self, index: Int[Tensor, " B"]) -> Float[Tensor, ""]:
        """The step; its loss is overwritten by the next one."""
        if len(index) != self.length or self.calls < WARM_UP:
            self.calls += len(index) == self.length
            return self.step(index)
        if self.replay is None:
            self.index = index.clone()
            self.replay = self.capture(self._step)
        self.index.copy_(index)
        self.replay()
        return self.loss

    def _step(self) -> None:
        self.loss = self.step(self.index)
