"""Labelled models to a dataset of characters: every model in every pose before a background (paper 2, section 3.2).

Everything follows from the plan, so a run that was killed goes on where it stopped and ends with the same bytes.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from data_tools import character_dataset as dataset
from data_tools.live2d.backgrounds import Backgrounds
from data_tools.live2d.labels import LabelledModel, SkippedModel
from data_tools.live2d.model import Live2DModel
from data_tools.live2d.ordering import reordered
from data_tools.live2d.part_layers import label_meshes, part_layers
from data_tools.live2d.poses import NINE_DIRECTIONS, Pose, PoseParameters, pose_parameters
from data_tools.live2d.reader import OpenedModel, open_model
from data_tools.live2d.rendering import render
from data_tools.live2d.splitting import SplitMesh, parts_of_pieces, split_meshes, with_pieces
from data_tools.live2d.view import View
from data_tools.manifests import LABELS, number_of
from data_tools.samples import CharacterSample
from data_tools.shards import SAMPLES_PER_SHARD, write_shards
from liwi.errors import EngineUnavailable, InputError
from liwi.progress import Progress, ReportProgress, ignore_progress
from liwi.seethrough.body_parts import BodyPart, Side

DRAWING_VERSION = 1
"""Grows whenever the same plan gives other pixels."""

_PACKAGES = ("live2d-py", "numba", "numpy", "opencv-python-headless")


class Expressions(StrEnum):
    """What eyes and mouth do in the poses."""

    REST = "rest"
    VARIED = "varied"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class SampleOptions:
    """How samples are made.

    Attributes:
        size: side of the square picture in pixels, 64 to 4096.
        poses: which ones; those that look like an earlier one of the same model are left out.
        expressions: as the poses say; or eyes and mouth chosen for each by chance; or all four combinations of each.
        backgrounds_per_pose: samples of each pose, at least 1.
        samples_per_shard: 0 for no shards.
        seed: of backgrounds and expressions, 0 or more.
    """

    size: int = 1024
    poses: tuple[Pose, ...] = NINE_DIRECTIONS
    expressions: Expressions = Expressions.REST
    backgrounds_per_pose: int = 1
    samples_per_shard: int = SAMPLES_PER_SHARD
    seed: int = 0


@dataclass(frozen=True)
class _Posed:
    """A pose of one model, not drawn yet."""

    pose: Pose
    parameters: PoseParameters
    posed: Live2DModel
    names: tuple[str, ...]


def write_samples(
    models: Sequence[LabelledModel | SkippedModel],
    out: Path,
    options: SampleOptions,
    backgrounds: Backgrounds,
    *,
    labels_sha256: str = "",
    report: ReportProgress = ignore_progress,
) -> dict[str, Any]:
    """Write a dataset, or go on with one that the same arguments began.

    Args:
        models: from `labels.find_models`.
        out: a new or empty folder, or one that this function began.
        options: how.
        backgrounds: what stands behind.
        labels_sha256: of the workbench's export that the labels come from; empty for others.
        report: hears of every sample; raising from it stops the work, which can go on later.

    Returns:
        The manifest. Its ``skipped`` says which models and poses gave no samples, and why.

    Raises:
        InputError: no model can be used; the folder holds other things or a set with another plan.
        EngineUnavailable: there is no Cubism Core.
    """
    usable = [model for model in models if isinstance(model, LabelledModel)]
    skipped = [model for model in models if isinstance(model, SkippedModel)]
    if not usable:
        reasons = "; ".join(f"{model.name}: {model.reason}" for model in skipped[:3])
        raise InputError(f"There is no model with labels among {len(skipped)}. {reasons}")
    dataset.begin(out, _plan(usable, options, backgrounds))
    total = len(usable) * len(options.poses) * options.backgrounds_per_pose * (4 if options.expressions is Expressions.ALL else 1)
    samples: list[tuple[str, dataset.Split]] = []
    entries = []
    for number, model in enumerate(usable):
        written = 0
        split = dataset.split_of(model.moc_sha256)
        for outcome in _write_model(model, out, options, backgrounds):
            if isinstance(outcome, SkippedModel):
                skipped.append(outcome)
                continue
            written += 1
            samples.append((outcome, split))
            report(Progress(model.name, number * total // len(usable) + written, total))
        if written:
            entries.append({"id": model.id, "name": model.name, "split": split.value, "samples": written})
        report(Progress(model.name, (number + 1) * total // len(usable), total))
    shards = []
    if options.samples_per_shard:
        packing = max(1, len(samples))
        shards = write_shards(
            out, samples, per_shard=options.samples_per_shard, report=lambda done: report(Progress("Packing shards", done, packing))
        )
    told = [{"name": model.name, "reason": model.reason} for model in skipped]
    facts = {"seed": options.seed, "models": entries, "skipped": told}
    return dataset.finish(out, samples, shards, facts | ({LABELS: labels_sha256} if labels_sha256 else {}))


def _plan(models: Sequence[LabelledModel], options: SampleOptions, backgrounds: Backgrounds) -> dict[str, Any]:
    return {
        "format": dataset.FORMAT,
        "version": dataset.VERSION,
        **_drawn_with(),
        "taxonomies": dataset.taxonomies(),
        "size": options.size,
        "poses": [pose.name for pose in options.poses],
        "expressions": options.expressions.value,
        "backgrounds per pose": options.backgrounds_per_pose,
        "samples per shard": options.samples_per_shard,
        "seed": options.seed,
        "backgrounds": backgrounds.sha256,
        "models": [{"id": model.id, "name": model.name, "labels": model.labels.sha256} for model in models],
    }


def _drawn_with() -> dict[str, Any]:
    return {"drawing": DRAWING_VERSION, "packages": {name: version(name) for name in _PACKAGES}}


def _write_model(model: LabelledModel, out: Path, options: SampleOptions, backgrounds: Backgrounds) -> Iterator[str | SkippedModel]:
    """Names of the model's samples as they are written, or what is left out."""
    try:
        with open_model(model.path) as character:
            known = {mesh.id for mesh in character.model.art_meshes}
            if not known & model.labels.parts.keys():
                raise InputError("Its labels name none of its ArtMeshes; they belong to another model.")
            splits = split_meshes(character.model, model.labels.pieces)
            parts = {**model.labels.parts, **parts_of_pieces(splits)}
            posed = _different_poses(character, model, splits, options)
            view = _shared_view(posed, options.size)
            if not all(dataset.has_sample(out, name) for one in posed for name in one.names):
                _ = character.pyramid  # a damaged texture is told once, not for every pose
            for one in posed:
                try:
                    yield from _write_pose(character, model, parts, one, view, out, options, backgrounds)
                except (InputError, EngineUnavailable) as error:
                    yield SkippedModel(f"{model.name}, {one.pose.name}", str(error))
    except InputError as error:
        yield SkippedModel(model.name, str(error))


def _different_poses(character: OpenedModel, model: LabelledModel, splits: Sequence[SplitMesh], options: SampleOptions) -> list[_Posed]:
    """A model that cannot take a pose looks as at rest, or as in another one: such poses are left out."""
    seen: set[str] = set()
    found = []
    for pose in _expressed(options, model):
        parameters = pose_parameters(character.model, pose)
        posed = with_pieces(reordered(character.pose(parameters.values), character.model, model.labels.orders), splits)
        look = _fingerprint(posed)
        if look not in seen:
            seen.add(look)
            names = tuple(f"{model.id}-{pose.name}-{number}" for number in range(options.backgrounds_per_pose))
            found.append(_Posed(pose, parameters, posed, names))
    return found


def _fingerprint(posed: Live2DModel) -> str:
    """Equal for poses that are drawn alike."""
    state = hashlib.sha256(repr(posed.offscreens).encode())
    for mesh in posed.back_to_front:
        if mesh.visible:
            state.update(repr((mesh.index, mesh.opacity, mesh.multiply_color, mesh.screen_color)).encode())
            state.update(mesh.vertices.tobytes())
    return state.hexdigest()


def _expressed(options: SampleOptions, model: LabelledModel) -> Iterator[Pose]:
    for pose in options.poses:
        match options.expressions:
            case Expressions.REST:
                yield pose
            case Expressions.VARIED:
                rng = np.random.default_rng([options.seed, number_of(f"{model.id} {pose.name}")])
                eyes, mouth = rng.random() < 0.3, rng.random() < 0.4
                yield replace(pose, eyes_open=False if eyes else pose.eyes_open, mouth_open=True if mouth else pose.mouth_open)
            case Expressions.ALL:
                for eyes_open in (True, False):
                    for mouth_open in (False, True):
                        yield replace(pose, eyes_open=eyes_open, mouth_open=mouth_open)


def _shared_view(posed: Sequence[_Posed], size: int) -> View:
    """The smallest square around the figure in all of its poses: it moves in the picture, not the picture with it."""
    views = [View.figure(one.posed, size) for one in posed]
    left, top = min(view.left for view in views), min(view.top for view in views)
    right, bottom = max(view.left + size / view.scale for view in views), max(view.top + size / view.scale for view in views)
    side = max(right - left, bottom - top)
    if not math.isfinite(side):
        raise InputError("Its ArtMeshes lie infinitely far away; the model is damaged.")
    return View((size, size), size / side, (left + right - side) / 2, (top + bottom - side) / 2)


def _write_pose(
    character: OpenedModel,
    model: LabelledModel,
    parts: Mapping[str, tuple[BodyPart | None, Side | None]],
    one: _Posed,
    view: View,
    out: Path,
    options: SampleOptions,
    backgrounds: Backgrounds,
) -> Iterator[str]:
    wanted = [name for name in one.names if not dataset.has_sample(out, name)]
    if wanted:
        drawn = render(one.posed, character.pyramid, view)
        if not drawn.meshes:
            raise InputError("Nothing of it is to be seen in this pose.")
        meshes = label_meshes(drawn, parts)
        layers = part_layers(drawn, character.pyramid, meshes)
        unlabelled = round(sum(mesh.visible_pixels for mesh in meshes if mesh.part is None), 2)
        for name in wanted:
            background = backgrounds.draw(view.size, seed=options.seed, key=name)
            source = drawn.over(background.rgb.astype(np.float32) / np.float32(255))
            facts = _facts(model, one, view, options) | {"background": background.facts, "unlabelled_pixels": unlabelled}
            dataset.write_sample(out, CharacterSample(name, source, drawn.rgba, layers, meshes, facts))
    yield from one.names


def _facts(model: LabelledModel, one: _Posed, view: View, options: SampleOptions) -> dict[str, Any]:
    facts = {
        "model": {"id": model.id, "name": model.name, "moc_sha256": model.moc_sha256, "labels_sha256": model.labels.sha256},
        "split": dataset.split_of(model.moc_sha256).value,
        "pose": one.pose.name,
        "parameters": dict(sorted(one.parameters.values.items())),
        "missing": list(one.parameters.missing),
        "view": {"scale": view.scale, "left": view.left, "top": view.top},
        "seed": options.seed,
        **_drawn_with(),
    }
    result: dict[str, Any] = json.loads(json.dumps(facts))
    return result
