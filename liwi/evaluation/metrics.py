"""What is measured: pure functions over arrays, one figure each.

Alpha arrays are (H, W) float32 in [0, 1]; colours are uint8 or float32 in [0, 1] as stated; errors are in [0, 1].
The letters: a is the alpha found, a* the true one, F the colours found, F* the true ones, B the background found, B* the true one.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.compositing import composite, to_float, to_uint8
from liwi.imaging.io import decode_png
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

COVERED = 0.02
"""A pixel is under the object where a* is above this."""

SHADOWED = 0.97
"""A pixel is in the cast shadow where the true shadow factor, averaged over the channels, is below this."""

RIM = 0.02
"""Width of the rim around the object, as a share of the box's long side: filled along with it, so that no halo stays."""

NEIGHBOURHOOD = 0.6
"""The neighbourhood of a box reaches this far beyond it, as a share of its long side."""


def alpha_soft_iou(alpha: Float32, truth: Float32) -> float:
    """Sum of minima over sum of maxima, in [0, 1]; 1 is perfect. Two empty mattes agree: 1.0."""
    most = float(np.maximum(alpha, truth).sum(dtype=np.float64))
    return float(np.minimum(alpha, truth).sum(dtype=np.float64)) / most if most > 0 else 1.0


def boundary_error(alpha: Float32, truth: Float32) -> float | None:
    """Mean \\|a - a*\\| over the boundary band 0.05 < a* < 0.95; None where the truth has no such pixel."""
    band = (truth > 0.05) & (truth < 0.95)
    return float(np.abs(alpha - truth)[band].mean(dtype=np.float64)) if band.any() else None


def foreground_rgb_l1(rgba: UInt8, truth: UInt8, source: UInt8) -> float | None:
    """a*-weighted mean \\|F - F*\\| over pixels and channels, in [0, 1]; None where the truth is empty.

    Where the layer found is fully transparent it has no colour; the source's is taken, as whoever erases too much would
    get it back from there. What is missing from the layer shows in `alpha_soft_iou` and `layer_l1`.

    Args:
        rgba, truth: (H, W, 4) uint8, straight alpha. source: (H, W, 3) uint8.
    """
    weight = to_float(truth[..., 3])
    total = float(weight.sum(dtype=np.float64))
    if total == 0:
        return None
    found = np.where(rgba[..., 3:] > 0, rgba[..., :3], source)
    difference = np.abs(to_float(found) - to_float(truth[..., :3])).mean(axis=-1)
    return float((difference * weight).sum(dtype=np.float64)) / total


def layer_l1(rgba: UInt8, truth: UInt8) -> float | None:
    """Mean \\|a F - a* F*\\| where either layer has alpha: alpha and colour in one figure. None where both are empty."""
    either = (rgba[..., 3] > 0) | (truth[..., 3] > 0)
    if not either.any():
        return None
    first, second = (to_float(layer[either]) for layer in (rgba, truth))
    return float(np.abs(first[:, :3] * first[:, 3:] - second[:, :3] * second[:, 3:]).mean(dtype=np.float64))


@dataclass(frozen=True, eq=False)
class Regions:
    """Where the background is judged; disjoint (H, W) bool masks.

    Attributes:
        covered: under the object: a* > 0.02.
        shadowed: in its cast shadow and not under it: factor < 0.97, a* <= 0.02.
        rim: right beside the object, in no shadow.
        elsewhere: the rest of the box's neighbourhood, where nothing ought to change.
    """

    covered: Mask
    shadowed: Mask
    rim: Mask
    elsewhere: Mask


def background_regions(alpha: Float32, shadow_factor: Float32, boxes: tuple[BoundingBox, ...]) -> Regions:
    """Split a picture into the regions where its background is judged.

    Args:
        alpha: (H, W) float32, the largest a* of all objects.
        shadow_factor: (H, W, 3) float32 in [0, 1], 1 = no shadow.
        boxes: the box prompts.
    """
    near = np.zeros(alpha.shape, bool)
    for box in boxes:
        around = box.expand(round(NEIGHBOURHOOD * max(box.width, box.height)))
        inside = around.intersect(BoundingBox.of_size((alpha.shape[1], alpha.shape[0])))
        if inside is not None:
            near[inside.slices] = True
    covered = alpha > COVERED
    shadowed = (shadow_factor.mean(axis=-1) < SHADOWED) & ~covered
    rim = with_rim(covered, boxes) & ~covered & ~shadowed
    return Regions(covered, shadowed, rim, near & ~covered & ~shadowed & ~rim)


def with_rim(mask: Mask, boxes: tuple[BoundingBox, ...]) -> Mask:
    """The mask grown by `RIM` of the longest side of any box."""
    reach = max((max(1, round(RIM * max(box.width, box.height))) for box in boxes), default=1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return cv2.dilate(mask.astype(np.uint8), disc) > 0


def l1_inside(image: UInt8, truth: UInt8, region: Mask) -> float | None:
    """Mean absolute difference of two (H, W, 3) uint8 pictures inside a region, in [0, 1]; None where the region is empty."""
    if not region.any():
        return None
    return float(np.abs(image[region].astype(np.int16) - truth[region]).mean(dtype=np.float64)) / 255


def texture_ratio(image: UInt8, truth: UInt8, region: Mask) -> float | None:
    """Mean \\|Laplacian\\| of the grey picture inside a region over that of the truth: 1 = as sharp, 0 = smooth.

    None where the region, worn down by one pixel so that its edge does not count, is empty, or the truth is flat.
    """
    inner = cv2.erode(region.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if not inner.any():
        return None
    found, wanted = (
        np.abs(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_32F))[inner].mean(dtype=np.float64)
        for picture in (image, truth)
    )
    return float(found / wanted) if wanted > 0 else None


def largest_difference(image: UInt8, truth: UInt8) -> int:
    """Largest absolute difference of two uint8 pictures of one shape, in levels of 255."""
    return int(np.abs(image.astype(np.int16) - truth).max(initial=0))


def recompose_folder(folder: Path) -> UInt8:
    """Add up an exported folder by nothing but its files and the law that its manifest states.

    Deliberately apart from `liwi.export.archive`, which reads a folder by way of its source.

    Returns:
        (H, W, 3) uint8: layers back to front in float, plus S, rounded.
    """
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    layers = [to_float(_read(folder / layer["file"])) for layer in manifest["layers"]]
    levels = decode_png((folder / "shadow.png").read_bytes()).astype(np.float32)
    return to_uint8(composite(layers)[..., :3] + (levels * np.float32(2 / 65535) - 1))


def _read(path: Path) -> UInt8:
    return decode_png(path.read_bytes()).astype(np.uint8, copy=False)
