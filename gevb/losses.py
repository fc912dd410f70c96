r"""Losses: the mean over the batch, and the error vector that is broadcast.

A loss takes logits and labels. It returns the mean loss :math:`\mathcal L` and, for every
example, :math:`\mathbf e = \partial \mathcal L / \partial \mathbf a^L`, which includes the factor
1 / B of the mean.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Num
from torch import Tensor

from gevb.errors import InputError, as_tensor, shown

#: Function of logits and labels that returns the mean loss and the error vectors.
Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def check_labels(y: Num[Tensor, " B"], classes: int, wait: bool = True) -> None:
    """Refuse labels without an output component.

    Args:
        y: labels.
        classes: number of classes.
        wait: also check labels on a GPU, for which the processor has to wait.

    Raises:
        InputError: the labels are not whole numbers, or one is outside 0 .. classes - 1.
    """
    if y.is_floating_point() or y.is_complex() or y.dtype == torch.bool:
        raise InputError(f"labels: got {y.dtype}, wanted whole numbers")
    if y.numel() and (wait or y.device.type != "cuda"):
        low, high = torch.stack(y.aminmax()).tolist()
        if not 0 <= low <= high < classes:
            raise InputError(
                f"labels: got values from {low} to {high}, "
                f"wanted 0 to {classes - 1} for {classes} classes"
            )


def _targets(
    y: Num[Tensor, "..."], logits: Float[Tensor, "B classes"]
) -> Float[Tensor, "B classes"]:
    """Return targets unchanged, or labels as one-hot targets."""
    if logits.ndim != 2 or not logits.numel() or not logits.is_floating_point():
        raise InputError(f"logits: got {shown(logits)} of {logits.dtype}, wanted (B >= 1, classes)")
    if y.is_floating_point():
        if y.shape != logits.shape:
            raise InputError(
                f"targets: got shape {tuple(y.shape)}, wanted {tuple(logits.shape)}, "
                "or whole numbers as labels"
            )
        return y.to(logits.dtype)
    if y.shape != logits.shape[:1]:
        raise InputError(f"labels: got shape {tuple(y.shape)}, wanted ({len(logits)},)")
    check_labels(y, logits.shape[1], wait=False)  # On a GPU, scatter_ checks them.
    return torch.zeros_like(logits).scatter_(1, y.long()[:, None], 1)


def cross_entropy(
    logits: Float[Tensor, "B classes"], y: Num[Tensor, "..."]
) -> tuple[Float[Tensor, ""], Float[Tensor, "B classes"]]:
    r"""Compute the softmax cross-entropy and its error vector (Section 3.2).

    .. math::

        \mathcal L = -\frac 1B \sum_b \sum_\mu y_{b\mu} \log p_{b\mu}, \qquad
        e_{b\mu} = \frac{p_{b\mu} - y_{b\mu}}{B}.

    Args:
        logits: the network's output.
        y: labels of shape (B,), or one-hot targets of shape (B, classes).

    Raises:
        InputError: logits, labels or targets of another shape, or labels outside
            0 .. classes - 1; a GPU reports such labels by a CUDA error at a later call, to
            avoid waiting.
    """
    logits, y = as_tensor("logits", logits), as_tensor("labels", y)
    target = _targets(y, logits)
    log_p = logits.log_softmax(1)
    # Count only the label's class: log p of another class may be minus infinity.
    counted = log_p if y.is_floating_point() else log_p.masked_fill(target == 0, 0)
    return -(target * counted).sum() / len(logits), (log_p.exp() - target) / len(logits)


def mean_squared_error(
    logits: Float[Tensor, "B classes"], y: Num[Tensor, "..."]
) -> tuple[Float[Tensor, ""], Float[Tensor, "B classes"]]:
    r"""Compute half the squared distance to the target, and its error vector.

    .. math::

        \mathcal L = \frac 1{2B} \sum_b \sum_\mu (a_{b\mu}^L - y_{b\mu})^2, \qquad
        e_{b\mu} = \frac{a_{b\mu}^L - y_{b\mu}}{B}.

    Args:
        logits: the network's output.
        y: targets of shape (B, classes), or labels of shape (B,), used as one-hot targets.

    Raises:
        InputError: logits, labels or targets of another shape, or labels outside
            0 .. classes - 1 (on a GPU as in `cross_entropy`).
    """
    logits, y = as_tensor("logits", logits), as_tensor("labels", y)
    difference = logits - _targets(y, logits)
    return difference.square().sum() / (2 * len(logits)), difference / len(logits)
