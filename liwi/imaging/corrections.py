"""A person's corrections: from marks to the parts that they plainly mean.

First the colours near the marks change sides. What has changed is then learned from: a part that was added joins the object's colours, and
one that was removed joins the surroundings'. A second cut follows these, so that a click on a tyre can bring the wheel. Only what is joined
to a mark of that kind ever changes: a correction never acts at a distance.
"""

import numpy as np
from numpy.typing import NDArray

from liwi.imaging.graph_cut import OPEN, SURE_BACKGROUND, SURE_OBJECT, cut
from liwi.imaging.hint_marks import DROPPED, KEPT, hint_evidence
from liwi.imaging.hypotheses import Hypotheses, Hypothesis
from liwi.imaging.masks import parts_with
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SETTLED = 3.0
"""Nats by which a correction has to outweigh what was decided without it."""

_PLAINLY_REMOVED = -4.0
"""Nats of a mark from which on a removed pixel teaches what the surroundings look like: farther from it, it may be the object's."""

_DECIDED = 0.5
"""Nats that a pixel is left with at least, for the side that it was put on."""


def correct(answer: Hypothesis, marks: UInt8, hypotheses: Hypotheses) -> Hypothesis:
    """Change an answer to what the marks ask for.

    Args:
        answer: decided without the marks.
        marks: (h, w) uint8, see `liwi.imaging.hint_marks`.
        hypotheses: the crop that the answer is for.

    Returns:
        The corrected answer; ``answer`` itself where nothing is marked.
    """
    if not marks.any():
        return answer
    marked = hint_evidence(hypotheses.image, marks, hypotheses.box)
    decided = known_labels(hypotheses.open, marks)
    smoothness = hypotheses.settings.smoothness
    settled = np.clip(answer.evidence, -_SETTLED, _SETTLED) + np.where(answer.mask, 1, -1)
    first = cut(hypotheses.guide, (settled + marked).astype(np.float32), decided, smoothness)
    mask = change_near_marks(answer.mask, first, marks)

    removed = answer.mask & ~mask & (marked < _PLAINLY_REMOVED)
    evidence = hypotheses.evidence_of(mask, hypotheses.ring_distance(also=removed)) + marked
    mask = change_near_marks(answer.mask, cut(hypotheses.guide, evidence, decided, smoothness), marks)
    return Hypothesis(mask, np.where(mask, np.maximum(evidence, _DECIDED), np.minimum(evidence, -_DECIDED)).astype(np.float32))


def correct_flat(crop: UInt8, box: BoundingBox, mask: Mask, marks: UInt8) -> Mask:
    """Corrections where the ground is plain: the area in the mark's colour that is joined to it changes sides.

    Args:
        crop: (h, w, 3) uint8. box: the prompt. mask: (h, w) bool. marks: (h, w) uint8.

    Returns:
        (h, w) bool.
    """
    if not marks.any():
        return mask
    asked = np.where(mask, _SETTLED, -_SETTLED) + hint_evidence(crop, marks, box, reach=0.2, color_spread=7.0) > 0
    return change_near_marks(mask, asked, marks)


def known_labels(open_area: Mask, marks: UInt8) -> UInt8:
    """What is decided beforehand, for `liwi.imaging.graph_cut.cut`: (h, w) uint8."""
    result = np.where(open_area, OPEN, SURE_BACKGROUND).astype(np.uint8)
    result[(marks == KEPT) & open_area] = SURE_OBJECT
    result[marks == DROPPED] = SURE_BACKGROUND
    return result


def shrink_marks(marks: UInt8, size: tuple[int, int]) -> UInt8:
    """Marks at the size (width, height); a mark of one pixel survives."""
    small = np.zeros((size[1], size[0]), np.uint8)
    y, x = np.nonzero(marks)
    small[y * size[1] // marks.shape[0], x * size[0] // marks.shape[1]] = marks[y, x]
    return small


def change_near_marks(mask: Mask, asked: Mask, marks: UInt8) -> Mask:
    """Change a mask only where a mark asks for it.

    Args:
        mask: (h, w) bool, decided without the marks.
        asked: (h, w) bool, decided with them.
        marks: (h, w) uint8, see `liwi.imaging.hint_marks`.

    Returns:
        (h, w) bool: ``mask`` changed to ``asked`` in the areas joined to a mark of that kind, and nowhere else.
    """
    added = parts_with(asked & ~mask | (marks == KEPT), marks == KEPT)
    removed = parts_with(mask & ~asked | (marks == DROPPED), marks == DROPPED)
    return (mask | added) & ~removed
