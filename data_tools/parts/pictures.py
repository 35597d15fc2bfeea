"""Characters to part pictures: framed as a whole, as a bust and as a head, with the class that each pixel shows.

The class that has the largest share of a pixel's colour is what the pixel shows; shares come from the drawing itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.parts.dataset import NOTHING, UNKNOWN
from data_tools.samples import CharacterSample
from liwi.imaging.compositing import resize_rgba
from liwi.seethrough.body_parts import BodyPart, CoarseBodyPart, TaxonomyVersion
from liwi.types import BoundingBox

if TYPE_CHECKING:
    from data_tools.live2d.model import Live2DModel
    from data_tools.live2d.rendering import RenderedCharacter

UInt8 = NDArray[np.uint8]
Pixel = TypeVar("Pixel", bound=np.generic)

NUM_CLASSES = len(CoarseBodyPart)

_SHOWN = 128
"""Pixels with less alpha show no figure."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A square part of a canvas, in its pixels; it may leave the canvas."""

    name: str
    left: float
    top: float
    side: float


def choose_frames(figure: BoundingBox, face: BoundingBox | None, rng: np.random.Generator, *, heads: int) -> Iterator[Frame]:
    """The whole figure, then around its face ``heads`` pictures, each a bust or a head; none of these where there is no face.

    Args:
        figure: the box around everything drawn.
        face: the box around the face.
        rng: decides margins and places.
        heads: how many beside the whole figure.
    """
    side = max(figure.width, figure.height) * rng.uniform(1.03, 1.2)
    x, y = (figure.left + figure.right) / 2, (figure.top + figure.bottom) / 2
    slack = side - max(figure.width, figure.height)
    yield Frame("figure", x - side / 2 + slack * rng.uniform(-0.4, 0.4), y - side / 2 + slack * rng.uniform(-0.4, 0.4), side)
    if face is None:
        return
    x, y, size = (face.left + face.right) / 2, (face.top + face.bottom) / 2, max(face.width, face.height)
    for _ in range(heads):
        name, low, high, down = ("bust", 2.5, 4.5, 0.2) if rng.random() < 0.4 else ("head", 1.5, 2.5, -0.04)
        side = size * rng.uniform(low, high)
        across, along = rng.uniform(-0.12, 0.12, 2) * side
        yield Frame(name, x - side / 2 + across, y - side / 2 + along + down * side, side)


def vary_pose(model: "Live2DModel", rng: np.random.Generator) -> dict[str, float]:
    """Chance values of all parameters, most of them near rest: heads turn, limbs bend, eyes close, mouths open, hair swings."""
    values = {}
    for parameter in model.parameters:
        low, high, rest = parameter.minimum, parameter.maximum, parameter.default
        if rest in (low, high):
            values[parameter.id] = rest if rng.random() < 0.6 else rng.uniform(low, high)
        else:
            share = float(np.clip(rng.normal(0, 0.45), -1, 1))
            values[parameter.id] = rest + share * (high - rest if share > 0 else rest - low)
    return values


def labels_of_render(character: "RenderedCharacter", parts: Mapping[str, BodyPart | None]) -> UInt8:
    """What each pixel of a drawn pose shows: (H, W) uint8, see `data_tools.parts.dataset.PartPicture`.

    Args:
        character: the drawn pose.
        parts: class by the ArtMesh's id; ids that are missing count as not labelled.
    """
    from data_tools.live2d.part_layers import COVERING

    shares = np.zeros((NUM_CLASSES + 1, *character.top_mesh.shape), np.uint16)
    for mesh in character.meshes:
        drawn = character.model.art_meshes[mesh.index]
        if drawn.blend in COVERING:
            part = parts.get(drawn.id)
            shares[NUM_CLASSES if part is None else part.coarse.class_index][mesh.box.slices] += mesh.visible
    return _decide(shares, character.rgba[..., 3])


def picture_of_sample(sample: CharacterSample, frame: Frame, side: int) -> tuple[UInt8, UInt8]:
    """What a frame of a character sample shows: (side, side, 4) RGBA and (side, side) labels."""
    shares = np.zeros((NUM_CLASSES + 1, *sample.figure.shape[:2]), np.float32)
    for layer in sample.layers_of(TaxonomyVersion.V2):
        shares[CoarseBodyPart(layer.tag).class_index][layer.box.slices] = layer.visible
    shares[NUM_CLASSES] = np.maximum(sample.figure[..., 3].astype(np.float32) - shares.sum(axis=0), 0)
    rgba = resize_rgba(_cut(sample.figure, frame), (side, side))
    small = np.stack([cv2.resize(_cut(plane, frame), (side, side), interpolation=cv2.INTER_AREA) for plane in shares])
    return rgba, _decide(small, rgba[..., 3])


def _decide(shares: NDArray[np.uint16] | NDArray[np.float32], alpha: UInt8) -> UInt8:
    best = shares.argmax(axis=0).astype(np.uint8)
    best[best == NUM_CLASSES] = UNKNOWN
    best[(shares.max(axis=0) == 0) & (alpha >= _SHOWN)] = UNKNOWN
    best[alpha < _SHOWN] = NOTHING
    return best


def _cut(plane: NDArray[Pixel], frame: Frame) -> NDArray[Pixel]:
    """The frame's pixels, zeros where it leaves the picture."""
    left, top, side = round(frame.left), round(frame.top), max(1, round(frame.side))
    found = np.zeros((side, side, *plane.shape[2:]), plane.dtype)
    inside = BoundingBox(left, top, left + side, top + side).intersect(BoundingBox.of_size((plane.shape[1], plane.shape[0])))
    if inside is not None:
        found[inside.top - top : inside.bottom - top, inside.left - left : inside.right - left] = plane[inside.slices]
    return found
