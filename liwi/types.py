"""The central types: what goes into an engine and what comes out of it.

Everything here is a frozen dataclass over numpy arrays; arrays inside are treated as read-only. Conventions, each held everywhere:
layers stand **back to front**; alpha is straight; boxes are half-open pixels; sizes are ``(width, height)``; shapes are ``(H, W)``.

The law of a `Decomposition`: ``recompose() == source``, bit for bit, at the source's own size (paper 1, section 4.1:
``S = I_src - I_c``). It holds by construction, because `Decomposition.shadow` is derived from the source and the stack.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from liwi.errors import InputError
from liwi.imaging.compositing import composite, to_float, to_uint8
from liwi.prompts import BoundingBox as BoundingBox
from liwi.prompts import Hint as Hint
from liwi.seethrough.body_parts import AnyBodyPart, Side

if TYPE_CHECKING:
    from liwi.seethrough.options import CharacterOptions

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

MAX_SIDE = 8192
"""Largest side of a picture, in pixels."""

_BAND_ROWS = 256
"""Rows composited at a time, to bound the memory of float copies."""


class LayerRole(StrEnum):
    """What a layer is in its stack."""

    BACKGROUND = "background"
    FOREGROUND = "foreground"


class BlendMode(StrEnum):
    """How a layer meets what lies below it. Names as in Photoshop and the W3C compositing specification."""

    NORMAL = "normal"
    MULTIPLY = "multiply"
    SCREEN = "screen"
    OVERLAY = "overlay"
    DARKEN = "darken"
    LIGHTEN = "lighten"
    COLOR_DODGE = "color-dodge"
    COLOR_BURN = "color-burn"
    HARD_LIGHT = "hard-light"
    SOFT_LIGHT = "soft-light"
    DIFFERENCE = "difference"
    EXCLUSION = "exclusion"
    LINEAR_DODGE = "linear-dodge"


def new_layer_id() -> str:
    """A fresh layer id: unique, and safe in a URL or a file name."""
    return uuid.uuid4().hex[:12]


@dataclass(frozen=True, eq=False)
class LayerDepth:
    """How near each pixel of a character's layer is.

    Attributes:
        box: where it lies on the canvas; beside it the layer's `Layer.pseudo_depth` holds.
        values: (h, w) float32 in [0, 1], 1 = nearest to the viewer.
    """

    box: BoundingBox
    values: Float32

    def __post_init__(self) -> None:
        if self.values.shape != (self.box.height, self.box.width):
            raise ValueError(f"LayerDepth.values must be {(self.box.height, self.box.width)} as its box, got {self.values.shape}")


@dataclass(frozen=True, eq=False)
class Layer:
    """One canvas-sized picture with alpha.

    Attributes:
        rgba: (H, W, 4) uint8, sRGB, straight alpha.
        role: background or foreground.
        name: what a person calls it; any Unicode text without control characters.
        id: stable through renaming and reordering; unique in its stack.
        box: the box prompt it was cut with, None for the background.
        part, side: of a character's layer: which body part it is, and on which side of the character; None where it is neither.
        pseudo_depth: of a character's layer, in [0, 1], 1 = nearest to the viewer: where it stood when it was made.
        depth: of a character's layer, pixel for pixel; None where nobody estimated it.
        visible, locked, opacity, blend: the panel's state, opacity in [0, 1]. The law of `Decomposition` ignores them.
    """

    rgba: UInt8
    role: LayerRole
    name: str
    id: str = field(default_factory=new_layer_id)
    box: BoundingBox | None = None
    visible: bool = True
    locked: bool = False
    opacity: float = 1.0
    blend: BlendMode = BlendMode.NORMAL
    part: AnyBodyPart | None = None
    side: Side | None = None
    pseudo_depth: float | None = None
    depth: LayerDepth | None = None

    def __post_init__(self) -> None:
        if self.rgba.dtype != np.uint8 or self.rgba.ndim != 3 or self.rgba.shape[2] != 4:
            raise ValueError(f"Layer.rgba must be (H, W, 4) uint8, got {self.rgba.shape} {self.rgba.dtype}")
        if not 0 <= self.opacity <= 1:
            raise ValueError(f"Layer.opacity must be in [0, 1], got {self.opacity}")
        if self.pseudo_depth is not None and not 0 <= self.pseudo_depth <= 1:
            raise ValueError(f"Layer.pseudo_depth must be in [0, 1] or None, got {self.pseudo_depth}")

    @property
    def size(self) -> tuple[int, int]:
        """``(width, height)`` of the canvas."""
        return self.rgba.shape[1], self.rgba.shape[0]

    @cached_property
    def extent(self) -> BoundingBox | None:
        """The smallest box around the pixels with any alpha; None for an empty layer."""
        return BoundingBox.around(self.rgba[..., 3])

    def with_state(self, **changes: Any) -> "Layer":
        """The same pixels with another name or panel state; does not look for the extent again."""
        changed = replace(self, **changes)
        if changed.rgba is self.rgba and "extent" in self.__dict__:
            changed.__dict__["extent"] = self.extent
        return changed


@dataclass(frozen=True, eq=False)
class LayerStack:
    """Layers of one canvas, **back to front**. Never changed in place: every method returns a new stack."""

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("A LayerStack needs at least one layer, got none")
        if len({layer.size for layer in self.layers}) != 1:
            raise ValueError(f"All layers of a stack share one size, got {[layer.size for layer in self.layers]}")
        if len({layer.id for layer in self.layers}) != len(self.layers):
            raise ValueError(f"Layer ids are unique in a stack, got {[layer.id for layer in self.layers]}")

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, layer_id: str) -> Layer:
        for layer in self.layers:
            if layer.id == layer_id:
                return layer
        raise InputError(f"There is no layer {layer_id!r} any more; it may have been deleted or undone.")

    @property
    def size(self) -> tuple[int, int]:
        """``(width, height)`` of the canvas."""
        return self.layers[0].size

    @property
    def background(self) -> Layer | None:
        """The background layer, wherever it stands; None where there is none."""
        return next((layer for layer in self.layers if layer.role is LayerRole.BACKGROUND), None)

    @property
    def foregrounds(self) -> tuple[Layer, ...]:
        """Every layer but the background, back to front."""
        return tuple(layer for layer in self.layers if layer.role is not LayerRole.BACKGROUND)

    def index(self, layer_id: str) -> int:
        """Position from the back of the layer with this id."""
        return self.layers.index(self[layer_id])

    def insert(self, position: int, layer: Layer) -> "LayerStack":
        """A stack with ``layer`` at ``position`` from the back."""
        return LayerStack((*self.layers[:position], layer, *self.layers[position:]))

    def replace(self, layer: Layer) -> "LayerStack":
        """A stack in which ``layer`` stands in place of the one with its id."""
        position = self.index(layer.id)
        return LayerStack((*self.layers[:position], layer, *self.layers[position + 1 :]))

    def remove(self, layer_id: str) -> "LayerStack":
        """A stack without this layer."""
        gone = self[layer_id]
        return LayerStack(tuple(layer for layer in self.layers if layer is not gone))

    def reorder(self, layer_ids: Sequence[str]) -> "LayerStack":
        """A stack with the layers in this order, back to front. The ids must be exactly those of the stack."""
        if sorted(layer_ids) != sorted(layer.id for layer in self.layers):
            raise InputError("The new order must name every layer of the stack once.")
        return LayerStack(tuple(self[layer_id] for layer_id in layer_ids))

    def composite(self, box: BoundingBox | None = None) -> Float32:
        """Composite all layers with Normal blending at full opacity, whatever the panel's state (the paper's I_c).

        Args:
            box: the part of the canvas wanted; None for all of it.

        Returns:
            (h, w, 4) float32 in [0, 1], straight alpha.
        """
        box = box or BoundingBox.of_size(self.size)
        result = np.empty((box.height, box.width, 4), np.float32)
        for top in range(box.top, box.bottom, _BAND_ROWS):
            band = BoundingBox(box.left, top, box.right, min(top + _BAND_ROWS, box.bottom))
            shown = [layer for layer in self.layers if layer.extent is not None and layer.extent.intersect(band)]
            rows = result[top - box.top : band.bottom - box.top]
            rows[:] = composite([to_float(layer.rgba[band.slices]) for layer in shown]) if shown else 0
        return result


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a decomposition comes from: enough to make it again.

    Attributes:
        engine: name in the engine table, e.g. ``"embedded"``.
        engine_version: changes whenever the engine's output may change.
        seed: the seed that was used.
        seconds: wall-clock time of the work.
        notes: what a person should know, e.g. "Box 2 selects nothing and was skipped."
    """

    engine: str
    engine_version: str
    seed: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Decomposition:
    """A picture taken apart into layers that add up to it again.

    Attributes:
        source: (H, W, 3) uint8, sRGB; the picture as it was given.
        stack: back to front; layer 0 is the background where there is one.
        provenance: which engine made it, and how.
        mask: (H, W) uint8 or None. The input's own alpha, applied outermost, after all layers and S;
            layers are complete underneath it.
        shadow_visible: the panel's state of S; like a layer's ``visible`` it changes nothing about the law.
    """

    source: UInt8
    stack: LayerStack
    provenance: Provenance
    mask: UInt8 | None = None
    shadow_visible: bool = True

    def __post_init__(self) -> None:
        if self.source.dtype != np.uint8 or self.source.ndim != 3 or self.source.shape[2] != 3:
            raise ValueError(f"Decomposition.source must be (H, W, 3) uint8, got {self.source.shape} {self.source.dtype}")
        if self.stack.size != self.size:
            raise ValueError(f"The stack's size {self.stack.size} must be the source's, {self.size}")
        if self.mask is not None and self.mask.shape != self.source.shape[:2]:
            raise ValueError(f"Decomposition.mask must be {self.source.shape[:2]}, got {self.mask.shape}")

    @property
    def size(self) -> tuple[int, int]:
        """``(width, height)`` of the picture."""
        return self.source.shape[1], self.source.shape[0]

    @cached_property
    def changed(self) -> BoundingBox | None:
        """The smallest box outside of which the background is the source itself and no foreground has alpha, so S is 0; None: nowhere."""
        background = self.stack.background
        if background is None:
            return BoundingBox.of_size(self.size)
        box = _changed_box(self.source, background.rgba)
        for layer in self.stack.foregrounds:
            if layer.extent is not None:
                box = box.union(layer.extent) if box else layer.extent
        return box

    def shadow_in(self, box: BoundingBox) -> Float32:
        """S inside ``box``: (h, w, 3) float32 in [-1, 1]. See `shadow`."""
        return to_float(self.source[box.slices]) - self.stack.composite(box)[..., :3]

    @cached_property
    def shadow(self) -> Float32:
        """The shadow residual S = I_src - I_c, signed: (H, W, 3) float32 in [-1, 1] (paper 1, section 4.1).

        Holds the cast and contact shadows that the engine took out of the background, and whatever else the layers leave over.
        """
        shadow = np.zeros((*self.source.shape[:2], 3), np.float32)
        if self.changed is not None:
            shadow[self.changed.slices] = self.shadow_in(self.changed)
        return shadow

    def recompose(self) -> UInt8:
        """I_c + S, rounded: (H, W, 3) uint8. Equal to ``source`` bit for bit; `tests` and the report measure it rather than assume it."""
        result = np.empty_like(self.source)
        whole = BoundingBox.of_size(self.size)
        for top in range(0, whole.bottom, _BAND_ROWS):
            band = BoundingBox(0, top, whole.right, min(top + _BAND_ROWS, whole.bottom))
            result[band.slices] = to_uint8(self.stack.composite(band)[..., :3] + self.shadow_in(band))
        return result

    def with_stack(self, stack: LayerStack) -> "Decomposition":
        """The same picture with another stack."""
        return replace(self, stack=stack)


def _changed_box(source: UInt8, background: UInt8) -> BoundingBox | None:
    """The box around the pixels whose background is not opaque source."""
    rows = [
        np.any(source[top : top + _BAND_ROWS] != background[top : top + _BAND_ROWS, :, :3], axis=2)
        | (background[top : top + _BAND_ROWS, :, 3] != 255)
        for top in range(0, source.shape[0], _BAND_ROWS)
    ]
    return BoundingBox.around(np.concatenate(rows))


@dataclass(frozen=True, eq=False)
class DecompositionRequest:
    """Everything an engine may know.

    Attributes:
        image: (H, W, 3) uint8, sRGB.
        mask: (H, W) uint8 or None, the input's own alpha.
        boxes: one per wanted foreground, in order; empty lets the engine propose the main subjects.
        hints: corrections, each used by the smallest box that holds its first point (else the nearest).
        names: names for the layers, one per box; shorter is fine.
        extract_shadow: whether cast and contact shadows leave the background.
        max_foregrounds: most layers proposed when there are no boxes.
        seed: makes the result repeatable.
        steps, text: for engines that sample or read; the embedded engine has no use for them.
        character: for engines that take a character apart into body parts; their own choice where None.
    """

    image: UInt8
    mask: UInt8 | None = None
    boxes: tuple[BoundingBox, ...] = ()
    hints: tuple[Hint, ...] = ()
    names: tuple[str, ...] = ()
    extract_shadow: bool = True
    max_foregrounds: int = 3
    seed: int = 0
    steps: int | None = None
    text: str = ""
    character: "CharacterOptions | None" = None
