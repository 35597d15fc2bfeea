"""Pieces of ArtMeshes: drawn one after the other they are the ArtMesh, in every pose, and each holds what its outline encloses."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_tools.live2d.model import Live2DModel
from data_tools.live2d.ordering import reordered
from data_tools.live2d.pieces import GRID, MAX_POINTS, Piece, check_crossings, contains, overlap, owners, pieces_json, read_pieces
from data_tools.live2d.poses import Direction, Pose, pose_parameters
from data_tools.live2d.reader import OpenedModel, open_model
from data_tools.live2d.rendering import RenderedCharacter, render
from data_tools.live2d.splitting import parts_of_pieces, split_meshes, with_pieces
from data_tools.live2d.synthetic.export import synthesize
from data_tools.live2d.synthetic.export import write_model as write_synthetic
from data_tools.live2d.view import View
from liwi.errors import InputError
from liwi.seethrough.body_parts import BodyPart, Side
from tests.unit.data_tools.live2d.models import BLUE, CANVAS, GLASS, RED, WHITE, square, write_model
from tests.unit.data_tools.live2d.test_blending import SIDE, draw, grouped, offscreen

SQUARES = (
    square("red", (20, 20, 180, 180), RED, shift=12),
    square("glass", (60, 20, 160, 90), GLASS),
    square("iris", (10, 100, 190, 140), BLUE, clipped_by=("red",)),
    square("white", (150, 150, 190, 190), WHITE),
)


def piece(*points: tuple[float, float], part: BodyPart | None = BodyPart.EARS, side: Side | None = None) -> Piece:
    """A piece whose outline is given in canvas pixels of the squares."""
    return Piece(tuple((round(x * GRID / CANVAS), round(y * GRID / CANVAS)) for x, y in points), part, side)


def box(left: float, top: float, right: float, bottom: float) -> tuple[tuple[float, float], ...]:
    """The corners of a box."""
    return (left, top), (right, top), (right, bottom), (left, bottom)


def star(generator: np.random.Generator, low: np.ndarray, high: np.ndarray) -> tuple[tuple[int, int], ...]:
    """An outline by chance, somewhere over a box on the grid, as a hand may draw it."""
    angles = np.sort(generator.uniform(0, 2 * np.pi, generator.integers(3, 24)))
    reach = generator.uniform(0.2, 0.6, len(angles))[:, None] * (high - low) / 1.5
    middle = low + generator.uniform(0.2, 0.8, 2) * (high - low)
    points = middle + np.stack([np.cos(angles), np.sin(angles)], 1) * reach
    return tuple((int(x), int(y)) for x, y in np.clip(points, -GRID, 2 * GRID))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenedModel]:
    """Four squares: one half transparent, one clipped by another, one that moves."""
    with open_model(write_model(tmp_path_factory.mktemp("squares"), SQUARES)) as character:
        yield character


def rendered(opened: OpenedModel, model: Live2DModel) -> RenderedCharacter:
    """A model of the squares, one picture pixel per canvas pixel."""
    return render(model, opened.pyramid, CANVAS)


def alpha_of(drawn: RenderedCharacter, name: str) -> np.ndarray:
    """(CANVAS, CANVAS) uint8: the alpha of one ArtMesh drawn alone."""
    alpha = np.zeros((CANVAS, CANVAS), np.uint8)
    for mesh in drawn.meshes:
        if drawn.model.art_meshes[mesh.index].id == name:
            alpha[mesh.box.slices] = mesh.rgba[..., 3]
    return alpha


def test_pieces_of_synthetic_characters_drawn_in_turn_are_the_characters_in_every_pose(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    with open_model(write_synthetic(synthesize(2, texture_size=512), tmp_path / "character")) as character:
        model, where = character.model, View.square(character.model, 1)
        pieces = {}
        for mesh in model.art_meshes[::3]:
            places = (mesh.vertices - [where.left, where.top]) * where.scale * GRID
            outlines = [star(generator, places.min(axis=0), places.max(axis=0)) for _ in range(2)]
            pieces[mesh.id] = [Piece(outline, BodyPart.EARS) for outline in outlines]
        splits = split_meshes(model, pieces)
        for pose in (Pose(), Pose(Direction.DOWN_LEFT)):
            posed = character.pose(pose_parameters(model, pose).values)
            view = View.figure(posed, 512)
            whole, cut = (render(one, character.pyramid, view) for one in (posed, with_pieces(posed, splits)))
            difference = np.abs(whole.premultiplied - cut.premultiplied).max(axis=2) * 255
            assert len(cut.meshes) > 1.4 * len(whole.meshes)
            assert (difference > 0.1).mean() < 1e-4
            assert (difference > 1).sum() <= 4, "pixels at outer edges, where rounding to 1/256 pixel moves the cut side of a triangle"


def test_a_piece_is_what_its_outline_encloses_and_follows_the_mesh(opened: OpenedModel) -> None:
    splits = split_meshes(opened.model, {"red": [piece(*box(40, 30, 90, 170))]})
    at_rest, turned = (rendered(opened, with_pieces(opened.pose({"ParamAngleX": angle}), splits)) for angle in (0, 30))
    wanted = np.zeros((CANVAS, CANVAS), np.uint8)
    wanted[30:170, 40:90] = 255
    assert np.array_equal(alpha_of(at_rest, "red#1"), wanted)
    assert np.array_equal(alpha_of(turned, "red#1"), np.roll(wanted, 12, axis=1))
    wanted[:] = 0
    wanted[20:180, 20:180] = 255
    wanted[30:170, 40:90] = 0
    assert np.array_equal(alpha_of(at_rest, "red"), wanted)


def test_the_pixels_of_a_picture_are_shared_out_as_the_mesh_is_cut(opened: OpenedModel) -> None:
    pieces = [piece((25.3, 31.1), (150.2, 60.4), (77.7, 171.9), (33.3, 120.5)), piece((60, 60), (179, 20), (179, 179))]
    cut = rendered(opened, with_pieces(opened.model, split_meshes(opened.model, {"red": pieces})))
    owner = owners(pieces, (CANVAS, CANVAS), (0, 0, CANVAS, CANVAS))
    for number, name in enumerate(("red", "red#1", "red#2")):
        differs = (alpha_of(cut, name)[20:180, 20:180] > 0) != (owner[20:180, 20:180] == number)
        assert differs.sum() <= 12, "only pixels whose centres lie on an outline, which is rounded to 1/256 pixel in drawing"


def test_where_outlines_overlap_the_later_piece_has_it_and_what_is_enclosed_twice_is_outside(opened: OpenedModel) -> None:
    bow_tie = piece((30, 30), (170, 30), (30, 170), (170, 170))
    twice = piece(*box(40, 40, 160, 160), *box(40, 40, 100, 100))
    assert contains(bow_tie.polygon, np.array([[0.5, 0.3], [0.3, 0.5], [0.5, 0.7]]) * GRID).tolist() == [True, False, True]
    owner = owners([piece(*box(20, 20, 120, 120)), twice], (CANVAS, CANVAS), (0, 0, CANVAS, CANVAS))
    assert owner[[30, 50, 110, 150], [30, 50, 110, 150]].tolist() == [1, 1, 2, 2]
    cut = rendered(opened, with_pieces(opened.model, split_meshes(opened.model, {"red": [piece(*box(20, 20, 120, 120)), twice]})))
    assert [alpha_of(cut, name)[110, 110] for name in ("red", "red#1", "red#2")] == [0, 0, 255]
    assert [alpha_of(cut, name)[50, 50] for name in ("red", "red#1", "red#2")] == [0, 255, 0]


def test_what_a_split_mesh_clips_and_what_clips_it_stays_the_same(opened: OpenedModel) -> None:
    splits = split_meshes(opened.model, {"red": [piece(*box(20, 90, 100, 180))], "iris": [piece(*box(60, 90, 140, 150))]})
    whole, cut = rendered(opened, opened.model), rendered(opened, with_pieces(opened.model, splits))
    assert np.array_equal(whole.rgba, cut.rgba)
    assert cut.model.art_meshes[2].clipped_by == (0, 4)
    assert np.array_equal(alpha_of(cut, "iris") + alpha_of(cut, "iris#1"), alpha_of(whole, "iris"))


def test_pieces_are_drawn_in_the_place_of_their_mesh_also_where_it_was_moved(opened: OpenedModel) -> None:
    moved = reordered(opened.model, opened.model, {"red": 2500})
    split = with_pieces(moved, split_meshes(opened.model, {"red": [piece(*box(20, 20, 100, 100))]}))
    assert [mesh.id for mesh in split.back_to_front] == ["glass", "red", "red#1", "iris", "white"]
    assert [mesh.render_order for mesh in split.back_to_front] == list(range(5))
    assert np.array_equal(rendered(opened, moved).rgba, rendered(opened, split).rgba)


def test_offscreen_parts_begin_where_their_pieces_do() -> None:
    model = grouped(offscreen(0, 1, opacity=0.5, clipped_by=(3,)))
    where = GRID / SIDE
    corner = tuple((int(x * where), int(y * where)) for x, y in ((0, 0), (22, 0), (0, 22)))
    whole = tuple((int(x * where), int(y * where)) for x, y in ((9, 9), (45, 12), (12, 45)))
    splits = split_meshes(model, {mesh.id: [Piece(corner if mesh.index == 0 else whole, BodyPart.EARS)] for mesh in model.art_meshes})
    split = with_pieces(model, splits)
    assert (split.offscreens[0].place, split.offscreens[0].clipped_by) == (2, (3, 7))
    assert np.abs(draw(model).rgba.astype(int) - draw(split).rgba).max() <= 1


def test_a_mesh_of_which_nothing_is_left_is_not_drawn_and_one_that_an_outline_misses_stays_whole(opened: OpenedModel) -> None:
    around, beside = piece(*box(-50, -50, 250, 250), side=Side.LEFT), piece(*box(0, 150, 9, 160))
    splits = split_meshes(opened.model, {"white": [around], "glass": [beside]})
    split = with_pieces(opened.model, splits)
    drawn = rendered(opened, split)
    assert {split.art_meshes[mesh.index].id for mesh in drawn.meshes} == {"red", "glass", "iris", "white#1"}
    assert np.array_equal(drawn.rgba, rendered(opened, opened.model).rgba)
    assert parts_of_pieces(splits)["white#1"] == (BodyPart.EARS, Side.LEFT)


def test_nothing_to_split_changes_nothing_and_ids_that_are_taken_are_not_given_again(opened: OpenedModel) -> None:
    assert with_pieces(opened.model, split_meshes(opened.model, {"somebody else's": [piece(*box(0, 0, 9, 9))]})) is opened.model
    meshes = tuple(replace(mesh, id="red#1" if mesh.id == "iris" else mesh.id) for mesh in opened.model.art_meshes)
    named = replace(opened.model, art_meshes=meshes)
    assert split_meshes(named, {"red": [piece(*box(0, 0, 99, 99))]})[0].ids == ("red#1'",)


def test_a_mesh_without_area_at_rest_goes_to_a_piece_as_a_whole(opened: OpenedModel) -> None:
    red, *others = opened.model.art_meshes
    flat = replace(opened.model, art_meshes=(replace(red, vertices=red.vertices * np.float32([1, 0])), *others))
    splits = split_meshes(flat, {"red": [piece(*box(0, -9, 250, 9))]})
    assert [len(shape.triangles) for shape in splits[0].shapes] == [0, 2]


def test_outlines_that_cross_too_often_are_refused() -> None:
    comb = [(x * 400, (x % 2) * GRID) for x in range(150)]
    check_crossings([Piece(tuple(comb), BodyPart.EARS)])
    with pytest.raises(InputError, match="cross"):
        check_crossings([Piece((*comb, *((y, x) for x, y in comb)), BodyPart.EARS)])


def test_how_much_two_pieces_share_is_the_same_from_both_sides() -> None:
    one, other = piece(*box(0, 0, 100, 100)), piece(*box(50, 0, 150, 100))
    assert overlap(one, one) == 1
    assert overlap(one, other) == overlap(other, one) == pytest.approx(1 / 3, abs=0.02)
    assert overlap(one, piece(*box(100, 100, 150, 150))) == 0


def test_pieces_are_read_as_they_were_written() -> None:
    pieces = (piece(*box(0, 0, 50, 50), side=Side.RIGHT), piece((-200, -200), (400, 0), (0, 400), part=None))
    assert read_pieces(pieces_json(pieces), "red") == pieces
    assert read_pieces(None, "red") == ()


TRIANGLE = [[0, 0], [9, 0], [0, 9]]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({}, "a list of objects"),
        (["x"], "a list of objects"),
        ([{"polygon": TRIANGLE}] * 33, "33 pieces"),
        ([{"polygon": TRIANGLE[:2]}], "3 to 1000 points"),
        ([{"polygon": [[0, 0]] * (MAX_POINTS + 1)}], "3 to 1000 points"),
        ([{"polygon": [[0, 0]] * 500}] * 3, "1000 points together"),
        ([{"polygon": [[0, 0], [9, 0], [0, float("nan")]]}], "two whole numbers"),
        ([{"polygon": [[0, 0], [9, 0], [0, 1.5]]}], "two whole numbers"),
        ([{"polygon": [[0, 0], [9, 0], [0, True]]}], "two whole numbers"),
        ([{"polygon": [[0, 0], [9, 0], [0, 1, 2]]}], "two whole numbers"),
        ([{"polygon": [[0, 0], [9, 0], [0, 2 * GRID + 1]]}], "two whole numbers"),
        ([{"polygon": [[0, 0], [9, 0], "ab"]}], "points"),
        ([{"polygon": TRIANGLE, "part": "visage"}], "no body part"),
        ([{"polygon": TRIANGLE, "part": 3}], "a class name or null"),
        ([{"polygon": TRIANGLE, "part": "ears", "side": "up"}], "'left', 'right' or null"),
        ([{"polygon": TRIANGLE, "part": None, "side": "left"}], "only beside a body part"),
    ],
)
def test_pieces_that_cannot_be_are_a_clear_error(entries: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_pieces(entries, "red")
