"""Open a Live2D model: files, Cubism Core and textures together, one `Live2DModel` per pose.

with open_model(path) as character:
    character.model                              # at rest
    character.pose({"ParamAngleX": 30.0})        # the same model, posed
    character.pyramid                            # its textures, decoded at first use
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.blend_modes import blend_of
from data_tools.live2d.core_process import CoreProcess, Evaluator
from data_tools.live2d.description import Description, Float32, PoseState, UnreadableModel
from data_tools.live2d.manifest import Manifest, read_manifest
from data_tools.live2d.model import ArtMesh, Live2DModel, Offscreen, Parameter, Part, Texture
from data_tools.live2d.sources import FileSource, open_source
from data_tools.live2d.textures import MAX_TEXTURE_PIXELS, TexturePyramid, build_pyramid, decode, read_size
from liwi.errors import InputError

MAX_DEPTH = 200
"""How deep parts may be nested; artists stay below ten."""

_DOUBLE_SIDED, _INVERTED = 4, 8


def open_model(path: Path | str, evaluator: Callable[[bytes], Evaluator] = CoreProcess) -> "OpenedModel":
    """Open a ``.model3.json``, the folder of one model, or a ZIP of it. Close the result, or use it in a ``with`` statement.

    Args:
        path: where the model lies.
        evaluator: brings the moc3's bytes to life.

    Raises:
        InputError: there is no model, more than one, a file is missing, unsafe or too large, or Core does not read it.
        EngineUnavailable: there is no Cubism Core.
    """
    source, name = open_source(Path(path))
    try:
        return OpenedModel(source, read_manifest(source, name), evaluator)
    except BaseException:
        source.close()
        raise


class OpenedModel:
    """A model whose files are open and whose moc3 is alive. See `open_model`."""

    def __init__(self, source: FileSource, manifest: Manifest, evaluator: Callable[[bytes], Evaluator]) -> None:
        self.source, self.manifest = source, manifest
        textures = tuple(Texture(name, read_size(source.read(name), name)) for name in manifest.textures)
        if sum(width * height for width, height in (texture.size for texture in textures)) > MAX_TEXTURE_PIXELS:
            raise InputError(f"The textures of {manifest.name!r} would take more than {MAX_TEXTURE_PIXELS * 4 // 2**20} MB together.")
        self._textures = textures
        self._evaluator = evaluator(source.read(manifest.moc))
        try:
            self._description = self._evaluator.description
            self._paths = _part_paths(self._description)
            self._check_textures()
            self._part_opacities = _rest_opacities(self._description, manifest)
            self.model = self.pose({})
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process behind it; `model`, earlier poses, and the `pyramid` if it was used, stay usable."""
        self._evaluator.close()
        self.source.close()

    @cached_property
    def pyramid(self) -> TexturePyramid:
        """The textures with their mip maps, decoded at first use; `InputError` if one is damaged."""
        return build_pyramid(decode(self.source.read(name), name) for name in self.manifest.textures)

    def pose(self, parameters: Mapping[str, float]) -> Live2DModel:
        """The model with these parameters changed from rest; values are clamped to their ranges.

        Raises:
            InputError: a parameter does not exist, or a value is no number.
        """
        values = self._description.default.astype(np.float32)
        for name, value in parameters.items():
            if name not in self._description.parameter_ids:
                raise InputError(f"The model {self.manifest.name!r} has no parameter {name!r}.")
            if not np.isfinite(value):
                raise InputError(f"The value of {name!r} must be a number, got {value}.")
            values[self._description.parameter_ids.index(name)] = value
        state = self._evaluator.evaluate(values, self._part_opacities)
        return _assemble(self._description, self.manifest, self._textures, self._paths, state)

    def _check_textures(self) -> None:
        for texture, triangles in zip(self._description.textures, self._description.triangles, strict=True):
            if len(triangles) and not 0 <= texture < len(self._textures):
                raise UnreadableModel(f"an ArtMesh uses texture {texture}, and the model3.json names {len(self._textures)}")


def _part_paths(description: Description) -> list[tuple[str, ...]]:
    """Ids from the root to each part, itself included."""
    paths = []
    for index in range(len(description.part_ids)):
        chain: list[str] = []
        current = index
        while current >= 0:
            if len(chain) >= MAX_DEPTH:
                raise UnreadableModel("its parts lie inside each other without end")
            chain.append(description.part_ids[current])
            current = description.part_parents[current]
        paths.append(tuple(reversed(chain)))
    return paths


def _rest_opacities(description: Description, manifest: Manifest) -> Float32:
    """Part opacities under pose3: of each group the first part is shown; without it alternative arms would all be drawn."""
    opacities = np.ones(len(description.part_ids), np.float32)
    index = {part_id: place for place, part_id in enumerate(description.part_ids)}
    for group in manifest.pose_groups:
        known = [entry for entry in group if entry.part_id in index]
        for place, entry in enumerate(known):
            for part_id in (entry.part_id, *entry.links):
                if part_id in index:
                    opacities[index[part_id]] = 1.0 if place == 0 else 0.0
    return opacities


def _assemble(
    description: Description, manifest: Manifest, textures: tuple[Texture, ...], paths: list[tuple[str, ...]], state: PoseState
) -> Live2DModel:
    num_meshes = len(description.mesh_ids)
    in_order = np.argsort(state.render_orders, kind="stable")
    ranks = np.empty(num_meshes, np.int64)
    ranks[in_order[in_order < num_meshes]] = np.arange(num_meshes)
    width, height, origin_x, origin_y, unit = description.canvas
    return Live2DModel(
        name=manifest.name,
        moc_version=description.moc_version,
        canvas_size=(width, height),
        origin=(origin_x, origin_y),
        pixels_per_unit=unit,
        parts=_parts(description, manifest, state),
        art_meshes=tuple(_art_mesh(description, paths, state, index, int(ranks[index])) for index in range(num_meshes)),
        parameters=_parameters(description, manifest, state),
        textures=textures,
        eye_parameters=manifest.eye_parameters,
        mouth_parameters=manifest.mouth_parameters,
        hit_areas=manifest.hit_areas,
        offscreens=_offscreens(description, state, in_order),
    )


def _offscreens(description: Description, state: PoseState, in_order: NDArray[np.int64]) -> tuple[Offscreen, ...]:
    found, num_meshes, place = [], len(description.mesh_ids), 0
    for item in in_order:
        if item < num_meshes:
            place += 1
            continue
        index = int(item) - num_meshes
        if description.offscreen_owners[index] < 0:
            continue
        blend, blend_name = blend_of(0, description.offscreen_blends[index])
        found.append(
            Offscreen(
                part=description.offscreen_owners[index],
                place=place,
                opacity=float(state.offscreen_opacities[index]),
                blend=blend,
                blend_name=blend_name,
                clipped_by=tuple(description.offscreen_masks[index]),
                clip_inverted=bool(description.offscreen_flags[index] & _INVERTED),
                multiply_color=_color(state.offscreen_multiply_colors[index]),
                screen_color=_color(state.offscreen_screen_colors[index]),
            )
        )
    return tuple(found)


def _parts(description: Description, manifest: Manifest, state: PoseState) -> tuple[Part, ...]:
    owners = set(description.offscreen_owners)
    return tuple(
        Part(
            id=part_id,
            name=manifest.part_names.get(part_id, part_id),
            parent=parent if parent >= 0 else None,
            opacity=float(state.part_opacities[index]),
            offscreen=index in owners,
        )
        for index, (part_id, parent) in enumerate(zip(description.part_ids, description.part_parents, strict=True))
    )


def _parameters(description: Description, manifest: Manifest, state: PoseState) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            id=name,
            name=manifest.parameter_names.get(name, name),
            minimum=float(description.minimum[index]),
            maximum=float(description.maximum[index]),
            default=float(description.default[index]),
            value=float(state.parameters[index]),
            is_blend_shape=description.parameter_types[index] == 1,
        )
        for index, name in enumerate(description.parameter_ids)
    )


def _art_mesh(description: Description, paths: list[tuple[str, ...]], state: PoseState, index: int, rank: int) -> ArtMesh:
    _, _, origin_x, origin_y, unit = description.canvas
    part, flags = description.mesh_parts[index], description.flags[index]
    blend, blend_name = blend_of(flags, description.blends[index])
    return ArtMesh(
        index=index,
        id=description.mesh_ids[index],
        part=part if part >= 0 else None,
        part_path=paths[part] if part >= 0 else (),
        texture_index=description.textures[index],
        uvs=np.stack([description.uvs[index][:, 0], 1 - description.uvs[index][:, 1]], axis=1).astype(np.float32),
        triangles=description.triangles[index],
        vertices=(state.vertices[index] * [unit, -unit] + [origin_x, origin_y]).astype(np.float32),
        draw_order=int(state.draw_orders[index]),
        render_order=rank,
        opacity=float(state.opacities[index]),
        visible=bool(state.visible[index]),
        blend=blend,
        blend_name=blend_name,
        clipped_by=tuple(description.masks[index]),
        clip_inverted=bool(flags & _INVERTED),
        culled=not flags & _DOUBLE_SIDED,
        multiply_color=_color(state.multiply_colors[index]),
        screen_color=_color(state.screen_colors[index]),
    )


def _color(color: Float32) -> tuple[float, float, float]:
    return float(color[0]), float(color[1]), float(color[2])
