r"""Toy data sets in the plane, three classes each, with decisions that can be drawn.

They are of type `gevb.Dataset`. "Images" have one row and two pixels, the two coordinates, within
[-1, 1]. The playground makes the same points from the same seed.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gevb.data import Dataset, Split
from gevb.errors import check_choice
from gevb.seeds import stream

CLASSES = 3
#: Points of the training set, and of the test set.
POINTS = 300
#: Toy data sets, and the standard deviation of the noise in each coordinate.
NOISE = {"spirals": 0.03, "rings": 0.05, "clouds": 0.15}


def toy(name: str, seed: int = 0) -> Dataset:
    r"""Make one of the toy data sets.

    With a uniform number :math:`u` for each point and the class :math:`k = 0, 1, 2`,

    * "spirals": radius :math:`0.1 + 0.8 u`, angle :math:`2\pi (k / 3 + 0.6 u)`;
    * "rings": radius :math:`0.1 + 0.35 k`, angle :math:`2\pi u`;
    * "clouds": radius 0.5, angle :math:`2\pi k / 3`.

    Normal noise is added, and coordinates outside [-1, 1] are clamped. Training and test points
    alternate, and so do the classes.

    Raises:
        InputError: unknown name, or a negative seed.
    """
    check_choice("toy data set", name, NOISE)
    generator = stream(seed, "points")
    n = 2 * POINTS
    u = torch.rand(n, generator=generator, dtype=torch.float64)
    noise = torch.randn(n, 2, generator=generator, dtype=torch.float64)
    y = torch.arange(n) // 2 % CLASSES
    radius, angle = _polar(name, u, y)
    x = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1) + NOISE[name] * noise
    x = x.clamp(-1, 1).float().view(n, 1, 1, 2)
    return Dataset(name, Split(x[0::2], y[0::2], CLASSES), Split(x[1::2], y[1::2], CLASSES))


def _polar(
    name: str, u: Float[Tensor, " N"], y: Int[Tensor, " N"]
) -> tuple[Float[Tensor, " N"], Float[Tensor, " N"]]:
    """Compute radius and angle of every point, without noise."""
    if name == "rings":
        return 0.1 + 0.35 * y.double(), 2 * math.pi * u
    turns = y.double() / CLASSES
    if name == "spirals":
        return 0.1 + 0.8 * u, 2 * math.pi * (turns + 0.6 * u)
    return torch.full_like(u, 0.5), 2 * math.pi * turns
