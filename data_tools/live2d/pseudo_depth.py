"""Draw order as pseudo-depth: one number per ArtMesh, 1 = nearest to the viewer (paper 2, section 3.2).

`order_depth` is the paper's: the place in the draw order, min-max normalised. `overlap_levels` is what the published training used
instead: a level that grows only where an ArtMesh really covers one of the current level, so that fragments side by side share a depth.
"""

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.rendering import RenderedCharacter

MIN_ALPHA = 26
"""Alpha, of 255, from which a pixel counts as covered."""


def order_depth(character: RenderedCharacter) -> NDArray[np.float32]:
    """Pseudo-depth from the render order.

    Args:
        character: the rendered pose. ArtMeshes without a pixel do not count: effects that wait in front of a model, invisible, would
            press all that is seen into a corner of the scale.

    Returns:
        (M,) float32 over all ArtMeshes: in [0, 1], 0 the farthest and 1 the nearest that has a pixel; NaN for those without.
        A single one gets 1.
    """
    orders = np.full(len(character.model.art_meshes), np.nan)
    for mesh in character.meshes:
        orders[mesh.index] = character.model.art_meshes[mesh.index].render_order
    return normalised(orders)


def overlap_levels(character: RenderedCharacter, *, min_alpha: int = MIN_ALPHA) -> NDArray[np.int32]:
    """Levels from back to front: an ArtMesh opens a new one where it shares a covered pixel with any of the level before it.

    Args:
        character: the rendered pose.
        min_alpha: alpha from which a pixel is covered, 1 to 255.

    Returns:
        (M,) int32 over all ArtMeshes: 1 = farthest; 0 for those that have no covered pixel.
    """
    levels = np.zeros(len(character.model.art_meshes), np.int32)
    stamped = np.zeros(character.top_mesh.shape, np.int32)
    level = 1
    for mesh in character.meshes:
        covered = mesh.rgba[..., 3] >= min_alpha
        if not covered.any():
            continue
        below = stamped[mesh.box.slices]
        if (below[covered] == level).any():
            level += 1
        below[covered] = level
        levels[mesh.index] = level
    return levels


def overlap_depth(character: RenderedCharacter, *, min_alpha: int = MIN_ALPHA) -> NDArray[np.float32]:
    """`overlap_levels`, min-max normalised like `order_depth`: (M,) float32 in [0, 1], NaN for those without a covered pixel."""
    levels = overlap_levels(character, min_alpha=min_alpha)
    return normalised(np.where(levels > 0, levels, np.nan))


def normalised(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Bring numbers to [0, 1] by their smallest and largest; NaN stays NaN, and where all are equal they become 1."""
    known = values[~np.isnan(values)]
    if known.size == 0 or known.max() == known.min():
        return np.where(np.isnan(values), np.nan, 1.0).astype(np.float32)
    return ((values - known.min()) / (known.max() - known.min())).astype(np.float32)
