"""One body part per pixel, from what a segmentation network thinks of each (paper 2, section 3.1.3).

The network answers at its own coarse size and softly. Here every pixel of the figure gets exactly one class: unsure pixels along a
contour go to the side of the line art that they lie on, and specks go to what surrounds them. Nothing here knows which network it was.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.masks import parts_with
from liwi.seethrough.body_parts import CoarseBodyPart

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Labels = NDArray[np.int16]
Mask = NDArray[np.bool_]

NOTHING = -1
"""Label of a pixel outside the figure."""

LEAST_PROBABILITY = 0.2
"""A class that no pixel reaches this with is not there."""

_SURE_MARGIN = 0.25
"""Lead of the best class over the second from which on a pixel's class is not asked again."""

_BAND = 0.006
"""Half width of the band along contours in which unsure pixels follow the line art, as a share of the long side."""

_SPECK = 1e-4
"""Area up to which an island is a speck, as a share of the figure."""

_STRAY, _STRAY_SHARE = 1.5e-3, 0.04
"""The same for an island that is also a small share of its class's largest: a network unsure of a picture strews such."""

_SMALL_SPECK = 2e-5
"""The same for classes that are small by nature."""

_SMALL = frozenset(
    part.class_index
    for part in (CoarseBodyPart.EYES, CoarseBodyPart.EYEWEAR, CoarseBodyPart.EARWEAR, CoarseBodyPart.NOSE, CoarseBodyPart.MOUTH)
)


def label_pixels(probabilities: Float32, rgba: UInt8) -> Labels:
    """Give every pixel of a figure one class.

    Args:
        probabilities: (19, h, w) float32 in [0, 1], as `liwi.protocols.PartSegmenter` answers.
        rgba: (h, w, 4) uint8, straight alpha, the figure.

    Returns:
        (h, w) int16: class index of `CoarseBodyPart`; `NOTHING` where alpha is 0, and everywhere if no class is likely anywhere.
    """
    figure = rgba[..., 3] > 0
    there = probabilities.reshape(len(probabilities), -1).max(axis=1) >= LEAST_PROBABILITY
    if not figure.any() or not there.any():
        return np.full(figure.shape, NOTHING, np.int16)
    likely = np.where(there[:, None, None], probabilities, -1)
    labels = likely.argmax(axis=0).astype(np.int16)
    best = likely.max(axis=0)
    np.put_along_axis(likely, labels[None].astype(np.intp), -1, axis=0)
    sure = best - likely.max(axis=0) >= _SURE_MARGIN
    labels = _follow_lines(labels, sure, figure, rgba[..., :3])
    labels[~figure] = NOTHING
    return _without_specks(labels, figure)


def nearest_labels(labels: Labels, known: Mask) -> Labels:
    """Every pixel with the label of the nearest known one: (h, w). At least one pixel must be known."""
    _, regions = cv2.distanceTransformWithLabels((~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    table = np.zeros(int(regions.max()) + 1, labels.dtype)
    table[regions[known]] = labels[known]
    return table[regions]


def _follow_lines(labels: Labels, sure: Mask, figure: Mask, rgb: UInt8) -> Labels:
    """Unsure pixels near a contour between two classes: flooded from the sure ones, so that contours meet where the picture has edges."""
    radius = max(2, round(_BAND * max(labels.shape)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    plane = labels + 1
    contour = (cv2.dilate(plane, np.ones((3, 3), np.uint8)) != cv2.erode(plane, np.ones((3, 3), np.uint8))) & figure
    band = (cv2.dilate(contour.astype(np.uint8), kernel) > 0) & figure & ~sure
    for index in np.unique(labels[band]):  # a piece of which nothing is sure, such as a small mouth, would drown
        member = labels == index
        band &= parts_with(member, member & ~band) | ~member
    if not band.any():
        return labels
    markers = np.where(band, 0, plane).astype(np.int32)
    markers[~figure] = len(CoarseBodyPart) + 1
    cv2.watershed(np.ascontiguousarray(rgb), markers)
    flooded = band & (markers > 0) & (markers <= len(CoarseBodyPart))
    return np.where(flooded, markers - 1, labels).astype(np.int16)


def _without_specks(labels: Labels, figure: Mask) -> Labels:
    """Islands too small to be a part become what is nearest to them."""
    area = int(figure.sum())
    kept = np.zeros(labels.shape, bool)
    for index in np.unique(labels[figure]):
        _, parts, stats, _ = cv2.connectedComponentsWithStats((labels == index).astype(np.uint8), connectivity=8)
        sizes = stats[:, cv2.CC_STAT_AREA]
        least = area * _SMALL_SPECK if index in _SMALL else max(area * _SPECK, min(area * _STRAY, _STRAY_SHARE * sizes[1:].max()))
        large = sizes >= least
        large[0] = False
        kept |= large[parts]
    if not kept.any():
        return labels
    result = nearest_labels(labels, kept)
    result[~figure] = NOTHING
    return result
