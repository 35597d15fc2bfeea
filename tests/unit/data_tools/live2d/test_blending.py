"""Cubism 5.3's blend modes against their formulas, and offscreen parts against what they stand for."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from data_tools.live2d.blend_modes import blend_of, number_of
from data_tools.live2d.model import BlendMode, Live2DModel, Offscreen, Part
from data_tools.live2d.rendering import RenderedCharacter, render
from data_tools.live2d.scene import drawing_steps
from data_tools.live2d.textures import build_pyramid
from tests.unit.data_tools.live2d.test_rendering import SIDE, flat, model_of, on_canvas, quad

Formula = Callable[[np.ndarray, np.ndarray], np.ndarray]

# Above and below, straight colours in [0, 1], as in the W3C's compositing specification and in drawing programs.
FORMULAS: dict[str, Formula] = {
    "normal": lambda s, _: s,
    "add": lambda s, d: np.minimum(1, s + d),
    "add (glow)": lambda s, d: s + d,
    "darken": np.minimum,
    "multiply": lambda s, d: s * d,
    "color burn": lambda s, d: np.where(d >= 1, 1, 1 - np.minimum(1, (1 - d) / np.maximum(s, 1e-9))),
    "linear burn": lambda s, d: np.maximum(0, s + d - 1),
    "lighten": np.maximum,
    "screen": lambda s, d: 1 - (1 - s) * (1 - d),
    "color dodge": lambda s, d: np.where(d <= 0, 0, np.minimum(1, d / np.maximum(1 - s, 1e-9))),
    "overlay": lambda s, d: np.where(d < 0.5, 2 * s * d, 1 - 2 * (1 - s) * (1 - d)),
    "hard light": lambda s, d: np.where(s < 0.5, 2 * s * d, 1 - 2 * (1 - s) * (1 - d)),
    "linear light": lambda s, d: np.clip(2 * s + d - 1, 0, 1),
}
SHARES: dict[str, Callable[[float, float], tuple[float, float, float]]] = {
    "over": lambda s, d: (s * d, s * (1 - d), d * (1 - s)),
    "atop": lambda s, d: (s * d, 0, d * (1 - s)),
    "out": lambda s, d: (0, 0, d * (1 - s)),
    "conjoint over": lambda s, d: (min(s, d), max(s - d, 0), max(d - s, 0)),
    "disjoint over": lambda s, d: (max(s + d - 1, 0), min(s, 1 - d), min(d, 1 - s)),
}
BELOW, ABOVE = (200, 90, 30, 180), (60, 130, 250, 140)


def pair(name: str, below: tuple[int, int, int, int] = BELOW, above: tuple[int, int, int, int] = ABOVE) -> RenderedCharacter:
    meshes = quad(0, (0, 0, 40, 64)), quad(1, (20, 0, 64, 64), 1, blend=BlendMode.EXTENDED, blend_name=name)
    return render(model_of(*meshes, textures=2), build_pyramid(flat(below, above)), SIDE)


@pytest.mark.parametrize("alpha", SHARES)
@pytest.mark.parametrize("color", FORMULAS)
def test_colors_and_alphas_follow_their_formulas(color: str, alpha: str) -> None:
    drawn = pair(f"{color}, {alpha}").premultiplied[30, 30]
    above, below = np.array(ABOVE) / 255, np.array(BELOW) / 255
    both, upper, lower = SHARES[alpha](above[3], below[3])
    mixed = FORMULAS[color](above[:3], below[:3])
    expected = np.minimum(1, mixed * both + above[:3] * upper + below[:3] * lower)
    np.testing.assert_allclose(drawn, [*expected, both + upper + lower], atol=0.008)


def test_soft_light_meets_its_fixed_points() -> None:
    for below in ((10, 100, 250, 255), (60, 63, 65, 255)):
        np.testing.assert_allclose(pair("soft light, over", below, (128, 128, 128, 255)).rgba[30, 30], below, atol=1)
        lighter = pair("soft light, over", below, (255, 255, 255, 255)).rgba[30, 30].astype(int)
        darker = pair("soft light, over", below, (0, 0, 0, 255)).rgba[30, 30].astype(int)
        assert (darker[:3] < below[:3]).all()
        assert (lighter[:3] > below[:3]).all()


@pytest.mark.parametrize("name", ["hue, over", "color, over"])
def test_hue_and_color_keep_the_luma_below(name: str) -> None:
    luma = np.array([0.30, 0.59, 0.11])
    drawn = pair(name, (*BELOW[:3], 255), (*ABOVE[:3], 255)).premultiplied[30, 30, :3]
    assert luma @ drawn == pytest.approx(luma @ np.array(BELOW[:3]) / 255, abs=0.005)
    assert drawn[2] > drawn[1] > drawn[0], "the hue is that of the upper colour"
    grey = pair("color, over", (*BELOW[:3], 255), (90, 90, 90, 255)).rgba[30, 30, :3].astype(int)
    assert np.ptp(grey) <= 1


def test_out_erases_and_hides_what_it_erases() -> None:
    character = pair("normal, out", above=(0, 0, 0, 255))
    below, eraser = character.meshes
    assert character.premultiplied[:, 20:].max() < 1e-6
    assert not on_canvas(below, "visible")[:, 20:].any()
    assert not eraser.visible.any()
    assert (character.top_mesh[:, 20:] == -1).all()
    assert (character.top_mesh[:, :20] == 0).all()


def test_atop_shows_only_where_something_lies_below() -> None:
    upper = on_canvas(pair("normal, atop", below=(200, 90, 30, 255)).meshes[1], "visible")
    assert (upper[:, 20:40] == ABOVE[3]).all()
    assert not upper[:, 40:].any()


def test_numbers_and_names_of_blend_modes_agree() -> None:
    assert blend_of(1, 0) == (BlendMode.ADD, "add")
    assert blend_of(2, 0) == blend_of(0, 2) == (BlendMode.MULTIPLY, "multiply")
    assert blend_of(12, 0) == (BlendMode.NORMAL, "normal")
    assert blend_of(0, 14 | 1 << 8) == (BlendMode.EXTENDED, "hard light, atop")
    for number in [*range(18), *(color | alpha << 8 for color in (0, *range(3, 18)) for alpha in range(1, 5))]:
        assert number_of(*blend_of(0, number)) == number
    for number in (-1, 18, 77, 5 << 8, 1 | 1 << 8):
        assert number_of(*blend_of(0, number)) is None


def offscreen(part: int, place: int, **changes: object) -> Offscreen:
    plain = Offscreen(part, place, 1.0, BlendMode.NORMAL, "normal", (), False, (1, 1, 1), (0, 0, 0))
    return replace(plain, **changes)  # type: ignore[arg-type]


def grouped(*offscreens: Offscreen) -> Live2DModel:
    """Four overlapping meshes: 0 at the root, 1 in part 0, 2 in part 1 inside part 0, 3 at the root."""
    meshes = tuple(
        quad(index, (8 * index, 8 * index, 40 + 8 * index, 40 + 8 * index), index, part=part)
        for index, part in enumerate((None, 0, 1, None))
    )
    parts = (Part("outer", "outer", None, 1.0), Part("inner", "inner", 0, 1.0))
    return replace(model_of(*meshes, textures=4), parts=parts, offscreens=offscreens)


GROUP_COLORS = flat((255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 200), (255, 255, 255, 120))


def draw(model: Live2DModel) -> RenderedCharacter:
    return render(model, build_pyramid(GROUP_COLORS), SIDE)


def test_offscreen_parts_open_before_and_close_after_what_lies_in_them() -> None:
    steps, depth = drawing_steps(grouped(offscreen(0, 1), offscreen(1, 2)))
    assert steps.tolist() == [[0, 0], [1, 0], [0, 1], [1, 1], [0, 2], [2, 1], [2, 0], [0, 3]]
    assert depth == 2


def test_a_plain_offscreen_part_changes_nothing() -> None:
    plain, through = draw(grouped()), draw(grouped(offscreen(0, 1), offscreen(1, 2)))
    np.testing.assert_allclose(plain.premultiplied, through.premultiplied, atol=1e-5)
    np.testing.assert_array_equal(plain.top_mesh, through.top_mesh)
    for one, other in zip(plain.meshes, through.meshes, strict=True):
        np.testing.assert_array_equal(one.rgba, other.rgba)
        np.testing.assert_allclose(one.visible.astype(int), other.visible.astype(int), atol=1)


def test_a_faded_part_fades_as_a_whole_and_its_inside_does_not_show_through() -> None:
    character = draw(grouped(offscreen(0, 1, opacity=0.4)))
    both = character.premultiplied[12, 12]  # red below, green in the part
    np.testing.assert_allclose(both, (0.6, 0.4, 0, 1), atol=0.01)
    green, blue = (on_canvas(mesh, "visible").astype(float) / 255 for mesh in character.meshes[1:3])
    assert green[12, 12] == pytest.approx(0.4, abs=0.01)
    alpha = 200 / 255
    assert blue[20, 20] == pytest.approx(0.4 * alpha, abs=0.01)
    assert green[20, 20] == pytest.approx(0.4 * (1 - alpha), abs=0.01)
    assert (character.top_mesh[8:16, 8:16] == 0).all(), "a part that covers less than half is not in front"


def test_shares_add_up_through_offscreen_parts() -> None:
    character = draw(grouped(offscreen(0, 1, opacity=0.7), offscreen(1, 2, opacity=0.5, clipped_by=(3,))))
    total = sum(on_canvas(mesh, "visible").astype(float) for mesh in character.meshes)
    assert np.abs(total + 255 * (1 - character.premultiplied[..., 3]) - 255).max() <= 3


def test_an_offscreen_part_is_clipped_tinted_and_blended_as_a_whole() -> None:
    clipped = draw(grouped(offscreen(0, 1, clipped_by=(0,), clip_inverted=True)))
    assert clipped.premultiplied[12, 12].tolist() == [1, 0, 0, 1]
    np.testing.assert_allclose(clipped.premultiplied[44, 12], (0, 1, 0, 1), atol=1e-3)
    tinted = draw(grouped(offscreen(0, 1, multiply_color=(1, 0.5, 1), screen_color=(0.25, 0, 0))))
    np.testing.assert_allclose(tinted.premultiplied[12, 12], (0.25, 0.5, 0, 1), atol=0.01)
    multiplied = draw(grouped(offscreen(0, 1, blend=BlendMode.MULTIPLY, blend_name="multiply")))
    np.testing.assert_allclose(multiplied.premultiplied[12, 12], (0, 0, 0, 1), atol=0.01)
    assert not multiplied.premultiplied[44, 12].any()


def test_a_hidden_offscreen_part_leaves_no_trace() -> None:
    character = draw(grouped(offscreen(0, 1, opacity=0.0)))
    assert not character.meshes[1].visible.any()
    assert character.meshes[1].rgba[..., 3].all(), "on its own it is still complete"
    assert (character.top_mesh[8:40, 8:24] == 0).all()
