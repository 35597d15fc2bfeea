"""What a moc3 file says, before it is written: the source of a puppet, checked at construction.

Keyforms: an object that is bound to parameters has one keyform per combination of their keys, and is interpolated
linearly between them. Their order is that of counting with the *first* binding fastest: for bindings of 3 and 2 keys
(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1). An object without bindings has one keyform.

Coordinates, each with y down, depend on the parent deformer of an object:

* no parent: model units, (pixel - origin) / pixels per unit;
* a warp deformer: its lattice at rest is the unit square, (0, 0) its upper left corner;
* a rotation deformer: model units relative to its origin, before turning and scaling.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import prod

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

_MAX_ID_BYTES = 63
_MAX_VERTICES = 32767
"""Triangles name their vertices by signed 16-bit numbers."""


class Blend(IntEnum):
    """How an ArtMesh meets what lies below it; the number that the file holds."""

    NORMAL = 0
    ADD = 1
    MULTIPLY = 2


@dataclass(frozen=True)
class ParameterSource:
    """A parameter: its range and the value at rest."""

    id: str
    minimum: float
    maximum: float
    default: float

    def __post_init__(self) -> None:
        if not self.minimum <= self.default <= self.maximum:
            raise ValueError(f"{self.id}: the default {self.default} is not in [{self.minimum}, {self.maximum}]")


@dataclass(frozen=True)
class Binding:
    """The values of one parameter at which an object has keyforms, in rising order."""

    parameter: str
    keys: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.keys or list(self.keys) != sorted(set(self.keys)):
            raise ValueError(f"{self.parameter}: keys must rise, got {self.keys}")


@dataclass(frozen=True)
class PartSource:
    """A node of the part tree."""

    id: str
    parent: str | None = None
    visible: bool = True


@dataclass(frozen=True, eq=False)
class WarpDeformer:
    """A lattice that bends what lies in it.

    Attributes:
        lattices: (K, (rows + 1) * (columns + 1), 2) float32, row by row, in the coordinates of the parent.
    """

    id: str
    part: str
    rows: int
    columns: int
    lattices: Float32
    parent: str | None = None
    bindings: tuple[Binding, ...] = ()

    def __post_init__(self) -> None:
        _check_shape(self.id, "lattices", self.lattices, (num_keyforms(self.bindings), (self.rows + 1) * (self.columns + 1), 2))


@dataclass(frozen=True, eq=False)
class RotationDeformer:
    """A joint that turns what hangs on it.

    Attributes:
        origins: (K, 2) float32, in the coordinates of the parent.
        angles: (K,) float32, degrees, clockwise on the screen.
        scales: (K,) float32.
    """

    id: str
    part: str
    origins: Float32
    angles: Float32
    scales: Float32
    parent: str | None = None
    bindings: tuple[Binding, ...] = ()

    def __post_init__(self) -> None:
        count = num_keyforms(self.bindings)
        _check_shape(self.id, "origins", self.origins, (count, 2))
        _check_shape(self.id, "angles", self.angles, (count,))
        _check_shape(self.id, "scales", self.scales, (count,))


@dataclass(frozen=True, eq=False)
class ArtMeshSource:
    """A textured mesh.

    Attributes:
        positions: (K, V, 2) float32, in the coordinates of the parent.
        uvs: (V, 2) float32 in [0, 1], v down: (0, 0) is the upper left corner of the texture.
        triangles: (T, 3) integers below V, clockwise on the screen (y down) unless `double_sided`.
        opacities: (K,) float32 in [0, 1].
        draw_order: 0 to 1000, larger is nearer; among equals the later ArtMesh is nearer.
        clipped_by: ids of the ArtMeshes whose alpha it is shown through; outside of it if `inverted_mask`.
    """

    id: str
    part: str
    positions: Float32
    uvs: Float32
    triangles: NDArray[np.int32]
    opacities: Float32
    draw_order: float = 500.0
    texture_index: int = 0
    parent: str | None = None
    bindings: tuple[Binding, ...] = ()
    clipped_by: tuple[str, ...] = ()
    blend: Blend = Blend.NORMAL
    double_sided: bool = True
    inverted_mask: bool = False

    def __post_init__(self) -> None:
        count, num_vertices = num_keyforms(self.bindings), len(self.uvs)
        _check_shape(self.id, "positions", self.positions, (count, num_vertices, 2))
        _check_shape(self.id, "opacities", self.opacities, (count,))
        _check_shape(self.id, "triangles", self.triangles, (len(self.triangles), 3))
        if not 0 < num_vertices <= _MAX_VERTICES or self.triangles.min(initial=0) < 0 or self.triangles.max(initial=0) >= num_vertices:
            raise ValueError(f"{self.id}: triangles name vertices outside of its {num_vertices}")


Deformer = WarpDeformer | RotationDeformer


@dataclass(frozen=True, eq=False)
class Puppet:
    """A whole model.

    Attributes:
        size: ``(width, height)`` of the canvas in pixels.
        pixels_per_unit, origin: from model units to pixels, see the module.
        deformers: parents before their children.
    """

    size: tuple[int, int]
    pixels_per_unit: float
    origin: tuple[float, float]
    parts: tuple[PartSource, ...]
    parameters: tuple[ParameterSource, ...]
    deformers: tuple[Deformer, ...]
    meshes: tuple[ArtMeshSource, ...]

    def __post_init__(self) -> None:
        for kind in (self.parts, self.parameters, self.deformers, self.meshes):
            _check_ids([item.id for item in kind])
        parts, parameters = {part.id for part in self.parts}, {parameter.id for parameter in self.parameters}
        deformers, meshes = {deformer.id for deformer in self.deformers}, {mesh.id for mesh in self.meshes}
        if not parts or not meshes:
            raise ValueError("a puppet needs at least one part and one ArtMesh")
        for part in self.parts:
            _check_reference(part.id, part.parent, parts)
        for owner in self._owners():
            _check_reference(owner.id, owner.part, parts)
            _check_reference(owner.id, owner.parent, deformers)
            for binding in owner.bindings:
                _check_reference(owner.id, binding.parameter, parameters)
        for mesh in self.meshes:
            for mask in mesh.clipped_by:
                _check_reference(mesh.id, mask, meshes)
        seen: set[str | None] = {None}
        for deformer in self.deformers:
            if deformer.parent not in seen:
                raise ValueError(f"{deformer.id}: its parent {deformer.parent} must stand before it")
            seen.add(deformer.id)

    def _owners(self) -> Iterator[Deformer | ArtMeshSource]:
        yield from self.deformers
        yield from self.meshes


def num_keyforms(bindings: Sequence[Binding]) -> int:
    """How many keyforms an object with these bindings has."""
    return prod(len(binding.keys) for binding in bindings)


def key_combinations(bindings: Sequence[Binding]) -> list[tuple[float, ...]]:
    """Parameter values of each keyform in the order of the file: the first binding fastest."""
    combinations: list[tuple[float, ...]] = [()]
    for binding in reversed(bindings):
        combinations = [(key, *rest) for rest in combinations for key in binding.keys]
    return combinations


def _check_shape(owner: str, field: str, array: NDArray[np.generic], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"{owner}: {field} must have the shape {shape}, got {array.shape}")


def _check_ids(ids: Sequence[str]) -> None:
    if len(set(ids)) < len(ids):
        raise ValueError(f"ids must differ: {sorted(name for name in set(ids) if ids.count(name) > 1)}")
    for name in ids:
        if not 0 < len(name.encode()) <= _MAX_ID_BYTES:
            raise ValueError(f"an id has 1 to {_MAX_ID_BYTES} bytes in UTF-8, got {name!r}")


def _check_reference(owner: str, name: str | None, known: set[str]) -> None:
    if name is not None and name not in known:
        raise ValueError(f"{owner} refers to {name!r}, which does not exist")
