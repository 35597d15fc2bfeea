"""A character while it is being drawn: its proportions, its materials, its fragments and what they hang from."""

from dataclasses import dataclass, field
from random import Random

import numpy as np
from numpy.typing import ArrayLike

from data_tools.live2d.puppet import Binding, Blend
from data_tools.live2d.synthetic.anatomy import Anatomy
from data_tools.live2d.synthetic.colors import Palette
from data_tools.live2d.synthetic.curves import Points
from data_tools.live2d.synthetic.drawing import Box, Drawing
from data_tools.live2d.synthetic.rigging import Motion, Rig
from liwi.seethrough.body_parts import BodyPart, Side

SIDES: tuple[tuple[Side, int], ...] = ((Side.RIGHT, -1), (Side.LEFT, 1))
"""The character's sides and where they lie on the canvas: its right hand is on the left of the picture."""


@dataclass
class Fragment:
    """What becomes one ArtMesh.

    Attributes:
        key: unique and plain; the file's id may be anything.
        part: the true label; None for an invisible hit area, which shows nothing.
        drawing: its complete picture, hidden pixels included.
        depth: draw order, 0 back to 1000 front.
        joint: name of the deformer that it hangs from.
        folder: where it belongs in the part tree, outermost first, in plain English.
        motion, bindings: its own keyforms.
        shown: False for hit areas.
    """

    key: str
    part: BodyPart | None
    side: Side | None
    drawing: Drawing
    depth: float
    joint: str
    folder: tuple[str, ...]
    motion: Motion | None = None
    bindings: tuple[Binding, ...] = ()
    clipped_by: tuple[str, ...] = ()
    blend: Blend = Blend.NORMAL
    cell: float | None = None
    shown: bool = True


@dataclass
class Figure:
    """Everything about the character that is being made.

    Attributes:
        anatomy: proportions and landmarks in canvas pixels.
        random: the one source of chance.
        choices: what was chosen, by trait; written beside the model.
    """

    anatomy: Anatomy
    palette: Palette
    random: Random
    rig: Rig
    choices: dict[str, str] = field(default_factory=dict)
    fragments: list[Fragment] = field(default_factory=list)

    def draw(
        self,
        key: str,
        part: BodyPart | None,
        depth: float,
        joint: str,
        folder: str,
        *,
        side: Side | None = None,
        motion: Motion | None = None,
        bindings: tuple[Binding, ...] = (),
        clipped_by: tuple[str, ...] = (),
        blend: Blend = Blend.NORMAL,
        cell: float | None = None,
        shown: bool = True,
    ) -> Drawing:
        """Begins a fragment and returns what to draw on; ``folder`` is a path with ``/``."""
        drawing = Drawing(self.anatomy.line_width)
        fragment = Fragment(
            key, part, side, drawing, depth, joint, tuple(folder.split("/")), motion, bindings, clipped_by, blend, cell, shown
        )
        self.fragments.append(fragment)
        return drawing

    def head(self, points: ArrayLike) -> Points:
        """From head coordinates (radii from the head's middle, x to the picture's right, y down) to canvas pixels."""
        return np.asarray(points, float) * self.anatomy.head_radius + np.array(self.anatomy.head_center)

    def head_box(self, left: float, top: float, right: float, bottom: float) -> Box:
        """The same for a box."""
        (left, top), (right, bottom) = self.head([(left, top), (right, bottom)])
        return float(left), float(top), float(right), float(bottom)

    def chest(self, points: ArrayLike) -> Points:
        """From chest coordinates (x: neck widths from the middle line; y: trunk lengths below the shoulders) to canvas pixels."""
        anatomy = self.anatomy
        scale = np.array([anatomy.neck_width, anatomy.crotch - anatomy.shoulder[1]])
        return np.asarray(points, float) * scale + np.array([anatomy.middle, anatomy.shoulder[1]])

    @property
    def light(self) -> Points:
        """Shift of cel shadows for body parts: the light comes from the upper left."""
        return np.array([-0.055, -0.03]) * self.anatomy.head_radius
