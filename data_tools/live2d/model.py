"""What a Live2D model is made of, at one pose: parts, ArtMeshes, parameters.

Frozen dataclasses over numpy arrays that are treated as read-only. Cubism Core says "drawable" where we say ArtMesh. Positions are
canvas pixels, x to the right and y **down**; UVs have their origin at the texture's top left, v down. Order is **back to front**.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray


class BlendMode(StrEnum):
    """How an ArtMesh meets what lies below it. ``ADD`` and ``MULTIPLY`` leave the alpha below as it is."""

    NORMAL = "normal"
    ADD = "add"
    MULTIPLY = "multiply"
    EXTENDED = "extended"


@dataclass(frozen=True, slots=True)
class Part:
    """A folder of the part tree.

    Attributes:
        id: the artist's id, unique in its model.
        name: the display name (cdi3.json), else the id; any text without control characters.
        parent: index of the enclosing part, None at the root.
        opacity: in [0, 1], after pose3.json.
        offscreen: whether the part is drawn into a picture of its own first (Cubism 5.3).
    """

    id: str
    name: str
    parent: int | None
    opacity: float
    offscreen: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A slider of the model.

    Attributes:
        id: e.g. ``"ParamAngleX"``.
        name: the display name (cdi3.json), else the id.
        minimum, maximum, default: its range and rest value, ``minimum <= default <= maximum``.
        value: at this pose, inside the range.
        is_blend_shape: whether it drives a blend shape (Cubism 4.2 and later).
    """

    id: str
    name: str
    minimum: float
    maximum: float
    default: float
    value: float
    is_blend_shape: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class ArtMesh:
    """One textured fragment of the character, at one pose.

    Attributes:
        index: its place in `Live2DModel.art_meshes`; the same at every pose.
        id: the artist's id, unique in its model, often generic ("ArtMesh93").
        part: index of the part it lies in, None at the root.
        part_path: ids of the parts around it, outermost first.
        texture_index: index into `Live2DModel.textures`.
        uvs: (V, 2) float32, origin at the texture's top left, v down; outside [0, 1] the texture repeats.
        triangles: (T, 3) int32, counter-clockwise as seen with y up when facing the viewer.
        vertices: (V, 2) float32, canvas pixels, y down.
        draw_order: the artist's draw order at this pose, an integer around 500; equal ones are common.
        render_order: the place in which it is drawn, 0 = first = farthest back; unique.
        opacity: in [0, 1], the parts' and deformers' opacities included.
        visible: whether Core wants it drawn at this pose (an opacity of 0 also hides it).
        blend: how it meets what lies below.
        blend_name: the name of an extended blend mode (Cubism 5.3), else equal to ``blend``.
        clipped_by: indices of the ArtMeshes whose union clips it; empty: not clipped.
        clip_inverted: whether it stays where the clipping ArtMeshes are not.
        culled: whether triangles that face away are left out.
        multiply_color, screen_color: RGB in [0, 1]; white and black change nothing.
    """

    index: int
    id: str
    part: int | None
    part_path: tuple[str, ...]
    texture_index: int
    uvs: NDArray[np.float32]
    triangles: NDArray[np.int32]
    vertices: NDArray[np.float32]
    draw_order: int
    render_order: int
    opacity: float
    visible: bool
    blend: BlendMode
    blend_name: str
    clipped_by: tuple[int, ...]
    clip_inverted: bool
    culled: bool
    multiply_color: tuple[float, float, float]
    screen_color: tuple[float, float, float]

    @property
    def drawn(self) -> bool:
        """Whether drawing the character touches any pixel because of this ArtMesh."""
        return self.visible and self.opacity > 0 and len(self.triangles) > 0


@dataclass(frozen=True, slots=True)
class Offscreen:
    """A part that is drawn into a picture of its own, which then meets what lies below as a whole (Cubism 5.3).

    Attributes:
        part: index of the part; what lies in it, at any depth, belongs to the offscreen.
        place: how many ArtMeshes are drawn before it begins.
        opacity, blend, blend_name, clipped_by, clip_inverted, multiply_color, screen_color: of the whole, as for an `ArtMesh`.
    """

    part: int
    place: int
    opacity: float
    blend: BlendMode
    blend_name: str
    clipped_by: tuple[int, ...]
    clip_inverted: bool
    multiply_color: tuple[float, float, float]
    screen_color: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Texture:
    """A texture that has not been decoded.

    Attributes:
        name: its path as the model names it, ``/`` between folders.
        size: ``(width, height)`` in pixels, from the file's header.
    """

    name: str
    size: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Live2DModel:
    """A character at one pose.

    Attributes:
        name: the model file's name without its endings.
        moc_version: of the file: 1 = 3.0, 2 = 3.3, 3 = 4.0, 4 = 4.2, 5 = 5.0, 6 = 5.3.
        canvas_size: ``(width, height)`` in canvas pixels.
        origin: where the model's own (0, 0) lies, in canvas pixels; its middle in real models.
        pixels_per_unit: canvas pixels in one of the model's own units.
        parts, art_meshes, parameters, textures: in the file's order.
        eye_parameters, mouth_parameters: ids that model3.json groups as EyeBlink and LipSync; may be empty.
        hit_areas: ids of the ArtMeshes that only answer to touches.
        offscreens: back to front by where they begin; those that enclose others come first.
    """

    name: str
    moc_version: int
    canvas_size: tuple[float, float]
    origin: tuple[float, float]
    pixels_per_unit: float
    parts: tuple[Part, ...]
    art_meshes: tuple[ArtMesh, ...]
    parameters: tuple[Parameter, ...]
    textures: tuple[Texture, ...]
    eye_parameters: tuple[str, ...] = ()
    mouth_parameters: tuple[str, ...] = ()
    hit_areas: frozenset[str] = frozenset()
    offscreens: tuple[Offscreen, ...] = ()

    @cached_property
    def parameter_index(self) -> Mapping[str, int]:
        """Parameter id to its place in ``parameters``."""
        return MappingProxyType({parameter.id: index for index, parameter in enumerate(self.parameters)})

    @cached_property
    def back_to_front(self) -> tuple[ArtMesh, ...]:
        """The ArtMeshes in the order in which they are drawn."""
        return tuple(sorted(self.art_meshes, key=lambda mesh: mesh.render_order))
