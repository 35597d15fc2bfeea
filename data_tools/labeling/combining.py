"""One guess per ArtMesh from what the rules say (names, motion, place, votes) and what a part segmenter sees.

Both are taken for independent opinions and multiplied: the rules' score stands for the class that they name, the rest of it is spread over
all others; the segmenter's votes are a distribution already. Each is kept away from certainty, since neither knows how wrong it can be.

The segmenter knows 19 classes. Hair is front or back by whether it is drawn before the face; of an eye the iris is what is clipped, the
white is what clips, a brow lies above, and lashes are the rest. What nobody knows anything of is what its neighbours in the part tree are.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data_tools.labeling.labeler import SIDED_BY_PLACE, PartPrediction, fill_by_votes, label_art_meshes
from data_tools.labeling.observations import box_of
from data_tools.labeling.places import side_of
from data_tools.labeling.seen_parts import SeenParts, look_at_parts
from data_tools.live2d.model import ArtMesh, Live2DModel
from data_tools.live2d.reader import OpenedModel
from liwi.protocols import PartSegmenter
from liwi.seethrough.body_parts import FINE_OF, BodyPart, CoarseBodyPart, Side

SEGMENTER, COMBINED = "segmenter", "combined"
"""Sources of the predictions made here."""

NOTHING = len(BodyPart)
"""Column of "shows nothing" beside the 23 classes."""

_FLOOR_SEEN, _FLOOR_RULES = 0.2, 0.02
"""Share that is spread evenly over all classes before opinions are multiplied."""

_CLEAR = 0.9
"""How sure it is which of the finer classes an ArtMesh shows, where its structure says so."""

Distributions = NDArray[np.float64]


def label_by_all(character: OpenedModel, segmenter: PartSegmenter | None) -> tuple[PartPrediction, ...]:
    """The best guess for every ArtMesh, in the model's order: of the rules alone where there is no segmenter. Errors as `look_at_parts`."""
    rules = label_art_meshes(character)
    if segmenter is None:
        return rules
    _, both = combine(character.model, rules, look_at_parts(character, segmenter))
    found = {guess.art_mesh: guess for guess in both}
    return tuple(found.get(guess.art_mesh, guess) for guess in rules)


def combine(
    model: Live2DModel, rules: Sequence[PartPrediction], seen: SeenParts
) -> tuple[tuple[PartPrediction, ...], tuple[PartPrediction, ...]]:
    """Guesses of the segmenter alone, for the ArtMeshes that it has seen; and of both together, for all of which anything is known.

    Args:
        model: at rest.
        rules: one prediction per ArtMesh, in the model's order.
        seen: from `look_at_parts` of the same model.
    """
    fine = fine_shares(model, seen)
    middle = _middle(model, seen)
    together = _distribution(rules) * np.where(seen.known[:, None], _softened(fine, _FLOOR_SEEN), 1.0)
    together /= together.sum(axis=1, keepdims=True)
    alone, both = [], []
    for mesh, said in zip(model.art_meshes, rules, strict=True):
        if seen.known[mesh.index]:
            alone.append(_prediction(mesh, said, fine[mesh.index], SEGMENTER, middle))
            both.append(_prediction(mesh, said, together[mesh.index], COMBINED, middle))
        else:
            both.append(replace(said, source=COMBINED))
    voted = fill_by_votes(model, both, ~seen.known)
    return tuple(alone), tuple(replace(guess, source=COMBINED) for guess in voted if guess.score > 0)


def fine_shares(model: Live2DModel, seen: SeenParts) -> Distributions:
    """The segmenter's votes over the 23 classes and "nothing": (N, 24); rows add up to 1 where something was seen, else they are 0."""
    fine = np.zeros((len(model.art_meshes), NOTHING + 1))
    for coarse, parts in FINE_OF.items():
        if len(parts) == 1:
            fine[:, parts[0].class_index] = seen.shares[:, coarse.class_index]
    hair, eyes = seen.shares[:, CoarseBodyPart.HAIR.class_index], seen.shares[:, CoarseBodyPart.EYES.class_index]
    face_order = _face_order(model, seen)
    before = np.array([mesh.render_order > face_order for mesh in model.art_meshes], bool)
    fine[:, BodyPart.FRONT_HAIR.class_index] = hair * np.where(before, _CLEAR, 1 - _CLEAR)
    fine[:, BodyPart.BACK_HAIR.class_index] = hair * np.where(before, 1 - _CLEAR, _CLEAR)
    for mesh, part in _eye_parts(model, seen):
        fine[mesh.index, [other.class_index for other in FINE_OF[CoarseBodyPart.EYES]]] = eyes[mesh.index] * (1 - _CLEAR) / 3
        fine[mesh.index, part.class_index] = eyes[mesh.index] * _CLEAR
    return fine


def _eye_parts(model: Live2DModel, seen: SeenParts) -> Sequence[tuple[ArtMesh, BodyPart]]:
    """Which part of an eye each ArtMesh would be if it belonged to one."""
    eye = {mesh.index for mesh in model.art_meshes if _is(seen, mesh, CoarseBodyPart.EYES)}
    clipping = {index for mesh in model.art_meshes if mesh.index in eye for index in mesh.clipped_by}
    whites = [box_of(mesh) for mesh in model.art_meshes if mesh.index in clipping]
    tops = sorted(box[1] for box in whites) or [box_of(mesh)[1] for mesh in model.art_meshes if mesh.index in eye]
    top = float(np.median(tops)) if tops else 0.0
    found = []
    for mesh in model.art_meshes:
        box = box_of(mesh)
        if mesh.index in clipping:
            part = BodyPart.EYEWHITE
        elif clipping.intersection(mesh.clipped_by):
            part = BodyPart.IRIDES
        else:
            part = BodyPart.EYEBROW if whites and (box[1] + box[3]) / 2 < top else BodyPart.EYELASH
        found.append((mesh, part))
    return found


def _face_order(model: Live2DModel, seen: SeenParts) -> float:
    """Render order of the largest ArtMesh that seems to be a face; of the middle of all where none does."""
    faces = [mesh for mesh in model.art_meshes if _is(seen, mesh, CoarseBodyPart.FACE)]
    return max(faces, key=_area).render_order if faces else len(model.art_meshes) / 2


def _middle(model: Live2DModel, seen: SeenParts) -> float | None:
    """x of the character's axis: between what seems to be the face and what lies on it."""
    parts = (CoarseBodyPart.FACE, CoarseBodyPart.NOSE, CoarseBodyPart.MOUTH)
    for part in parts:
        boxes = [box_of(mesh) for mesh in sorted(model.art_meshes, key=_area) if _is(seen, mesh, part)]
        if boxes:
            return (boxes[-1][0] + boxes[-1][2]) / 2
    return None


def _is(seen: SeenParts, mesh: ArtMesh, part: CoarseBodyPart) -> bool:
    return bool(seen.known[mesh.index]) and int(seen.shares[mesh.index].argmax()) == part.class_index


def _area(mesh: ArtMesh) -> float:
    left, top, right, bottom = box_of(mesh)
    return (right - left) * (bottom - top)


def _distribution(rules: Sequence[PartPrediction]) -> Distributions:
    """(N, 24): what the rules' predictions leave to each class."""
    result = np.full((len(rules), NOTHING + 1), 1 / (NOTHING + 1))
    for row, said in zip(result, rules, strict=True):
        if said.score > 0:
            row[:] = (1 - said.score) / NOTHING
            row[NOTHING if said.part is None else said.part.class_index] = said.score
    return _softened(result, _FLOOR_RULES)


def _softened(shares: Distributions, floor: float) -> Distributions:
    return (1 - floor) * shares + floor / (NOTHING + 1)


def _prediction(mesh: ArtMesh, said: PartPrediction, shares: NDArray[np.float64], source: str, middle: float | None) -> PartPrediction:
    best = int(shares.argmax())
    part = None if best == NOTHING else list(BodyPart)[best]
    side: Side | None = None
    if part is not None and said.part is part:
        side = said.side
    if side is None and part in SIDED_BY_PLACE and middle is not None:
        side = side_of(box_of(mesh), middle)
    return PartPrediction(mesh.id, part, side, round(float(shares[best]), 3), source)
