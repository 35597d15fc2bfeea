"""Poses a model can take: nine directions of head and body, eyes and mouth open and closed (paper 2, section 3.2, "angle following").

The directions are those of a Live2D character that follows a point on the screen: the head turns, tilts at the diagonals, the eyes
go along, the body follows a little. Left and right are the **viewer's**. Parameters are found by their standard ids, in the spelling of
Cubism 2 or 3 and later, the eyes' and the mouth's also by the groups of model3.json; values follow each parameter's own range.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from data_tools.live2d.model import Live2DModel, Parameter
from liwi.errors import InputError


class Direction(StrEnum):
    """Where the character looks, as the viewer sees it."""

    REST = "rest"
    LEFT = "angle-left"
    RIGHT = "angle-right"
    UP = "angle-up"
    DOWN = "angle-down"
    UP_LEFT = "angle-up-left"
    UP_RIGHT = "angle-up-right"
    DOWN_LEFT = "angle-down-left"
    DOWN_RIGHT = "angle-down-right"

    @property
    def sideways(self) -> int:
        """-1 to the left, 1 to the right."""
        return ("right" in self.value) - ("left" in self.value)

    @property
    def upwards(self) -> int:
        """-1 down, 1 up."""
        return ("up" in self.value) - ("down" in self.value)


@dataclass(frozen=True, slots=True)
class Pose:
    """A pose that can be asked of any model.

    Attributes:
        direction: of head and body.
        eyes_open: True, False, or None for as they are at rest.
        mouth_open: likewise.
    """

    direction: Direction = Direction.REST
    eyes_open: bool | None = None
    mouth_open: bool | None = None

    @classmethod
    def parse(cls, text: str) -> "Pose":
        """Read a name such as ``"angle-left"`` or ``"angle-up+eyes-closed+mouth-open"``; `InputError` for anything else."""
        changes: dict[str, Direction | bool] = {}
        for word in text.split("+"):
            if word not in _WORDS or _WORDS[word][0] in changes:
                raise InputError(f"There is no pose {text!r}. A pose is one or more of {', '.join(_WORDS)}, joined by '+'.")
            field, value = _WORDS[word]
            changes[field] = value
        return cls(**changes)  # type: ignore[arg-type]

    @property
    def name(self) -> str:
        """What `parse` reads; fit for a file name."""
        states = [self.direction.value] if self.direction is not Direction.REST else []
        if self.eyes_open is not None:
            states.append("eyes-open" if self.eyes_open else "eyes-closed")
        if self.mouth_open is not None:
            states.append("mouth-open" if self.mouth_open else "mouth-closed")
        return "+".join(states) or Direction.REST.value


_WORDS: dict[str, tuple[str, Direction | bool]] = {
    **{direction.value: ("direction", direction) for direction in Direction},
    "eyes-open": ("eyes_open", True),
    "eyes-closed": ("eyes_open", False),
    "mouth-open": ("mouth_open", True),
    "mouth-closed": ("mouth_open", False),
}


@dataclass(frozen=True)
class PoseParameters:
    """A pose in a particular model's parameters.

    Attributes:
        values: parameter id to value, what `OpenedModel.pose` takes.
        missing: what the pose asks and the model has no parameter for, in words; empty: the model takes the whole pose.
    """

    values: dict[str, float]
    missing: tuple[str, ...]


NINE_DIRECTIONS = tuple(Pose(direction) for direction in Direction)
"""Rest first."""

_TURNS = (
    # (standard ids, what it does, fraction of its range for (sideways, upwards), whether a model is expected to have it)
    (("ParamAngleX",), "turning the head sideways", lambda x, _: x, True),
    (("ParamAngleY",), "turning the head up and down", lambda _, y: y, True),
    (("ParamAngleZ",), "tilting the head", lambda x, y: -x * y, True),
    (("ParamBodyAngleX", "ParamBodyX"), "turning the body sideways", lambda x, _: x, True),
    (("ParamBodyAngleY", "ParamBodyY"), "turning the body up and down", lambda _, y: y, False),
    (("ParamEyeBallX",), "looking sideways", lambda x, _: x, False),
    (("ParamEyeBallY",), "looking up and down", lambda _, y: y, False),
)
_EYES = ("ParamEyeLOpen", "ParamEyeROpen")
_MOUTH = ("ParamMouthOpenY", "ParamMouthOpen")


def pose_parameters(model: Live2DModel, pose: Pose) -> PoseParameters:
    """Find the parameters that bring a model into a pose.

    Args:
        model: at any pose; only its parameters' ids, groups and ranges are read.
        pose: what is wanted.
    """
    found = _Finder(model)
    values: dict[str, float] = {}
    missing = []
    for ids, what, fraction_of, expected in _TURNS:
        fraction = fraction_of(pose.direction.sideways, pose.direction.upwards)
        parameters = found.standard(ids)[:1]
        if fraction and not parameters and expected:
            missing.append(f"{what} ({ids[0]})")
        values |= {parameter.id: _at(parameter, fraction) for parameter in parameters if fraction}
    for wanted, ids, group, what in (
        (pose.eyes_open, _EYES, model.eye_parameters, "opening and closing the eyes"),
        (pose.mouth_open, _MOUTH, model.mouth_parameters, "opening the mouth"),
    ):
        if wanted is None:
            continue
        parameters = found.standard(ids) or found.grouped(group)
        if not parameters:
            missing.append(f"{what} ({', '.join(ids[:2])})")
        values |= {parameter.id: _opened(parameter, wanted) for parameter in parameters}
    return PoseParameters(values, tuple(missing))


class _Finder:
    def __init__(self, model: Live2DModel) -> None:
        usable = [parameter for parameter in model.parameters if parameter.maximum > parameter.minimum]
        self._by_id = {_folded(parameter.id): parameter for parameter in reversed(usable)}

    def standard(self, ids: tuple[str, ...]) -> list[Parameter]:
        return [self._by_id[_folded(name)] for name in ids if _folded(name) in self._by_id]

    def grouped(self, ids: tuple[str, ...]) -> list[Parameter]:
        """A group may name several shapes of a mouth; the first is the open one by convention (the vowel A)."""
        return self.standard(ids[:2] if any("eye" in name.lower() for name in ids) else ids[:1])


def _folded(name: str) -> str:
    """``PARAM_ANGLE_X`` and ``ParamAngleX`` are the same parameter, in the spellings of Cubism 2 and 3."""
    return re.sub(r"[\W_]", "", name).lower()


def _at(parameter: Parameter, fraction: float) -> float:
    """The value a fraction of the way from rest to the maximum, or for negative ones to the minimum."""
    end = parameter.maximum if fraction > 0 else parameter.minimum
    return parameter.default + abs(fraction) * (end - parameter.default)


def _opened(parameter: Parameter, wanted: bool) -> float:
    """0 is closed and 1 open by convention, whatever lies beyond: a smiling eye below 0, a wide one above 1."""
    return min(max(1.0 if wanted else 0.0, parameter.minimum), parameter.maximum)
