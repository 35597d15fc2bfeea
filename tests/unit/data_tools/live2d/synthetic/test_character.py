"""What is drawn: every class of the taxonomy, both sides, figures of all proportions."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from data_tools.live2d.puppet import Blend
from data_tools.live2d.synthetic.anatomy import build_anatomy
from data_tools.live2d.synthetic.character import draw_character
from data_tools.live2d.synthetic.figure import Figure
from data_tools.live2d.synthetic.separation import separate
from liwi.seethrough.body_parts import BodyPart, Side


@pytest.fixture(scope="module")
def figures() -> list[Figure]:
    return [draw_character(seed) for seed in range(24)]


def test_all_classes_occur_and_most_in_every_character(figures: list[Figure]) -> None:
    counts = Counter(part for figure in figures for part in {fragment.part for fragment in figure.fragments})
    assert set(BodyPart) <= set(counts)
    assert sum(counts[part] == len(figures) for part in BodyPart) >= 14


def test_keys_are_unique_and_masks_are_among_them(figures: list[Figure]) -> None:
    for figure in figures:
        keys = [fragment.key for fragment in figure.fragments]
        assert len(set(keys)) == len(keys)
        assert {mask for fragment in figure.fragments for mask in fragment.clipped_by} <= set(keys)


def test_only_hit_areas_have_no_class_and_they_are_invisible(figures: list[Figure]) -> None:
    hidden = [fragment for figure in figures for fragment in figure.fragments if fragment.part is None]
    assert hidden
    assert not any(fragment.shown for fragment in hidden)
    assert all(fragment.shown for figure in figures for fragment in figure.fragments if fragment.part is not None)


def test_the_right_eye_is_on_the_left_of_the_picture(figures: list[Figure]) -> None:
    for figure in figures:
        middle = {fragment.side: np.mean(fragment.drawing.box[::2]) for fragment in figure.fragments if fragment.part is BodyPart.IRIDES}
        assert middle[Side.RIGHT] < figure.anatomy.middle < middle[Side.LEFT]


def test_strands_interleave_with_the_face(figures: list[Figure]) -> None:
    for figure in figures:
        face = next(fragment.depth for fragment in figure.fragments if fragment.key == "face")
        hair = [fragment.depth for fragment in figure.fragments if fragment.part in {BodyPart.FRONT_HAIR, BodyPart.BACK_HAIR}]
        assert min(hair) < face < max(hair)


def test_models_differ_in_how_they_are_built(figures: list[Figure]) -> None:
    assert {fragment.blend for figure in figures for fragment in figure.fragments} == {Blend.NORMAL, Blend.MULTIPLY}
    for trait, least in [("back hair", 5), ("bangs", 4), ("top", 5), ("bottom", 4), ("eyes", 3), ("shoes", 4)]:
        assert len({figure.choices[trait] for figure in figures}) >= least


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_separated_classes_lie_as_sheets_upon_each_other(seed: int) -> None:
    figure = draw_character(seed)
    separate(figure)
    ranges: dict[str, list[float]] = {}
    for fragment in figure.fragments:
        if fragment.part:
            ranges.setdefault(fragment.part.coarse, []).append(fragment.depth)
    ordered = sorted((min(depths), max(depths)) for depths in ranges.values())
    assert all(upper < lower for (_, upper), (lower, _) in pairwise(ordered))
    keys = {fragment.key for fragment in figure.fragments}
    assert {mask for fragment in figure.fragments for mask in fragment.clipped_by} <= keys
    assert max(fragment.depth for fragment in figure.fragments) <= 1000


@pytest.mark.parametrize("heads", [2.2, 3.4, 5.0, 6.6])
@pytest.mark.parametrize("feminine", [True, False])
def test_landmarks_stand_in_their_order(heads: float, feminine: bool) -> None:
    body = build_anatomy(heads, feminine=feminine)
    heights = [
        body.head_center[1],
        body.chin,
        body.shoulder[1],
        body.chest[1],
        body.waist[1],
        body.hip[1],
        body.crotch,
        body.knee,
        body.ankle,
        body.ground,
    ]
    assert heights == sorted(heights)
    assert body.waist[0] < body.hip[0]
    assert body.height / (body.chin - body.head_center[1] + body.head_radius) == pytest.approx(heads, rel=0.01)
