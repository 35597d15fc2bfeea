"""Part regions at the working size become layers at full size that add up to the picture (the law of `liwi.types.Decomposition`).

Every pixel that is seen keeps the colour of the picture in the layer that shows it; hidden ones get what was guessed. Layers are built
back to front while the picture so far is kept in 8 bits, so that along soft edges alpha and colour can be chosen to meet the picture
exactly: S holds rounding alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.compositing import over_bytes, to_float
from liwi.imaging.inpainting import SmoothInpainter
from liwi.prompts import BoundingBox
from liwi.protocols import Inpainter
from liwi.seethrough.completion import complete_colors, complete_outline, stacking
from liwi.seethrough.part_labels import nearest_labels
from liwi.seethrough.stratification import PartRegion

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Labels = NDArray[np.int16]
Mask = NDArray[np.bool_]
Scalar = TypeVar("Scalar", np.uint8, np.float32)

INSIDE_ALPHA = 250
"""Alpha of the figure from which on something may be hidden behind it."""

_EDGE_BLUR = 0.8
"""Standard deviation, in working pixels, that makes the outlines of hidden areas and enlarged contours smooth."""

_FAINTEST_EDGE = 0.35
"""Least opacity of a pixel at the rim of a layer that shows it: fainter, somebody who moves the layer would see a gap."""


@dataclass(frozen=True, eq=False)
class Figure:
    """One character, cropped from its picture.

    Attributes:
        rgba: (h, w, 4) uint8, straight alpha, at full size.
        backdrop: (h, w, 3) uint8, the clean background; None where the picture is transparent around the figure. Then the figure's alpha is
            applied outermost (`Decomposition.mask`), and layers are opaque up to it.
        seen: (h, w, 3) uint8, the picture itself: what the layers must add up to.
    """

    rgba: UInt8
    backdrop: UInt8 | None
    seen: UInt8

    @property
    def size(self) -> tuple[int, int]:
        """``(width, height)``."""
        return self.rgba.shape[1], self.rgba.shape[0]


@dataclass(frozen=True, eq=False)
class PartLayer:
    """A finished layer, cropped.

    Attributes:
        region: what it is.
        box: where it lies in the figure.
        rgba: (h, w, 4) uint8, straight alpha.
    """

    region: PartRegion
    box: BoundingBox
    rgba: UInt8


def build_layers(
    figure: Figure,
    small: UInt8,
    regions: Sequence[PartRegion],
    *,
    inpainter: Inpainter | None = None,
    seed: int = 0,
    on_layer: Callable[[int], None] = lambda _: None,
) -> list[PartLayer]:
    """Complete every region and bring it to full size.

    Args:
        figure: at full size.
        small: (h, w, 4) uint8, the figure at the working size.
        regions: back to front, at the working size; together they are the figure.
        inpainter: continues colours behind other parts; the smooth one where None.
        seed: makes the result repeatable.
        on_layer: called before each layer with its place; may raise to stop.

    Returns:
        Back to front; regions of which no pixel is left at full size are missing.
    """
    shown = stacking(regions, small.shape[:2])
    inside = small[..., 3] >= INSIDE_ALPHA
    rgb = np.ascontiguousarray(small[..., :3])
    top = _enlarged_stacking(shown, len(regions), figure)
    canvas = Canvas.start(figure)
    layers = []
    for place, region in enumerate(regions):
        on_layer(place)
        whole = complete_outline(region.part, place, shown, inside)
        spread = cv2.dilate(whole.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        colors = complete_colors(rgb, region.visible, spread, shown > place, inpainter or SmoothInpainter(), seed=seed)
        layer = _full_layer(figure, canvas, top, place, whole, colors)
        if layer is not None:
            layers.append(PartLayer(region, *layer))
    return layers


@dataclass(frozen=True, eq=False)
class Canvas:
    """The picture as far as it is built. Changed in place.

    Attributes:
        rgb: (h, w, 3) uint8.
        coverage: (h, w) uint8, 255 = opaque.
    """

    rgb: UInt8
    coverage: UInt8

    @classmethod
    def start(cls, figure: Figure) -> "Canvas":
        """The backdrop, or nothing."""
        if figure.backdrop is None:
            return cls(np.zeros_like(figure.seen), np.zeros(figure.seen.shape[:2], np.uint8))
        return cls(figure.backdrop.copy(), np.full(figure.seen.shape[:2], 255, np.uint8))

    def lay(self, box: BoundingBox, rgba: UInt8) -> None:
        """Lay (h, w, 4) uint8 over it."""
        self.rgb[box.slices] = over_bytes(self.rgb[box.slices], rgba)
        below = self.coverage[box.slices].astype(np.uint16)
        self.coverage[box.slices] = 255 - (255 - below) * (255 - rgba[..., 3].astype(np.uint16)) // 255


def _full_layer(figure: Figure, canvas: Canvas, top: Labels, place: int, whole: Mask, colors: UInt8) -> tuple[BoundingBox, UInt8] | None:
    """One layer at full size, laid on the canvas: its box and its pixels; None if nothing of it is left."""
    box = _full_box(whole, figure.size)
    if box is None:
        return None
    seen_here = top[box.slices] == place
    scale = figure.size[0] / whole.shape[1], figure.size[1] / whole.shape[0]
    soft = enlarge(cv2.GaussianBlur(whole.astype(np.float32), (0, 0), _EDGE_BLUR), box, scale)
    opacity = np.clip((soft - 0.5) * max(scale) + 0.5, 0, 1)
    hidden = (top[box.slices] > place) & (figure.rgba[box.slices][..., 3] >= INSIDE_ALPHA) & (opacity > 0.02)
    rgba = np.zeros((box.height, box.width, 4), np.uint8)
    rgba[..., :3][hidden] = enlarge(colors, box, scale)[hidden]
    rgba[..., 3][hidden] = np.rint(opacity[hidden] * 255).astype(np.uint8)
    _show(rgba, seen_here, figure, canvas, top, place, box)
    tight = BoundingBox.around(rgba[..., 3])
    if tight is None:
        return None
    rgba = np.ascontiguousarray(rgba[tight.slices])
    box = tight.translate(box.left, box.top)
    canvas.lay(box, rgba)
    return box, rgba


def _show(rgba: UInt8, here: Mask, figure: Figure, canvas: Canvas, top: Labels, place: int, box: BoundingBox) -> None:
    """Fill in the pixels of a layer that are seen, so that laid on the canvas they are the picture's, exactly."""
    seen = figure.seen[box.slices]
    rgba[..., :3][here] = seen[here]
    rgba[..., 3][here] = 255
    opaque_below = canvas.coverage[box.slices] == 255
    wanted: Float32 = np.full(here.shape, 1, np.float32)
    if figure.backdrop is not None:
        wanted = to_float(figure.rgba[box.slices][..., 3])
    rim = here & opaque_below & _touches_what_is_behind(top, place, box)
    if rim.any():
        inner = _mean_around(seen, here & ~rim)
        share = _share_of(seen[rim], inner[rim], canvas.rgb[box.slices][rim])
        wanted[rim] = np.minimum(wanted[rim], share)
    soft = here & opaque_below & (wanted < 1)
    if soft.any():
        rgba[soft] = explain_exactly(seen[soft], canvas.rgb[box.slices][soft], wanted[soft])


def explain_exactly(seen: UInt8, below: UInt8, wanted: Float32) -> UInt8:
    """The colour and alpha that, laid over ``below`` in 8 bits, give ``seen``.

    Args:
        seen, below: (n, 3) uint8.
        wanted: (n,) float32 in [0, 1]; the opacity is this, or as much more as it takes to reach ``seen``.

    Returns:
        (n, 4) uint8, straight alpha.
    """
    change = seen.astype(np.float32) - below
    room = np.where(change < 0, below, 255 - below).astype(np.float32)
    least = np.divide(np.abs(change), room, out=np.zeros_like(room), where=change != 0).max(axis=1)
    alpha = np.clip(np.ceil(np.maximum(wanted, least) * 255), 1, 255)[:, None]
    colour = np.clip(np.rint((seen * np.float32(255) - below * (255 - alpha)) / alpha), 0, 255)
    rgba = np.concatenate([colour, alpha], axis=1).astype(np.uint8)
    missed = (over_bytes(below, rgba) != seen).any(axis=1)
    rgba[missed] = np.concatenate([seen[missed], np.full((int(missed.sum()), 1), 255, np.uint8)], axis=1)
    return rgba


def enlarge(plane: NDArray[Scalar], box: BoundingBox, scale: tuple[float, float]) -> NDArray[Scalar]:
    """Bilinear samples of a working-size picture for the pixels of ``box`` at full size.

    Args:
        plane: (h, w) or (h, w, c), uint8 or float32.
        box: in full-size pixels.
        scale: full size over working size, across and down.

    Returns:
        (box.height, box.width) or with c channels, of the same type.
    """
    across, down = 1 / scale[0], 1 / scale[1]
    matrix = np.array([[across, 0, (box.left + 0.5) * across - 0.5], [0, down, (box.top + 0.5) * down - 0.5]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(plane, matrix, (box.width, box.height), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _enlarged_stacking(shown: Labels, count: int, figure: Figure) -> Labels:
    """Which region is seen at each pixel at full size: (h, w) int16, -1 outside the figure. Contours stay smooth."""
    alpha = figure.rgba[..., 3]
    filled = nearest_labels(shown, shown >= 0)
    if filled.shape == alpha.shape:
        return np.where(alpha > 0, filled, -1).astype(np.int16)
    scale = figure.size[0] / shown.shape[1], figure.size[1] / shown.shape[0]
    best = np.full(alpha.shape, -1, np.float32)
    top = np.full(alpha.shape, -1, np.int16)
    for place in range(count):
        member = filled == place
        box = _full_box(member, figure.size)
        if box is None:
            continue
        soft = enlarge(cv2.GaussianBlur(member.astype(np.float32), (0, 0), _EDGE_BLUR), box, scale)
        better = soft > best[box.slices]
        best[box.slices][better] = soft[better]
        top[box.slices][better] = place
    top[alpha == 0] = -1
    return top


def _full_box(mask: Mask, size: tuple[int, int]) -> BoundingBox | None:
    """The box at full size around a working-size mask, with room for soft edges."""
    box = BoundingBox.around(mask)
    if box is None:
        return None
    across, down = size[0] / mask.shape[1], size[1] / mask.shape[0]
    grown = box.expand(3)
    full = BoundingBox(int(grown.left * across), int(grown.top * down), int(grown.right * across) + 1, int(grown.bottom * down) + 1)
    return full.intersect(BoundingBox.of_size(size))


def _touches_what_is_behind(top: Labels, place: int, box: BoundingBox) -> Mask:
    """(h, w) bool in ``box``: pixels next to one that shows something farther back."""
    around = box.expand(1).intersect(BoundingBox.of_size((top.shape[1], top.shape[0])))
    assert around is not None  # it holds the box
    behind = (top[around.slices] < place).astype(np.uint8)
    near = cv2.dilate(behind, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))) > 0
    return near[box.translate(-around.left, -around.top).slices]


def _mean_around(rgb: UInt8, known: Mask) -> Float32:
    """(h, w, 3) float32: the mean of the known colours in 5 x 5 pixels; -1 where there are none."""
    weight = cv2.boxFilter(known.astype(np.float32), -1, (5, 5), normalize=False)
    total = cv2.boxFilter(rgb * known[..., None].astype(np.float32), -1, (5, 5), normalize=False)
    return np.where(weight[..., None] > 0.5, total / np.maximum(weight, 1)[..., None], -1).astype(np.float32)


def _share_of(seen: UInt8, inner: Float32, below: UInt8) -> Float32:
    """(n,) float32: how much of each pixel at a rim is the layer's own, where its colours there are as farther in."""
    own, mixed = inner - below, seen.astype(np.float32) - below
    length = (own * own).sum(axis=1)
    share = np.divide((own * mixed).sum(axis=1), length, out=np.ones_like(length), where=length > 300)
    share[inner[:, 0] < 0] = 1
    return np.clip(share, _FAINTEST_EDGE, 1).astype(np.float32)
