"""Generated parts in drawing order, laid out with the picture's own pixels wherever they are seen.

1. Outlines, front to back: along the picture's own edges where the part was made at a smaller size and is seen.
2. Every pixel of the figure is some part's: what no part covers goes to the nearest one, or into a layer of its own at the back.
3. Colours, back to front, over the picture as far as it is built, in 8 bits: the picture's own where the part is seen, chosen with alpha
   so that soft edges meet the picture exactly; generated ones where something hides it, tuned so that they go on from what is seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.compositing import to_float
from liwi.imaging.enlarging import COVERED, sharpen_alpha, without_haze
from liwi.imaging.inpainting import pull_push
from liwi.prompts import BoundingBox
from liwi.seethrough.assembly import Canvas, Figure, explain_exactly
from liwi.seethrough.complete_parts import CompletePart
from liwi.seethrough.edge_alpha import edge_alpha
from liwi.seethrough.part_labels import nearest_labels

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SOFTER = 1.2
"""Scale of a part from which on its outline is sharpened."""

_REACH = 0.01
"""How far a part takes over what no part covers, as a share of the long side."""

_LEAST_REST = 1e-4
"""Share of the canvas below which a piece that no part covers goes to the nearest part however far it is."""

_MOST_TUNING = 32.0
"""Largest change, of 255, of a generated colour: what differs more is another thing, not another shade."""

_BARELY = 0.12
"""Alpha of what hides a part from which on its colours there are generated ones alone: the picture's are mixed with what hides it."""

_SURE = 0.9
"""Alpha from which on a pixel shows a part alone."""


@dataclass(frozen=True, eq=False)
class FinishedPixels:
    """What `lay_out` makes.

    Attributes:
        layers: for each part its box and (h, w, 4) uint8, None where nothing of it is left; in the order given.
        rest: what no part covered and none is near to; None where that is nothing.
        error: mean difference between generated colours and the picture where parts are seen, in [0, 1]; None where none is.
        uncovered: share of the figure that no part covered.
    """

    layers: tuple[tuple[BoundingBox, UInt8] | None, ...]
    rest: tuple[BoundingBox, UInt8] | None
    error: float | None
    uncovered: float


@dataclass(eq=False)
class _Outline:
    """A part on its way: where it is, its alpha (h, w) in [0, 1], and how much of it is hidden (h, w)."""

    part: CompletePart
    box: BoundingBox
    alpha: Float32
    hidden: Float32

    def grow(self, box: BoundingBox) -> None:
        """Make room for more."""
        whole = self.box.union(box)
        if whole == self.box:
            return
        there = self.box.translate(-whole.left, -whole.top).slices
        for name in ("alpha", "hidden"):
            larger = np.zeros((whole.height, whole.width), np.float32)
            larger[there] = getattr(self, name)
            setattr(self, name, larger)
        self.box = whole


def lay_out(parts: Sequence[CompletePart], figure: Figure, *, own_pixels: bool = True) -> FinishedPixels:
    """Lay parts out on the figure's canvas.

    Args:
        parts: back to front, in the figure's pixels.
        figure: what they must add up to.
        own_pixels: whether what is seen is the picture's own.
    """
    figure = _without_hidden_colors(figure)
    outlines, covered = _outlines(parts, figure)
    rest = _close_gaps(outlines, covered, figure)
    canvas = Canvas.start(figure)
    behind = None
    if rest is not None:
        box = BoundingBox.around(rest)
        assert box is not None  # it is not None only where it has pixels
        behind = box, np.dstack([figure.seen[box.slices], rest[box.slices] * np.uint8(255)]) * rest[box.slices][..., None]
        canvas.lay(*behind)
    layers: list[tuple[BoundingBox, UInt8] | None] = []
    differences, seen_pixels = 0.0, 0
    for outline in outlines:
        colors = _on_box(outline.part, outline.box)
        clear = (outline.hidden <= COVERED) & (outline.alpha >= _SURE)
        if clear.any():
            differences += float(np.abs(colors[clear].astype(np.int16) - figure.seen[outline.box.slices][clear]).mean(axis=-1).sum())
            seen_pixels += int(clear.sum())
        layers.append(_finished(outline, colors, clear, figure, canvas, own_pixels=own_pixels))
    error = differences / seen_pixels / 255 if seen_pixels else None
    return FinishedPixels(tuple(layers), behind, error, _uncovered(parts, figure))


def _without_hidden_colors(figure: Figure) -> Figure:
    """The figure, black where the picture is transparent: what colours lie under alpha 0 is nobody's business."""
    if figure.backdrop is not None:
        return figure
    return replace(figure, seen=np.where(figure.rgba[..., 3:] > 0, figure.seen, 0).astype(np.uint8))


def _uncovered(parts: Sequence[CompletePart], figure: Figure) -> float:
    """The share of the figure that no part covers as it was generated."""
    missing = to_float(figure.rgba[..., 3])
    whole = float(missing.sum())
    for part in parts:
        missing[part.box.slices] *= 1 - to_float(part.rgba[..., 3])
    return float(missing[missing > 0.5].sum()) / max(whole, 1.0)


def _outlines(parts: Sequence[CompletePart], figure: Figure) -> tuple[list[_Outline], Float32]:
    """Every part's outline and how much of it is hidden, back to front, and how much of each pixel is covered at all."""
    mask = to_float(figure.rgba[..., 3])
    covered = np.zeros(mask.shape, np.float32)
    found: list[_Outline] = []
    backs = _behind(parts, figure)
    for part in reversed(parts):
        box = part.box
        hidden = covered[box.slices].copy()
        alpha = _outline(part, figure, hidden)
        if part.scale >= _SOFTER:
            below, opaque = backs.pop()
            known = opaque & (hidden <= COVERED)
            alpha = edge_alpha(alpha, part.rgba[..., :3], below, known, figure.seen[box.slices], part.scale)
        else:
            backs.pop()
        inside = mask[box.slices]
        if figure.backdrop is None:  # the figure's own alpha comes last of all: layers are opaque up to it
            alpha = np.divide(alpha, inside, out=np.zeros_like(alpha), where=inside > 0)
        alpha = without_haze(np.where(inside > 0, np.minimum(alpha, 1), 0).astype(np.float32))
        covered[box.slices] = 1 - (1 - hidden) * (1 - alpha)
        found.append(_Outline(part, box, alpha, hidden))
    return found[::-1], covered


def _behind(parts: Sequence[CompletePart], figure: Figure) -> list[tuple[UInt8, Mask]]:
    """For each part what was generated behind it, (h, w, 3) uint8 in its box, and where that is opaque."""
    canvas = Canvas.start(figure)
    found = []
    for part in parts:
        found.append((canvas.rgb[part.box.slices].copy(), canvas.coverage[part.box.slices] >= 250))
        canvas.lay(part.box, part.rgba)
    return found


def _outline(part: CompletePart, figure: Figure, hidden: Float32) -> Float32:
    """(h, w) float32: the part's alpha, sharpened along the picture's edges where it is seen."""
    alpha = to_float(part.rgba[..., 3])
    if part.scale < _SOFTER:
        return alpha
    sharp = sharpen_alpha(alpha, np.ascontiguousarray(figure.seen[part.box.slices]), part.scale)
    unseen = np.minimum(hidden / COVERED, 1)
    return ((1 - unseen) * sharp + unseen * alpha).astype(np.float32)


def _close_gaps(outlines: Sequence[_Outline], covered: Float32, figure: Figure) -> Mask | None:
    """Give every pixel of the figure to a part. Returns what is left for a layer of its own, None where nothing is.

    Where parts cover a pixel in part, the rearmost of them becomes opaque; where none does, the nearest one grows.
    """
    wanted = to_float(figure.rgba[..., 3])
    if figure.backdrop is None:
        wanted = (wanted > 0).astype(np.float32)
    gap = covered < wanted - 1e-4
    owner = np.full(gap.shape, -1, np.int16)
    for place, outline in enumerate(outlines):
        here = outline.box.slices
        filled = gap[here] & (outline.alpha >= 0.25 * wanted[here])
        outline.alpha[filled] = np.maximum(outline.alpha, wanted[here])[filled]
        gap[here] &= ~filled
        owner[here][(outline.alpha >= 0.5) & (outline.hidden < 0.5)] = place
    if not gap.any() or not (owner >= 0).any():
        return gap if gap.any() else None
    rest = _too_far(gap, owner >= 0)
    nearest = nearest_labels(owner, owner >= 0)
    gap &= ~rest
    for place in np.unique(nearest[gap]):
        taken = gap & (nearest == place)
        box = BoundingBox.around(taken)
        assert box is not None  # the place was found in the gap
        outlines[place].grow(box)
        here = outlines[place].box.slices
        outlines[place].alpha[taken[here]] = wanted[here][taken[here]]
    _hide_again(outlines, figure)
    return rest if rest.any() else None


def _too_far(gap: Mask, owned: Mask) -> Mask:
    """(h, w) bool: pieces of the gap that are large and reach far from every part."""
    distance = cv2.distanceTransform((~owned).astype(np.uint8), cv2.DIST_L2, 5)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(gap.astype(np.uint8), connectivity=8)
    farthest = np.zeros(count)
    np.maximum.at(farthest, pieces.ravel(), distance.ravel())
    large = (stats[:, cv2.CC_STAT_AREA] > _LEAST_REST * gap.size) & (farthest > max(2.0, _REACH * max(gap.shape)))
    large[0] = False
    return large[pieces]


def _hide_again(outlines: Sequence[_Outline], figure: Figure) -> None:
    """What is hidden, now that parts have grown."""
    covered = np.zeros(figure.seen.shape[:2], np.float32)
    for outline in reversed(outlines):
        here = outline.box.slices
        outline.hidden = covered[here].copy()
        covered[here] = 1 - (1 - outline.hidden) * (1 - outline.alpha)


def _on_box(part: CompletePart, box: BoundingBox) -> UInt8:
    """(h, w, 3) uint8: the generated colours in a box that holds the part's; those of the border go on outside."""
    grow = part.box.top - box.top, box.bottom - part.box.bottom, part.box.left - box.left, box.right - part.box.right
    return cv2.copyMakeBorder(np.ascontiguousarray(part.rgba[..., :3]), *grow, borderType=cv2.BORDER_REPLICATE)


def _finished(
    outline: _Outline, colors: UInt8, clear: Mask, figure: Figure, canvas: Canvas, *, own_pixels: bool
) -> tuple[BoundingBox, UInt8] | None:
    """A layer's pixels, laid on the canvas."""
    seen = figure.seen[outline.box.slices]
    alpha = np.rint(outline.alpha * 255).astype(np.uint8)
    if own_pixels:
        own = np.clip((_BARELY - outline.hidden) / (_BARELY - COVERED), 0, 1)[..., None]
        mixed = own * seen + (1 - own) * _tuned(colors, seen, clear)
        rgba = np.dstack([np.rint(mixed).astype(np.uint8), alpha])
        open_to_view = (outline.hidden <= COVERED) & (alpha > 0)
        soft = open_to_view & (alpha < 255) & (canvas.coverage[outline.box.slices] == 255)
        if soft.any():
            rgba[soft] = explain_exactly(seen[soft], canvas.rgb[outline.box.slices][soft], outline.alpha[soft])
    else:
        rgba = np.dstack([colors, alpha])
    tight = BoundingBox.around(rgba[..., 3])
    if tight is None:
        return None
    rgba = np.ascontiguousarray(rgba[tight.slices] * (rgba[tight.slices][..., 3:] > 0))
    box = tight.translate(outline.box.left, outline.box.top)
    canvas.lay(box, rgba)
    return box, rgba


def _tuned(colors: UInt8, seen: UInt8, clear: Mask) -> Float32:
    """(h, w, 3) float32 of 255: generated colours, shifted by what they are off by where the part is seen."""
    if not clear.any():
        return colors.astype(np.float32)
    off = np.clip(seen.astype(np.float32) - colors, -_MOST_TUNING, _MOST_TUNING)
    return np.clip(colors + pull_push(off, clear.astype(np.float32)), 0, 255)
