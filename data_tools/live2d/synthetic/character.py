"""One synthetic character, from a seed to the files of a Live2D model."""

from random import Random

import numpy as np

from data_tools.live2d.puppet import Binding
from data_tools.live2d.synthetic.anatomy import CANVAS, choose_anatomy
from data_tools.live2d.synthetic.back_hair import choose_back_hair, draw_back_hair
from data_tools.live2d.synthetic.bangs import draw_ahoge, draw_bangs, draw_crown, draw_hair_shadow, draw_side_locks
from data_tools.live2d.synthetic.colors import choose_palette
from data_tools.live2d.synthetic.extras import draw_tail, draw_wings
from data_tools.live2d.synthetic.eyes import draw_eyes
from data_tools.live2d.synthetic.face import draw_animal_ears, draw_face
from data_tools.live2d.synthetic.figure import Figure
from data_tools.live2d.synthetic.hair_paint import HairPaint
from data_tools.live2d.synthetic.headwear import choose_headwear, draw_earwear, draw_eyewear, draw_headwear
from data_tools.live2d.synthetic.held_objects import draw_object
from data_tools.live2d.synthetic.outfit import draw_outfit
from data_tools.live2d.synthetic.rigging import Rig, breathing, leaning_body, turned_head

HEAD_LAYERS = {
    "back_of_head": (-0.27, 0.1),
    "ears": (-0.05, 0.15),
    "face": (0.28, 0.42),
    "features": (0.3, 0.62),
    "side_of_head": (0.18, 0.42),
    "front_of_head": (0.3, 0.62),
}
"""Layers of the head: depth of their rim and bulge of their middle, in head radii (see `turned_head`)."""


def draw_character(seed: int) -> Figure:
    """Chooses and draws a character; the same seed gives the same one."""
    random = Random(seed)
    figure = Figure(choose_anatomy(random), choose_palette(random), random, Rig(CANVAS))
    figure.choices["build"] = f"{'feminine' if figure.anatomy.feminine else 'masculine'}, {figure.anatomy.heads:.1f} heads"
    _build_joints(figure)
    if random.random() < 0.28:
        figure.choices["animal ears"] = random.choices(["cat", "fox", "rabbit", "bear", "dog"], [4, 3, 2, 1, 2])[0]
    choose_headwear(figure)
    style, length = choose_back_hair(figure)
    paint = HairPaint(figure, length)
    draw_back_hair(figure, paint, style, length)
    draw_face(figure)
    draw_eyes(figure)
    draw_crown(figure, paint)
    draw_hair_shadow(figure, draw_bangs(figure, paint))
    draw_side_locks(figure, paint, max(length, 0.9))
    if "animal ears" in figure.choices:
        draw_animal_ears(figure)
    arms = draw_outfit(figure)
    draw_ahoge(figure, paint)
    draw_headwear(figure)
    draw_eyewear(figure)
    draw_earwear(figure)
    draw_tail(figure)
    draw_wings(figure)
    draw_object(figure, arms)
    _draw_hit_areas(figure)
    figure.fragments.sort(key=lambda fragment: fragment.depth)
    return figure


def _draw_hit_areas(figure: Figure) -> None:
    """Invisible ArtMeshes that answer to touches, as most artists add them: they belong to no part of the body."""
    if figure.random.random() < 0.4:
        return
    anatomy = figure.anatomy
    boxes = {
        "hit_head": ("face", figure.head([(-0.9, -0.9), (0.9, 0.9)])),
        "hit_body": (
            "breath",
            np.array([(anatomy.middle - anatomy.chest[0], anatomy.chest[1]), (anatomy.middle + anatomy.chest[0], anatomy.hip[1])]),
        ),
    }
    for key, (joint, ((left, top), (right, bottom))) in boxes.items():
        drawing = figure.draw(key, None, 900, joint, "core", shown=False, cell=2000.0)
        drawing.fill(np.array([(left, top), (right, top), (right, bottom), (left, bottom)]), (1.0, 1.0, 1.0))


def _build_joints(figure: Figure) -> None:
    """The deformers that every character has: body, breath, and the head with its layers."""
    rig, anatomy = figure.rig, figure.anatomy
    for axis in "XYZ":
        rig.parameter(f"ParamAngle{axis}", -30, 30)
    for axis in "XYZ":
        rig.parameter(f"ParamBodyAngle{axis}", -10, 10)
    rig.parameter("ParamBreath", 0, 1)
    width, height = CANVAS
    box = (-100.0, -100.0, width + 100.0, height + 50.0)
    body = tuple(Binding(f"ParamBodyAngle{axis}", (-10, 0, 10)) for axis in "XYZ")
    rig.warp("body", box, leaning_body(anatomy.middle, anatomy.ground, anatomy.height), body, cells=(8, 6))
    rig.warp(
        "breath",
        box,
        breathing((anatomy.middle, anatomy.chest[1]), anatomy.shoulder[0] * 1.6),
        (Binding("ParamBreath", (0, 1)),),
        parent="body",
        cells=(14, 10),
    )
    pivot = (anatomy.middle, anatomy.chin + (anatomy.shoulder[1] - anatomy.chin) * 0.3)
    rig.rotation("head", pivot, {-30: -13.0, 0: 0.0, 30: 13.0}, "ParamAngleZ", parent="breath")
    turn = (Binding("ParamAngleX", (-30, 0, 30)), Binding("ParamAngleY", (-30, 0, 30)))
    (left, top), (right, bottom) = figure.head([(-2.6, -2.4), (2.6, 7.0)])
    for name, (depth, bulge) in HEAD_LAYERS.items():
        motion = turned_head(anatomy.head_center, anatomy.head_radius, depth, bulge)
        low = float(bottom) if name in {"back_of_head", "side_of_head"} else float(figure.head((0, 2.0))[1])
        rig.warp(name, (float(left), float(top), float(right), low), motion, turn, parent="head", cells=(12, 12))
