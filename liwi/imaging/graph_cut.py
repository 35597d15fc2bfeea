"""Minimum cut with an evidence map of one's own, by way of OpenCV's GrabCut.

`cv2.grabCut` takes its evidence from colour mixtures alone. Here the evidence travels as the third channel of the picture it sees, and its
two mixtures are frozen to one Gaussian each along that channel, with equal variances: the difference of their log-likelihoods is then
linear in the channel, which is any map we like. The first two channels guide the contour to the picture's edges (Boykov and Jolly 2001).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

SURE_BACKGROUND, SURE_OBJECT, OPEN = 0, 1, 3
"""Labels of `cut`: decided beforehand, or left to it."""

EVIDENCE_LIMIT = 6.0
"""Evidence is clipped to this many nats either way."""

_SWING = 24.0  # largest excursion of the evidence channel: small, because the channel also (weakly) guides the contour
_OFFSET = 10.0  # half the distance between the frozen means
_WIDE = 1e6  # variance of a channel that is no evidence


def contour_guide(image: UInt8) -> UInt8:
    """(h, w, 3) uint8 sRGB -> (h, w, 2) uint8: lightness and warmth, whose edges attract the contour."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.int16)
    warmth = np.clip(lab[..., 1] + lab[..., 2] - 128, 0, 255)
    return np.dstack([lab[..., 0], warmth]).astype(np.uint8)


def cut(guide: UInt8, evidence: Float32, labels: UInt8, smoothness: float) -> NDArray[np.bool_]:
    """The object that agrees best with ``evidence``, ``labels`` and the edges of ``guide``.

    Args:
        guide: (h, w, 2) uint8, see `contour_guide`.
        evidence: (h, w) float32, log-likelihood ratio in nats, above 0 where it speaks for the object.
        labels: (h, w) uint8 of `SURE_BACKGROUND`, `SURE_OBJECT` and `OPEN`.
        smoothness: price of the contour; 1 is GrabCut's own.

    Returns:
        (h, w) bool.
    """
    swing = np.clip(np.rint(evidence * (_SWING / EVIDENCE_LIMIT)), -_SWING, _SWING)
    picture = np.dstack([guide, (128 + swing).astype(np.uint8)])
    variance = 2 * _OFFSET * _SWING / EVIDENCE_LIMIT * smoothness
    decided = labels.copy()
    background, foreground = _frozen_mixture(128 - _OFFSET, variance), _frozen_mixture(128 + _OFFSET, variance)
    cv2.grabCut(picture, decided, None, background, foreground, 1, cv2.GC_EVAL_FREEZE_MODEL)
    return (decided & 1).astype(bool)


def _frozen_mixture(mean: float, variance: float) -> NDArray[np.float64]:
    """OpenCV's layout of five Gaussians: weights (5), means (5, 3), covariances (5, 3, 3); only the first has any weight."""
    mixture = np.zeros((1, 65))
    mixture[0, 0] = 1
    mixture[0, 5:8] = (128, 128, mean)
    mixture[0, 20:29] = np.diag([_WIDE, _WIDE, variance]).ravel()
    return mixture
