"""What a part segmenter sees of every ArtMesh: the character is drawn, the segmenter says what each pixel shows, the pixels vote.

A pixel votes for an ArtMesh with the share of its colour that is this ArtMesh's, and with the segmenter's confidence. What others hide is
seen in further drawings that leave out all that lies in front of it, and show what is not drawn at rest. The segmenter has learnt from
whole characters and knows less of such: these votes count only where there are no better ones.
"""

from collections.abc import Set
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.model import ArtMesh, Live2DModel
from data_tools.live2d.reader import OpenedModel
from data_tools.live2d.rendering import render
from data_tools.live2d.view import View
from liwi.protocols import PartSegmenter
from liwi.seethrough.body_parts import CoarseBodyPart

SIDE = 640
"""Of the square in which characters are drawn to be segmented, in pixels."""

MAX_PEELED = 3
"""Drawings of a character without its front, at most: each costs as much as the first."""

ENOUGH = 0.15
"""Share of an ArtMesh's pixels that must be seen before it need not be looked at below what hides it."""

_FEW = 1.0
"""Votes, in pixels, that an ArtMesh needs to count as seen."""

_NUM_CLASSES = len(CoarseBodyPart)


@dataclass(frozen=True, eq=False, slots=True)
class SeenParts:
    """What was seen of the ArtMeshes of a model, in its order.

    Attributes:
        shares: (N, 19) float64: mean probability of each class, rows that add up to 1; zeros for what was not seen.
        seen: (N,) float64: share of the ArtMesh's pixels that were seen at rest, in [0, 1].
        known: (N,) bool: whether there were enough pixels to say anything.
    """

    shares: NDArray[np.float64]
    seen: NDArray[np.float64]
    known: NDArray[np.bool_]


def look_at_parts(character: OpenedModel, segmenter: PartSegmenter) -> SeenParts:
    """Draw a character at rest, in front and below, and ask the segmenter.

    Args:
        character: the model.
        segmenter: answers for the 19 classes.

    Raises:
        InputError: the model cannot be drawn.
        EngineUnavailable: the segmenter has no weights.
    """
    model = character.model
    view = View.figure(model, SIDE)
    votes, weights, wholes = _vote(character, model, view, segmenter)
    seen = np.divide(weights, wholes, out=np.zeros_like(weights), where=wholes > 0)
    hidden = {mesh.index for mesh in model.art_meshes if _worth_finding(model, mesh) and (not mesh.drawn or seen[mesh.index] < ENOUGH)}
    for _ in range(MAX_PEELED):
        if not hidden:
            break
        front = max(hidden, key=lambda index: model.art_meshes[index].render_order)
        more, gained, wholes = _vote(character, _peeled(model, model.art_meshes[front], hidden), view, segmenter)
        found = {index for index in hidden if index == front or gained[index] > 0.5 * wholes[index]}
        for index in found:
            votes[index] = more[index]
        hidden -= found
    totals = votes.sum(axis=1, keepdims=True)
    known = totals[:, 0] > _FEW
    return SeenParts(np.divide(votes, totals, out=np.zeros_like(votes), where=known[:, None]), seen, known)


def _worth_finding(model: Live2DModel, mesh: ArtMesh) -> bool:
    return len(mesh.triangles) > 0 and mesh.id not in model.hit_areas


def _peeled(model: Live2DModel, front: ArtMesh, hidden: Set[int]) -> Live2DModel:
    """The model without what lies before ``front``, which is drawn in any case, as are those of ``hidden`` that lie behind it."""

    def changed(mesh: ArtMesh) -> ArtMesh:
        if mesh.render_order > front.render_order:
            return replace(mesh, visible=False)  # it clips all the same
        return replace(mesh, visible=True, opacity=1.0) if mesh.index in hidden and not mesh.drawn else mesh

    return replace(model, art_meshes=tuple(map(changed, model.art_meshes)))


def _vote(
    character: OpenedModel, posed: Live2DModel, view: View, segmenter: PartSegmenter
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Votes (N, 19), how many pixels are seen of each ArtMesh, and how many it has."""
    drawn = render(posed, character.pyramid, view)
    answer = segmenter.segment_parts(drawn.rgba)
    count = len(posed.art_meshes)
    votes, seen, wholes = np.zeros((count, _NUM_CLASSES)), np.zeros(count), np.zeros(count)
    for mesh in drawn.meshes:
        shares = mesh.visible.astype(np.float32) / 255
        here = answer[(slice(None), *mesh.box.slices)]
        votes[mesh.index] = (here * (shares * here.max(axis=0))).sum(axis=(1, 2))
        seen[mesh.index], wholes[mesh.index] = shares.sum(), (mesh.rgba[..., 3] > 0).sum()
    return votes, seen, wholes
