"""A part that lies both in front of and behind others, cut by its pseudo-depth (paper 2, section 4.2.2).

    depth inside the part ─► K-Means, K = 2 or chosen by silhouette ─► nearer and farther strata ─► what a cut exposes is filled in

In one dimension K-Means has an exact answer by dynamic programming (Wang and Song 2011), so there is no seed and no start to be unlucky
with. Laid over each other, in 8 bits, the strata show what the part showed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.compositing import over_bytes
from liwi.imaging.inpainting import SmoothInpainter, pull_push
from liwi.protocols import Inpainter
from liwi.seethrough.assembly import explain_exactly
from liwi.seethrough.body_parts import AnyBodyPart, BodyPart, CoarseBodyPart
from liwi.seethrough.complete_parts import CompletePart
from liwi.seethrough.completion import complete_colors, complete_outline
from liwi.seethrough.part_labels import nearest_labels

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Labels = NDArray[np.int16]
Mask = NDArray[np.bool_]

STRATIFIED: frozenset[AnyBodyPart] = frozenset({CoarseBodyPart.HAIR, BodyPart.HANDWEAR, BodyPart.TOPWEAR, BodyPart.BOTTOMWEAR})
"""The paper's choice. Hair that comes as front and back hair is cut already."""

MOST_STRATA = 4
"""Largest K that is tried."""

CLEAR_SILHOUETTE = 0.7
"""Mean silhouette from which on clusters are told apart; an even spread cut in two reaches 0.58, separate modes pass 0.8."""

LEAST_STEP = 0.03
"""Distance between the middles of neighbouring strata below which a part is flat, and what differs is noise."""

_BINS = 256
"""Steps in which depth is clustered; each pixel then goes by its own depth."""

_LEAST_SHARE = 0.01
"""Share of its part from which on a stratum is one, and an island stays in its stratum."""

_GRAIN = 0.006
"""Noise of depth is smoothed, and lines are no strata, at this share of the part's long side."""

_CUT_BLUR = 0.7
"""Standard deviation in pixels of the cut's soft edge."""


@dataclass(frozen=True, slots=True)
class StrataOptions:
    """How parts are cut by depth.

    Attributes:
        count: K; None lets the silhouette choose from 1 to `MOST_STRATA`; 1 cuts nothing.
        parts: classes that are cut.
        footwear: whether shoes are too.
    """

    count: int | None = 2
    parts: frozenset[AnyBodyPart] = STRATIFIED
    footwear: bool = False

    def __post_init__(self) -> None:
        if self.count is not None and not 1 <= self.count <= MOST_STRATA:
            raise ValueError(f"A part is cut into 1 to {MOST_STRATA} strata, got {self.count}")

    def wants(self, part: AnyBodyPart) -> bool:
        """Whether this class is cut."""
        return part in self.parts or (self.footwear and part.value == BodyPart.FOOTWEAR.value)


def kmeans_edges(values: Float64, weights: Float64, count: int) -> Float64:
    """Exact weighted K-Means of sorted numbers.

    Args:
        values: (n,) ascending.
        weights: (n,) positive.
        count: K, at most n.

    Returns:
        (K - 1,) ascending: a value belongs to the cluster after the last edge that it is not below. Halfway between neighbours.
    """
    size = len(values)
    totals = np.concatenate([[0.0], np.cumsum(weights)])
    sums = np.concatenate([[0.0], np.cumsum(weights * values)])
    squares = np.concatenate([[0.0], np.cumsum(weights * values * values)])
    start, stop = np.arange(size)[:, None], np.arange(1, size + 1)[None, :]
    mass = np.maximum(totals[stop] - totals[start], 1e-300)
    spread = squares[stop] - squares[start] - (sums[stop] - sums[start]) ** 2 / mass
    cost = np.where(stop > start, np.maximum(spread, 0), np.inf)  # [i, j - 1]: of one cluster of values i up to before j
    best, cuts = cost[0], []
    for _ in range(1, count):
        options = np.concatenate([[np.inf], best[:-1]])[:, None] + cost
        cuts.append(options.argmin(axis=0))
        best = options.min(axis=0)
    edges, end = [], size
    for cut in reversed(cuts):
        end = int(cut[end - 1])
        edges.append((values[end - 1] + values[end]) / 2)
    return np.array(edges[::-1])


def silhouette(values: Float64, weights: Float64, edges: Float64) -> float:
    """The mean silhouette of clustered numbers (Rousseeuw 1987), in [-1, 1]; each counts itself among its own, one of thousands.

    Args:
        values, weights: (n,).
        edges: of `kmeans_edges`, at least one.
    """
    member = np.searchsorted(edges, values, side="right")
    distance = np.abs(values[:, None] - values[None, :])
    clusters = len(edges) + 1
    mass = np.bincount(member, weights, clusters)
    if (mass == 0).any():
        return -1.0
    means = np.stack([(distance * (weights * (member == each))[None]).sum(axis=1) / mass[each] for each in range(clusters)])
    own = np.take_along_axis(means, member[None], 0)[0]
    np.put_along_axis(means, member[None], np.inf, 0)
    other = means.min(axis=0)
    widest = np.maximum(own, other)
    scores = np.divide(other - own, widest, out=np.zeros_like(own), where=widest > 0)
    return float(np.average(scores, weights=weights))


def depth_edges(depth: Float32, alpha: UInt8, count: int | None) -> Float64:
    """Where to cut a part's depth.

    Args:
        depth: (n,) float32 of its pixels.
        alpha: (n,) uint8, their weight.
        count: K, or None to let the silhouette choose.

    Returns:
        Ascending, in the units of ``depth``; empty where the part is flat, or has no clear strata when they are to be found.
    """
    if count == 1 or not len(depth) or float(np.ptp(depth)) < LEAST_STEP:
        return np.array([])
    low, high = float(depth.min()), float(depth.max())
    weights, bounds = np.histogram(depth, _BINS, (low, high), weights=alpha.astype(np.float64))
    filled = weights > 0
    values = ((bounds[:-1] + bounds[1:]) / 2)[filled]
    weights = weights[filled] / weights.sum()
    counts = range(2, MOST_STRATA + 1) if count is None else range(count, 1, -1)
    tried = [kmeans_edges(values, weights, each) for each in counts if each <= len(values)]
    apart = [edges for edges in tried if _least_step(values, weights, edges) >= LEAST_STEP]
    if count is not None:
        return apart[0] if apart else np.array([])
    scored = [(silhouette(values, weights, edges), -len(edges), edges) for edges in apart]
    score, _, best = max(scored, key=lambda each: each[:2], default=(0.0, 0, np.array([])))
    return best if score >= CLEAR_SILHOUETTE else np.array([])


def _least_step(values: Float64, weights: Float64, edges: Float64) -> float:
    """The smallest distance between the means of neighbouring clusters."""
    member = np.searchsorted(edges, values, side="right")
    means = np.bincount(member, weights * values, len(edges) + 1) / np.bincount(member, weights, len(edges) + 1)
    return float(np.diff(means).min())


def stratify(
    part: CompletePart, options: StrataOptions | None = None, *, inpainter: Inpainter | None = None, seed: int = 0
) -> list[CompletePart]:
    """Cut a part by its depth.

    Args:
        part: with a depth, else nothing is cut.
        options: how many strata, of what.
        inpainter: continues colours of the strata behind; the smooth one where None.
        seed: makes the result repeatable.

    Returns:
        Nearest first; the part alone where it is not cut. Coarse hair becomes front hair and back hair. Over each other the strata show,
        in 8 bits, what the part shows.
    """
    options = options or StrataOptions()
    if part.depth is None or not options.wants(part.part):
        return [part]
    strata = _strata_labels(part, options.count)
    count = int(strata.max()) + 1
    if count < 2:
        return [part]
    found = []
    place = count - 1 - strata  # back to front, as `complete_outline` counts
    place[strata < 0] = -1
    below: UInt8 | None = None
    for each in range(count):  # the farthest first
        named = _stratum_part(part.part, count - 1 - each, count)
        stratum = count - 1 - each
        if part.part is CoarseBodyPart.HAIR:
            stratum = 0 if each == 0 else stratum
        rgba, depth = _one_stratum(part, place, each, below, inpainter or SmoothInpainter(), seed)
        below = rgba if below is None else _stacked(below, rgba)
        cut = replace(part, part=named, stratum=stratum, rgba=rgba, depth=depth).with_alpha(rgba[..., 3])
        assert cut is not None  # every stratum has pixels
        found.append(cut)
    return found[::-1]


def _stratum_part(part: AnyBodyPart, nearness: int, count: int) -> AnyBodyPart:
    """What a stratum is: of hair, the farthest is the back hair and the others are front hair."""
    if part is not CoarseBodyPart.HAIR:
        return part
    return BodyPart.BACK_HAIR if nearness == count - 1 else BodyPart.FRONT_HAIR


def _strata_labels(part: CompletePart, count: int | None) -> Labels:
    """(h, w) int16: 0 in the nearest stratum, 1 in the next, -1 where the part is not. Islands and lines go to what they lie in."""
    assert part.depth is not None  # the caller has looked
    firm, alpha = part.firm, part.rgba[..., 3]
    grain = max(1, round(_GRAIN * max(firm.shape)))
    depth = _smoothed(part.depth, firm, grain)
    edges = depth_edges(depth[firm], alpha[firm], count)
    labels = (len(edges) - np.searchsorted(edges, depth, side="right")).astype(np.int16)
    kept = np.zeros(firm.shape, bool)
    least = max(1.0, _LEAST_SHARE * float(firm.sum()))
    opening = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grain + 1, 2 * grain + 1))
    for each in range(len(edges) + 1):
        broad = cv2.morphologyEx(((labels == each) & firm).astype(np.uint8), cv2.MORPH_OPEN, opening)
        _, pieces, stats, _ = cv2.connectedComponentsWithStats(broad, connectivity=8)
        large = stats[:, cv2.CC_STAT_AREA] >= least
        large[0] = False
        kept |= large[pieces]
    if not kept.any():
        return np.where(alpha > 0, 0, -1).astype(np.int16)
    labels = nearest_labels(labels, kept)
    present = np.unique(labels[kept])
    return np.where(alpha > 0, np.searchsorted(present, labels), -1).astype(np.int16)


def _smoothed(depth: Float32, firm: Mask, grain: int) -> Float32:
    """(h, w) float32: the depth with its noise averaged out, inside the part alone."""
    inside = firm.astype(np.float32)
    weight = cv2.GaussianBlur(inside, (0, 0), grain / 2)
    total = cv2.GaussianBlur(depth * inside, (0, 0), grain / 2)
    return np.divide(total, weight, out=depth.astype(np.float32, copy=True), where=weight > 1e-3)


def _one_stratum(
    part: CompletePart, place: Labels, each: int, below: UInt8 | None, inpainter: Inpainter, seed: int
) -> tuple[UInt8, Float32]:
    """A stratum's pixels and depth, completed behind those in front of it, with a soft edge where one lies behind it."""
    assert part.depth is not None  # the caller has looked
    visible = place == each
    covering = place > each
    inside = part.rgba[..., 3] == 255  # so that nothing is added where the part is see-through
    named = _stratum_part(part.part, 0 if each else 1, 2)
    whole = complete_outline(named, each, place, inside)
    whole |= (cv2.dilate(visible.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0) & covering & inside  # under the soft edge
    rgb = np.ascontiguousarray(part.rgba[..., :3])
    rgba = np.dstack([complete_colors(rgb, visible, whole, covering, inpainter, seed=seed), np.where(whole, part.rgba[..., 3], 0)])
    rgba = rgba.astype(np.uint8)
    depth = part.depth
    if (whole & covering).any():
        behind = pull_push(part.depth[..., None], visible.astype(np.float32))[..., 0]
        depth = np.where(whole & covering, np.minimum(part.depth, behind), part.depth).astype(np.float32)
    if below is not None:
        _soften(rgba, visible, below)
    return rgba, depth


def _soften(rgba: UInt8, visible: Mask, below: UInt8) -> None:
    """Make a stratum's edge soft where it is opaque over an opaque one, so that it still shows the same. In place."""
    soft = cv2.GaussianBlur(visible.astype(np.float32), (0, 0), _CUT_BLUR)
    rim = visible & (below[..., 3] == 255) & (rgba[..., 3] == 255) & (soft < 0.99)
    if rim.any():
        rgba[rim] = explain_exactly(rgba[rim][:, :3], below[rim][:, :3], soft[rim])


def _stacked(below: UInt8, rgba: UInt8) -> UInt8:
    """(h, w, 4) uint8: what is seen of the strata so far, where that is opaque; empty elsewhere."""
    opaque = (below[..., 3] == 255) | (rgba[..., 3] == 255)
    return np.dstack([over_bytes(below[..., :3], rgba), opaque * np.uint8(255)])


def strata_of(
    parts: Sequence[CompletePart], options: StrataOptions, *, inpainter: Inpainter | None = None, seed: int = 0
) -> list[CompletePart]:
    """Every part, cut where it is to be."""
    return [stratum for part in parts for stratum in stratify(part, options, inpainter=inpainter, seed=seed)]
