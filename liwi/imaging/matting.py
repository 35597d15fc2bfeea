"""Binary decision -> soft alpha -> the object's own colours.

The mask says which pixels are the object; closed-form matting (Levin, Lischinski and Weiss 2008) says how much of each edge pixel is;
multi-level estimation (Germer et al. 2020) says what colour it has there. Both come from `pymatting`, whose first import ever compiles for
about a minute: it is imported inside functions, and `liwi.runtime.warm_up` does it ahead of time.

Alpha is solved at a bounded size and brought to full resolution along the picture's own edges (guided filter, He, Sun and Tang 2013).
"""

import sys
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.compositing import to_float
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

SURE_ALPHA = 0.97
"""Above this alpha a pixel's colour is the picture's own; estimating it anew only adds error."""

_CHOLESKY_SHIFTS = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5)
"""Diagonal shifts tried in turn by the preconditioner; without any it fails on noisy pictures and starts again."""

_SOLVED_AROUND = 4
"""Pixels around the unknown ones that take part in the solution: those in a window of 3 x 3 with one of them, and the border of these."""

_SMALLEST_THIN_PART = 4.0
"""Area of a part that counts as thin, in squares of the trimap's band."""

_RIDGE = 0.6
"""Distance to the contour, as a share of the largest nearby, from which on a pixel belongs to the middle of a thin part."""

_LEAST_RIDGE = 1.5
"""Pixels between the middle of a thin part and its contour."""

_COLORS_AROUND = 16
"""Pixels around the soft ones whose colours the estimate sees too."""

_MAX_COLOR_PIXELS = 500_000
"""Colours in front and behind vary slowly: they are estimated at this size at most."""


def make_trimap(probability: Float32, band: int, sure: UInt8 | None = None) -> Float32:
    """Draw the trimap of a segmentation.

    Args:
        probability: (h, w) float32 in [0, 1]; above 0.5 is the object.
        band: half the width of the unknown band along the contour, in pixels.
        sure: (h, w) uint8 or None: 1 where a person kept, 2 where a person dropped; never unknown.

    Returns:
        (h, w) float32: 1 object, 0 background, 0.5 unknown.
    """
    mask = (probability > 0.5).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * band + 1, 2 * band + 1))
    inner = cv2.erode(mask, kernel, borderType=cv2.BORDER_REPLICATE)
    inner |= _ridges_of_thin_parts(mask, inner, kernel, band)
    if not inner.any():  # tiny as well as thin: its middle is the only thing that is sure
        distance = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
        inner = (distance >= 0.7 * max(float(distance.max()), 1e-6)).astype(np.uint8)
    outer = cv2.dilate(mask, kernel)
    trimap = np.full(probability.shape, 0.5, np.float32)
    trimap[inner > 0] = 1
    trimap[outer == 0] = 0
    if sure is not None:
        trimap[sure == 1] = 1
        trimap[sure == 2] = 0
    return trimap


def _ridges_of_thin_parts(mask: UInt8, inner: UInt8, kernel: UInt8, band: int) -> UInt8:
    """The middle of arms, stalks and leaves that are thinner than the band: left unknown from side to side they would fade away.

    Roughness of the contour is thin too, but small, and has no middle.
    """
    thin = (mask > 0) & (cv2.dilate(inner, kernel) == 0)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(thin.astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= _SMALLEST_THIN_PART * band**2
    large[0] = False
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_REPLICATE)  # a part that leaves the picture goes on there
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    ridge = (distance >= _RIDGE * cv2.dilate(distance, kernel)) & (distance >= _LEAST_RIDGE)
    return (large[parts] & ridge).astype(np.uint8)


def solve_alpha(image: UInt8, trimap: Float32) -> Float32:
    """Closed-form matting of the unknown pixels.

    Args:
        image: (h, w, 3) uint8.
        trimap: (h, w) float32 of 0, 0.5 and 1, see `make_trimap`.

    Returns:
        (h, w) float32 in [0, 1]; equal to the trimap where that is sure. Where the trimap lacks a sure object or a sure background,
        there is nothing to solve and the trimap itself comes back.
    """
    unknown = trimap == 0.5
    if not unknown.any() or not (trimap == 1).any() or not (trimap == 0).any() or min(trimap.shape) < 4:
        return np.where(unknown, np.float32(0.5), trimap)
    from pymatting import estimate_alpha_cf, ichol

    # The preconditioner prints a paragraph for every shift that fails; the next one is tried anyhow. Standard output is not its own.
    vars(sys.modules[ichol.__module__])["print"] = _say_nothing
    around = BoundingBox.around(unknown)
    assert around is not None  # there are unknown pixels
    part = around.expand(_SOLVED_AROUND).intersect(BoundingBox.of_size((trimap.shape[1], trimap.shape[0])))
    assert part is not None
    alpha = trimap.copy()
    solved = estimate_alpha_cf(
        image[part.slices].astype(np.float64) / 255,
        trimap[part.slices].astype(np.float64),
        preconditioner=partial(ichol, shifts=_CHOLESKY_SHIFTS),
    )
    alpha[part.slices] = np.clip(solved, 0, 1)
    return alpha


def guided_upsample(coarse: Float32, coarse_guide: UInt8, guide: UInt8, radius: int = 4, epsilon: float = 1e-4) -> Float32:
    """Bring a coarse matte to full resolution along the edges of the picture.

    The local linear model of the colour guided filter is fitted at the coarse size, its coefficients are enlarged, and it is evaluated on
    the full-size picture (He and Sun 2015), so the cost at full size is one multiplication per channel.

    Args:
        coarse: (h, w) float32 in [0, 1].
        coarse_guide: (h, w, 3) uint8, the picture at the coarse size.
        guide: (H, W, 3) uint8, the picture at full size.
        radius: window radius in coarse pixels.
        epsilon: regularisation, in squared units of [0, 1] colour.

    Returns:
        (H, W) float32 in [0, 1].
    """
    size = (guide.shape[1], guide.shape[0])
    if coarse.shape == guide.shape[:2]:
        return coarse
    slope, offset = _fit_linear_models(coarse, to_float(coarse_guide), radius, epsilon)
    slope_full = cv2.resize(slope, size, interpolation=cv2.INTER_LINEAR)
    result = cv2.resize(offset, size, interpolation=cv2.INTER_LINEAR)
    rows = 512
    for top in range(0, size[1], rows):
        band = slice(top, top + rows)
        products = cv2.multiply(slope_full[band], guide[band], scale=1 / 255, dtype=cv2.CV_32F)
        result[band] += cv2.transform(products, np.ones((1, 3), np.float32)).reshape(products.shape[:2])
    return np.clip(result, 0, 1, out=result)


def _say_nothing(*_: object) -> None:
    """Takes the place of ``print`` in one module of pymatting."""


def _fit_linear_models(target: Float32, guide: Float32, radius: int, epsilon: float) -> tuple[Float32, Float32]:
    """Per-window least squares ``target ~ slope . guide + offset``, coefficients averaged over the windows that hold a pixel."""
    window = (2 * radius + 1, 2 * radius + 1)

    def mean(values: Float32) -> Float32:
        return cv2.boxFilter(values, -1, window, borderType=cv2.BORDER_REFLECT)

    mean_guide, mean_target = mean(guide), mean(target)
    kernel = np.ones(window, np.uint8)
    uneven = cv2.dilate(target, kernel) != cv2.erode(target, kernel)  # elsewhere the window's one value is the model
    covariance = mean(guide * target[..., None])[uneven] - mean_guide[uneven] * mean_target[uneven][:, None]
    outer = [mean(guide * guide[..., channel, None])[uneven] for channel in range(3)]
    variance = np.stack(outer, axis=1) - mean_guide[uneven][:, :, None] * mean_guide[uneven][:, None, :]
    slope = np.zeros_like(guide)
    slope[uneven] = np.linalg.solve(variance + np.eye(3, dtype=np.float32) * epsilon, covariance[..., None])[..., 0]
    offset = mean_target - np.einsum("hwc,hwc->hw", slope, mean_guide)
    return mean(slope), mean(offset)


def foreground_colors(image: UInt8, alpha: Float32) -> UInt8:
    """The object's own colours, without what shines through its soft edge.

    Args:
        image: (h, w, 3) uint8.
        alpha: (h, w) float32 in [0, 1].

    Returns:
        (h, w, 3) uint8: the picture itself where alpha is above `SURE_ALPHA`, estimated in the soft band, 0 where alpha is 0.
    """
    colors = image.copy()
    soft = (alpha > 0) & (alpha <= SURE_ALPHA)
    extent = BoundingBox.around(soft)
    if extent is not None and min(alpha.shape) >= 4:
        part = extent.expand(_COLORS_AROUND).intersect(BoundingBox.of_size((alpha.shape[1], alpha.shape[0])))
        assert part is not None
        crop, opacity, soft = np.ascontiguousarray(image[part.slices]), np.ascontiguousarray(alpha[part.slices]), soft[part.slices]
        foreground, background = (estimate[soft] for estimate in _estimate_colors(crop, opacity))
        weight = opacity[soft][:, None]
        # The smallest change of both colours that explains the pixel exactly: brings back the detail that the estimate smoothed.
        unexplained = crop[soft].astype(np.float32) / 255 - weight * foreground - (1 - weight) * background
        foreground += unexplained * weight / (weight**2 + (1 - weight) ** 2)
        colors[part.slices][soft] = np.clip(np.rint(foreground * 255), 0, 255).astype(np.uint8)
    return cv2.copyTo(colors, (alpha > 0).view(np.uint8))


def _estimate_colors(image: UInt8, alpha: Float32) -> tuple[Float32, Float32]:
    """Multi-level estimates of the colours in front and behind, each (h, w, 3) float32, solved at `_MAX_COLOR_PIXELS` at most."""
    from pymatting import estimate_foreground_ml

    height, width = alpha.shape
    scale = min(1.0, (_MAX_COLOR_PIXELS / (height * width)) ** 0.5)
    size = (max(4, round(width * scale)), max(4, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
    small_alpha = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA) if scale < 1 else alpha
    estimates = estimate_foreground_ml(small.astype(np.float32) / 255, small_alpha.astype(np.float32), return_background=True)
    if scale == 1:
        return estimates
    foreground, background = (cv2.resize(estimate, (width, height), interpolation=cv2.INTER_LINEAR) for estimate in estimates)
    return foreground, background
