"""Losses: the mean over the batch, and the error vector dL/da^L that is broadcast."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from gevb.errors import InputError

Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def check_labels(y: Int[Tensor, " B"], classes: int) -> None:
    """Refuse labels that no output component stands for.

    Raises:
        InputError: a label is outside 0 .. classes - 1.
    """
    if y.numel() and not 0 <= int(y.min()) <= int(y.max()) < classes:
        raise InputError(
            f"labels: got values from {int(y.min())} to {int(y.max())}, "
            f"wanted 0 to {classes - 1} for {classes} classes"
        )


def cross_entropy(
    logits: Float[Tensor, "B classes"], y: Int[Tensor, " B"]
) -> tuple[Float[Tensor, ""], Float[Tensor, "B classes"]]:
    """Softmax cross-entropy; error e_mu = (p_mu - y_mu) / B (Section 3.2).

    Raises:
        InputError: a label is outside 0 .. classes - 1.
    """
    check_labels(y, logits.shape[1])
    log_p = logits.log_softmax(1)
    target = F.one_hot(y.long(), logits.shape[1]).to(logits.dtype)
    loss = F.nll_loss(log_p, y.long())
    return loss, (log_p.exp() - target) / len(logits)


def mean_squared_error(
    logits: Float[Tensor, "B classes"], y: Float[Tensor, "B classes"] | Int[Tensor, " B"]
) -> tuple[Float[Tensor, ""], Float[Tensor, "B classes"]]:
    """Half the squared distance to the target; error e_mu = (a_mu^L - y_mu) / B.

    Integer labels stand for one-hot targets.

    Raises:
        InputError: a label is outside 0 .. classes - 1.
    """
    if not y.is_floating_point():
        check_labels(y, logits.shape[1])
        y = F.one_hot(y.long(), logits.shape[1])
    difference = logits - y.to(logits.dtype)
    return difference.square().sum() / (2 * len(logits)), difference / len(logits)
