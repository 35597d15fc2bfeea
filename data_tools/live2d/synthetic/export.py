"""Writes a drawn character as the files of a Live2D model, with the true labels beside it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.labels import OWN_LABELS, VERSION
from data_tools.live2d.moc3_writer import write_moc3
from data_tools.live2d.puppet import ArtMeshSource, Binding, Deformer, PartSource, Puppet, WarpDeformer, key_combinations
from data_tools.live2d.synthetic.atlas import Atlas, grid_mesh, pack
from data_tools.live2d.synthetic.character import draw_character
from data_tools.live2d.synthetic.figure import Figure, Fragment
from data_tools.live2d.synthetic.naming import Names, choose_names
from data_tools.live2d.synthetic.separation import separate
from data_tools.manifests import encode_document
from liwi.seethrough.body_parts import TaxonomyVersion

_MARGIN = 40.0
"""Empty canvas around the character, in pixels."""


@dataclass(frozen=True, eq=False)
class SyntheticModel:
    """A character as files.

    Attributes:
        files: relative path to contents; one of them is the .model3.json.
        figure: what was drawn, for tests and contact sheets.
        puppet: what the moc3 says.
    """

    name: str
    files: dict[str, bytes]
    figure: Figure
    puppet: Puppet


def synthesize(
    seed: int, *, texture_size: int = 2048, name: str | None = None, interleaved: bool = True, nameless: bool = False
) -> SyntheticModel:
    """One character as a complete Live2D model; the same arguments give the same bytes.

    Args:
        seed: 0 or more.
        texture_size: side of the texture in pixels, a power of two for mip-mapping; small ones are for tests.
        name: of the files; "character_0007" for seed 7 if not given.
        interleaved: whether parts may lie both before and behind another, as hair does; see `separation`.
        nameless: whether ArtMeshes, parts and parameters are only numbered, so that nothing is to be learnt from what they are called.
    """
    figure = draw_character(seed)
    if not interleaved:
        separate(figure)
    names = choose_names(figure, "generic" if nameless else None)
    atlas = pack(figure.fragments, texture_size)
    puppet = _build_puppet(figure, names, atlas)
    if nameless:
        puppet = _with_numbered_parameters(puppet)
    name = name or f"character_{seed:04d}"
    files = {
        f"{name}.moc3": write_moc3(puppet),
        f"{name}.{texture_size}/texture_00.png": _png(atlas.rgba),
        f"{name}.cdi3.json": encode_document(_display_info(puppet, names)),
        OWN_LABELS: encode_document(_labels(seed, figure, names)),
    }
    pose = _pose_groups(names)
    if pose:
        files[f"{name}.pose3.json"] = encode_document({"Type": "Live2D Pose", "Groups": pose})
    files[f"{name}.model3.json"] = encode_document(
        _model_settings(name, texture_size, figure, names, posed=bool(pose), grouped=not nameless)
    )
    return SyntheticModel(name, files, figure, puppet)


def write_model(model: SyntheticModel, folder: Path) -> Path:
    """Writes the files below ``folder`` and returns the path of the .model3.json."""
    for path, contents in model.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(contents)
    return folder / f"{model.name}.model3.json"


def _build_puppet(figure: Figure, names: Names, atlas: Atlas) -> Puppet:
    rig = figure.rig
    boxes = np.array([atlas.boxes[fragment.key] for fragment in figure.fragments])
    left, top = np.floor(boxes[:, :2].min(axis=0) - _MARGIN)
    right, bottom = np.ceil(boxes[:, 2:].max(axis=0) + _MARGIN)
    shift = (np.array(rig.origin) - [(left + right) / 2, (top + bottom) / 2]) / rig.pixels_per_unit
    some_part = names.parts[0].id
    deformer_ids = {
        key: f"{'Warp' if isinstance(deformer, WarpDeformer) else 'Rotation'}{index + 1}"
        for index, (key, deformer) in enumerate(rig.deformers.items())
    }
    deformers = tuple(
        replace(
            _moved(deformer, shift), id=deformer_ids[key], part=some_part, parent=deformer_ids[deformer.parent] if deformer.parent else None
        )
        for key, deformer in rig.deformers.items()
    )
    return Puppet(
        size=(int(right - left), int(bottom - top)),
        pixels_per_unit=rig.pixels_per_unit,
        origin=(float(right - left) / 2, float(bottom - top) / 2),
        parts=tuple(PartSource(part.id, part.parent) for part in names.parts),
        parameters=tuple(rig.parameters.values()),
        deformers=deformers,
        meshes=tuple(_build_mesh(figure, fragment, names, atlas, deformer_ids) for fragment in figure.fragments),
    )


def _with_numbered_parameters(puppet: Puppet) -> Puppet:
    numbers = {parameter.id: f"Param{number}" for number, parameter in enumerate(puppet.parameters, 1)}

    def renamed(bindings: tuple[Binding, ...]) -> tuple[Binding, ...]:
        return tuple(replace(binding, parameter=numbers[binding.parameter]) for binding in bindings)

    return replace(
        puppet,
        parameters=tuple(replace(parameter, id=numbers[parameter.id]) for parameter in puppet.parameters),
        deformers=tuple(replace(deformer, bindings=renamed(deformer.bindings)) for deformer in puppet.deformers),
        meshes=tuple(replace(mesh, bindings=renamed(mesh.bindings)) for mesh in puppet.meshes),
    )


def _moved(deformer: Deformer, shift: NDArray[np.float64]) -> Deformer:
    """The outermost warp moves everything to the middle of the cropped canvas, where viewers expect a model's origin."""
    if deformer.parent is None and isinstance(deformer, WarpDeformer):
        return replace(deformer, lattices=(deformer.lattices + shift).astype(np.float32))
    return deformer


def _build_mesh(figure: Figure, fragment: Fragment, names: Names, atlas: Atlas, deformer_ids: dict[str, str]) -> ArtMeshSource:
    key = fragment.key
    points, triangles = grid_mesh(atlas.alphas[key], atlas.boxes[key], fragment.cell)
    posed = [fragment.motion(points, *values) if fragment.motion else points for values in key_combinations(fragment.bindings)]
    return ArtMeshSource(
        id=names.mesh_ids[key],
        part=names.part_of[key],
        positions=np.stack([figure.rig.to_local(fragment.joint, keyform) for keyform in posed]),
        uvs=atlas.uvs(key, points),
        triangles=triangles,
        opacities=np.full(len(posed), 1.0 if fragment.shown else 0.0, np.float32),
        draw_order=fragment.depth,
        parent=deformer_ids[fragment.joint],
        bindings=fragment.bindings,
        clipped_by=tuple(names.mesh_ids[mask] for mask in fragment.clipped_by),
        blend=fragment.blend,
    )


def _pose_groups(names: Names) -> list[list[dict[str, Any]]]:
    """Alternatives of which the first is shown: the arms "a" and "b" of each side."""
    groups: list[list[dict[str, Any]]] = []
    for side in ("left", "right"):
        ids = [names.folders.get((f"arm {side} {variant}",)) for variant in "ab"]
        if all(ids):
            groups.append([{"Id": part, "Link": []} for part in ids])
    return groups


def _display_info(puppet: Puppet, names: Names) -> dict[str, Any]:
    return {
        "Version": 3,
        "Parameters": [{"Id": parameter.id, "GroupId": "", "Name": parameter.id.removeprefix("Param")} for parameter in puppet.parameters],
        "ParameterGroups": [],
        "Parts": [{"Id": part.id, "Name": part.shown} for part in names.parts],
    }


def _labels(seed: int, figure: Figure, names: Names) -> dict[str, Any]:
    return {
        "version": VERSION,
        "taxonomy": TaxonomyVersion.V3.value,
        "seed": seed,
        "traits": dict(sorted(figure.choices.items())),
        "art_meshes": {
            names.mesh_ids[fragment.key]: {
                "part": fragment.part.value if fragment.part else None,
                "side": fragment.side.value if fragment.side else None,
                "key": fragment.key,
            }
            for fragment in figure.fragments
        },
    }


def _model_settings(name: str, texture_size: int, figure: Figure, names: Names, *, posed: bool, grouped: bool) -> dict[str, Any]:
    files: dict[str, Any] = {
        "Moc": f"{name}.moc3",
        "Textures": [f"{name}.{texture_size}/texture_00.png"],
        "DisplayInfo": f"{name}.cdi3.json",
    }
    if posed:
        files["Pose"] = f"{name}.pose3.json"
    groups = {"EyeBlink": ["ParamEyeLOpen", "ParamEyeROpen"], "LipSync": ["ParamMouthOpenY"]} if grouped else {}
    hit_areas = [fragment.key for fragment in figure.fragments if not fragment.shown]
    return {
        "Version": 3,
        "FileReferences": files,
        "Groups": [{"Target": "Parameter", "Name": group, "Ids": ids} for group, ids in groups.items()],
        "HitAreas": [{"Id": names.mesh_ids[key], "Name": key.removeprefix("hit_").title()} for key in hit_areas],
    }


def _png(rgba: NDArray[np.uint8]) -> bytes:
    done, encoded = cv2.imencode(".png", np.ascontiguousarray(rgba[..., [2, 1, 0, 3]]), [cv2.IMWRITE_PNG_COMPRESSION, 6])
    if not done:
        raise ValueError("the texture cannot be encoded")
    return encoded.tobytes()
