"""Motions are still at rest and go the way that Cubism's parameters mean."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from data_tools.live2d.puppet import Binding
from data_tools.live2d.synthetic.rigging import Rig, breathing, leaning_body, swaying, turned_head

POINTS = np.array([(300, 100), (500, 400), (420, 900), (380, 1500)], float)


@pytest.mark.parametrize(
    ("motion", "rest"),
    [
        (turned_head((400, 300), 200, 0.3, 0.6), (0, 0)),
        (swaying(100, 500, 60), (0,)),
        (leaning_body(400, 1500, 1400), (0, 0, 0)),
        (breathing((400, 700), 150), (0,)),
    ],
)
def test_nothing_moves_at_rest(motion, rest: tuple[float, ...]) -> None:
    assert_allclose(motion(POINTS, *rest), POINTS, atol=1e-9)


def test_what_is_near_goes_right_and_what_is_behind_goes_left_when_the_head_turns_right() -> None:
    middle = np.array([(400.0, 300.0)])
    near, far = turned_head((400, 300), 200, 0.3, 0.6), turned_head((400, 300), 200, -0.42, 0.1)
    assert near(middle, 30, 0)[0, 0] > 430
    assert far(middle, 30, 0)[0, 0] < 390
    assert near(middle, 0, 30)[0, 1] < 280


def test_feet_stand_while_the_body_leans() -> None:
    moved = leaning_body(400, 1500, 1400)(POINTS, 10, 10, 10) - POINTS
    assert_allclose(moved[3], 0, atol=1)
    assert np.abs(moved[0]).max() > 30


def test_nested_frames_give_the_canvas_back() -> None:
    rig = Rig((1000, 2000))
    rig.parameter("ParamA", -1, 1)
    still = lambda points, value: points + value * 0  # noqa: E731
    rig.warp("outer", (100, 100, 900, 1900), still, (Binding("ParamA", (0, 1)),))
    rig.rotation("joint", (500, 500), {-1: -10.0, 0: 0.0, 1: 10.0}, "ParamA", parent="outer")
    rig.warp("inner", (400, 300, 600, 700), still, (Binding("ParamA", (0, 1)),), parent="joint")
    assert_allclose(rig.to_local("inner", np.array([(400.0, 300.0), (600.0, 700.0)])), [(0, 0), (1, 1)])
    assert_allclose(rig.to_local("joint", np.array([(1500.0, 500.0)])), [(1, 0)])
    inner, joint = rig.deformers["inner"], rig.deformers["joint"]
    assert_allclose(inner.lattices[0, 0], [(400 - 500) / 1000, (300 - 500) / 1000])
    assert_allclose(joint.origins[0], [0.5, (500 - 100) / 1800])
