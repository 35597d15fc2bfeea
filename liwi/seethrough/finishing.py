"""From what a part diffusion generated to the layers of a person's own picture (paper 2, section 4.2.2).

    parts ─► dust off ─► left and right ─► strata by depth ─► drawing order ─► the picture's own size and pixels

Where a part is seen, its layer holds the picture's own pixels, at the picture's own size, and its outline follows the picture's edges; what
was generated stands only where something hides it. So the layers add up to the picture but for rounding, which S holds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from liwi.errors import InputError
from liwi.prompts import BoundingBox
from liwi.protocols import Inpainter
from liwi.seethrough.assembly import Figure
from liwi.seethrough.body_parts import AnyBodyPart
from liwi.seethrough.complete_parts import CompletePart
from liwi.seethrough.depth_strata import StrataOptions, strata_of
from liwi.seethrough.ordering import Placed, drawing_order, settled_depths
from liwi.seethrough.own_pixels import FinishedPixels, lay_out
from liwi.seethrough.paired_parts import split_pairs
from liwi.seethrough.part_quality import QualityReport, dust_all
from liwi.types import Layer, LayerDepth, LayerRole

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

STAGES = ("Cleaning the parts", "Telling left from right", "Cutting them by depth", "Ordering them", "Taking over the picture's own pixels")


@dataclass(frozen=True, slots=True)
class FinishOptions:
    """What is done with generated parts.

    Attributes:
        split_sides: whether pairs are cut into left and right.
        strata: how parts are cut by depth.
        own_pixels: whether what is seen is taken from the picture; else all is as it was generated, and S holds the difference.
        asked: classes that were to be made, so that missing ones can be told.
    """

    split_sides: bool = True
    strata: StrataOptions = field(default_factory=StrataOptions)
    own_pixels: bool = True
    asked: tuple[AnyBodyPart, ...] = ()


@dataclass(frozen=True, eq=False)
class FinishedLayer:
    """One layer, cropped.

    Attributes:
        source: the part that it was made of; None for what no part covered.
        name: unique among the layers.
        box: where it lies in the figure.
        rgba: (h, w, 4) uint8, straight alpha.
        pseudo_depth: its place in depth, in [0, 1], 1 = nearest; rises from layer to layer.
        depth: (h, w) float32 in [0, 1], pixel for pixel; None where nobody estimated it.
    """

    source: CompletePart | None
    name: str
    box: BoundingBox
    rgba: UInt8
    pseudo_depth: float
    depth: Float32 | None

    def layer(self, size: tuple[int, int], offset: tuple[int, int] = (0, 0)) -> Layer:
        """As a layer of the whole picture.

        Args:
            size: ``(width, height)`` of the picture.
            offset: where the figure's top left corner lies in it.
        """
        rgba = np.zeros((size[1], size[0], 4), np.uint8)
        box = self.box.translate(*offset)
        rgba[box.slices] = self.rgba
        return Layer(
            rgba,
            LayerRole.FOREGROUND,
            self.name,
            part=None if self.source is None else self.source.part,
            side=None if self.source is None else self.source.side,
            pseudo_depth=self.pseudo_depth,
            depth=None if self.depth is None else LayerDepth(box, self.depth),
        )


@dataclass(frozen=True, eq=False)
class Finished:
    """What came of it.

    Attributes:
        layers: back to front.
        quality: of every class.
    """

    layers: tuple[FinishedLayer, ...]
    quality: QualityReport


def finish(
    parts: Sequence[CompletePart | None],
    figure: Figure,
    options: FinishOptions | None = None,
    *,
    inpainter: Inpainter | None = None,
    seed: int = 0,
    on_stage: Callable[[str], None] = lambda _: None,
) -> Finished:
    """Make layers of generated parts.

    Args:
        parts: in any order, in the figure's pixels; None for an empty one. None of them is changed.
        figure: the character in its picture; its alpha says where parts may be.
        options: what is done.
        inpainter: fills what a cut by depth exposes; the smooth one where None.
        seed: makes the result repeatable.
        on_stage: called with each of `STAGES`; may raise to stop.

    Raises:
        InputError: nothing of any part is left, or a part lies outside the figure's canvas.
    """
    options = options or FinishOptions()
    width, height = figure.size
    given = [part for part in parts if part is not None]
    if any(part.box.intersect(BoundingBox.of_size(figure.size)) != part.box for part in given):
        raise InputError(f"A part does not lie on the canvas of {width} x {height} pixels; give parts at the figure's own size.")
    on_stage(STAGES[0])
    kept, judged = dust_all(given, figure.rgba[..., 3], width * height, options.asked)
    if not kept:
        raise InputError("No body part was made. Give a picture of one character, draw a box around it, or try another seed.")
    on_stage(STAGES[1])
    sided = split_pairs(kept) if options.split_sides else kept
    on_stage(STAGES[2])
    strata = strata_of(sided, options.strata, inpainter=inpainter, seed=seed)
    on_stage(STAGES[3])
    ordered, depths = order_parts(strata)
    on_stage(STAGES[4])
    pixels = lay_out(ordered, figure, own_pixels=options.own_pixels)
    layers = _layers(ordered, depths, pixels)
    quality = QualityReport(tuple(judged), pixels.error, pixels.uncovered)
    return Finished(layers, quality)


def order_parts(parts: Sequence[CompletePart]) -> tuple[list[CompletePart], list[float]]:
    """The parts back to front, and their depths, which rise."""
    placed = [
        Placed(part.part, part.side, part.stratum, part.median_depth, float(part.rgba[..., 3].sum()) / 255, part.name) for part in parts
    ]
    depths = settled_depths(placed)
    order = drawing_order(placed)
    return [parts[index] for index in order], [depths[index] for index in order]


def _layers(parts: Sequence[CompletePart], depths: Sequence[float], pixels: FinishedPixels) -> tuple[FinishedLayer, ...]:
    layers = []
    if pixels.rest is not None:
        layers.append(FinishedLayer(None, "rest", pixels.rest[0], pixels.rest[1], 0.0, None))
    for part, near, made in zip(parts, depths, pixels.layers, strict=True):
        if made is not None:
            layers.append(FinishedLayer(part, part.name, made[0], made[1], min(max(near, 0.0), 1.0), _depth_in(part, made[0], near)))
    return tuple(layers)


def _depth_in(part: CompletePart, box: BoundingBox, near: float) -> Float32 | None:
    """The part's depth in another box: its median where there is none of its own."""
    if part.depth is None:
        return None
    depth = np.full((box.height, box.width), near, np.float32)
    common = box.intersect(part.box)
    if common is not None:
        depth[common.translate(-box.left, -box.top).slices] = part.depth[common.translate(-part.box.left, -part.box.top).slices]
    return np.clip(depth, 0, 1)
