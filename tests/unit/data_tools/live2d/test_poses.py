"""A pose finds a model's parameters by their ids, follows their ranges, and says what is missing."""

from dataclasses import replace

import pytest

from data_tools.live2d.model import Live2DModel, Parameter
from data_tools.live2d.poses import NINE_DIRECTIONS, Direction, Pose, pose_parameters
from liwi.errors import InputError


def model_with(*parameters: tuple[str, float, float, float], eyes: tuple[str, ...] = (), mouth: tuple[str, ...] = ()) -> Live2DModel:
    made = tuple(Parameter(name, name, low, high, rest, rest) for name, low, high, rest in parameters)
    return Live2DModel("test", 1, (9, 9), (4, 4), 1, (), (), made, (), eyes, mouth)


FULL = model_with(
    ("ParamAngleX", -30, 30, 0),
    ("ParamAngleY", -20, 40, 10),
    ("ParamAngleZ", -30, 30, 0),
    ("ParamBodyAngleX", -10, 10, 0),
    ("ParamEyeLOpen", 0, 1.5, 1),
    ("ParamEyeROpen", -1, 1, 1),
    ("ParamMouthOpenY", 0, 1, 0),
)


def test_there_are_nine_directions_and_each_differs() -> None:
    assert len(NINE_DIRECTIONS) == 9
    assert NINE_DIRECTIONS[0] == Pose()
    assert len({tuple(sorted(pose_parameters(FULL, pose).values.items())) for pose in NINE_DIRECTIONS}) == 9
    assert {(direction.sideways, direction.upwards) for direction in Direction} == {(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)}


def test_rest_asks_for_nothing() -> None:
    assert pose_parameters(FULL, Pose()).values == {}
    assert pose_parameters(model_with(), Pose()).missing == ()


def test_directions_follow_each_parameters_own_range() -> None:
    assert pose_parameters(FULL, Pose(Direction.LEFT)).values == {"ParamAngleX": -30, "ParamBodyAngleX": -10}
    up_right = pose_parameters(FULL, Pose(Direction.UP_RIGHT)).values
    assert up_right == {"ParamAngleX": 30, "ParamAngleY": 40, "ParamAngleZ": -30, "ParamBodyAngleX": 10}
    assert pose_parameters(FULL, Pose(Direction.DOWN)).values == {"ParamAngleY": -20}


def test_closed_is_zero_and_open_is_one_whatever_lies_beyond() -> None:
    assert pose_parameters(FULL, Pose(eyes_open=False)).values == {"ParamEyeLOpen": 0, "ParamEyeROpen": 0}
    opened = pose_parameters(FULL, Pose(eyes_open=True, mouth_open=True)).values
    assert opened == {"ParamEyeLOpen": 1, "ParamEyeROpen": 1, "ParamMouthOpenY": 1}


def test_ids_in_the_spelling_of_cubism_2_are_found() -> None:
    old = model_with(("PARAM_ANGLE_X", -30, 30, 0), ("PARAM_EYE_L_OPEN", 0, 1, 1))
    assert pose_parameters(old, Pose(Direction.RIGHT, eyes_open=False)).values == {"PARAM_ANGLE_X": 30, "PARAM_EYE_L_OPEN": 0}


def test_the_mouth_is_found_by_its_group() -> None:
    vowels = model_with(("ParamA", 0, 1, 0), ("ParamI", 0, 1, 0), mouth=("ParamA", "ParamI"))
    assert pose_parameters(vowels, Pose(mouth_open=True)).values == {"ParamA": 1}
    lids = model_with(("LidEyeL", 0, 1, 1), ("LidEyeR", 0, 1, 1), eyes=("LidEyeL", "LidEyeR"))
    assert pose_parameters(lids, Pose(eyes_open=False)).values == {"LidEyeL": 0, "LidEyeR": 0}


def test_what_a_model_cannot_do_is_reported() -> None:
    found = pose_parameters(model_with(("ParamAngleX", -30, 30, 0)), Pose(Direction.UP_LEFT, eyes_open=False, mouth_open=True))
    assert found.values == {"ParamAngleX": -30}
    assert len(found.missing) == 5
    assert any("ParamAngleY" in what for what in found.missing)
    assert any("eyes" in what for what in found.missing)


def test_a_parameter_without_a_range_is_none() -> None:
    stuck = model_with(("ParamAngleX", 0, 0, 0))
    assert pose_parameters(stuck, Pose(Direction.LEFT)).values == {}


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("eyes", [None, True, False])
def test_names_are_read_back(direction: Direction, eyes: bool | None) -> None:
    pose = Pose(direction, eyes, mouth_open=eyes)
    assert Pose.parse(pose.name) == pose


@pytest.mark.parametrize("text", ["", "left", "angle-left+angle-up", "eyes-open+eyes-closed", "rest+rest", "angle-left+"])
def test_other_names_are_refused_with_the_list(text: str) -> None:
    with pytest.raises(InputError, match="angle-up-left"):
        Pose.parse(text)


def test_a_pose_may_be_changed_like_any_dataclass() -> None:
    assert replace(Pose(Direction.LEFT), mouth_open=False).name == "angle-left+mouth-closed"
