"""Characters whose parts do not interleave: each of the 19 classes lies as one sheet in front of or behind every other.

Real figures are not like that (hair lies before and behind the face, a hand on both sides of what it holds), and neither are the
usual synthetic ones. These are for measuring what a stack of one layer per part can reproduce at all.
"""

from statistics import median

from data_tools.live2d.synthetic.figure import Figure, Fragment
from liwi.seethrough.body_parts import CoarseBodyPart

_BACK_SIDES = {"skirt_lining", "hood", "hat_brim_back"}
"""Fragments that show the far side of something whose near side lies in front of the body."""


def separate(figure: Figure) -> None:
    """Drops what lies behind the head or shows a far side, and gathers the draw orders of each class.

    Classes are ranked by the middle of their draw orders; inside a class the order stays. Changes ``figure`` in place.
    """
    face = next(fragment.depth for fragment in figure.fragments if fragment.key == "face")
    kept = [fragment for fragment in figure.fragments if not _lies_behind(fragment, face)]
    classes: dict[CoarseBodyPart | None, list[Fragment]] = {}
    for fragment in kept:
        classes.setdefault(fragment.part.coarse if fragment.part else None, []).append(fragment)
    ranked = sorted(classes.values(), key=lambda members: median(fragment.depth for fragment in members))
    for rank, members in enumerate(ranked):
        for index, fragment in enumerate(members):
            fragment.depth = 50.0 * rank + 49.0 * index / len(members)
    figure.fragments = [fragment for members in ranked for fragment in members]
    figure.choices["interleaving"] = "none"


def _lies_behind(fragment: Fragment, face: float) -> bool:
    if fragment.part is None:
        return False
    if fragment.part.coarse in {CoarseBodyPart.HAIR, CoarseBodyPart.HEADWEAR}:
        return fragment.depth < face
    return fragment.key in _BACK_SIDES
