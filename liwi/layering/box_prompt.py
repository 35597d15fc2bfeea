"""The box prompt (paper 1, section 5.3): a clean context frame, white on black with alpha 1, for training and inference alike.

The paper does not say how its boxes enter; a context frame is the closest public mechanism (DiffSynth's Qwen-Image-Layered-Control-V2).
With it the model predicts the layers in the boxes, the background without them, and the shadow.
Clicks and strokes are painted into it, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liwi.errors import PromptError
from liwi.imaging.hint_marks import DROPPED, KEPT, paint_hints
from liwi.prompts import BoundingBox, Hint

UInt8 = NDArray[np.uint8]
Generator = np.random.Generator


def draw_prompt(size: tuple[int, int], boxes: Sequence[BoundingBox], hints: Sequence[Hint] = ()) -> UInt8:
    """The context frame of a prompt.

    Args:
        size: ``(width, height)`` of the frame in pixels.
        boxes: in the frame's own pixels; what lies outside is cut off. May be empty where there are hints.
        hints: "keep" is painted white, "drop" black, over the boxes.

    Returns:
        (height, width, 4) uint8: white where the prompt is, black elsewhere, alpha 255.

    Raises:
        PromptError: there is neither box nor hint, or a box lies outside of the frame.
    """
    canvas = BoundingBox.of_size(size)
    if not boxes and not hints:
        raise PromptError("A prompt needs a box, or a point: draw one around the thing to take out.")
    shown = np.zeros((size[1], size[0]), np.uint8)
    for box in boxes:
        inside = box.intersect(canvas)
        if inside is None:
            raise PromptError(f"The box {box} lies outside of the picture ({size[0]} x {size[1]} pixels). Draw it inside.")
        shown[inside.slices] = 255
    marks = paint_hints(shown.shape, boxes[0] if boxes else canvas, tuple(hints))
    shown[marks == KEPT] = 255
    shown[marks == DROPPED] = 0
    return np.dstack([shown, shown, shown, np.full_like(shown, 255)])


def scale_box(box: BoundingBox, source: tuple[int, int], target: tuple[int, int]) -> BoundingBox:
    """A box of a picture of size ``source`` in one of size ``target`` (each ``(width, height)``): outward to whole pixels, never empty."""
    (x, y), (left, top, right, bottom) = (target[0] / source[0], target[1] / source[1]), box.as_tuple()
    first = (int(np.floor(left * x)), int(np.floor(top * y)))
    return BoundingBox(*first, max(int(np.ceil(right * x)), first[0] + 1), max(int(np.ceil(bottom * y)), first[1] + 1))


@dataclass(frozen=True, slots=True)
class BoxChance:
    """How boxes for training are drawn.

    Attributes:
        jitter: every side moves by up to this share of the object's size, inward or outward.
        partial: share of the boxes that leave out a part of their object, as hurried people draw them.
        least: smallest share of the object's width and height that a partial box keeps.
        several: chance that one more object is in the prompt, as long as there are more.
        point: share of the objects that are clicked on instead.
    """

    jitter: float = 0.08
    partial: float = 0.15
    least: float = 0.6
    several: float = 0.35
    point: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"BoxChance.{name} is a share, from 0 to 1, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class DrawnPrompt:
    """A prompt for training.

    Attributes:
        chosen: which of the objects it asks for, back to front.
        boxes, hints: for `draw_prompt`.
    """

    chosen: tuple[int, ...]
    boxes: tuple[BoundingBox, ...]
    hints: tuple[Hint, ...]


def draw_training_prompt(alphas: Sequence[UInt8], rng: Generator, chance: BoxChance) -> DrawnPrompt:
    """Choose objects by chance, and draw boxes around them as a person would.

    Args:
        alphas: (H, W) uint8 per object, back to front, as much of it as is seen; those that are empty are never chosen.
        rng: decides everything.
        chance: how.

    Raises:
        ValueError: there is no object, or all are empty.
    """
    extents = {number: extent for number, alpha in enumerate(alphas) if (extent := BoundingBox.around(alpha > 127)) is not None}
    if not extents:
        raise ValueError("A prompt for training needs an object that is seen")
    order = [int(number) for number in rng.permutation(sorted(extents))]
    count = 1
    while count < len(order) and rng.random() < chance.several:
        count += 1
    boxes, hints = [], []
    for number in sorted(order[:count]):
        if rng.random() < chance.point:
            hints.append(_click(alphas[number], rng))
        else:
            boxes.append(_box_around(extents[number], BoundingBox.of_size((alphas[number].shape[1], alphas[number].shape[0])), rng, chance))
    return DrawnPrompt(tuple(sorted(order[:count])), tuple(boxes), tuple(hints))


def _box_around(extent: BoundingBox, canvas: BoundingBox, rng: Generator, chance: BoxChance) -> BoundingBox:
    """A box around an object, jittered, sometimes around a part of it only."""
    sides = np.array(extent.as_tuple(), np.float64)
    size = np.array([extent.width, extent.height, extent.width, extent.height], np.float64)
    if rng.random() < chance.partial:
        cut = rng.uniform(0, 1 - chance.least, 2) * size[:2]
        from_left, from_top = rng.random(2) < 0.5
        sides[0 if from_left else 2] += cut[0] if from_left else -cut[0]
        sides[1 if from_top else 3] += cut[1] if from_top else -cut[1]
    moved = np.rint(sides + rng.uniform(-chance.jitter, chance.jitter, 4) * size).astype(int)
    left, top = (min(int(value), int(end) - 1) for value, end in zip(moved[:2], sides[2:], strict=True))
    right, bottom = max(int(moved[2]), left + 1), max(int(moved[3]), top + 1)
    return BoundingBox(left, top, right, bottom).intersect(canvas) or extent


def _click(alpha: UInt8, rng: Generator) -> Hint:
    """A point on the object."""
    rows, columns = np.nonzero(alpha > 127)
    place = int(rng.integers(len(rows)))
    return Hint("keep", ((int(columns[place]), int(rows[place])),))
