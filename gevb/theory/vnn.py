"""Vector input units: a first layer over scalars, written over vector units (Eq. A1).

Source: Clark, Abbott and Chung (2021), Section 3.1, Appendix B.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from gevb.errors import InputError
from gevb.layers import Linear


def vector_input_units(x: Float[Tensor, "B n_0"], K: int) -> Float[Tensor, "B K K*n_0"]:
    r"""Put :math:`n_0` scalar inputs into :math:`K n_0` vector units, one in each (Eq. A1).

    Unit :math:`i = \nu n_0 + j` holds :math:`x_j` in component :math:`\nu`, and zeros elsewhere:
    :math:`a_{i\mu}^0 = \delta_{\mu\nu}\, x_j`.

    Raises:
        InputError: K is below 1.
    """
    if K < 1:
        raise InputError(f"K: got {K}, wanted at least 1 component")
    return torch.einsum("km,bj->bkmj", torch.eye(K).to(x), x).flatten(2)


def shared_first_layer(first: Linear) -> Linear:
    r"""Build the layer over `vector_input_units` that equals a first layer over scalars (Eq. A1).

    The weight from unit :math:`i = \nu n_0 + j` equals that from scalar j to component :math:`\nu`.

    Raises:
        InputError: not a first layer.
    """
    if not first.first:
        raise InputError("layer: got one that shares its weights already, wanted a first layer")
    layer = Linear(first.K, first.K * first.in_units[0], first.out_units[0], output=first.output)
    layer.to(first.weight)
    with torch.no_grad():
        layer.weight.copy_(first.unit_view().movedim(0, 1).flatten(1))
        layer.bias.copy_(first.bias)
    return layer
