"""Degraded foregrounds (paper 1, section 4.2 and appendix B): the truth with a worse boundary, from which the auxiliary path starts.

Four kinds: the boundary worn away, grown, blurred, or first grown and then worn away, as appendix B has it. Where a degraded layer reaches
beyond the true one, it shows what stands there in the source, as a badly cut layer does. The paper gives no sizes; ours follow from the
object's own size. Pure functions of arrays; chance only where a degradation is drawn.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.compositing import to_float, to_uint8
from liwi.imaging.inpainting import pull_push

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Generator = np.random.Generator


class DegradationKind(StrEnum):
    """What happens to the boundary."""

    ERODE = "erode"
    DILATE = "dilate"
    BLUR = "blur"
    GROW_AND_ERODE = "grow-and-erode"


@dataclass(frozen=True, slots=True)
class Degradation:
    """One way to make a boundary worse. All zero changes nothing.

    Attributes:
        grow: radius in pixels by which alpha grows, first.
        erode: radius in pixels by which it is worn away, then.
        blur: sigma in pixels of the Gaussian over alpha, last.
        bleed: how much the source's colours show where there is more alpha than before, in [0, 1]; the rest is the object's own.
        spots: size in pixels of the spots in which all this happens, some here, some there; 0: all along the boundary.
        seed: decides where the spots are.
    """

    grow: int = 0
    erode: int = 0
    blur: float = 0.0
    bleed: float = 1.0
    spots: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.grow, self.erode, self.blur, self.spots) < 0 or not 0 <= self.bleed <= 1:
            raise ValueError(f"A Degradation's lengths are 0 or more, and bleed is in [0, 1], got {self}")


@dataclass(frozen=True, slots=True)
class DegradationChance:
    """How degradations are drawn.

    Attributes:
        erode, dilate, blur, grow_and_erode: how often each kind comes, in proportion.
        weakest, strongest: radius as a share of the square root of the object's area, between these.
        spotted: share of those that happen in spots.
        bleed: least share of the source's colours in the ring.
    """

    erode: float = 1.0
    dilate: float = 1.0
    blur: float = 1.0
    grow_and_erode: float = 1.0
    weakest: float = 0.02
    strongest: float = 0.12
    spotted: float = 0.5
    bleed: float = 0.5

    def __post_init__(self) -> None:
        if (
            min(self.erode, self.dilate, self.blur, self.grow_and_erode) < 0
            or self.erode + self.dilate + self.blur + self.grow_and_erode <= 0
        ):
            raise ValueError("The shares of the kinds of degradation are 0 or more, and not all 0")
        if not 0 <= self.weakest <= self.strongest <= 1:
            raise ValueError(f"0 <= weakest <= strongest <= 1, got {self.weakest} and {self.strongest}")
        if not (0 <= self.spotted <= 1 and 0 <= self.bleed <= 1):
            raise ValueError(f"spotted and bleed are shares, got {self.spotted} and {self.bleed}")


def draw_degradation(alpha: UInt8, rng: Generator, chance: DegradationChance) -> Degradation:
    """Draw kind and strength for one object.

    Args:
        alpha: (H, W) uint8; its area sets the scale.
        rng: decides everything.
        chance: how.
    """
    shares = np.array([chance.erode, chance.dilate, chance.blur, chance.grow_and_erode])
    kind = list(DegradationKind)[int(rng.choice(4, p=shares / shares.sum()))]
    scale = float(np.sqrt(max(to_float(alpha).sum(dtype=np.float64), 1.0)))
    first, second = rng.uniform(chance.weakest, chance.strongest, 2) * scale
    spots = float(rng.uniform(0.1, 0.4)) * scale if rng.random() < chance.spotted else 0.0
    radius = max(1, round(first))
    match kind:
        case DegradationKind.ERODE:
            drawn = Degradation(erode=radius)
        case DegradationKind.DILATE:
            drawn = Degradation(grow=radius)
        case DegradationKind.BLUR:
            drawn = Degradation(blur=max(0.5, float(first)))
        case DegradationKind.GROW_AND_ERODE:
            drawn = Degradation(grow=radius, erode=max(1, round(first + second / 2)))
    return replace(drawn, bleed=float(rng.uniform(chance.bleed, 1)), spots=spots, seed=int(rng.integers(2**31)))


def degrade(rgba: UInt8, source: UInt8, degradation: Degradation) -> UInt8:
    """Make the boundary of a layer worse.

    Args:
        rgba: (H, W, 4) uint8, straight alpha: the true layer.
        source: (H, W, 3) uint8: the picture that it was taken from.
        degradation: how.

    Returns:
        (H, W, 4) uint8, straight alpha. Colours stay where alpha does not grow, also under alpha 0.
    """
    alpha = to_float(np.ascontiguousarray(rgba[..., 3]))
    worse = _worse_alpha(alpha, degradation)
    if degradation.spots > 0:
        share = _spots(alpha.shape, degradation.spots, degradation.seed)
        worse = alpha + (worse - alpha) * share
    kept, added = np.minimum(alpha, worse), np.maximum(worse - alpha, 0)
    own = continue_colors(rgba).astype(np.float32)
    ring = degradation.bleed * source.astype(np.float32) + (1 - degradation.bleed) * own
    part = np.divide(added, kept + added, out=np.zeros_like(added), where=added > 0)[..., None]
    colors = rgba[..., :3].astype(np.float32) * (1 - part) + ring * part
    return np.dstack([np.rint(colors).astype(np.uint8), to_uint8(worse)])


def continue_colors(rgba: UInt8) -> UInt8:
    """The colours of a layer, continued smoothly to where it has no alpha: what encoders and resizing get to see there.

    Args:
        rgba: (H, W, 4) uint8, straight alpha.

    Returns:
        (H, W, 3) uint8: unchanged where there is any alpha, so that layers add up as before; grey where the layer is empty.
    """
    alpha = to_float(np.ascontiguousarray(rgba[..., 3]))
    if not alpha.any():
        return np.full((*alpha.shape, 3), 127, np.uint8)
    continued = pull_push(rgba[..., :3].astype(np.float32), alpha)
    filled = np.where(alpha[..., None] > 0, rgba[..., :3], np.clip(np.rint(continued), 0, 255))
    return np.asarray(filled, np.uint8)


def _worse_alpha(alpha: Float32, degradation: Degradation) -> Float32:
    """Grown, worn away, blurred: (H, W) float32. Beyond the picture's edge things go on as at the edge."""
    for radius, change in ((degradation.grow, cv2.dilate), (degradation.erode, cv2.erode)):
        if radius:
            disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
            alpha = np.asarray(change(alpha, disc, borderType=cv2.BORDER_REPLICATE), np.float32)
    if degradation.blur > 0:
        alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), degradation.blur, borderType=cv2.BORDER_REPLICATE), np.float32)
    return np.clip(alpha, 0, 1)


def _spots(shape: tuple[int, ...], size: float, seed: int) -> Float32:
    """Smooth spots that cover about half of the picture: (H, W) float32 in [0, 1]."""
    noise = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), max(0.5, size / 2), borderType=cv2.BORDER_REFLECT)
    spread = float(smooth.std()) or 1.0
    return np.clip(smooth / spread * 2 + 0.5, 0, 1)
