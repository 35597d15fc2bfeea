"""How good each generated part is, as values and in words, and the dust that is taken off them first.

Nothing is lost silently: what is missing, nearly empty or outside the figure is said. A part is never judged by where it lies; shoes at the
lower border are as good as a face.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.seethrough.body_parts import AnyBodyPart, BodyPart, CoarseBodyPart
from liwi.seethrough.complete_parts import FAINT, CompletePart

UInt8 = NDArray[np.uint8]

GHOST_ALPHA = 48
"""Largest alpha, of 255, up to which a piece is no paint but what a network was not sure of."""

_DUST_AREA, _DUST_SHARE = 4e-6, 0.1
"""A piece of less area than this share of the canvas, and than this share of its part's largest, is dust; 7 pixels at 1280 x 1280."""

_EMPTY_AREA = 6e-6
"""Share of the canvas below which a whole part is nearly empty."""

_LEAK_SHARE = 0.1
"""Share of a part outside the figure from which on it leaks."""

_ESSENTIAL: tuple[AnyBodyPart, ...] = (
    BodyPart.FACE,
    BodyPart.MOUTH,
    BodyPart.EYEWHITE,
    BodyPart.IRIDES,
    BodyPart.TOPWEAR,
    CoarseBodyPart.EYES,
)
"""What nearly every character has, so that its absence is worth another seed."""


class Trouble(StrEnum):
    """What can be wrong with a part."""

    MISSING = "missing"
    NEARLY_EMPTY = "nearly empty"
    LEAKING = "leaking"


@dataclass(frozen=True, slots=True)
class PartQuality:
    """One part that was asked for.

    Attributes:
        part: its class.
        area: the sum of its alpha, in pixels, after dusting.
        dust: pixels that were taken off as dust.
        leak: share of its alpha outside the figure, in [0, 1].
        troubles: what is wrong.
    """

    part: AnyBodyPart
    area: float
    dust: int
    leak: float
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True, slots=True)
class QualityReport:
    """All parts that were asked for.

    Attributes:
        parts: in the order in which they were asked for.
        error: mean difference between what was generated and the picture, where parts are seen, in [0, 1]; None where none is seen. The
            finished layers show the picture itself there.
        uncovered: share of the figure that no part covered; it was given to the nearest parts, or stands in a layer of its own.
    """

    parts: tuple[PartQuality, ...]
    error: float | None = None
    uncovered: float = 0.0

    def of(self, part: AnyBodyPart) -> PartQuality | None:
        """What is known of one class; None where it was not asked for."""
        return next((each for each in self.parts if each.part is part), None)

    @property
    def troubled(self) -> tuple[PartQuality, ...]:
        """Parts worth another try: nearly empty, leaking, or missing though nearly every character has them."""
        return tuple(each for each in self.parts if set(each.troubles) - {Trouble.MISSING} or (each.troubles and each.part in _ESSENTIAL))

    @property
    def notes(self) -> tuple[str, ...]:
        """For a person: what is wrong, and what is probably just not in the picture."""
        said = {
            "Nothing was made of": [each.part.value for each in self.troubled if Trouble.MISSING in each.troubles],
            "Nearly empty:": [each.part.value for each in self.troubled if Trouble.NEARLY_EMPTY in each.troubles],
            "Reaching beyond the figure, and cut off there:": [
                f"{each.part.value} ({each.leak:.0%} of it)" for each in self.troubled if Trouble.LEAKING in each.troubles
            ],
            "Not in the picture, or not found:": [each.part.value for each in self.parts if each.troubles and each not in self.troubled],
        }
        notes = [f"{what} {', '.join(names)}." for what, names in said.items() if names]
        if self.error is not None:
            notes.append(
                f"What was generated differs from the picture by {100 * self.error:.1f} %; what is seen was taken from the picture."
            )
        if self.uncovered > 0.002:
            notes.append(f"No part covered {self.uncovered:.1%} of the figure; that was given to the parts beside it.")
        return tuple(notes)


def without_dust(part: CompletePart, canvas: int) -> tuple[CompletePart | None, int]:
    """Take ghosts and specks off a part. The largest piece that is no ghost always stays, wherever it lies.

    Args:
        part: as generated.
        canvas: pixels of the canvas.

    Returns:
        The part, None where nothing but ghosts was there, and how many pixels were taken off.
    """
    alpha = part.rgba[..., 3]
    # A haze of next to nothing may join what is apart: firm pieces are told apart by themselves.
    count, firm = cv2.connectedComponents((alpha >= FAINT).astype(np.uint8), connectivity=8)
    index = np.arange(count)
    peaks = np.zeros(len(index), np.uint8)
    np.maximum.at(peaks, firm.ravel(), alpha.ravel())
    mass = np.bincount(firm.ravel(), alpha.ravel(), len(index)) / 255
    mass[0] = 0
    solid = (peaks > GHOST_ALPHA) & (index > 0)
    if not solid.any():
        return None, int((alpha > 0).sum())
    largest = mass[solid].max()
    kept = solid & ~((mass < max(4.0, _DUST_AREA * canvas)) & (mass < _DUST_SHARE * largest))
    # The soft rim around a kept piece goes with it; haze that touches none goes.
    rim = cv2.dilate(kept[firm].astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    stays = kept[firm] | (rim & (firm == 0))
    return part.with_alpha(alpha * stays), int(((alpha > 0) & ~stays).sum())


def judge(part: AnyBodyPart, found: Sequence[CompletePart], dust: int, silhouette: UInt8 | None, canvas: int) -> PartQuality:
    """The quality of one class.

    Args:
        part: the class.
        found: what there is of it, dusted.
        dust: pixels taken off.
        silhouette: (H, W) uint8, the figure's alpha, or None where nobody knows it.
        canvas: pixels of the canvas.
    """
    area = sum(float(each.rgba[..., 3].sum()) / 255 for each in found)
    if area == 0:
        return PartQuality(part, 0.0, dust, 0.0, (Trouble.NEARLY_EMPTY if dust else Trouble.MISSING,))
    leak = 0.0
    if silhouette is not None:
        outside = sum(float((each.rgba[..., 3] * (silhouette[each.box.slices] == 0)).sum()) / 255 for each in found)
        leak = outside / area
    troubles = [Trouble.NEARLY_EMPTY] if area < max(6.0, _EMPTY_AREA * canvas) else []
    troubles += [Trouble.LEAKING] if leak > _LEAK_SHARE else []
    return PartQuality(part, area, dust, leak, tuple(troubles))


def dust_all(
    parts: Iterable[CompletePart], silhouette: UInt8 | None, canvas: int, asked: Sequence[AnyBodyPart]
) -> tuple[list[CompletePart], list[PartQuality]]:
    """Dust every part and judge every class that was asked for.

    Args:
        parts: as generated.
        silhouette: see `judge`.
        canvas: pixels of the canvas.
        asked: classes that were to be made, those of ``parts`` included or not.
    """
    kept: list[CompletePart] = []
    dust: dict[AnyBodyPart, int] = {}
    for each in parts:
        cleaned, taken = without_dust(each, canvas)
        dust[each.part] = dust.get(each.part, 0) + taken
        if cleaned is not None:
            kept.append(cleaned)
    order = list(dict.fromkeys([*asked, *dust]))
    return kept, [judge(part, [each for each in kept if each.part is part], dust.get(part, 0), silhouette, canvas) for part in order]
