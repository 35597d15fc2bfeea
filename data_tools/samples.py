"""`LayeredSample`, a picture of which every layer is known exactly, and `CharacterSample`, a character of which every part is."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liwi.imaging.compositing import composite, over, to_float, to_uint8
from liwi.seethrough.body_parts import FINE_OF, TAXONOMIES, BodyPart, CoarseBodyPart, Side, TaxonomyVersion
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
UInt16 = NDArray[np.uint16]
Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LayeredSample:
    """A composite and its truth. The source is derived from the layers, so it fits them exactly.

    Attributes:
        name: file-safe, unique in its dataset.
        background: (H, W, 3) uint8, sRGB, clean: without objects and without their shadows.
        foregrounds: each (H, W, 4) uint8, straight alpha, canvas-sized, **back to front**.
        boxes: the box prompt of each foreground, outside its extent by some jitter.
        shadow_factor: (H, W, 3) uint16, 65535 = no shadow; the background is multiplied by ``shadow_factor / 65535``.
        kind: what sort of picture the foregrounds are.
        facts: what a person may want to know: sources with licences, the shadow's kind and parameters, jitter, scale.
    """

    name: str
    background: UInt8
    foregrounds: tuple[UInt8, ...]
    boxes: tuple[BoundingBox, ...]
    shadow_factor: UInt16
    kind: str
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = self.background.shape[:2]
        if self.background.dtype != np.uint8 or self.background.shape != (*shape, 3):
            raise ValueError(f"background must be (H, W, 3) uint8, got {self.background.shape} {self.background.dtype}")
        if self.shadow_factor.dtype != np.uint16 or self.shadow_factor.shape != (*shape, 3):
            raise ValueError(f"shadow_factor must be {(*shape, 3)} uint16, got {self.shadow_factor.shape} {self.shadow_factor.dtype}")
        for rgba in self.foregrounds:
            if rgba.dtype != np.uint8 or rgba.shape != (*shape, 4):
                raise ValueError(f"every foreground must be {(*shape, 4)} uint8, got {rgba.shape} {rgba.dtype}")
        if len(self.boxes) != len(self.foregrounds):
            raise ValueError(f"one box per foreground: got {len(self.boxes)} boxes for {len(self.foregrounds)} foregrounds")

    @property
    def size(self) -> tuple[int, int]:
        """``(width, height)``."""
        return self.background.shape[1], self.background.shape[0]

    @cached_property
    def source(self) -> UInt8:
        """(H, W, 3) uint8: the foregrounds over the shadowed background, rounded once."""
        shadowed = to_float(self.background) * (self.shadow_factor.astype(np.float32) / np.float32(65535))
        result = _opaque(shadowed)
        for rgba in self.foregrounds:
            result = over(to_float(rgba), result)
        return to_uint8(result[..., :3])

    @cached_property
    def shadow(self) -> Float32:
        """S = source - composite of the layers: (H, W, 3) float32 in [-1, 1], derived, never stored in 8 bits."""
        layers = [_opaque(to_float(self.background)), *(to_float(rgba) for rgba in self.foregrounds)]
        return to_float(self.source) - composite(layers)[..., :3]


def _opaque(rgb: Float32) -> Float32:
    return np.concatenate([rgb, np.ones((*rgb.shape[:2], 1), np.float32)], axis=-1)


SAMPLE_TAGS: tuple[str, ...] = tuple(
    dict.fromkeys(tag for version in (TaxonomyVersion.V3, TaxonomyVersion.V2) for tag in TAXONOMIES[version])
)
"""Tags of a `CharacterSample`'s layers: the 23 classes of version 3, then "hair" and "eyes" of version 2."""

_PARTS_OF: dict[str, frozenset[BodyPart]] = {part.value: frozenset(FINE_OF[part]) for part in CoarseBodyPart}
_PARTS_OF |= {part.value: frozenset({part}) for part in BodyPart}

DEPTH_VARIANTS = ("order", "overlap")
"""Ways to make pseudo-depth of the draw order: `live2d.pseudo_depth.order_depth` (the paper's) and `overlap_depth`."""


@dataclass(frozen=True, slots=True)
class ArtMeshLabel:
    """One ArtMesh of a character at one pose, as far as training needs it.

    Attributes:
        index: its number in its model; fragment maps hold ``index + 1``.
        id: the artist's id.
        part: class of the 23-class taxonomy; None where nobody has labelled it.
        side: the character's own.
        order, overlap: pseudo-depth in [0, 1], 1 = nearest to the viewer; ``overlap`` is None where no pixel counts as covered.
        visible_pixels: how much of the picture shows it; 0 for one that only brightens or darkens others.
    """

    index: int
    id: str
    part: BodyPart | None
    side: Side | None
    order: float
    overlap: float | None
    visible_pixels: float


@dataclass(frozen=True, eq=False, slots=True)
class PartLayer:
    """A part of a character, complete: also what other parts hide of it.

    Attributes:
        tag: a class of the 23-class taxonomy, or "hair" or "eyes" of the 19-class one.
        box: the smallest box around its pixels with alpha.
        rgba: (h, w, 4) uint8, straight alpha, cropped to ``box``: its ArtMeshes in their draw order, with their clipping.
        visible: (h, w) uint8: the share of the source's pixel that is this part's, 255 = all.
        fragments: (h, w) uint16: 0 = none, ``index + 1`` of the ArtMesh that is in front inside this layer.
    """

    tag: str
    box: BoundingBox
    rgba: UInt8
    visible: UInt8
    fragments: UInt16

    def __post_init__(self) -> None:
        shape = (self.box.height, self.box.width)
        for name, array, wanted, dtype in (
            ("rgba", self.rgba, (*shape, 4), np.uint8),
            ("visible", self.visible, shape, np.uint8),
            ("fragments", self.fragments, shape, np.uint16),
        ):
            if array.shape != wanted or array.dtype != dtype:
                raise ValueError(f"PartLayer.{name} must be {wanted} {np.dtype(dtype)}, got {array.shape} {array.dtype}")


@dataclass(frozen=True, eq=False)
class CharacterSample:
    """A character at one pose before one background, and the truth about its parts (paper 2, section 3.2).

    The tags of both taxonomies share one namespace: version 2 is version 3 with "hair" and "eyes" in place of what they were cut into.

    Attributes:
        name: file-safe, without a dot, unique in its dataset.
        source: (H, W, 3) uint8, sRGB: the character before its background; what a model gets to see.
        figure: (H, W, 4) uint8, straight alpha: the character alone; its alpha is the figure's mask.
        layers: at most one per tag, in the order of `SAMPLE_TAGS`; parts that the character lacks are missing.
        art_meshes: those with a pixel at this pose, **back to front**.
        facts: provenance: model, pose, background, seed, versions.
    """

    name: str
    source: UInt8
    figure: UInt8
    layers: tuple[PartLayer, ...]
    art_meshes: tuple[ArtMeshLabel, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = self.source.shape[:2]
        for name, array, channels in (("source", self.source, 3), ("figure", self.figure, 4)):
            if array.dtype != np.uint8 or array.shape != (*shape, channels):
                raise ValueError(f"CharacterSample.{name} must be {(*shape, channels)} uint8, got {array.shape} {array.dtype}")
        tags = [layer.tag for layer in self.layers]
        if tags != [tag for tag in SAMPLE_TAGS if tag in tags]:
            raise ValueError(f"Layers have different tags in the order of SAMPLE_TAGS, got {tags}")
        canvas = BoundingBox.of_size(self.size)
        outside = [layer.tag for layer in self.layers if layer.box.intersect(canvas) != layer.box]
        if outside:
            raise ValueError(f"Layers lie inside the canvas {self.size}, got {outside} outside")

    @property
    def size(self) -> tuple[int, int]:
        """``(width, height)``."""
        return self.source.shape[1], self.source.shape[0]

    def layers_of(self, taxonomy: TaxonomyVersion) -> tuple[PartLayer, ...]:
        """The layers of one taxonomy, in the order of their class index."""
        by_tag = {layer.tag: layer for layer in self.layers}
        return tuple(by_tag[tag] for tag in TAXONOMIES[taxonomy] if tag in by_tag)

    def members(self, tag: str) -> tuple[ArtMeshLabel, ...]:
        """The ArtMeshes of a layer, back to front."""
        parts = _PARTS_OF[tag]
        return tuple(mesh for mesh in self.art_meshes if mesh.part in parts)

    def part_depth(self, tag: str, variant: str = "order") -> tuple[float, float]:
        """One pseudo-depth for a whole part.

        Args:
            tag: of a layer of this sample.
            variant: one of `DEPTH_VARIANTS`.

        Returns:
            ``(median, mean)`` over its ArtMeshes, weighed by how much is seen of each; over all alike where nothing is seen of the part.
            NaN where none has a depth.
        """
        meshes = [mesh for mesh in self.members(tag) if getattr(mesh, variant) is not None]
        depths = np.array([getattr(mesh, variant) for mesh in meshes], np.float64)
        weights = np.array([mesh.visible_pixels for mesh in meshes], np.float64)
        if len(meshes) == 0:
            return math.nan, math.nan
        if weights.sum() == 0:
            weights[:] = 1
        order = np.argsort(depths, kind="stable")
        summed = np.cumsum(weights[order])
        middle = int(np.searchsorted(summed, summed[-1] / 2))
        return float(depths[order][middle]), float(np.average(depths, weights=weights))

    def depth_map(self, layer: PartLayer, variant: str = "order") -> Float32:
        """Pseudo-depth per pixel of a layer: (h, w) float32 in [0, 1], 1 = nearest, NaN where the layer has none."""
        table = np.full(2**16, np.nan, np.float32)
        for mesh in self.art_meshes:
            depth = getattr(mesh, variant)
            if depth is not None:
                table[mesh.index + 1] = depth
        return table[layer.fragments]
