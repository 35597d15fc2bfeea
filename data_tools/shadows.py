"""Cast shadows for composites: a soft mask made from the object's own alpha, multiplied into the background."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.types import BoundingBox

Float32 = NDArray[np.float32]


class ShadowKind(StrEnum):
    """How the light falls."""

    GROUND = "ground"
    DROP = "drop"
    CONTACT = "contact"
    NONE = "none"


TINTS = ((1.0, 1.0, 1.0), (1.0, 0.94, 0.84), (0.86, 0.94, 1.0))
"""How strongly each channel darkens: neutral, bluish (sky light fills the shadow), warm."""


@dataclass(frozen=True, slots=True)
class ShadowParameters:
    """One shadow; lengths are fractions of the object's height.

    Attributes:
        kind: ground (sheared and squashed, standing at the feet), drop (moved aside, as on a wall), contact (under the feet), none.
        strength: darkening where the mask is 1, in [0, 1].
        blur: sigma of the Gaussian.
        shear: sideways reach of a ground shadow per height of the object.
        squash: height of a ground shadow per height of the object; negative falls towards the viewer.
        offset: ``(x, y)`` of a drop shadow.
        tint: darkening per channel R, G, B, in [0, 1].
    """

    kind: ShadowKind
    strength: float = 0.0
    blur: float = 0.0
    shear: float = 0.0
    squash: float = 0.0
    offset: tuple[float, float] = (0.0, 0.0)
    tint: tuple[float, float, float] = TINTS[0]

    def as_facts(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def draw_parameters(rng: np.random.Generator, *, stands: bool) -> ShadowParameters:
    """Draw a shadow at random.

    Args:
        rng: the sample's own generator.
        stands: whether the object stands on something; a figure cut off by the frame casts a drop shadow or none.
    """
    kinds, shares = (tuple(ShadowKind), (0.45, 0.2, 0.2, 0.15)) if stands else ((ShadowKind.DROP, ShadowKind.NONE), (0.75, 0.25))
    kind = kinds[int(rng.choice(len(kinds), p=shares))]
    strength, blur = _rounded(rng.uniform(0.25, 0.6)), _rounded(rng.uniform(0.01, 0.05))
    tint = TINTS[int(rng.choice(len(TINTS), p=(0.6, 0.25, 0.15)))]
    side = 1.0 if rng.random() < 0.5 else -1.0
    shear = _rounded(side * rng.uniform(0.25, 1.0))
    squash = _rounded(rng.uniform(0.12, 0.45) * (-0.6 if rng.random() < 0.25 else 1.0))
    offset = (_rounded(side * rng.uniform(0.03, 0.1)), _rounded(rng.uniform(0.01, 0.08)))
    match kind:
        case ShadowKind.NONE:
            return ShadowParameters(kind)
        case ShadowKind.GROUND:
            return ShadowParameters(kind, strength, blur, shear=shear, squash=squash, tint=tint)
        case ShadowKind.DROP:
            return ShadowParameters(kind, strength, blur, offset=offset, tint=tint)
        case ShadowKind.CONTACT:
            return ShadowParameters(kind, max(strength, 0.4), min(blur, 0.025), tint=tint)


def cast_shadow(alpha: Float32, parameters: ShadowParameters) -> Float32:
    """The factor that the background is multiplied by.

    Args:
        alpha: (H, W) float32 in [0, 1], the object's alpha on the canvas; not empty.
        parameters: the shadow.

    Returns:
        (H, W, 3) float32 in (0, 1]; 1 = no shadow.
    """
    extent = BoundingBox.around(alpha)
    if parameters.kind is ShadowKind.NONE or extent is None:
        return np.ones((*alpha.shape, 3), np.float32)
    soft = parameters.blur * extent.height
    mask = _contact(alpha, extent, soft) if parameters.kind is ShadowKind.CONTACT else _moved(alpha, _transform(parameters, extent), soft)
    if parameters.kind is ShadowKind.GROUND:  # dark and sharp where the object touches the ground, as shadows are
        mask = np.maximum(mask, _contact(alpha, extent, min(soft, 0.015 * extent.height)))
    darkening = np.clip(mask, 0, 1)[..., None] * np.asarray(parameters.tint, np.float32) * np.float32(parameters.strength)
    return np.asarray(1 - darkening, np.float32)


def _moved(shape: Float32, transform: NDArray[np.float64], sigma: float) -> Float32:
    moved = cv2.warpAffine(shape, transform, (shape.shape[1], shape.shape[0]), flags=cv2.INTER_LINEAR, borderValue=0)
    return cv2.GaussianBlur(moved, (0, 0), max(0.8, sigma), borderType=cv2.BORDER_REPLICATE)


def _contact(alpha: Float32, extent: BoundingBox, sigma: float) -> Float32:
    """The object's lowest part, flattened around the foot line and a little wider."""
    low = np.where(np.arange(alpha.shape[0])[:, None] >= extent.bottom - 0.12 * extent.height, alpha, np.float32(0))
    middle = (extent.left + extent.right) / 2
    return _moved(low, np.array([[1.08, 0, -0.08 * middle], [0, 0.5, 0.5 * extent.bottom]]), sigma)


def _transform(parameters: ShadowParameters, extent: BoundingBox) -> NDArray[np.float64]:
    """Affine map from the object's pixels to those of its drop or ground shadow: (2, 3)."""
    if parameters.kind is ShadowKind.DROP:
        return np.array([[1, 0, parameters.offset[0] * extent.height], [0, 1, parameters.offset[1] * extent.height]])
    # height above the foot: foot - y;  x' = x + shear * height,  y' = foot - squash * height
    foot = float(extent.bottom)
    return np.array([[1, -parameters.shear, parameters.shear * foot], [0, parameters.squash, foot * (1 - parameters.squash)]])


def _rounded(value: float) -> float:
    return round(float(value), 4)
