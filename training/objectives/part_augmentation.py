"""Part pictures changed by chance, on the device that trains: moved, enlarged, mirrored, recoloured, and put before backgrounds.

What is drawn by chance is drawn on the CPU, of the batch's own generator (`draw`), so that it follows from seed and step alone; what it
does to the pixels is done where the network is (`augment`), since two cores could not keep up with a GPU.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from data_tools.parts.dataset import NOTHING
from liwi.limits import Range

GREY = 0.5
"""What stands behind a figure where nothing else does: in measuring, and when the network is asked."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How much pictures are changed; all 0 changes nothing but puts the figure before grey.

    Attributes:
        zoom: most that a picture is enlarged, as a natural logarithm; it is made smaller by 0.6 of that at most.
        shift: most that it is moved, as a share of its side.
        turn: most degrees that it is turned.
        color: strength of hue, contrast and brightness changes.
        blur: share of the pictures that are blurred; as many get noise.
        behind: share that stand before other things than grey; half of these without their alpha.
    """

    zoom: Annotated[float, Range(0, 2)] = 0.5
    shift: Annotated[float, Range(0, 1)] = 0.12
    turn: Annotated[float, Range(0, 180)] = 12.0
    color: Annotated[float, Range(0, 1)] = 0.25
    blur: Annotated[float, Range(0, 1)] = 0.2
    behind: Annotated[float, Range(0, 1)] = 0.4


def draw(count: int, settings: Augmentation, rng: np.random.Generator) -> dict[str, Tensor]:
    """Chance for ``count`` pictures.

    Returns:
        ``affine`` (B, 2, 3), from places in the result to places in the picture; ``color`` (B, 3, 4), a matrix and a shift; ``blur`` and
        ``noise`` (B,); ``behind`` (B, 3, 8, 8), a coarse picture of the background; ``covered`` (B,), 1 where alpha is not told.
    """
    zoom = np.exp(-settings.zoom * rng.uniform(-0.6, 1, count))
    stretch = np.exp(0.25 * settings.zoom * rng.uniform(-1, 1, count))
    angle = np.deg2rad(settings.turn) * np.clip(rng.normal(0, 0.5, count), -1, 1)
    mirror = np.where(rng.random(count) < 0.5, -1.0, 1.0) if settings.zoom or settings.shift else np.ones(count)
    cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
    shift = 2 * settings.shift * rng.uniform(-1, 1, (2, count)) + (1 - np.minimum(zoom, 1)) * rng.uniform(-0.7, 0.7, (2, count))
    affine = np.stack([np.stack([cos * mirror * stretch, -sin, shift[0]], -1), np.stack([sin * mirror, cos / stretch, shift[1]], -1)], 1)
    noisy = rng.random((2, count)) < settings.blur
    chosen = rng.random(count) < settings.behind
    return _tensors(
        affine=affine,
        color=_colors(count, settings.color, rng),
        blur=noisy[0] * rng.random(count),
        noise=noisy[1] * rng.random(count) * 0.04,
        behind=np.where(chosen[:, None, None, None], _backgrounds(count, rng), GREY),
        covered=chosen & (rng.random(count) < 0.5),
    )


def plain(count: int) -> dict[str, Tensor]:
    """As `draw`, of what changes nothing."""
    return draw(count, Augmentation(0, 0, 0, 0, 0, 0), np.random.default_rng(0))


def augment(rgba_B4HW: Tensor, labels_BHW: Tensor, chance: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:  # noqa: N803 (shape suffixes)
    """Change a batch as ``chance`` of `draw` says.

    Args:
        rgba_B4HW: (B, 4, H, W) uint8, straight alpha.
        labels_BHW: (B, H, W) uint8.
        chance: on the same device.

    Returns:
        RGB (B, 3, H, W) in [0, 1], before its background; alpha (B, 1, H, W) in [0, 1] as the network is told it; labels (B, H, W) int64.
    """
    pixels = rgba_B4HW.float() / 255
    alpha = pixels[:, 3:]
    mixing = chance["color"][..., None, None]
    color = ((pixels[:, None, :3] - GREY) * mixing[:, :, :3]).sum(dim=2) + GREY + mixing[:, :, 3]
    premultiplied = torch.cat([color.clamp(0, 1) * alpha, alpha], dim=1)
    grid = _grid(chance["affine"], *pixels.shape[-2:])
    moved = functional.grid_sample(premultiplied, grid, mode="bilinear", align_corners=False)
    shown = functional.grid_sample(255.0 - labels_BHW[:, None].float(), grid, mode="nearest", align_corners=False)
    labels = (NOTHING - shown[:, 0]).round().long()  # outside of the picture there is nothing
    behind = functional.interpolate(chance["behind"], size=pixels.shape[-2:], mode="bilinear", align_corners=False)
    alpha = moved[:, 3:]
    rgb = moved[:, :3] + behind * (1 - alpha)
    rgb = torch.lerp(rgb, functional.avg_pool2d(rgb, 3, stride=1, padding=1, count_include_pad=False), chance["blur"][:, None, None, None])
    rgb = rgb + torch.randn_like(rgb) * chance["noise"][:, None, None, None]
    told = torch.maximum(alpha, chance["covered"][:, None, None, None])
    return rgb.clamp(0, 1), told, labels


def _grid(affine_B23: Tensor, height: int, width: int) -> Tensor:  # noqa: N803 (shape suffixes)
    """As ``functional.affine_grid``, which would multiply matrices at whatever precision a GPU is set to."""
    down, across = ((torch.arange(count, device=affine_B23.device) * 2 + 1) / count - 1 for count in (height, width))
    rows = affine_B23[:, None, None]
    return rows[..., 0] * across[None, None, :, None] + rows[..., 1] * down[None, :, None, None] + rows[..., 2]


def _colors(count: int, strength: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Rotations about grey, contrast, and a shift: (count, 3, 4)."""
    axis = np.full((3, 1), 1 / np.sqrt(3))
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    turn = np.clip(rng.standard_cauchy(count) * strength * 0.6, -np.pi, np.pi)[:, None, None] * (strength > 0)
    along = axis @ axis.T
    rotation = along + np.cos(turn) * (np.eye(3) - along) + np.sin(turn) * cross
    saturation = 1 + strength * rng.uniform(-2, 1.2, (count, 1, 1))
    vivid = along + saturation * (np.eye(3) - along)
    gains = 1 + strength * (rng.uniform(-1, 0.6, (count, 1, 1)) + 0.4 * rng.uniform(-1, 1, (count, 3, 1)))
    shift = strength * (rng.uniform(-0.6, 0.6, (count, 1, 1)) + 0.2 * rng.uniform(-1, 1, (count, 3, 1)))
    return np.concatenate([gains * (vivid @ rotation), shift], axis=2)


def _backgrounds(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Flat colours, gradients and blotches: (count, 3, 8, 8)."""
    flat = rng.random((count, 3, 1, 1))
    slope = rng.normal(0, 0.3, (count, 3, 2, 1, 1))
    place = np.linspace(-1, 1, 8)
    gradient = slope[:, :, 0] * place[:, None] + slope[:, :, 1] * place[None, :]
    blotches = rng.normal(0, 0.3, (count, 3, 8, 8))
    kind = rng.integers(0, 3, count)[:, None, None, None]
    return np.clip(flat + np.where(kind >= 1, gradient, 0) + np.where(kind == 2, blotches, 0), 0, 1)


def _tensors(**arrays: NDArray[np.generic]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.ascontiguousarray(array, np.float32)) for name, array in arrays.items()}
