"""Maps of a layer's activations: PCA, t-SNE, cluster quality.

The method is the paper's: activations of the last convolutional layer, PCA to 600
dimensions, t-SNE with perplexity 20, learning rate 100 and 5,000 iterations.

Source: Clark, Abbott and Chung (2021), Figure 3 and Appendix K; van der Maaten and Hinton (2008),
https://jmlr.org/papers/v9/vandermaaten08a.html; openTSNE: Poličar, Stražar and Zupan (2024),
https://doi.org/10.18637/jss.v109.i03.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm

from gevb.data import Split
from gevb.errors import InputError, check_number, check_whole
from gevb.networks import Network
from gevb.seeds import check_seed, stream

EXAGGERATED = 250  # iterations of early exaggeration, the first of all iterations

# -------------------------------------------------------------------------------- activations


def last_convolutional(network: Network) -> int:
    """Return the number l of the last convolutional or locally connected layer, counted from 1.

    Raises:
        InputError: the network has none.
    """
    spatial = [l for l, units in enumerate(network.hidden_units, start=1) if len(units) == 3]
    if not spatial:
        raise InputError("layer: got a fully connected network, wanted one with convolutions")
    return spatial[-1]


@torch.no_grad()
def activations(
    network: Network, split: Split, layer: int, order: Int[Tensor, " N"] | None = None
) -> Float[np.ndarray, "N features"]:
    r"""Compute the activations :math:`\mathbf a^\ell` of a hidden layer that the next one receives.

    They are gated, then pooled, with all K components of all units in a row; float32, computed in
    batches. The last convolutional layer of the CIFAR-10 networks has no pooling, so its gated
    output is used (Appendix K).

    Args:
        network: network, used on its device.
        split: images, on the same device.
        layer: l, counted from 1.
        order: indices of the wanted images; all if None.

    Raises:
        InputError: no such hidden layer.
    """
    hidden = len(network.hidden_units)
    if not 1 <= layer <= hidden:
        raise InputError(f"layer: got {layer}, wanted 1 to {hidden}, the number of hidden layers")
    if order is None:
        order = torch.arange(len(split), device=split.x.device)

    def some(index: Int[Tensor, " B"]) -> Float[Tensor, "B features"]:
        return network.trace(split.x[index].to(network.dtype)).inputs[layer].flatten(1).float()

    result = np.empty((len(order), some(order[:1]).shape[1]), np.float32)
    # Small batches: in the first layer of the CIFAR-10 networks an image has 1.3 million numbers.
    for start in range(0, len(order), 32):
        result[start : start + 32] = some(order[start : start + 32]).cpu().numpy()
    return result


# --------------------------------------------------------------------------------------- maps


@dataclass(frozen=True)
class Settings:
    """Settings of a map of given activations; the defaults are the paper's (Appendix K).

    Attributes:
        layer: hidden layer l, counted from 1; None for the last convolutional one.
        points: images in the map, chosen at random; None for all.
        dimensions: largest number that PCA keeps.
        perplexity: effective number of neighbours of a point.
        learning_rate: of the gradient descent on the coordinates.
        iterations: total number; the first 250 with early exaggeration.
        seed: of the choice of images, of PCA and of t-SNE.

    Raises:
        InputError: a number out of range.
    """

    layer: int | None = None
    points: int | None = None
    dimensions: int = 600
    perplexity: float | int = 20
    learning_rate: float | int = 100
    iterations: int = 5000
    seed: int = 0

    def __post_init__(self) -> None:
        minima = {"dimensions": 2, "iterations": EXAGGERATED + 1, "layer": 1, "points": 2}
        for name, minimum in minima.items():
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, check_whole(name, value, minimum))
        object.__setattr__(self, "seed", check_seed(self.seed))
        check_number("perplexity", self.perplexity, 1)
        check_number("learning_rate", self.learning_rate, above=True)


@dataclass(frozen=True, eq=False)
class Map:
    """A layer's activations in the plane.

    Attributes:
        xy: coordinates of the images, in random order.
        labels: their classes.
        count: images of the map; a record keeps the coordinates of only the first 2,000.
        layer: l, counted from 1.
        features: number of values in an image's activations.
        quality: cluster quality in the plane, of all images.
        quality_pca: the same after PCA, before t-SNE.
    """

    xy: Float[np.ndarray, "N 2"]
    labels: Int[np.ndarray, " N"]
    count: int
    layer: int
    features: int
    quality: float
    quality_pca: float


def principal_components(
    features: Float[np.ndarray, "N features"], dimensions: int, seed: int = 0
) -> Float[np.ndarray, "N dimensions"]:
    """Project on the directions of largest variance, at most `dimensions` of them.

    It overwrites `features` to avoid a copy.
    """
    from sklearn.decomposition import PCA

    # For large data scikit-learn chooses randomized SVD. 6,000 x 10,240 numbers to 600 take 9.5 s
    # on one thread, proportional to N. IncrementalPCA in batches of 1,000 does not need all
    # activations (2 GB of float32 for CIFAR-10) at once, but takes 78 s, in float64, and keeps
    # 0.5 % less variance, because every batch is cut to 600 dimensions. Without all activations in
    # memory, it would also pass all images through the network a second time.
    pca = PCA(min(dimensions, *features.shape), copy=False, random_state=seed)
    return pca.fit_transform(features)


def tsne(
    features: Float[np.ndarray, "N features"],
    settings: Settings,
    progress: bool = True,
    report: Callable[[float, float], object] = lambda share, divergence: None,
) -> Float[np.ndarray, "N 2"]:
    """Place points in the plane by t-SNE (van der Maaten and Hinton 2008), through openTSNE.

    It starts from the first two principal components, scaled to a standard deviation of 1e-4. The
    same input gives the same map on one machine with the same number of threads
    (`torch.get_num_threads()`); rounding on another machine leads to another map.

    Args:
        features: one row for each point.
        settings: perplexity, learning rate, iterations, seed.
        progress: show a bar on standard error.
        report: called every ten iterations with the share done and the KL divergence, which is
            larger during early exaggeration; an exception from it ends the descent.

    Raises:
        InputError: openTSNE is missing, too few points for the perplexity, or features that are
            not finite.
    """
    try:
        from openTSNE import TSNE
    except ImportError as error:
        raise InputError("t-SNE wants openTSNE: pip install openTSNE") from error
    if len(features) < 3 * settings.perplexity + 1:
        raise InputError(
            f"perplexity {settings.perplexity:g}: got {len(features)} points, "
            f"wanted at least {math.ceil(3 * settings.perplexity) + 1}"
        )
    if not np.isfinite(features).all():
        raise InputError("t-SNE: got features that are not finite, wanted numbers")
    with tqdm(total=settings.iterations, unit="iteration", disable=not progress) as bar:
        every = done = 10

        def advance(iteration: int, error: float, xy: object) -> None:
            nonlocal done
            bar.set_description(f"t-SNE, KL divergence {error:.3f}", refresh=False)
            bar.update(every)
            report(done / settings.iterations, error)
            done += every

        method = TSNE(
            perplexity=settings.perplexity,
            learning_rate=settings.learning_rate,
            early_exaggeration_iter=EXAGGERATED,
            n_iter=settings.iterations - EXAGGERATED,
            initialization="pca",
            callbacks=advance,
            callbacks_every_iters=every,
            n_jobs=torch.get_num_threads(),
            random_state=settings.seed,
        )
        return np.asarray(method.fit(features))


def cluster_quality(
    points: Float[np.ndarray, "N dimensions"], labels: Int[np.ndarray, "..."]
) -> float:
    r"""Average the classes' RMS pairwise distances, divided by that of all points (Figure 3).

    .. math::

        q = \frac 1C \sum_{c=1}^C \frac{d_c}{d}, \qquad
        d^2 = \frac 1{n(n-1)} \sum_{i \ne j} |\mathbf x_i - \mathbf x_j|^2
        = \frac{2n}{n-1} \sum_k \operatorname{Var}(x_k),

    d over all points, :math:`d_c` over those of class c. The last form needs no pairs. q is 1 if
    the labels are unrelated to the points' positions, 0 if every class is a single position.

    Raises:
        InputError: another number of labels, fewer than two classes, a class with a single point,
            points that are not finite, or all at one position.
    """
    if labels.shape != points.shape[:1]:
        raise InputError(
            f"labels: got shape {labels.shape}, wanted one label for each of {len(points)} points"
        )
    classes, sizes = np.unique(labels, return_counts=True)
    if len(classes) < 2:
        raise InputError(f"labels: got {len(classes)} classes, wanted at least 2")
    if sizes.min() < 2:
        raise InputError(
            f"labels: got a single point of class {classes[sizes.argmin()]}, wanted at least 2"
        )
    whole = _rms_distance(points)
    if not 0 < whole < math.inf:
        raise InputError(f"points: got an RMS distance of {whole}, wanted a number above 0")
    within = [_rms_distance(points[labels == c]) for c in classes]
    return float(np.mean(within)) / whole


def _rms_distance(points: Float[np.ndarray, "n dimensions"]) -> float:
    """Compute the root mean square distance of two different points."""
    n = len(points)
    return math.sqrt(2 * n / (n - 1) * float(points.var(axis=0, dtype=np.float64).sum()))


def embed(
    network: Network,
    split: Split,
    settings: Settings | None = None,
    progress: bool = True,
    report: Callable[[float, float], object] = lambda share, divergence: None,
) -> Map:
    """Compute activations of one layer over a split, PCA, t-SNE and cluster qualities.

    `progress` and `report` are those of `tsne`.

    Raises:
        InputError: see `activations`, `tsne` and `cluster_quality`; or more points than images.
    """
    settings = settings or Settings()
    layer = last_convolutional(network) if settings.layer is None else settings.layer
    count = len(split) if settings.points is None else settings.points
    if not 2 <= count <= len(split):
        raise InputError(f"points: got {count}, wanted 2 to {len(split)}, the number of images")
    order = torch.randperm(len(split), generator=stream(settings.seed, "points"))[:count]
    order = order.to(split.y.device)
    labels = split.y[order].cpu().numpy()
    raw = activations(network, split, layer, order)
    features = raw.shape[1]
    reduced = principal_components(raw, settings.dimensions, settings.seed)
    del raw
    quality_pca = cluster_quality(reduced, labels)
    xy = tsne(reduced, settings, progress, report)
    return Map(xy, labels, count, layer, features, cluster_quality(xy, labels), quality_pca)
