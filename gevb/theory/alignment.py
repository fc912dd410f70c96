"""Alignment of GEVB's updates with the gradient: relative standard deviation and width.

Source: Clark, Abbott and Chung (2021), Section 4, Appendices E and F. `on_off_recursion` is not in
the paper: it is the counterpart of Eq. 15 for paired ON/OFF weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from gevb.errors import InputError

ON_OFF_RATIO = math.sqrt(math.pi - 1)
r"""Ratio :math:`\sigma_w / \mu_w = \sqrt{\pi - 1}` of an ON/OFF matrix, zeros included."""


def relative_std(dhat: Float[Tensor, "*batch n"]) -> Float[Tensor, "*batch"]:
    r"""Divide the standard deviation over the units of a layer by the mean (Eq. A5).

    The result is :math:`r = \sigma_{\hat\delta} / \mu_{\hat\delta}`; nan if all of
    :math:`\hat\delta` is zero.
    """
    return dhat.std(-1, correction=0) / dhat.mean(-1)


def angle(r: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    r"""Convert r to the alignment angle in degrees, :math:`\theta = \arctan r` (Eq. A8)."""
    return r.atan().rad2deg()


def width_recursion(
    widths: Sequence[int], ratio: float | Sequence[float] = ON_OFF_RATIO
) -> Float[Tensor, " hidden"]:
    r"""Compute the relative standard deviation r of the hidden layers, first to last (Eq. 15, A14).

    .. math::

        r^\ell = \sqrt{\frac 2{n_{\ell+1}}}\; \frac{\sigma_w}{\mu_w}\; \sqrt{1 + (r^{\ell+1})^2},
        \qquad r^{L-1} = \frac{\sigma_w}{\mu_w}.

    Args:
        widths: units of the hidden layers, :math:`n_1` to :math:`n_{L-1}`.
        ratio: :math:`\sigma_w / \mu_w` of the weights that leave each hidden layer, or one for all.

    Raises:
        InputError: no width, one below 1, or a number of ratios other than one or one per layer.
    """
    _check(widths)
    ratios = [ratio] * len(widths) if isinstance(ratio, int | float) else list(ratio)
    if len(ratios) != len(widths):
        raise InputError(f"ratio: got {len(ratios)} values, wanted one or {len(widths)}")
    r = [ratios[-1]]
    for n, above in zip(reversed(widths[1:]), reversed(ratios[:-1]), strict=True):
        r.append(math.sqrt(2 / n) * above * math.sqrt(1 + r[-1] ** 2))
    return torch.tensor(r[::-1], dtype=torch.float64)


def on_off_recursion(widths: Sequence[int]) -> Float[Tensor, " hidden"]:
    r"""Compute the relative standard deviation r of hidden layers for ON/OFF pairs, first to last.

    Let n be the units of the layer above, with feedback scaled to mean 1, v the mean of its
    squares and p the mean of the products ON times OFF. Then

    .. math::

        r^2 = \tfrac 2n \big((\pi - 1) v - p\big), \qquad
        v' = 1 + r^2, \qquad
        p' = 1 + \tfrac 2n \big((\pi - 1) p - v\big),

    where :math:`v', p'` belong to the layer itself. The last hidden layer has :math:`v = \pi` and
    :math:`p = 0`, because one unit of each pair has no weight there.

    Args:
        widths: units of the hidden layers, :math:`n_1` to :math:`n_{L-1}`.

    Raises:
        InputError: no width, or one below 1.
    """
    _check(widths)
    v, p = math.pi, 0.0
    r = [ON_OFF_RATIO]
    for n in reversed(widths[1:]):
        square = 2 / n * ((math.pi - 1) * v - p)
        v, p = 1 + square, 1 + 2 / n * ((math.pi - 1) * p - v)
        r.append(math.sqrt(square))
    return torch.tensor(r[::-1], dtype=torch.float64)


def draw_feedback(
    widths: Sequence[int], generator: torch.Generator, *, paired: bool
) -> list[Float[Tensor, " n"]]:
    r"""Draw the feedback :math:`\hat\delta` of all hidden layers, with random weights (Eq. 13).

    The list goes from first to last layer. Weights are positive parts of normal numbers, and a
    gate is open with probability 1/2. Each :math:`\hat\delta^\ell` is scaled to mean 1 unless zero.

    Args:
        widths: units of the hidden layers, :math:`n_1` to :math:`n_{L-1}`.
        generator: source of the weights and gates.
        paired: ON/OFF weights and gates shared by a pair; otherwise all are independent.

    Raises:
        InputError: no width, one below 1, or (paired) an odd one.
    """
    return list(feedback_downwards(widths, generator, paired=paired))[::-1]


def feedback_downwards(
    widths: Sequence[int], generator: torch.Generator, *, paired: bool
) -> Iterator[Float[Tensor, " n"]]:
    """Yield the layers of `draw_feedback` one by one, from the last to the first."""
    _check(widths)
    odd = [n for n in widths if n % 2]
    if paired and odd:
        raise InputError(f"widths: got {odd[0]}, wanted even numbers for ON/OFF pairs")

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    dhat = _scaled(_in_pairs(normal(widths[-1] // 2)) if paired else normal(widths[-1]).relu_())
    yield dhat
    for n in reversed(widths[:-1]):
        if paired:
            on, off = dhat[0::2], dhat[1::2]
            is_open = torch.rand(len(on), generator=generator) < 0.5
            on, off = on[is_open], off[is_open]
            W = normal(len(on), n // 2)
            difference = (on - off) @ W
            total = (on + off) @ W.abs_()
            below = torch.stack([total + difference, total - difference], 1).flatten() / 2
        else:
            is_open = torch.rand(len(dhat), generator=generator) < 0.5
            below = dhat[is_open] @ normal(int(is_open.sum()), n).relu_()
        dhat = _scaled(below)
        yield dhat


def _in_pairs(w: Float[Tensor, " half"]) -> Float[Tensor, " n"]:
    """Put positive and negative parts next to each other."""
    return torch.stack([w.relu(), (-w).relu()], 1).flatten()


def _scaled(dhat: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    mean = dhat.mean()
    return dhat / mean if mean > 0 else dhat


def _check(widths: Sequence[int]) -> None:
    if not widths or min(widths) < 1:
        raise InputError(f"widths: got {list(widths)}, wanted at least one, each at least 1")
