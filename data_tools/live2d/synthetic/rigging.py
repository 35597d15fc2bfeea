"""Deformers of a character: each is given by what it does to points of the resting canvas, and written as keyforms.

Every deformer is at rest a translation and scaling of the canvas (a warp's lattice is regular, a rotation's angle 0), so the way
from canvas pixels to the coordinates inside any chain of deformers is one affine map, `Rig.to_local`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.puppet import Binding, Deformer, ParameterSource, RotationDeformer, WarpDeformer, key_combinations
from data_tools.live2d.synthetic.curves import Points

Motion = Callable[..., Points]
"""``motion(points, *values)``: where resting canvas points go at these parameter values, one per binding, in canvas pixels."""

ROOT = ""
"""Name of the canvas itself, the parent of the outermost deformers."""


@dataclass(frozen=True)
class _Frame:
    """From canvas pixels at rest to the coordinates inside a deformer: ``(pixel - origin) / scale``."""

    origin: tuple[float, float]
    scale: tuple[float, float]


@dataclass
class Rig:
    """The deformers and parameters of one character while it is being built.

    Attributes:
        size: ``(width, height)`` of the canvas in pixels; one model unit is its width.
    """

    size: tuple[int, int]
    parameters: dict[str, ParameterSource] = field(default_factory=dict)
    deformers: dict[str, Deformer] = field(default_factory=dict)
    _frames: dict[str, _Frame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._frames[ROOT] = _Frame(self.origin, (self.pixels_per_unit, self.pixels_per_unit))

    @property
    def pixels_per_unit(self) -> float:
        """Canvas pixels in a model unit."""
        return float(self.size[0])

    @property
    def origin(self) -> tuple[float, float]:
        """Canvas pixel of the model's origin."""
        return self.size[0] / 2, self.size[1] / 2

    def parameter(self, name: str, minimum: float, maximum: float, default: float = 0.0) -> str:
        """Declares a parameter (again, if need be) and returns its id."""
        self.parameters.setdefault(name, ParameterSource(name, minimum, maximum, default))
        return name

    def to_local(self, deformer: str, points: Points) -> NDArray[np.float32]:
        """Canvas pixels at rest in the coordinates inside ``deformer``."""
        frame = self._frames[deformer]
        return ((points - np.array(frame.origin)) / np.array(frame.scale)).astype(np.float32)

    def warp(
        self,
        name: str,
        box: tuple[float, float, float, float],
        motion: Motion,
        bindings: tuple[Binding, ...],
        *,
        parent: str = ROOT,
        cells: tuple[int, int] = (5, 5),
    ) -> str:
        """A lattice of ``cells`` (rows, columns) over a box of the resting canvas; returns its name."""
        rows, columns = cells
        grid = np.stack(np.meshgrid(np.linspace(box[0], box[2], columns + 1), np.linspace(box[1], box[3], rows + 1)), axis=-1).reshape(
            -1, 2
        )
        lattices = np.stack([self.to_local(parent, motion(grid, *values)) for values in key_combinations(bindings)])
        self.deformers[name] = WarpDeformer(name, "", rows, columns, lattices, parent or None, bindings)
        self._frames[name] = _Frame((box[0], box[1]), (box[2] - box[0], box[3] - box[1]))
        return name

    def rotation(self, name: str, pivot: tuple[float, float], angles: dict[float, float], parameter: str, *, parent: str = ROOT) -> str:
        """A joint at a canvas point: ``angles`` maps parameter values to degrees, clockwise on the screen; returns its name."""
        count = len(angles)
        origins = np.repeat(self.to_local(parent, np.array([pivot], float)), count, axis=0)
        degrees = np.array([angles[key] for key in sorted(angles)], np.float32)
        binding = Binding(parameter, tuple(sorted(angles)))
        self.deformers[name] = RotationDeformer(name, "", origins, degrees, np.ones(count, np.float32), parent or None, (binding,))
        self._frames[name] = _Frame(pivot, (self.pixels_per_unit, self.pixels_per_unit))
        return name


def turned_head(center: tuple[float, float], radius: float, depth: float, bulge: float) -> Motion:
    """How a layer of the head moves with ParamAngleX and ParamAngleY: as a dome in front of the head's middle that turns.

    Args:
        center: middle of the head in canvas pixels.
        radius: of the head in pixels.
        depth: distance of the layer's rim from the axis in radii, positive towards the viewer.
        bulge: how much nearer its middle is than its rim.
    """

    def motion(points: Points, angle_x: float, angle_y: float) -> Points:
        x, y = ((points - np.array(center)) / radius).T
        dome = np.sqrt(np.clip(1 - (x / 1.15) ** 2 - (y / 1.25) ** 2, 0, None))
        fade = 1 / (1 + np.clip(y - 1.3, 0, None) * 0.6)  # long hair does not turn with the head
        z = (depth + bulge * dome) * fade
        yaw, pitch = np.radians(angle_x / 30 * 21), np.radians(angle_y / 30 * 14)
        inside = np.clip(1.6 - np.abs(y), 0, 1)
        moved_x = x * (1 - (1 - np.cos(yaw)) * inside) + z * np.sin(yaw)
        moved_y = y * (1 - (1 - np.cos(pitch)) * inside) - z * np.sin(pitch)
        return np.stack([moved_x, moved_y], axis=1) * radius + np.array(center)

    return motion


def swaying(pivot_y: float, reach: float, swing: float) -> Motion:
    """Swings sideways, more the farther below ``pivot_y``; ``swing`` pixels at ``reach`` pixels below, for a parameter of ±1."""

    def motion(points: Points, amount: float) -> Points:
        share = np.clip((points[:, 1] - pivot_y) / reach, 0, 1.2)
        lift = np.abs(amount) * share**2 * abs(swing) * 0.15
        return points + np.stack([amount * swing * share**1.6, -lift], axis=1)

    return motion


def leaning_body(center_x: float, ground: float, height: float) -> Motion:
    """ParamBodyAngleX, Y and Z: the trunk turns, bends and leans over standing feet."""

    def motion(points: Points, turn: float, bend: float, lean: float) -> Points:
        share = np.clip((ground - points[:, 1]) / height, 0, 1.3)
        x = points[:, 0] - center_x
        sideways = (turn / 10 * 0.022 + lean / 10 * 0.06 * share) * share * height
        narrowed = x * (1 - 0.05 * np.abs(turn) / 10 * np.sin(np.clip(share, 0, 1) * np.pi))
        upward = bend / 10 * 0.018 * share * height - np.abs(lean) / 10 * 0.006 * share**2 * height
        tilt = -lean / 10 * 0.1 * x * share
        return np.stack([center_x + narrowed + sideways, points[:, 1] - upward - tilt], axis=1)

    return motion


def breathing(center: tuple[float, float], reach: float) -> Motion:
    """ParamBreath from 0 to 1: the chest widens and all above it rises."""

    def motion(points: Points, amount: float) -> Points:
        offset = (points - np.array(center)) / reach
        near = np.exp(-np.sum(offset**2, axis=1) * 1.5)
        above = 1 / (1 + np.exp(offset[:, 1] * 4))
        return points + amount * np.stack([offset[:, 0] * near * reach * 0.035, -above * reach * 0.03], axis=1)

    return motion
