"""Main subjects of a picture, as boxes, for when nobody has drawn one.

What touches the picture's border is mostly background (Wei et al. 2012, "Geodesic saliency using background priors"): a pixel stands out by
how far its colour is from the border's colours on its side. Areas that stand out at several thresholds become boxes, ranked by contrast
with what lies around them, size and place. This finds things before calm surroundings; it knows no objects.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.color_models import describe_pixels, neighbour_distance
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

_SIDE = 160  # long side of the thumbnail
_FRAME = 0.015  # width of the border, as a share of the long side
_PLACE_WEIGHT = 20.0
_SAMPLES = 900
_LEAST_CONTRAST = 4.0  # Lab units between a subject and what lies around it; below it nothing stands out
_LEVELS = (0.8, 1.0, 1.3, 1.6, 2.0, 2.5)  # thresholds, relative to Otsu's
_SMALLEST, _LARGEST = 0.004, 0.9  # area of a box, as a share of the picture
_SAME = 0.4  # intersection over union above which two boxes are one proposal


def propose_boxes(image: UInt8, count: int = 3, *, seed: int = 0) -> list[BoundingBox]:
    """Propose boxes around the main subjects.

    Args:
        image: (H, W, 3) uint8, sRGB.
        count: most boxes wanted.
        seed: makes the result repeatable.

    Returns:
        At most ``count`` boxes in the picture's pixels, best first; empty where nothing stands out.
    """
    height, width = image.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if count < 1 or min(size) < 8:
        return []
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    saliency = stand_out(small, seed=seed)
    ranked = _rank(_candidates(saliency), saliency)
    chosen: list[BoundingBox] = []
    for box in ranked:
        if len(chosen) == count:
            break
        if all(box.iou(other) < _SAME and not _nested(box, other) for other in chosen):
            chosen.append(box)
    return [_enlarge(box, width / size[0], height / size[1], (width, height)) for box in chosen]


def stand_out(image: UInt8, *, seed: int = 0) -> Float32:
    """How much each pixel of a thumbnail stands out from the picture's border: (h, w) float32, in units of Lab."""
    height, width = image.shape[:2]
    frame = max(1, round(_FRAME * max(height, width)))
    border = np.ones((height, width), bool)
    border[frame : height - frame, frame : width - frame] = False
    points = describe_pixels(image, max(height, width), _PLACE_WEIGHT)
    samples = points[border]
    if len(samples) > _SAMPLES:
        samples = samples[np.random.default_rng(seed).choice(len(samples), _SAMPLES, replace=False)]
    distance = neighbour_distance(points.reshape(-1, 5), samples, 3).reshape(height, width)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    centre = np.exp(-(((x / width - 0.5) / 0.45) ** 2 + ((y / height - 0.5) / 0.45) ** 2) / 2)
    spread = max(1.0, 0.012 * max(height, width))
    return cv2.GaussianBlur((distance * centre).astype(np.float32), (0, 0), spread)


def _candidates(saliency: Float32) -> list[tuple[BoundingBox, float]]:
    """Boxes of the areas above each threshold, with the share of the box that the area fills."""
    top = float(saliency.max())
    if top <= 0:
        return []
    otsu, _ = cv2.threshold((saliency / top * 255).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    found = []
    for level in _LEVELS:
        area = (saliency > min(0.95, otsu / 255 * level) * top).astype(np.uint8)
        number, _, stats, _ = cv2.connectedComponentsWithStats(area, connectivity=8)
        for left, top_, width, height, pixels in stats[1:number]:
            box = BoundingBox(int(left), int(top_), int(left + width), int(top_ + height))
            if _SMALLEST * saliency.size <= box.area <= _LARGEST * saliency.size and min(box.width, box.height) > 2:
                found.append((box, float(pixels) / box.area))
    return found


def _rank(candidates: list[tuple[BoundingBox, float]], saliency: Float32) -> list[BoundingBox]:
    height, width = saliency.shape
    canvas = BoundingBox(0, 0, width, height)
    sums = cv2.integral(saliency)
    scored = []
    for box, fill in candidates:
        margin = max(2, round(0.15 * max(box.width, box.height)))
        outer = box.expand(margin).intersect(canvas) or box
        inside = _total(sums, box)
        around = (_total(sums, outer) - inside) / max(1, outer.area - box.area)
        contrast = inside / box.area - around
        if contrast < _LEAST_CONTRAST:
            continue
        sides_touched = sum((box.left == 0, box.top == 0, box.right == width, box.bottom == height))
        scored.append((contrast * (box.area / canvas.area) ** 0.35 * (0.5 + 0.5 * fill) * 0.7**sides_touched, box))
    scored.sort(key=lambda pair: -pair[0])
    return [box for _, box in scored]


def _total(sums: NDArray[np.float64], box: BoundingBox) -> float:
    return float(sums[box.bottom, box.right] - sums[box.top, box.right] - sums[box.bottom, box.left] + sums[box.top, box.left])


def _nested(one: BoundingBox, other: BoundingBox) -> bool:
    common = one.intersect(other)
    return common is not None and common.area > 0.8 * min(one.area, other.area)


def _enlarge(box: BoundingBox, across: float, down: float, size: tuple[int, int]) -> BoundingBox:
    return BoundingBox(
        max(0, int(box.left * across)),
        max(0, int(box.top * down)),
        min(size[0], int(np.ceil(box.right * across))),
        min(size[1], int(np.ceil(box.bottom * down))),
    )
