"""What the character model's networks see of a `CharacterSample`, and the parts that they are to find in it (paper 2, section 4.1).

A view is a square of the picture as `liwi.seethrough.part_pipeline` cuts it: the whole page with the 19 classes of version 2; or, for
version 3, the page with the parts of the body, and the head, enlarged from the picture's own pixels, with its parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_tools.character_dataset import Split, read_character, read_character_manifest
from data_tools.manifests import DatasetError
from data_tools.samples import CharacterSample
from liwi.imaging.compositing import composite, resize_rgba, to_float, to_uint8
from liwi.prompts import BoundingBox
from liwi.seethrough.body_parts import HEAD, HEAD_UNION
from liwi.seethrough.part_pipeline import SEEN, groups_of
from liwi.seethrough.part_sampling import PartGroup
from liwi.seethrough.squares import Square, head_box

UInt8 = NDArray[np.uint8]

_KEPT = 64
"""Views kept in memory."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A view that is not made yet.

    Attributes:
        sample: its name in the dataset.
        content: hash of the sample.
        group: number of the pass, 0 or 1.
        mirrored: left and right exchanged.
    """

    sample: str
    content: str
    group: int
    mirrored: bool


@dataclass(frozen=True, eq=False)
class View:
    """What the networks are shown and are to find.

    Attributes:
        page: (S, S, 4) uint8: the picture with its background, black beside it.
        figure: (S, S, 4) uint8: the character alone, as from a picture that is transparent around it; black there.
        layers: tag to (S, S, 4) uint8, straight alpha, complete; parts that the character lacks are missing.
    """

    page: UInt8
    figure: UInt8
    layers: Mapping[str, UInt8]


class PartViews:
    """The views of a dataset.

    Args:
        folder: of characters, see `data_tools.character_dataset`.
        version: "v2" or "v3".
        side: of the views, in pixels.
    """

    def __init__(self, folder: Path, version: str, side: int) -> None:
        self.groups: tuple[PartGroup, ...] = groups_of(version)
        self.side = side
        self._folder = folder
        self._samples = read_character_manifest(folder)["samples"]
        self.read = lru_cache(maxsize=_KEPT)(self._read)

    def plan(self, split: Split, *, mirrored: bool = False) -> list[Plan]:
        """The views of a split: every pass of every sample in which there is something to see.

        Args:
            split: which samples.
            mirrored: whether each comes mirrored, too.

        Raises:
            DatasetError: there is no such sample.
        """
        names = [(str(each["name"]), str(each.get("sha256"))) for each in self._samples if each.get("split") == split.value]
        if not names:
            raise DatasetError(
                f"{self._folder} has no sample of the split {split.value!r}. Make it from more characters: about one in ten is."
            )
        ways = (False, True) if mirrored else (False,)
        plans = [Plan(name, sha, group.index or 0, way) for name, sha in names for group in self.groups for way in ways]
        return [plan for plan in plans if plan.group == 0 or self._head(self.character(plan.sample)) is not None]

    def character(self, name: str) -> CharacterSample:
        """A sample as it lies in the dataset."""
        return read_character(self._folder, name)

    def truth(self, sample: CharacterSample) -> dict[str, UInt8]:
        """The parts that are to be found in a picture, at its own size: tag to (H, W, 4) uint8."""
        tags = [tag for group in self.groups for tag in group.tags]
        return {layer.tag: whole_layer(sample, layer.tag) for layer in sample.layers if layer.tag in tags}

    def _read(self, plan: Plan) -> View:
        sample = self.character(plan.sample)
        group = self.groups[plan.group]
        whole = BoundingBox.of_size(sample.size)
        box = whole if plan.group == 0 else self._head(sample)
        assert box is not None  # `plan` has looked
        square = Square(box, self.side)
        layers = {layer.tag: whole_layer(sample, layer.tag) for layer in sample.layers if layer.tag in group.tags}
        if HEAD in group.tags and (head := head_layer(sample)) is not None:
            layers[HEAD] = head
        opaque = np.dstack([sample.source, np.full(sample.source.shape[:2], 255, np.uint8)])
        view = View(square.cut(opaque), square.cut(sample.figure), {tag: _cut(square, rgba) for tag, rgba in layers.items()})
        return _mirror(view) if plan.mirrored else view

    @staticmethod
    def _head(sample: CharacterSample) -> BoundingBox | None:
        """What the head pass looks at."""
        head = head_layer(sample)
        found = None if head is None else BoundingBox.around(head[..., 3] > SEEN)
        return None if found is None else head_box(found, sample.size)


def whole_layer(sample: CharacterSample, tag: str) -> UInt8:
    """(H, W, 4) uint8: a part of a character, complete, on its whole canvas."""
    (layer,) = (each for each in sample.layers if each.tag == tag)
    canvas = np.zeros((*sample.source.shape[:2], 4), np.uint8)
    canvas[layer.box.slices] = layer.rgba
    return canvas


def head_layer(sample: CharacterSample) -> UInt8 | None:
    """(H, W, 4) uint8: the frame `HEAD`, the parts of `HEAD_UNION` by how near they are; None where the character has none of them."""
    tags = [layer.tag for layer in sample.layers if layer.tag in HEAD_UNION]
    if not tags:
        return None
    tags.sort(key=lambda tag: np.nan_to_num(sample.part_depth(tag)[0]))
    return to_uint8(composite([to_float(whole_layer(sample, tag)) for tag in tags]))


def _cut(square: Square, rgba: UInt8) -> UInt8:
    """As `Square.cut`, without the dark rims that resizing straight colours gives."""
    left, top = square.padding
    canvas = np.zeros((square.side, square.side, 4), np.uint8)
    canvas[top : top + square.box.height, left : left + square.box.width] = rgba[square.box.slices]
    return canvas if square.side == square.resolution else resize_rgba(canvas, (square.resolution, square.resolution))


def _mirror(view: View) -> View:
    def turned(pixels: UInt8) -> UInt8:
        return np.ascontiguousarray(pixels[:, ::-1])

    return View(turned(view.page), turned(view.figure), {tag: turned(rgba) for tag, rgba in view.layers.items()})
