"""Nearest-neighbour field of a completed picture: from where each filled pixel could have been copied.

PatchMatch (Barnes et al. 2009) builds this field, but the library returns colours alone. The field is found again: exhaustively at
half size, then by propagation and local search at full size (the same paper, section 3.2, with all pixels at once).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Offsets = NDArray[np.int32]

_RADIUS = 2
"""Half the side of the compared patches, which have 5 x 5 pixels."""

_CHUNK = 2**24
"""Most entries of a table of distances held at a time."""


def match_patches(completed: UInt8, hole: Mask, sources: Mask, sweeps: int = 2) -> Offsets:
    """For every pixel of ``hole`` find the source whose surroundings look most like it.

    Args:
        completed: (h, w, 3) uint8, the filled picture.
        hole: (h, w) bool, pixels that were filled.
        sources: (h, w) bool, pixels that may be copied from.
        sweeps: rounds of propagation.

    Returns:
        (h, w, 2) int32: (dy, dx) from each hole pixel to its source, (0, 0) outside the hole or if there is no source.
    """
    offsets = np.zeros((*hole.shape, 2), np.int32)
    if not hole.any() or not sources.any():
        return offsets
    size = (hole.shape[1] + 1) // 2, (hole.shape[0] + 1) // 2
    half_sources = sources[::2, ::2]
    if half_sources.any():
        half = cv2.resize(completed, size, interpolation=cv2.INTER_AREA).reshape(*size[::-1], 3)
        half_hole = cv2.resize(hole.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).reshape(size[::-1]) > 0
        half_hole = cv2.dilate(half_hole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        coarse = _exhaustive(_describe(half), half_hole, half_sources)
        offsets = 2 * np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)[: hole.shape[0], : hole.shape[1]]
    return _refine(_describe(completed), offsets, hole, sources, sweeps)


def _describe(image: UInt8) -> NDArray[np.float32]:
    """The patch around every pixel: (h, w, d) float32."""
    padded = cv2.copyMakeBorder(image, _RADIUS, _RADIUS, _RADIUS, _RADIUS, cv2.BORDER_REFLECT)
    side = 2 * _RADIUS + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(0, 1))
    return windows.reshape(*image.shape[:2], -1).astype(np.float32)


def _exhaustive(patches: NDArray[np.float32], hole: Mask, sources: Mask) -> Offsets:
    """The nearest source of every hole pixel, by comparing all with all."""
    targets, origins = np.argwhere(hole), np.argwhere(sources)
    wanted, offered = patches[hole], patches[sources]
    half_norms = 0.5 * np.einsum("nd,nd->n", offered, offered)
    nearest = np.empty(len(targets), np.intp)
    rows = max(1, _CHUNK // len(origins))
    for start in range(0, len(targets), rows):
        part = slice(start, start + rows)
        nearest[part] = np.argmin(half_norms - wanted[part] @ offered.T, axis=1)
    offsets = np.zeros((*hole.shape, 2), np.int32)
    offsets[hole] = origins[nearest] - targets
    return offsets


def _refine(patches: NDArray[np.float32], offsets: Offsets, hole: Mask, sources: Mask, sweeps: int) -> Offsets:
    """Try the neighbours' offsets and small changes of one's own; keep what looks more alike."""
    targets = np.argwhere(hole)
    wanted = patches[hole]
    field = np.where(hole[..., None], offsets, 0)
    best = np.full(len(targets), np.inf, np.float32)
    own = [(0, 0), *((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0))]
    around = [(dy * reach, dx * reach) for reach in (1, 3) for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0))]
    limit = np.array(hole.shape) - 1
    for sweep in range(sweeps):
        for kind, (dy, dx) in [("own", step) for step in (own if sweep == 0 else own[:1])] + [("around", step) for step in around]:
            current = field[hole]
            if kind == "own":
                candidate = np.add(current, (dy, dx))
            else:
                neighbours = np.clip(np.add(targets, (dy, dx)), 0, limit)
                candidate = np.where(hole[tuple(neighbours.T)][:, None], field[tuple(neighbours.T)], current)
            place = targets + candidate
            inside = ((place >= 0) & (place <= limit)).all(axis=1)
            place = np.clip(place, 0, limit)
            allowed = inside & sources[tuple(place.T)]
            distance = np.square(patches[tuple(place.T)] - wanted).sum(axis=1)
            better = allowed & (distance < best)
            best[better] = distance[better]
            current[better] = candidate[better]
            field[hole] = current
    field[hole] = np.where(np.isfinite(best)[:, None], field[hole], 0)
    return field
