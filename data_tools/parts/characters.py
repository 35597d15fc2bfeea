"""Live2D models whose ArtMeshes are labelled, to part pictures: exports of the workbench, and characters drawn by code.

What people have decided counts as in `data_tools.live2d.sampling`: pieces that they cut out of an ArtMesh are parts of their own, and
what they moved in the order of drawing lies where they said. What nobody has labelled is unknown, and nothing is learnt from it.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_tools.character_dataset import split_of
from data_tools.live2d.labels import OWN_LABELS, LabelledModel, SkippedModel, find_models, identify, read_labels
from data_tools.manifests import number_of
from data_tools.parts.dataset import FORMAT, PartPicture
from data_tools.parts.pictures import choose_frames, labels_of_render, vary_pose
from liwi.errors import InputError
from liwi.seethrough.body_parts import BodyPart
from liwi.types import BoundingBox

POSES = 2
"""Poses of a character drawn as a whole; around each stand busts and heads."""

_TEXTURE = 1024
_MODELS, _LABELS = "models", "labels"


def find_labelled(folder: Path, labels: Path | None = None) -> tuple[list[LabelledModel], list[SkippedModel]]:
    """The labelled models of a folder, and those that cannot be used.

    Args:
        folder: a dataset that the workbench exported, or models, as folders or ZIPs.
        labels: the labels for them, see `data_tools.live2d.labels.find_models`; those of the dataset, else those beside the models.

    Raises:
        InputError: there is no such folder, or no model with labels in it.
    """
    exported = (folder / _MODELS).is_dir() and (folder / _LABELS).is_dir()
    models = folder / _MODELS if exported else folder
    found = list(find_models(models, labels or labels_place(folder)))
    usable = [model for model in found if isinstance(model, LabelledModel)]
    skipped = [model for model in found if isinstance(model, SkippedModel)]
    if not usable:
        raise InputError(f"No model in {folder} can be used. {skipped[0].name}: {skipped[0].reason}")
    return usable, skipped


def labels_place(folder: Path) -> Path:
    """Where the labels of an exported dataset lie; of other models, beside them."""
    return folder / _LABELS if (folder / _LABELS).is_dir() and (folder / _MODELS).is_dir() else folder


def draw_labelled(models: Sequence[LabelledModel], *, poses: int, heads: int, side: int) -> Iterator[PartPicture]:
    """Pictures of labelled models, at rest and in chance poses. Models that cannot be drawn give none."""
    for model in models:
        try:
            yield from _draw(model, np.random.default_rng(number_of(f"{FORMAT} {model.id}")), True, poses=poses, heads=heads, side=side)
        except InputError:
            continue  # the manifest names what gave no pictures


def draw_characters(seeds: range, *, poses: int = POSES, heads: int, side: int) -> Iterator[PartPicture]:
    """Pictures of characters drawn by code, each in some chance poses."""
    from data_tools.live2d.synthetic.export import synthesize, write_model

    for seed in seeds:
        rng = np.random.default_rng([seed, number_of(FORMAT)])
        with tempfile.TemporaryDirectory() as folder:
            path = write_model(synthesize(seed, texture_size=_TEXTURE), Path(folder))
            known = identify(path)
            model = LabelledModel(path, known.name, known.sha256[:16], known.moc_sha256, read_labels(path.parent / OWN_LABELS))
            yield from _draw(model, rng, False, poses=poses, heads=heads, side=side)


def _draw(model: LabelledModel, rng: np.random.Generator, rest: bool, *, poses: int, heads: int, side: int) -> Iterator[PartPicture]:
    """``rest``: whether the first pose is the one at rest, which people have labelled."""
    from data_tools.live2d.ordering import reordered
    from data_tools.live2d.reader import open_model
    from data_tools.live2d.rendering import render
    from data_tools.live2d.splitting import parts_of_pieces, split_meshes, with_pieces
    from data_tools.live2d.view import View

    with open_model(model.path) as character:
        splits = split_meshes(character.model, model.labels.pieces)
        said = {**model.labels.parts, **parts_of_pieces(splits)}
        tags = {name: part for name, (part, _) in said.items()}
        for number in range(poses):
            posed = character.model if rest and number == 0 else character.pose(vary_pose(character.model, rng))
            posed = with_pieces(reordered(posed, character.model, model.labels.orders), splits)
            boxes = {mesh.id: _box(mesh.vertices) for mesh in posed.art_meshes if mesh.drawn and not mesh.clipped_by}
            face = _around([box for name, box in boxes.items() if tags.get(name) is BodyPart.FACE])
            whole = _around([box for name, box in boxes.items() if tags.get(name) is not None])
            if whole is None:
                continue
            for frame in choose_frames(whole, face, rng, heads=heads):
                drawn = render(posed, character.pyramid, View((side, side), side / frame.side, frame.left, frame.top))
                yield PartPicture(drawn.rgba, labels_of_render(drawn, tags), model.moc_sha256[:16], split_of(model.moc_sha256), frame.name)


def _box(points: np.ndarray[Any, Any]) -> BoundingBox:
    (left, top), (right, bottom) = np.floor(points.min(axis=0)), np.ceil(points.max(axis=0))
    return BoundingBox(int(left), int(top), int(right) + 1, int(bottom) + 1)


def _around(boxes: list[BoundingBox]) -> BoundingBox | None:
    """The smallest box around all."""
    if not boxes:
        return None
    return BoundingBox(
        min(box.left for box in boxes), min(box.top for box in boxes), max(box.right for box in boxes), max(box.bottom for box in boxes)
    )
