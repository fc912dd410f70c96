"""Analysis: how well a rule's updates point along the gradient.

Source: Clark, Abbott and Chung (2021), Section 4, Appendices E and F.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Num
from torch import Tensor

from gevb.rules import BP, Rule


@torch.no_grad()
def alignment_angles(
    rule: Rule, x: Float[Tensor, "B *input"], y: Num[Tensor, "..."]
) -> Float[Tensor, " hidden"]:
    r"""Mean angle in degrees between a rule's feedback and back-propagation's, per hidden layer.

    For GEVB this is, per example and without the gates (Eq. A4),

    .. math::

        \cos\theta^\ell = \frac{\hat\delta^\ell \cdot \mathbf 1}{|\hat\delta^\ell|\,|\mathbf 1|}.

    Examples with :math:`|\hat\delta^\ell| < 10^{-6}` in back-propagation, taken for the loss of
    that example alone, are left out; a layer in which none remains gets nan.

    Raises:
        InputError: images of another shape, or labels that do not fit the network.
    """
    # The mean over the batch put a factor 1 / B into dL/dlogits, conventional networks' feedback.
    examples = 1 if rule.network.vectorized else len(x)
    gradient = BP(rule.network, rule.loss).feedbacks(x, y)
    angles = [
        _mean_angle(ours.flatten(1), examples * dhat.flatten(1))
        for ours, dhat in zip(rule.feedbacks(x, y), gradient, strict=True)
    ]
    return torch.stack(angles) if angles else x.new_empty(0)


def _mean_angle(u: Float[Tensor, "B n"], v: Float[Tensor, "B n"]) -> Float[Tensor, ""]:
    norm_u, norm_v = u.norm(dim=1), v.norm(dim=1)
    cosine = ((u * v).sum(1) / (norm_u * norm_v)).clamp(-1, 1)
    kept = norm_v >= 1e-6  # Not an index: only the device knows how many there are.
    return (torch.where(kept, cosine.acos(), 0).sum() / kept.sum()).rad2deg()
