"""Filling holes in pictures without learned weights.

* `SmoothInpainter`: pull-push pyramid (Gortler et al. 1996, section 3.3). Milliseconds; no texture. The preview, and the fallback.
* `PatchMatchInpainter`: PatchMatch completion (Barnes et al. 2009, by way of ``pypatchmatch``) at a bounded working size, whose
  fine detail is then copied at full resolution along the nearest-neighbour field. Texture like the surroundings.

Both fulfil `liwi.protocols.Inpainter`. Cost depends on the hole, not on the picture: only a crop around the hole is looked at.
"""

import threading
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.inpainting_field import match_patches
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

_NATIVE = threading.Lock()
"""The native library keeps its random seed and its tables in globals: one call at a time."""

_MIN_SOURCES = 64
"""Fewest whole patches worth copying from; below that a smooth fill is the honest answer."""


def pull_push(values: Float32, weight: Float32) -> Float32:
    """Extend known values smoothly into the unknown by a pull-push pyramid.

    Args:
        values: (h, w, c) float32, finite; what stands where ``weight`` is 0 does not matter.
        weight: (h, w) float32 in [0, 1]; 1 = known.

    Returns:
        (h, w, c) float32: ``values`` where the weight is 1, elsewhere a smooth continuation; zeros if nothing is known.
    """
    height, width = weight.shape
    if max(height, width) == 1 or bool((weight >= 1).all()):
        return values * (weight[..., None] > 0)
    smaller = ((width + 1) // 2, (height + 1) // 2)
    coverage = cv2.pyrDown(weight, dstsize=smaller).reshape(smaller[::-1])
    sums = cv2.pyrDown(values * weight[..., None], dstsize=smaller).reshape(*smaller[::-1], values.shape[2])
    means = np.divide(sums, coverage[..., None], out=np.zeros_like(sums), where=coverage[..., None] > 1e-6)
    pulled = pull_push(means, np.where(coverage > 1e-6, np.minimum(coverage * 2, 1), 0).astype(np.float32))
    pushed = cv2.pyrUp(pulled, dstsize=(width, height)).reshape(values.shape)
    return values * weight[..., None] + pushed * (1 - weight[..., None])


def crop_around(hole: Mask, margin: float = 0.5, least: int = 24) -> BoundingBox | None:
    """The box around ``hole`` with ``margin`` times its long side (at least ``least`` px) of surroundings, clipped; None: no hole."""
    box = BoundingBox.around(hole)
    if box is None:
        return None
    padded = box.expand(max(least, round(margin * max(box.width, box.height))))
    return padded.intersect(BoundingBox.of_size((hole.shape[1], hole.shape[0])))


@dataclass(frozen=True, slots=True)
class SmoothInpainter:
    """Continues the colours at the rim smoothly over the hole."""

    def fill(self, image: UInt8, hole: Mask, *, seed: int = 0, avoid: Mask | None = None) -> UInt8:
        """Fill ``hole``; see `liwi.protocols.Inpainter`.

        Args:
            image: (h, w, 3) uint8.
            hole: (h, w) bool.
            seed: has no influence; here for the protocol.
            avoid: (h, w) bool or None: pixels that are kept, but whose colour must not spread into the hole.

        Returns:
            (h, w, 3) uint8. Where nothing at all is known, the mean colour of what stood in the hole.
        """
        del seed
        result = image.copy()
        box = crop_around(hole, margin=0.1)
        if box is None:
            return result
        crop, missing = image[box.slices], hole[box.slices]
        known = ~missing if avoid is None else ~missing & ~avoid[box.slices]
        if not known.any():
            known = ~missing
        if known.any():
            filled = np.rint(pull_push(crop.astype(np.float32), known.astype(np.float32)))
        else:
            filled = np.broadcast_to(np.rint(crop.mean(axis=(0, 1))), crop.shape)
        result[box.slices][missing] = np.clip(filled[missing], 0, 255).astype(np.uint8)
        return result


@dataclass(frozen=True, slots=True)
class PatchMatchInpainter:
    """Copies texture from the surroundings.

    Attributes:
        work_side: longest side, in pixels, of the crop that PatchMatch works on.
        work_area: most hole pixels that PatchMatch works on; with ``work_side`` it bounds the seconds.
        radius: half the side of the compared patches, so that patches have ``2 * radius + 1`` pixels a side.
    """

    work_side: int = 320
    work_area: int = 9_000
    radius: int = 3

    def fill(self, image: UInt8, hole: Mask, *, seed: int = 0, avoid: Mask | None = None) -> UInt8:
        """Fill ``hole``; see `liwi.protocols.Inpainter`.

        Args:
            image: (h, w, 3) uint8.
            hole: (h, w) bool.
            seed: the same seed gives the same fill.
            avoid: (h, w) bool or None: pixels that are kept, but never copied from (other objects, shadows).

        Returns:
            (h, w, 3) uint8, equal to ``image`` outside the hole. A smooth fill where there is too little to copy from.
        """
        box = crop_around(hole)
        if box is None:
            return image.copy()
        banned = hole[box.slices] if avoid is None else hole[box.slices] | avoid[box.slices]
        crop, missing = image[box.slices], hole[box.slices]
        scale = min(1.0, self.work_side / max(missing.shape), float(np.sqrt(self.work_area / np.count_nonzero(missing))))
        small, small_hole, small_banned = _shrink(crop, missing, banned, scale)
        radius = self._usable_radius(small_hole, small_banned)
        if radius == 0:
            return SmoothInpainter().fill(image, hole, avoid=avoid)
        completed = _complete(small, small_hole, small_banned, radius, seed)
        if scale < 1:
            field = match_patches(completed, small_hole, _whole_patches(small_banned, 2))
            completed = _copy_detail(crop, missing, banned, small, completed, field)
        result = image.copy()
        result[box.slices] = cv2.copyTo(completed, missing.view(np.uint8), crop.copy())
        return result

    def _usable_radius(self, hole: Mask, banned: Mask) -> int:
        """The largest patch radius up to ``radius`` with enough whole patches to copy from; 0: none."""
        del hole
        for radius in range(self.radius, 0, -1):
            if min(banned.shape) >= 4 * radius + 2 and np.count_nonzero(_whole_patches(banned, radius)) >= _MIN_SOURCES:
                return radius
        return 0


def _shrink(crop: UInt8, hole: Mask, banned: Mask, scale: float) -> tuple[UInt8, Mask, Mask]:
    """Shrink by area means over the allowed pixels alone, so that nothing of the hole bleeds into its rim."""
    if scale == 1:
        return np.ascontiguousarray(crop), hole, banned
    size = max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale))
    shown = np.where(hole, np.uint8(0), np.uint8(255))
    coverage = cv2.resize(shown, size, interpolation=cv2.INTER_AREA).reshape(size[::-1])
    sums = cv2.resize(cv2.copyTo(crop, shown), size, interpolation=cv2.INTER_AREA).reshape(*size[::-1], 3)
    means = sums * (255 / np.maximum(coverage, 1).astype(np.float32))[..., None]
    barred = cv2.resize(np.where(banned, np.uint8(255), np.uint8(0)), size, interpolation=cv2.INTER_AREA).reshape(size[::-1]) > 0
    # A pixel of which half is known is known well enough to anchor the fill; a source must be whole.
    return np.clip(np.rint(means), 0, 255).astype(np.uint8), coverage < 128, barred


def _whole_patches(banned: Mask, radius: int) -> Mask:
    """Centres of the patches that lie inside the picture and hold no banned pixel."""
    allowed = np.zeros((banned.shape[0] + 2, banned.shape[1] + 2), np.uint8)
    allowed[1:-1, 1:-1] = ~banned
    side = 2 * radius + 1
    eroded = cv2.erode(allowed, np.ones((side, side), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return eroded[1:-1, 1:-1] > 0


def _complete(image: UInt8, hole: Mask, banned: Mask, radius: int, seed: int) -> UInt8:
    """PatchMatch completion by the native library."""
    from patchmatch import patch_match

    kept_out = banned & ~hole
    with _NATIVE:
        patch_match.set_random_seed(seed % 2**32)
        filled = patch_match.inpaint(image, hole, global_mask=kept_out if kept_out.any() else None, patch_size=radius)
    return np.where(hole[..., None], filled, image)


def _copy_detail(crop: UInt8, hole: Mask, banned: Mask, small: UInt8, completed: UInt8, field: NDArray[np.int32]) -> UInt8:
    """Enlarge the completed picture and add the fine detail that the enlarged sources lack, copied from the full-size crop.

    Returns:
        (h, w, 3) uint8 of the crop's size; it counts in the hole alone.
    """
    height, width = hole.shape
    size = (width, height)
    smooth = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
    detail = cv2.subtract(crop, smooth, mask=(~banned).view(np.uint8), dtype=cv2.CV_16S)
    part = BoundingBox.around(hole)
    assert part is not None  # who calls has found a hole
    steps = cv2.resize(field.astype(np.float32), size, interpolation=cv2.INTER_NEAREST)[part.slices]
    ratio_y, ratio_x = height / small.shape[0], width / small.shape[1]
    y, x = np.arange(part.top, part.bottom, dtype=np.float32)[:, None], np.arange(part.left, part.right, dtype=np.float32)
    source_y = np.clip(y + np.rint(steps[..., 0] * np.float32(ratio_y)), 0, height - 1)
    source_x = np.clip(x + np.rint(steps[..., 1] * np.float32(ratio_x)), 0, width - 1)
    result = cv2.resize(completed, size, interpolation=cv2.INTER_LINEAR)
    copied = cv2.remap(detail, source_x, source_y, cv2.INTER_NEAREST)
    result[part.slices] = cv2.add(result[part.slices], copied, dtype=cv2.CV_8U)
    return result
