"""Exercises of the chapter on alignment."""

from __future__ import annotations

import math

from gevbook.answers import Number

_RATIO = math.pi - 1  # (sigma_w / mu_w)^2 of ON/OFF weights
_TAN = math.tan(math.radians(5)) ** 2

check_uniform_weights = Number(
    asks="Angle of the last hidden layer with output weights uniform on [0, 1], in degrees.",
    right=30.0,
    because="Uniform weights have mean 1/2 and variance 1/12, so r = 1/√3, at any width. "
    "They are better aligned than ON/OFF weights, half of which are zero.",
    slips={
        math.degrees(math.atan(math.sqrt(_RATIO))): "That is the angle for ON/OFF weights, "
        "half of which are zero. Take mean and variance of the uniform distribution.",
        0.0: "That is the limit of the layers further down, which average over many weights. "
        "δ̂ of the last hidden layer is one output weight, and nothing is averaged.",
        math.pi / 6: "That is the angle in radians; wanted in degrees.",
        math.degrees(math.atan(1 / 3)): "tan θ is the standard deviation over the mean, "
        "not the variance over the squared mean: take the root.",
        math.degrees(math.acos(1 / math.sqrt(3))): "You took r for the cosine. It is the "
        "tangent: cos θ = 1 / √(1 + r²).",
    },
    otherwise="In the last hidden layer δ̂ is the output weight itself: r is the ratio of "
    "standard deviation and mean of the uniform distribution, and θ = arctan r.",
    tolerance=0.005,
)

check_width_for_five_degrees = Number(
    asks="Width of the last hidden layer at which the layer before it starts below 5 degrees.",
    right=2 * math.pi * _RATIO / _TAN,
    because="r² = (2/n) (π − 1) π, where the last factor is 1 + r² of the last hidden layer, "
    "whose r stays at √(π − 1).",
    slips={
        2 * _RATIO / _TAN: "You left out √(1 + r²) of the layer above. In the last hidden "
        "layer r is √(π − 1), which is not small.",
        math.pi * _RATIO / _TAN: "You left out the gates: half of the n units are closed, "
        "hence the factor 2/n.",
        2 * math.pi * math.sqrt(_RATIO) / _TAN: "The squared r holds the squared ratio of the "
        "weights, π − 1.",
        2 * math.pi * _RATIO / 25: "Angles are in degrees, r is tan θ: square tan(5 degrees).",
    },
    otherwise="Set r of Eq. 15 to tan(5 degrees) and solve for n, with r = √(π − 1) in the "
    "layer above.",
    tolerance=0.01,
)

check_without_gates = Number(
    asks="Factor by which r changes if all gates are open, below the last hidden layer.",
    right=1 / math.sqrt(2),
    because="Without gates n terms are summed instead of n/2: the mean doubles, the standard "
    "deviation grows by √2.",
    slips={
        0.5: "The mean doubles, but the standard deviation grows as well, by √2.",
        1.0: "With gates, half of the terms are missing. A sum of n/2 terms varies more, in "
        "relation to its mean, than a sum of n.",
        math.sqrt(2): "That is the factor from open gates to half-closed ones.",
        2.0: "More terms average better, so r gets smaller.",
    },
    otherwise="Go through A9 and A13 with all gates at 1: how often does each sum contain a "
    "weight?",
)
