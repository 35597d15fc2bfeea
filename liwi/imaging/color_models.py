"""What the colours say: near neighbours in the surroundings, and mixtures of Gaussians for object and background.

Two views that err differently. The mixtures (GrabCut's) know a few colours and no place. The neighbours know every colour of the
surroundings and where it was seen: a pixel that looks like the ring beside it is background, however rare its colour is elsewhere.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

_COMPONENTS = 5  # of each mixture; OpenCV's fixed number


def describe_pixels(image: UInt8, span: float, place_weight: float) -> Float32:
    """Every pixel as a point whose distances mean something.

    Args:
        image: (h, w, 3) uint8, sRGB.
        span: length that counts as one, in pixels (the long side of the box).
        place_weight: how far apart, in units of Lab, two pixels of one colour are that lie ``span`` apart.

    Returns:
        (h, w, 5) float32: L, a, b (slightly smoothed, 0..100 and about -100..100), x, y.
    """
    smooth = cv2.GaussianBlur(image, (0, 0), 0.8).astype(np.float32) / 255
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32) * np.float32(place_weight / span)
    return np.dstack([cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB), x, y])


def neighbour_distance(points: Float32, samples: Float32, count: int) -> Float32:
    """Mean distance of each of the (n, d) ``points`` to its ``count`` nearest of the (m, d) ``samples``: (n,) float32."""
    count = min(count, len(samples))
    distance = cKDTree(samples).query(points, k=count)[0]
    return (distance.mean(axis=1) if count > 1 else distance).astype(np.float32)


def fit_mixtures(
    image: UInt8, mask: Mask, open_area: Mask, seed: int, *, rounds: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64], Mask]:
    """Fit GrabCut's colour mixtures, with ``rounds`` cuts of its own to settle them.

    Args:
        image: (h, w, 3) uint8, any colour space.
        mask: (h, w) bool, the object as far as known, inside ``open_area``.
        open_area: (h, w) bool, where the cut may change its mind; background elsewhere.

    Returns:
        background and object mixture, each (1, 65) in OpenCV's layout, and GrabCut's own mask (h, w). Both sides
        of ``mask`` need at least 10 pixels.
    """
    cv2.setRNGSeed(seed)
    labels = np.where(mask, cv2.GC_PR_FGD, np.where(open_area, cv2.GC_PR_BGD, cv2.GC_BGD)).astype(np.uint8)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(image, labels, None, background, foreground, rounds, cv2.GC_INIT_WITH_MASK)
    return background, foreground, (labels & 1).astype(bool)


def mixture_log_likelihood(colors: NDArray[np.generic], mixture: NDArray[np.float64]) -> Float32:
    """Log-likelihood of (n, 3) ``colors`` under a (1, 65) mixture: (n,) float32."""
    row = mixture.ravel()
    values = colors.astype(np.float64)
    terms = []
    for component in range(_COMPONENTS):
        weight = row[component]
        if weight <= 0:
            continue
        mean = row[5 + 3 * component : 8 + 3 * component]
        covariance = row[20 + 9 * component : 29 + 9 * component].reshape(3, 3) + 2 * np.eye(3)  # +2: never sharper than noise
        centred = values - mean
        mahalanobis = ((centred @ np.linalg.inv(covariance)) * centred).sum(axis=1)
        terms.append(np.log(weight) - 0.5 * np.log(np.linalg.det(covariance)) - 0.5 * mahalanobis)
    return np.logaddexp.reduce(terms, axis=0).astype(np.float32)


def barrier_height(height_map: Float32, start: Mask, levels: int = 24) -> Float32:
    """The lowest barrier between each pixel and ``start``: how high every path must climb (minimum over paths of their maximum).

    Args:
        height_map: (h, w) float32, at least 0.
        start: (h, w) bool.
        levels: steps of the barrier that are told apart, in logarithms.

    Returns:
        (h, w) float32, at least ``height_map``, and higher where it is enclosed.
    """
    barrier = height_map.copy()
    waiting = ~start
    for level in np.linspace(0, float(np.log(height_map.max() + 1)), levels + 1)[1:]:
        limit = np.float32(np.exp(level) - 1)
        count, areas = cv2.connectedComponents(((height_map <= limit) | start).astype(np.uint8), connectivity=4)
        reached = np.zeros(count, bool)
        reached[np.unique(areas[start])] = True
        reached[0] = False
        waiting &= ~reached[areas]
        barrier[waiting] = np.maximum(barrier[waiting], limit)
        if not waiting.any():
            break
    return barrier
