"""First labels for all ArtMeshes of a model: names first, then motion, place, and the votes of the part tree.

Every stage proposes with a score, the best proposal wins, and the prediction says which one it was. The scores are constants set by hand
after a look at how often each stage was right on synthetic characters (seeds 100 to 139); those of name matches, parent votes and
undecided names hardly occurred there and are estimates. On artists' models all of them are upper limits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_tools.labeling.observations import Observation, observe
from data_tools.labeling.part_names import NameReading, NameRule, read_name
from data_tools.labeling.places import EYES, Landmarks, find_landmarks, place, side_of
from data_tools.labeling.propagation import Node, Vote, propagate
from data_tools.live2d.model import ArtMesh, Live2DModel
from data_tools.live2d.reader import OpenedModel
from liwi.seethrough.body_parts import BodyPart, Side

NAME_SCORE, PART_NAME_SCORE, HIT_AREA_SCORE = 0.98, 0.95, 0.99
MOTION_SCORE, DEFAULT_SCORE = 0.9, 0.5
MATCH_SCORE, SIBLING_SCORE, PARENT_SCORE = 0.85, 0.75, 0.4

_HAIR = frozenset({BodyPart.FRONT_HAIR, BodyPart.BACK_HAIR})
_WITHOUT_SIDE = frozenset({BodyPart.NOSE, BodyPart.MOUTH, BodyPart.NECK})

SIDED_BY_PLACE = frozenset(BodyPart) - _HAIR - _WITHOUT_SIDE
"""Classes of which an ArtMesh that lies beside the middle is one of two; a strand of hair there is one of many."""


@dataclass(frozen=True, slots=True)
class PartPrediction:
    """A machine's guess for one ArtMesh.

    Attributes:
        art_mesh: its id.
        part: the class; None if it shows nothing of the character, or if nothing is known (then ``score`` is 0).
        side: the character's own; None for what has none.
        score: in [0, 1], roughly how often such a guess is right; see the module.
        source: where the guess comes from, for people.
    """

    art_mesh: str
    part: BodyPart | None
    side: Side | None
    score: float
    source: str


@dataclass(frozen=True, slots=True)
class _Proposal:
    part: BodyPart | None
    score: float
    source: str
    either: frozenset[BodyPart] = frozenset()


def label_art_meshes(character: OpenedModel) -> tuple[PartPrediction, ...]:
    """A prediction for every ArtMesh, in the model's order. The model is posed many times: about a second for a large one."""
    model, seen = character.model, observe(character)
    readings = [_readings(model, mesh) for mesh in model.art_meshes]
    first = [_from_names_and_motion(model, mesh, seen, readings[mesh.index]) for mesh in model.art_meshes]
    known = {index: proposal.part for index, proposal in enumerate(first) if proposal and proposal.score >= MOTION_SCORE}
    marks = find_landmarks(model.art_meshes, seen, known)
    placed = [
        _with_place(mesh, seen[mesh.index], readings[mesh.index], proposal, marks)
        for mesh, proposal in zip(model.art_meshes, first, strict=True)
    ]
    final = _voted(model, placed)
    return tuple(_prediction(mesh, seen[mesh.index], readings[mesh.index], final[mesh.index], marks) for mesh in model.art_meshes)


def fill_by_votes(
    model: Live2DModel, guesses: Sequence[PartPrediction], which: Sequence[bool] | NDArray[np.bool_]
) -> tuple[PartPrediction, ...]:
    """Guesses of which votes of the others have taken the place, where these say more; without a side then.

    Args:
        model: at rest.
        guesses: one per ArtMesh, in the model's order; what is known of each beside the votes.
        which: whether votes may take its place.
    """
    said = [_Proposal(guess.part, guess.score, guess.source) if guess.score > 0 else None for guess in guesses]
    return tuple(
        PartPrediction(guess.art_mesh, best.part, None, round(best.score, 3), best.source) if may and best and best is not before else guess
        for guess, may, before, best in zip(guesses, which, said, _voted(model, said), strict=True)
    )


def _voted(model: Live2DModel, proposals: Sequence[_Proposal | None]) -> list[_Proposal | None]:
    votes = propagate([_node(model, mesh, proposal) for mesh, proposal in zip(model.art_meshes, proposals, strict=True)])
    return [_better(proposal, vote) for proposal, vote in zip(proposals, votes, strict=True)]


def _readings(model: Live2DModel, mesh: ArtMesh) -> list[NameReading]:
    """What the names say from the ArtMesh outwards: its id, then id and display name of each part around it."""
    found = [read_name(mesh.id)]
    index = mesh.part
    while index is not None:
        part = model.parts[index]
        by_id, by_name = read_name(part.id), read_name(part.name)
        better = by_name if by_name.rule and (not by_id.rule or by_name.rule.level >= by_id.rule.level) else by_id
        found.append(NameReading(better.rule, better.words, _agreed(by_id.side, by_name.side)))
        index = part.parent
    return found


def _agreed(one: Side | None, other: Side | None) -> Side | None:
    """The side that two names give; none if they contradict each other, as in models named after the viewer's side."""
    return one or other if one == other or not (one and other) else None


def _from_names_and_motion(
    model: Live2DModel, mesh: ArtMesh, seen: Sequence[Observation], readings: Sequence[NameReading]
) -> _Proposal | None:
    if mesh.id in model.hit_areas:
        return _Proposal(None, HIT_AREA_SCORE, "hit area of the model3.json")
    own = next(((depth, reading, reading.rule) for depth, reading in enumerate(readings) if reading.rule), None)
    motion = _from_motion(model, mesh, seen)
    if own is None:
        return motion
    depth, reading, rule = own
    if depth and motion and _moves_like_another(motion.part, rule):
        return motion
    source = f"name rule {rule.name!r} ({reading.words!r}" + (f", {depth} up)" if depth else ")")
    if len(rule.parts) <= 1:
        return _Proposal(rule.parts[0] if rule.parts else None, PART_NAME_SCORE if depth else NAME_SCORE, source)
    narrower = _narrowed(rule, readings[depth + 1 :])
    if len(narrower) == 1:
        return _Proposal(narrower[0], PART_NAME_SCORE, source)
    either = _HAIR.intersection(narrower)
    if motion and (motion.part in narrower or rule.level == 1):
        return _Proposal(motion.part, motion.score, f"{source}, {motion.source}", either & motion.either)
    return _Proposal(narrower[0], DEFAULT_SCORE, source, either if len(narrower) == 2 else frozenset())


def _moves_like_another(part: BodyPart | None, rule: NameRule) -> bool:
    """Whether eyes or brows lie in a part with another name: artists misplace ArtMeshes, and nothing else moves like these."""
    if part not in EYES | {BodyPart.EYEBROW} or not rule.parts:
        return False
    return not (EYES.intersection(rule.parts) if part in EYES else part in rule.parts)


def _narrowed(rule: NameRule, outer: Sequence[NameReading]) -> tuple[BodyPart, ...]:
    """The classes of an ambiguous name that the next name around it allows."""
    for reading in outer:
        if reading.rule and set(reading.rule.parts) < set(rule.parts):
            return tuple(part for part in rule.parts if part in reading.rule.parts)
    return rule.parts


def _from_motion(model: Live2DModel, mesh: ArtMesh, seen: Sequence[Observation]) -> _Proposal | None:
    motions = seen[mesh.index].motions
    if not motions:
        return None
    best = next((motion for motion in motions if motion.rule.parts[0] is BodyPart.IRIDES), motions[0])
    part = best.rule.parts[0]
    if best.rule.name == "eye" and _clips_something_that_looks_around(model, mesh, seen):
        part = BodyPart.EYEWHITE
    return _Proposal(part, MOTION_SCORE, f"moved by {best.parameter}", _HAIR.intersection(best.rule.parts))


def _clips_something_that_looks_around(model: Live2DModel, mesh: ArtMesh, seen: Sequence[Observation]) -> bool:
    """Irides are clipped by the white of the eye in practically every model."""
    return any(
        mesh.index in other.clipped_by and any(motion.rule.parts[0] is BodyPart.IRIDES for motion in seen[other.index].motions)
        for other in model.art_meshes
    )


def _with_place(
    mesh: ArtMesh, seen: Observation, readings: Sequence[NameReading], proposal: _Proposal | None, marks: Landmarks | None
) -> _Proposal | None:
    if marks is None:
        return proposal
    rule = next((reading.rule for reading in readings if reading.rule), None)
    if proposal and proposal.either == _HAIR:
        behind = mesh.render_order < marks.face_order
        return _Proposal(BodyPart.BACK_HAIR if behind else BodyPart.FRONT_HAIR, MOTION_SCORE, f"{proposal.source}, draw order")
    if proposal and proposal.score > DEFAULT_SCORE:
        return proposal
    guess = place(mesh, seen, marks)
    if guess is None or (proposal and rule and guess[0] not in rule.parts):
        return proposal
    return _Proposal(guess[0], guess[1], f"{proposal.source}, place" if proposal else "place")


def _node(model: Live2DModel, mesh: ArtMesh, proposal: _Proposal | None) -> Node:
    names = (mesh.id, *((model.parts[mesh.part].id, model.parts[mesh.part].name) if mesh.part is not None else ()))
    score = proposal.score if proposal and mesh.id not in model.hit_areas else 0.0  # what answers to touches says nothing of its neighbours
    return Node(names, mesh.part_path, proposal.part if proposal else None, score)


def _better(proposal: _Proposal | None, vote: Vote | None) -> _Proposal | None:
    if vote is None:
        return proposal
    basis = PARENT_SCORE if vote.levels else MATCH_SCORE if vote.source.startswith("name") else SIBLING_SCORE
    score = vote.share * basis
    return proposal if proposal and proposal.score >= score else _Proposal(vote.part, score, vote.source)


def _prediction(
    mesh: ArtMesh, seen: Observation, readings: Sequence[NameReading], proposal: _Proposal | None, marks: Landmarks | None
) -> PartPrediction:
    if proposal is None:
        return PartPrediction(mesh.id, None, None, 0.0, "nothing known")
    side = None
    if proposal.part is not None and proposal.part not in _WITHOUT_SIDE:
        side = next((motion.side for motion in seen.motions if motion.side), None) or next(
            (reading.side for reading in readings if reading.side), None
        )
        at_the_side = any(reading.rule and reading.rule.name == "side hair" for reading in readings) or any(
            motion.rule.name == "side hair" for motion in seen.motions
        )
        if side is None and marks and (proposal.part in SIDED_BY_PLACE or at_the_side):
            side = side_of(seen.box, marks.middle)
    return PartPrediction(mesh.id, proposal.part, side, round(proposal.score, 3), proposal.source)
