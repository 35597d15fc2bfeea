"""Writes a moc3 file, version 3.00, from nothing: parts, parameters, deformers, ArtMeshes and their keyforms.

A moc3 is a structure of arrays: a header, a table of section offsets, a table of counts, then one typed array per field of
each kind of object. Objects refer to each other and to shared pools (positions, keys, UVs, indices) by index. This module
holds that layout; what the arrays mean stands with the dataclasses of `puppet`.

Not written: glue, blend shapes, colours, draw-order groups inside parts. Nothing here reads or evaluates a model.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.puppet import ArtMeshSource, Binding, Puppet, RotationDeformer, WarpDeformer

_ALIGNMENT = 64
_BODY_START = 1984
"""Header (64 bytes), 160 section offsets, then room that the runtime overwrites at load time."""
_NUM_OFFSETS = 160
_ID_BYTES = 64
_RUNTIME_BYTES = 8
"""Each object of some kinds owns a pointer that the runtime fills in."""

_MINIMUM_DRAW_ORDER, _MAXIMUM_DRAW_ORDER = 0, 1000


def write_moc3(puppet: Puppet) -> bytes:
    """The bytes of a moc3 file that Cubism Core 3.0 and later accept.

    Args:
        puppet: a valid puppet; `Puppet` checks references, shapes and ranges at construction.
    """
    pools = _Pools(puppet)
    sections = [*_parts(puppet, pools), *_deformers(puppet, pools), *_art_meshes(puppet, pools), *_parameters(puppet, pools)]
    sections += [*_keyforms(puppet, pools), *pools.sections(), *_draw_order(puppet), *_glue()]
    return _assemble([_counts(puppet, pools), _canvas(puppet), *sections])


def _assemble(sections: Sequence[bytes]) -> bytes:
    offsets, body = [], bytearray()
    for section in sections:
        offsets.append(_BODY_START + len(body))
        body += section
        body += bytes(-(_BODY_START + len(body)) % _ALIGNMENT)
    body += bytes(_ALIGNMENT)  # the last section may be empty: its offset stays inside the file
    header = b"MOC3" + bytes([1, 0])  # version 3.00, little endian
    table = _int32([*offsets, *[0] * (_NUM_OFFSETS - len(offsets))])
    return (header.ljust(64, b"\0") + table).ljust(_BODY_START, b"\0") + bytes(body)


class _Pools:
    """The arrays that objects point into, filled in the order in which the objects are written."""

    def __init__(self, puppet: Puppet) -> None:
        self.positions: list[NDArray[np.float32]] = []
        self.bindings = _sorted_bindings(puppet)
        self.binding_index = {binding: index for index, binding in enumerate(self.bindings)}
        self.bands: dict[tuple[Binding, ...], int] = {(): 0}
        self.uvs = [mesh.uvs for mesh in puppet.meshes]
        self.triangles = [mesh.triangles for mesh in puppet.meshes]
        order = {mesh.id: index for index, mesh in enumerate(puppet.meshes)}
        self.masks = [[order[other] for other in mesh.clipped_by] for mesh in puppet.meshes]

    def band(self, bindings: tuple[Binding, ...]) -> int:
        """Index of the combination of bindings that an object's keyforms span."""
        return self.bands.setdefault(bindings, len(self.bands))

    def add_positions(self, keyforms: NDArray[np.float32]) -> list[int]:
        """Stores (K, V, 2) positions; returns where each keyform begins, counted in floats."""
        begin = sum(stored.size for stored in self.positions)
        self.positions.append(keyforms)
        return [begin + index * keyforms[0].size for index in range(len(keyforms))]

    def sections(self) -> list[bytes]:
        """Positions, bands, bindings, keys, UVs, triangles and masks."""
        members = [[self.binding_index[binding] for binding in band] for band in self.bands]
        keys = [binding.keys for binding in self.bindings]
        return [
            _float32(np.concatenate([stored.ravel() for stored in self.positions])),
            _int32(_flat(members)),
            _int32(_begins(members)),
            _int32(map(len, members)),
            _int32(_begins(keys)),
            _int32(map(len, keys)),
            _float32(_flat(keys)),
            _float32(np.concatenate([uvs.ravel() for uvs in self.uvs])),
            np.concatenate([triangles.ravel() for triangles in self.triangles]).astype("<i2").tobytes(),
            _int32(_flat(self.masks)),
        ]


def _sorted_bindings(puppet: Puppet) -> list[Binding]:
    """Every binding once, those of one parameter side by side, since a parameter names its bindings by a range."""
    order = {parameter.id: index for index, parameter in enumerate(puppet.parameters)}
    used = {binding for owner in [*puppet.deformers, *puppet.meshes] for binding in owner.bindings}
    return sorted(used, key=lambda binding: (order[binding.parameter], binding.keys))


def _counts(puppet: Puppet, pools: _Pools) -> bytes:
    warps, rotations = _split_deformers(puppet)
    counts = [
        len(puppet.parts),
        len(puppet.deformers),
        len(warps),
        len(rotations),
        len(puppet.meshes),
        len(puppet.parameters),
        len(puppet.parts),  # one keyform per part
        sum(len(warp.lattices) for warp in warps),
        sum(len(rotation.angles) for rotation in rotations),
        sum(len(mesh.positions) for mesh in puppet.meshes),
        sum(stored.size for stored in pools.positions),
        sum(map(len, pools.bands)),
        len(pools.bands),
        len(pools.bindings),
        sum(len(binding.keys) for binding in pools.bindings),
        sum(uvs.size for uvs in pools.uvs),
        sum(triangles.size for triangles in pools.triangles),
        sum(map(len, pools.masks)),
        1,  # one draw-order group holds every ArtMesh
        len(puppet.meshes),
    ]
    return _int32(counts).ljust(128, b"\0")


def _canvas(puppet: Puppet) -> bytes:
    width, height = puppet.size
    canvas = _float32([puppet.pixels_per_unit, puppet.origin[0], puppet.origin[1], width, height])
    return canvas.ljust(64, b"\0")


def _parts(puppet: Puppet, pools: _Pools) -> list[bytes]:
    index = {part.id: position for position, part in enumerate(puppet.parts)}
    count = len(puppet.parts)
    return [
        bytes(_RUNTIME_BYTES * count),
        _ids(part.id for part in puppet.parts),
        _int32([pools.band(())] * count),
        _int32(range(count)),
        _int32([1] * count),
        _int32(part.visible for part in puppet.parts),
        _int32([1] * count),
        _int32(-1 if part.parent is None else index[part.parent] for part in puppet.parts),
    ]


def _split_deformers(puppet: Puppet) -> tuple[list[WarpDeformer], list[RotationDeformer]]:
    warps = [deformer for deformer in puppet.deformers if isinstance(deformer, WarpDeformer)]
    rotations = [deformer for deformer in puppet.deformers if isinstance(deformer, RotationDeformer)]
    return warps, rotations


def _deformers(puppet: Puppet, pools: _Pools) -> list[bytes]:
    deformers = puppet.deformers
    warps, rotations = _split_deformers(puppet)
    part_index = {part.id: position for position, part in enumerate(puppet.parts)}
    index = {deformer.id: position for position, deformer in enumerate(deformers)}
    own_index = {warp.id: position for position, warp in enumerate(warps)}
    own_index |= {rotation.id: position for position, rotation in enumerate(rotations)}
    return [
        bytes(_RUNTIME_BYTES * len(deformers)),
        _ids(deformer.id for deformer in deformers),
        _int32(pools.band(deformer.bindings) for deformer in deformers),
        _int32([1] * len(deformers)),
        _int32([1] * len(deformers)),
        _int32(part_index[deformer.part] for deformer in deformers),
        _int32(-1 if deformer.parent is None else index[deformer.parent] for deformer in deformers),
        _int32(isinstance(deformer, RotationDeformer) for deformer in deformers),
        _int32(own_index[deformer.id] for deformer in deformers),
        # warp deformers
        _int32(pools.band(warp.bindings) for warp in warps),
        _int32(_begins([warp.lattices for warp in warps])),
        _int32(len(warp.lattices) for warp in warps),
        _int32((warp.rows + 1) * (warp.columns + 1) for warp in warps),
        _int32(warp.rows for warp in warps),
        _int32(warp.columns for warp in warps),
        # rotation deformers
        _int32(pools.band(rotation.bindings) for rotation in rotations),
        _int32(_begins([rotation.angles for rotation in rotations])),
        _int32(len(rotation.angles) for rotation in rotations),
        _float32([0.0] * len(rotations)),
    ]


def _art_meshes(puppet: Puppet, pools: _Pools) -> list[bytes]:
    meshes = puppet.meshes
    part_index = {part.id: position for position, part in enumerate(puppet.parts)}
    deformer_index = {deformer.id: position for position, deformer in enumerate(puppet.deformers)}
    return [
        *[bytes(_RUNTIME_BYTES * len(meshes))] * 4,
        _ids(mesh.id for mesh in meshes),
        _int32(pools.band(mesh.bindings) for mesh in meshes),
        _int32(_begins([mesh.positions for mesh in meshes])),
        _int32(len(mesh.positions) for mesh in meshes),
        _int32([1] * len(meshes)),
        _int32([1] * len(meshes)),
        _int32(part_index[mesh.part] for mesh in meshes),
        _int32(-1 if mesh.parent is None else deformer_index[mesh.parent] for mesh in meshes),
        _int32(mesh.texture_index for mesh in meshes),
        bytes(_flags(mesh) for mesh in meshes),
        _int32(len(mesh.uvs) for mesh in meshes),
        _int32(2 * begin for begin in _begins([mesh.uvs for mesh in meshes])),
        _int32(3 * begin for begin in _begins([mesh.triangles for mesh in meshes])),
        _int32(mesh.triangles.size for mesh in meshes),
        _int32(_begins(pools.masks)),
        _int32(map(len, pools.masks)),
    ]


def _flags(mesh: ArtMeshSource) -> int:
    return int(mesh.blend) | 4 * mesh.double_sided | 8 * mesh.inverted_mask


def _parameters(puppet: Puppet, pools: _Pools) -> list[bytes]:
    parameters = puppet.parameters
    owned = [[binding for binding in pools.bindings if binding.parameter == parameter.id] for parameter in parameters]
    return [
        bytes(_RUNTIME_BYTES * len(parameters)),
        _ids(parameter.id for parameter in parameters),
        _float32(parameter.maximum for parameter in parameters),
        _float32(parameter.minimum for parameter in parameters),
        _float32(parameter.default for parameter in parameters),
        _int32([0] * len(parameters)),  # no parameter wraps round
        _int32([1] * len(parameters)),
        _int32(_begins(owned)),
        _int32(map(len, owned)),
    ]


def _keyforms(puppet: Puppet, pools: _Pools) -> list[bytes]:
    warps, rotations = _split_deformers(puppet)
    warp_begins = _flat(pools.add_positions(warp.lattices) for warp in warps)
    mesh_begins = _flat(pools.add_positions(mesh.positions) for mesh in puppet.meshes)
    num_rotation_keyforms = sum(len(rotation.angles) for rotation in rotations)
    return [
        _float32([500.0] * len(puppet.parts)),
        # warp deformers
        _float32([1.0] * len(warp_begins)),
        _int32(warp_begins),
        # rotation deformers
        _float32([1.0] * num_rotation_keyforms),
        _float32(_flat(rotation.angles for rotation in rotations)),
        _float32(_flat(rotation.origins[:, 0] for rotation in rotations)),
        _float32(_flat(rotation.origins[:, 1] for rotation in rotations)),
        _float32(_flat(rotation.scales for rotation in rotations)),
        _int32([0] * num_rotation_keyforms),
        _int32([0] * num_rotation_keyforms),
        # ArtMeshes
        _float32(_flat(mesh.opacities for mesh in puppet.meshes)),
        _float32(_flat([mesh.draw_order] * len(mesh.positions) for mesh in puppet.meshes)),
        _int32(mesh_begins),
    ]


def _draw_order(puppet: Puppet) -> list[bytes]:
    count = len(puppet.meshes)
    return [
        _int32([0]),
        _int32([count]),
        _int32([count]),
        _int32([_MAXIMUM_DRAW_ORDER]),
        _int32([_MINIMUM_DRAW_ORDER]),
        _int32([0] * count),  # 0: an ArtMesh
        _int32(range(count)),
        _int32([-1] * count),
    ]


def _glue() -> list[bytes]:
    return [b""] * 12


def _begins(groups: Sequence[Sequence[object] | NDArray[np.generic]]) -> list[int]:
    """Where each group begins when all stand in one array."""
    return list(accumulate((len(group) for group in groups), initial=0))[:-1]


def _flat(groups: Iterable[Iterable[float]]) -> list[float]:
    return [value for group in groups for value in group]


def _int32(values: Iterable[float]) -> bytes:
    return np.fromiter(values, dtype="<i4").tobytes()


def _float32(values: Iterable[float] | NDArray[np.float32]) -> bytes:
    return (values if isinstance(values, np.ndarray) else np.fromiter(values, dtype="<f4")).astype("<f4").tobytes()


def _ids(names: Iterable[str]) -> bytes:
    return b"".join(name.encode().ljust(_ID_BYTES, b"\0") for name in names)
