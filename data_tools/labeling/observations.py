"""What is seen of each ArtMesh besides its name: where it lies at rest, and which parameters move it.

A parameter that a rig names "eye open" moves the eye, whatever its ArtMeshes are called; the official parameter ids are the one
convention that nearly all models keep, because face tracking needs them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_tools.labeling.part_names import NameRule, read_name
from data_tools.live2d.model import ArtMesh, Live2DModel, Parameter
from data_tools.live2d.reader import OpenedModel
from liwi.seethrough.body_parts import Side

MIN_SHARE = 0.3
"""Of the largest motion of a parameter, below which an ArtMesh only goes along."""

MIN_EYE_SHARE = 0.1
"""The same for opening the eye: the lower lash hardly moves when the upper lid falls."""

MAX_PARAMETERS = 400
"""Parameters that are tried; the official ones come first in practice."""

_HEAD = ("anglex", "angley", "anglez")
_SMALLEST = 0.0005
_SHOWN_OR_HIDDEN = 0.5


@dataclass(frozen=True, slots=True)
class Motion:
    """One parameter that moves an ArtMesh.

    Attributes:
        rule: what the parameter's name says.
        side: the character's own side in it.
        parameter: its id.
        share: of the largest motion that the parameter causes, in [0, 1].
    """

    rule: NameRule
    side: Side | None
    parameter: str
    share: float


@dataclass(frozen=True, slots=True)
class Observation:
    """An ArtMesh as it is seen.

    Attributes:
        box: left, top, right, bottom in canvas pixels at rest.
        motions: of parameters with a telling name, the largest share first.
        with_head: whether it turns with the head.
    """

    box: tuple[float, float, float, float]
    motions: tuple[Motion, ...]
    with_head: bool

    @property
    def center(self) -> tuple[float, float]:
        """Of the box."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the box."""
        left, top, right, bottom = self.box
        return right - left, bottom - top


def observe(character: OpenedModel) -> list[Observation]:
    """Move every parameter to both of its ends and see what moves; one `Observation` for each ArtMesh, in the model's order."""
    model = character.model
    boxes = [box_of(mesh) for mesh in model.art_meshes]
    figure = max((max(box[2] - box[0], box[3] - box[1]) for box in boxes), default=1.0) or 1.0
    motions: list[list[Motion]] = [[] for _ in boxes]
    turns = np.zeros(len(boxes), bool)
    for parameter in model.parameters[:MAX_PARAMETERS]:
        plain = parameter.id.lower().replace("_", "").removeprefix("param")
        reading = read_parameter(parameter)
        if plain in _HEAD:
            turns |= _moved(character, model, parameter) > _SMALLEST * figure
        elif reading:
            rule, side = reading
            moved = _moved(character, model, parameter)
            largest = moved.max(initial=0.0)
            if largest > _SMALLEST * figure:
                share = MIN_EYE_SHARE if rule.name == "eye" else MIN_SHARE
                for index in np.flatnonzero(moved >= share * largest):
                    motions[index].append(Motion(rule, side, parameter.id, float(moved[index] / largest)))
    ordered = [tuple(sorted(found, key=lambda motion: -motion.share)) for found in motions]
    return [Observation(*seen) for seen in zip(boxes, ordered, turns.tolist(), strict=True)]


def read_parameter(parameter: Parameter) -> tuple[NameRule, Side | None] | None:
    """What a parameter is for, from its id or its display name; None where it says nothing about a single part."""
    for text in (parameter.id, parameter.name):
        reading = read_name(text)
        if reading.rule and reading.rule.parts and reading.rule.level > 1:
            return reading.rule, reading.side
    return None


def _moved(character: OpenedModel, model: Live2DModel, parameter: Parameter) -> NDArray[np.float64]:
    """(ArtMeshes,) the farthest way of a vertex in canvas pixels; what only appears or vanishes counts as moved by half its size."""
    farthest = np.zeros(len(model.art_meshes))
    for value in (parameter.minimum, parameter.maximum):
        posed = character.pose({parameter.id: value})
        for index, (rest, mesh) in enumerate(zip(model.art_meshes, posed.art_meshes, strict=True)):
            ways = np.linalg.norm(mesh.vertices - rest.vertices, axis=1)
            farthest[index] = max(farthest[index], float(ways.max(initial=0.0)))
            if abs(mesh.opacity - rest.opacity) > _SHOWN_OR_HIDDEN:
                left, _, right, _ = box_of(rest)
                farthest[index] = max(farthest[index], (right - left) / 2)
    return np.nan_to_num(farthest)


def box_of(mesh: ArtMesh) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of an ArtMesh in canvas pixels; zeros where it has no vertex."""
    if not len(mesh.vertices):
        return 0.0, 0.0, 0.0, 0.0
    (left, top), (right, bottom) = mesh.vertices.min(axis=0).tolist(), mesh.vertices.max(axis=0).tolist()
    return left, top, right, bottom
