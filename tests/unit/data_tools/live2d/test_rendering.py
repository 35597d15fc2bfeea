"""The rasteriser's laws: coverage, sampling, blending, clipping, and what stays visible."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_tools.live2d.model import ArtMesh, BlendMode, Live2DModel, Texture
from data_tools.live2d.rendering import RenderedCharacter, RenderedMesh, render
from data_tools.live2d.textures import build_pyramid
from data_tools.live2d.view import View
from liwi.errors import EngineUnavailable, InputError
from liwi.progress import Progress

RED, BLUE, GREEN, WHITE = (255, 0, 0, 255), (0, 0, 255, 255), (0, 200, 0, 128), (255, 255, 255, 255)
SIDE = 64
"""Canvas and picture: one canvas pixel is one pixel."""


def quad(index: int, corners: tuple[float, float, float, float], texture: int = 0, **changes: object) -> ArtMesh:
    """An ArtMesh over a box that shows the whole of a texture."""
    left, top, right, bottom = corners
    plain = ArtMesh(
        index=index,
        id=f"mesh{index}",
        part=None,
        part_path=(),
        texture_index=texture,
        uvs=np.float32([(0, 0), (1, 0), (0, 1), (1, 1)]),
        triangles=np.int32([(0, 2, 1), (1, 2, 3)]),
        vertices=np.float32([(left, top), (right, top), (left, bottom), (right, bottom)]),
        draw_order=500,
        render_order=index,
        opacity=1.0,
        visible=True,
        blend=BlendMode.NORMAL,
        blend_name="normal",
        clipped_by=(),
        clip_inverted=False,
        culled=False,
        multiply_color=(1, 1, 1),
        screen_color=(0, 0, 0),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def model_of(*meshes: ArtMesh, textures: int = 1) -> Live2DModel:
    return Live2DModel("test", 1, (SIDE, SIDE), (SIDE / 2, SIDE / 2), SIDE, (), meshes, (), (Texture("t", (8, 8)),) * textures)


def flat(*colors: tuple[int, int, int, int]) -> list[np.ndarray]:
    return [np.full((8, 8, 4), color, np.uint8) for color in colors]


def draw(*meshes: ArtMesh, textures: list[np.ndarray] | None = None, view: View | int = SIDE) -> RenderedCharacter:
    textures = textures or flat(RED, BLUE, GREEN, WHITE)
    return render(model_of(*meshes, textures=len(textures)), build_pyramid(textures), view)


def on_canvas(mesh: RenderedMesh, what: str = "rgba") -> np.ndarray:
    pixels = getattr(mesh, what)
    canvas = np.zeros((SIDE, SIDE, *pixels.shape[2:]), pixels.dtype)
    canvas[mesh.box.slices] = pixels
    return canvas


def random_scene(seed: int, count: int = 12) -> tuple[ArtMesh, ...]:
    rng = np.random.default_rng(seed)
    meshes = []
    for index in range(count):
        mesh = quad(index, (0, 0, 1, 1), int(rng.integers(4)), opacity=float(rng.uniform(0.2, 1)))
        meshes.append(replace(mesh, vertices=rng.uniform(-10, SIDE + 10, (4, 2)).astype(np.float32)))
    return tuple(meshes)


def test_a_square_covers_its_pixels_exactly() -> None:
    character = draw(quad(0, (10, 20, 30, 50)))
    expected = np.zeros((SIDE, SIDE, 4), np.uint8)
    expected[20:50, 10:30] = RED
    np.testing.assert_array_equal(character.rgba, expected)
    assert character.meshes[0].box.as_tuple() == (10, 20, 30, 50)
    assert (character.top_mesh[20:50, 10:30] == 0).all()
    assert (character.top_mesh == -1).sum() == SIDE * SIDE - 30 * 20


@pytest.mark.parametrize("seed", range(6))
def test_triangles_that_share_edges_cover_each_pixel_once(seed: int) -> None:
    """A half transparent fan: a pixel covered twice would be darker, a pixel missed would be empty."""
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 11))
    rim = 32 + 60 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    vertices = np.float32([rng.uniform(25, 39, 2), *rim])
    triangles = np.int32([(0, 1 + i, 1 + (i + 1) % 11) for i in range(11)])
    mesh = replace(quad(0, (0, 0, 1, 1), 2), vertices=vertices, uvs=np.full((12, 2), 0.5, np.float32), triangles=triangles)
    drawn = draw(mesh).rgba[..., 3]
    assert np.unique(drawn).tolist() in ([128], [0, 128])
    assert drawn[16:48, 16:48].min() == 128


def test_what_lies_outside_of_the_picture_is_cut_off() -> None:
    character = draw(quad(0, (-1e7, -50, 32, 5e6)), quad(1, (70, 0, 90, 20)), quad(2, (-40, -40, -1, -1)))
    assert [mesh.index for mesh in character.meshes] == [0]
    assert character.meshes[0].box.as_tuple() == (0, 0, 32, SIDE)


def test_textures_are_interpolated_between_texel_centres() -> None:
    ramp = np.zeros((8, 8, 4), np.uint8)
    ramp[..., 0], ramp[..., 3] = np.arange(8) * 32, 255
    row = draw(quad(0, (0, 0, SIDE, SIDE)), textures=[ramp]).rgba[20, :, 0].astype(float)
    expected = ((np.arange(SIDE) + 0.5) / 8 - 0.5) * 32
    np.testing.assert_allclose(row[4:-4], expected[4:-4], atol=0.51)


def test_texture_v_runs_downwards() -> None:
    texture = flat(RED)[0]
    texture[4:] = BLUE
    drawn = draw(quad(0, (0, 0, SIDE, SIDE)), textures=[texture]).rgba
    assert (drawn[10, 30] == RED).all()
    assert (drawn[54, 30] == BLUE).all()


def test_a_fine_pattern_shrinks_to_its_mean() -> None:
    pattern = np.zeros((256, 256, 4), np.uint8)
    pattern[(np.indices((256, 256)).sum(axis=0) % 2).astype(bool)] = (255, 255, 255, 255)
    drawn = draw(quad(0, (8, 8, 24, 24)), textures=[pattern]).rgba[10:22, 10:22]
    assert np.abs(drawn[..., 3].astype(int) - 128).max() <= 2
    assert drawn[..., :3].min() >= 253, "the colour of transparent texels must not leak in"


def test_levels_of_detail_change_smoothly_with_scale() -> None:
    """Trilinear: between the scales of two mip maps the picture changes little by little."""
    texture = np.random.default_rng(0).integers(0, 256, (128, 128, 4), dtype=np.uint8)
    spreads = [draw(quad(0, (0, 0, side, side)), textures=[texture]).premultiplied[4:28, 4:28].std() for side in range(34, 64, 3)]
    assert np.abs(np.diff(spreads)).max() < 0.25 * (max(spreads) - min(spreads)) + 0.01
    assert spreads[0] < spreads[-1]


def test_the_hidden_rest_of_a_mesh_is_complete() -> None:
    character = draw(quad(0, (0, 0, 40, 40)), quad(1, (20, 20, 60, 60), 1))
    behind, front = character.meshes
    assert (behind.rgba == RED).all()
    assert behind.box.as_tuple() == (0, 0, 40, 40)
    expected = np.full((40, 40), 255, np.uint8)
    expected[20:, 20:] = 0
    np.testing.assert_array_equal(behind.visible, expected)
    assert (front.visible == 255).all()
    assert character.top_mesh[30, 30] == 1
    assert character.top_mesh[10, 10] == 0


def test_half_of_a_pixel_seen_through_glass_stays_visible() -> None:
    character = draw(quad(0, (0, 0, 40, 40)), quad(1, (0, 0, 40, 40), 2, opacity=0.5))
    behind, glass = character.meshes
    alpha = 128 / 255 * 0.5
    assert np.abs(glass.rgba[..., 3].astype(float) - 255 * alpha).max() <= 0.5
    np.testing.assert_allclose(behind.visible.astype(float), 255 * (1 - alpha), atol=1)
    assert (character.top_mesh[:40, :40] == 0).all(), "less than half covers: what lies behind is still in front"


@pytest.mark.parametrize("seed", range(4))
def test_shares_of_all_meshes_and_the_background_add_up(seed: int) -> None:
    character = draw(*random_scene(seed))
    total = sum(on_canvas(mesh, "visible").astype(float) for mesh in character.meshes)
    total += 255 * (1 - character.premultiplied[..., 3])
    assert np.abs(total - 255).max() <= 0.5 * (len(character.meshes) + 1)


@pytest.mark.parametrize("seed", range(4))
def test_the_composite_is_its_meshes_laid_over_each_other(seed: int) -> None:
    character = draw(*random_scene(seed))
    result = np.zeros((SIDE, SIDE, 4))
    for mesh in character.meshes:
        layer = on_canvas(mesh).astype(float) / 255
        layer[..., :3] *= layer[..., 3:]
        result = layer + result * (1 - layer[..., 3:])
    assert np.abs(result - character.premultiplied).max() < 0.02


def test_render_order_decides_and_not_the_order_in_the_file() -> None:
    character = draw(quad(0, (0, 0, 40, 40), 0, render_order=1), quad(1, (0, 0, 40, 40), 1, render_order=0))
    assert (character.rgba[20, 20] == RED).all()
    assert [mesh.index for mesh in character.meshes] == [1, 0]


def test_added_light_leaves_the_alpha_and_stops_at_white() -> None:
    add = {"blend": BlendMode.ADD, "blend_name": "add"}
    character = draw(quad(0, (0, 0, 32, 64)), quad(1, (0, 0, 64, 64), 2, **add), quad(2, (0, 0, 64, 32), 0, **add))
    np.testing.assert_allclose(character.premultiplied[50, 10], (1, 200 / 255 * 128 / 255, 0, 1), atol=0.004)
    np.testing.assert_allclose(character.premultiplied[10, 10], (1, 200 / 255 * 128 / 255, 0, 1), atol=0.004)
    np.testing.assert_allclose(character.premultiplied[50, 50], (0, 200 / 255 * 128 / 255, 0, 0), atol=0.004)
    assert (character.rgba[50, 50] == 0).all()
    assert character.over((0, 0, 0))[50, 50].tolist() == [0, 100, 0]
    assert (character.top_mesh[:, 32:] == -1).all()
    assert (character.meshes[0].visible == 255).all(), "light hides nothing"


def test_multiplying_darkens_what_lies_below() -> None:
    multiply = {"blend": BlendMode.MULTIPLY, "blend_name": "multiply", "opacity": 0.5}
    character = draw(quad(0, (0, 0, 32, 64), 3), quad(1, (0, 0, 64, 64), 1, **multiply))
    np.testing.assert_allclose(character.premultiplied[20, 20], (0.5, 0.5, 1, 1), atol=0.004)
    np.testing.assert_allclose(character.premultiplied[20, 50], 0)


def test_multiply_and_screen_colors_tint_the_texture() -> None:
    tinted = draw(quad(0, (0, 0, 64, 64), 2, multiply_color=(1, 0.5, 1), screen_color=(0.25, 0, 0))).rgba[20, 20]
    np.testing.assert_allclose(tinted.astype(float), (0.25 * 255, 100, 0, 128), atol=1.5)


@pytest.mark.parametrize("inverted", [False, True])
def test_clipping_keeps_what_lies_in_the_masks_or_outside(inverted: bool) -> None:
    masks = quad(0, (0, 0, 20, 64), visible=False), quad(1, (10, 0, 30, 64), 2, opacity=0.0)
    drawn = draw(*masks, quad(2, (0, 0, 64, 64), 1, clipped_by=(0, 1), clip_inverted=inverted)).rgba[30, :, 3]
    kept = np.concatenate([np.full(20, 255), np.full(10, 128), np.zeros(34)])
    np.testing.assert_allclose(drawn.astype(float), 255 - kept if inverted else kept, atol=1)


def test_triangles_that_face_away_are_left_out_only_where_asked() -> None:
    mesh = quad(0, (0, 0, 40, 40))
    turned = replace(mesh, triangles=mesh.triangles[:, ::-1].copy())
    assert draw(replace(mesh, culled=True)).meshes
    assert draw(turned).meshes
    assert not draw(replace(turned, culled=True)).meshes


def test_bands_do_not_show() -> None:
    scene = random_scene(9)
    whole = draw(*scene, view=View((SIDE, 61), 1, 0, 0))
    part = draw(*scene, view=View((SIDE, 23), 1, 0, 17))
    np.testing.assert_allclose(whole.premultiplied[17:40], part.premultiplied, atol=1e-5)
    np.testing.assert_array_equal(whole.top_mesh[17:40], part.top_mesh)


def test_the_same_pose_is_drawn_the_same_to_the_bit() -> None:
    first, second = draw(*random_scene(3)), draw(*random_scene(3))
    np.testing.assert_array_equal(first.premultiplied, second.premultiplied)
    for one, other in zip(first.meshes, second.meshes, strict=True):
        np.testing.assert_array_equal(one.rgba, other.rgba)
        np.testing.assert_array_equal(one.visible, other.visible)


def test_scale_and_place_of_the_view() -> None:
    character = draw(quad(0, (10, 20, 30, 50)), view=View((40, 70), 2, 8, 15))
    assert character.meshes[0].box.as_tuple() == (4, 10, 40, 70)
    wide = replace(model_of(quad(0, (0, 0, 1, 1))), canvas_size=(100.0, 50.0))
    assert View.square(wide, 50) == View((50, 50), 0.5, 0, -25)
    figure = View.figure(model_of(quad(0, (10, 20, 30, 60))), 100, margin=0.1)
    assert (figure.scale, figure.left, figure.top) == pytest.approx((2, -5, 15))
    with pytest.raises(InputError, match="between 1 and 4096"):
        View.square(wide, 5000)


def test_nothing_drawn_is_an_empty_picture() -> None:
    for meshes in ((), (quad(0, (0, 0, 9, 9), visible=False),), (quad(0, (5, 5, 5, 5)),)):
        character = draw(*meshes)
        assert not character.premultiplied.any()
        assert not character.meshes
    assert draw(quad(0, (0, 0, 9, 9)), view=View((1, 1), 1, 0, 0)).rgba.tolist() == [[list(RED)]]


def test_uvs_outside_of_the_texture_repeat_it() -> None:
    texture = flat(RED)[0]
    texture[:, 4:] = BLUE
    mesh = replace(quad(0, (0, 0, 64, 64)), uvs=np.float32([(-1, 0), (1, 0), (-1, 1), (1, 1)]))
    row = draw(mesh, textures=[texture]).rgba[30]
    assert (row[[8, 40]] == RED).all()
    assert (row[[24, 56]] == BLUE).all()


def test_a_model_that_would_draw_for_hours_is_refused() -> None:
    mesh = quad(0, (-100, -100, 200, 200))
    with pytest.raises(InputError, match="more than 1000 times over"):
        draw(replace(mesh, triangles=np.tile(mesh.triangles, (20_000, 1))))


def test_a_blend_mode_that_is_not_known_is_refused_by_name() -> None:
    mesh = quad(0, (0, 0, 40, 40), blend=BlendMode.EXTENDED, blend_name="#77, atop")
    with pytest.raises(EngineUnavailable, match="'#77, atop'"):
        draw(mesh)


def test_progress_ends_where_it_says() -> None:
    reports: list[Progress] = []
    render(model_of(quad(0, (0, 0, 9, 9))), build_pyramid(flat(RED)), 16, report=reports.append)
    assert [(report.done, report.total) for report in reports] == [(0, 2), (1, 2), (2, 2)]


def test_the_compiler_works_where_no_cache_can_be_written() -> None:
    """As in an image whose package folder and home cannot be written: every place is asked, and compiling goes on without."""
    script = (
        "import pathlib\n"
        "pathlib.Path.mkdir = lambda *_, **__: (_ for _ in ()).throw(PermissionError())\n"
        "from data_tools.live2d.compiling import cache_folder; from data_tools.live2d.triangles import levels_of; import numpy as np\n"
        "print(cache_folder(), levels_of(np.ones((3, 3), np.int64), 0.5)[0])"
    )
    root = Path(__file__).parents[4]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True)
    assert done.stdout.strip() == "None 0", done.stderr
