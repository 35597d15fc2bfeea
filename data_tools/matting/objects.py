"""The objects that scenes are made of: clip art in the public domain, characters of our own, and shapes drawn by code.

Only what lets the trained weights be shipped; nothing that is reserved for testing; and nothing that a benchmark shows which is excluded.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_tools.composites import read_cutout
from data_tools.manifests import DatasetError, number_of
from data_tools.matting.shapes import draw_object
from data_tools.sources import Kind, SourceFile, Split, gather
from liwi.imaging.compositing import resize_rgba
from liwi.progress import Progress, ReportProgress, ignore_progress
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]

LONG_SIDE = 192
"""Objects are kept at most this long, in pixels."""

_POSES = ("rest", "angle-left", "angle-up-right")
_RENDERED_SIDE = 320
"""Of a character's picture, in pixels, before it is cropped and reduced."""


class Purpose(StrEnum):
    """What a sample is for; objects of one purpose never appear in the other."""

    TRAIN = "train"
    EVALUATION = "evaluation"


class Origin(StrEnum):
    """Where an object comes from."""

    CLIP_ART = "clip art"
    CHARACTER = "character"
    DRAWN = "drawn"


@dataclass(frozen=True, eq=False)
class SceneObject:
    """An object.

    Attributes:
        name: unique; for clip art its path inside the package.
        origin: where it comes from.
        rgba: (h, w, 4) uint8, straight alpha, cropped to its extent, at most `LONG_SIDE` long.
    """

    name: str
    origin: Origin
    rgba: UInt8

    @property
    def purpose(self) -> Purpose:
        """One object in twelve is for evaluation, by a hash of its name; poses of a character stay together."""
        return Purpose.EVALUATION if number_of("matting 1: " + self.name.partition("|")[0]) % 12 == 0 else Purpose.TRAIN


def excluded_files(benchmarks: Sequence[Path]) -> frozenset[tuple[str, str]]:
    """``(package, path)`` of every picture that composites of these folders are made of.

    Raises:
        DatasetError: a folder holds no composites.
    """
    found = set()
    for folder in benchmarks:
        descriptions = sorted(folder.glob("*/sample.json"))
        if not descriptions:
            raise DatasetError(f"{folder} holds no composites. Name a folder of `python -m data_tools composites`.")
        for path in descriptions:
            facts = json.loads(path.read_text("utf-8"))
            found |= {(file["package"], file["path"]) for file in [*facts["cutouts"], facts["background"]]}
    return frozenset(found)


def clip_art(root: Path, exclude: frozenset[tuple[str, str]], report: ReportProgress = ignore_progress) -> Iterator[SceneObject]:
    """Usable clip art of the development split.

    Args:
        root: folder of the unpacked package ``openclipart-png``.
        exclude: files to leave out, see `excluded_files`.
        report: told now and then.
    """
    pools = gather(Split.DEVELOPMENT, {"openclipart-png": root})
    files: list[SourceFile] = [file for file in pools.cutouts[Kind.CLIP_ART] if file.key not in exclude]
    for number, file in enumerate(files):
        report(Progress("Reading clip art", number, len(files)))
        cutout = read_cutout(file, pools)
        if cutout is not None:
            yield SceneObject(file.path, Origin.CLIP_ART, _shrink(cutout.rgba))


def characters(folder: Path) -> Iterator[SceneObject]:
    """Live2D characters of ``python -m data_tools live2d synthesize``, whole and from the waist up, in several poses.

    Raises:
        DatasetError: no model lies in the folder.
    """
    from data_tools.live2d.poses import Pose, pose_parameters
    from data_tools.live2d.reader import open_model
    from data_tools.live2d.rendering import render
    from data_tools.live2d.view import View

    models = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not models:
        raise DatasetError(f"{folder} holds no characters. Make some with: python -m data_tools live2d synthesize {folder}")
    for path in models:
        with open_model(path) as character:
            for pose in _POSES:
                posed = character.pose(pose_parameters(character.model, Pose.parse(pose)).values)
                rgba = render(posed, character.pyramid, View.figure(posed, _RENDERED_SIDE)).rgba
                extent = BoundingBox.around(rgba[..., 3] > 5)
                if extent is None:
                    continue
                whole = np.ascontiguousarray(rgba[extent.slices])
                yield SceneObject(f"{path.name}|{pose}", Origin.CHARACTER, _shrink(whole))
                if pose == _POSES[0]:
                    yield SceneObject(f"{path.name}|{pose}, waist up", Origin.CHARACTER, _shrink(whole[: whole.shape[0] * 5 // 9]))


def drawn(count: int, seed: int) -> Iterator[SceneObject]:
    """Shapes of `data_tools.matting.shapes`."""
    for number in range(count):
        rgba = draw_object(LONG_SIDE, np.random.default_rng([seed, 77, number]))
        extent = BoundingBox.around(rgba[..., 3] > 5)
        if extent is not None and min(extent.width, extent.height) >= 12:
            yield SceneObject(f"shape {number}", Origin.DRAWN, np.ascontiguousarray(rgba[extent.slices]))


def _shrink(rgba: UInt8) -> UInt8:
    height, width = rgba.shape[:2]
    scale = LONG_SIDE / max(height, width)
    if scale >= 1:
        return rgba
    return resize_rgba(rgba, (max(1, round(width * scale)), max(1, round(height * scale))))
