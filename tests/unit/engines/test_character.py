"""The character engine on a doll of which every part is known."""

import numpy as np
import pytest

from liwi.engines import ENGINES, choose_engine, create_engine, missing_needs
from liwi.engines.character import WORKING_SIDE, CharacterDecomposer
from liwi.errors import Cancelled, EngineUnavailable, InputError, PromptError
from liwi.export.residual import integer_residual
from liwi.progress import CancelToken, Progress
from liwi.seethrough.body_parts import BodyPart, CoarseBodyPart, Side
from liwi.types import BoundingBox, Decomposition, DecompositionRequest, LayerRole
from tests.characters import DRAWN, Doll, DollSegmenter, HeightSegmenter, draw_doll, on_ground


@pytest.fixture(scope="module")
def doll() -> Doll:
    return draw_doll()


@pytest.fixture(scope="module")
def engine(doll: Doll) -> CharacterDecomposer:
    return CharacterDecomposer(DollSegmenter(doll))


def request(rgba: np.ndarray, **more: object) -> DecompositionRequest:
    return DecompositionRequest(np.ascontiguousarray(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3]), **more)


@pytest.fixture(scope="module")
def apart(engine: CharacterDecomposer, doll: Doll) -> Decomposition:
    return engine.decompose(request(doll.rgba))


@pytest.fixture(scope="module")
def cut(engine: CharacterDecomposer, doll: Doll) -> Decomposition:
    return engine.decompose(DecompositionRequest(on_ground(doll)))


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_layers_add_up_to_the_picture_and_leave_nothing_to_s(apart: Decomposition) -> None:
    np.testing.assert_array_equal(apart.recompose(), apart.source)
    assert apart.mask is not None
    assert np.abs(apart.shadow[apart.mask > 0]).max() < 1 / 255
    residual = integer_residual(apart)
    assert residual is not None
    shown = apart.mask[residual.box.slices] > 0
    assert not any((picture[..., 3] > 0)[shown].any() for picture in residual.subtract_and_add())


def test_a_figure_before_a_background_is_cut_out_of_it_first(cut: Decomposition, doll: Doll) -> None:
    np.testing.assert_array_equal(cut.recompose(), cut.source)
    background = cut.stack.layers[0]
    assert background.role is LayerRole.BACKGROUND
    assert (background.rgba[..., 3] == 255).all()
    assert np.abs(background.rgba[..., :3].astype(int) - (190, 215, 200)).max() <= 3, "nothing of the doll is left in it"
    assert {layer.name for layer in cut.stack.foregrounds} == set(DRAWN)
    assert np.abs(cut.shadow).max() < 1 / 255
    whole = np.maximum.reduce([layer.rgba[..., 3] for layer in cut.stack.foregrounds]) > 127
    assert overlap(whole[20:-20, 30:-30], doll.rgba[..., 3] > 127) > 0.97


def test_parts_stand_back_to_front_with_their_sides(apart: Decomposition) -> None:
    assert {layer.name for layer in apart.stack} == set(DRAWN)
    places = {layer.name: place for place, layer in enumerate(apart.stack)}
    assert places["back hair"] == 0 and places["front hair"] == len(places) - 1
    for behind, before in (
        ("legwear-l", "footwear-l"),
        ("neck", "face"),
        ("topwear", "handwear-r"),
        ("face", "eyes-l"),
        ("neck", "topwear"),
    ):
        assert places[behind] < places[before]
    assert [layer.pseudo_depth for layer in apart.stack] == sorted(layer.pseudo_depth for layer in apart.stack)
    by_name = {layer.name: layer for layer in apart.stack}
    assert (by_name["eyes-l"].part, by_name["eyes-l"].side) == (CoarseBodyPart.EYES, Side.LEFT)
    assert (by_name["front hair"].part, by_name["front hair"].side) == (BodyPart.FRONT_HAIR, None)
    left, right = by_name["handwear-l"].extent, by_name["handwear-r"].extent
    assert left is not None and right is not None
    assert right.right < left.left, "the character's right arm is on the left of the picture"


def test_what_is_seen_keeps_its_pixels(apart: Decomposition, doll: Doll) -> None:
    for layer in apart.stack:
        seen = doll.visible[(layer.part.coarse if isinstance(layer.part, BodyPart) else layer.part).class_index] == 1
        mine = seen & (layer.rgba[..., 3] == 255) & (doll.layers[layer.name][..., 3] == 255)
        if layer.part is BodyPart.BACK_HAIR:
            mine &= doll.layers["front hair"][..., 3] == 0
        others = np.delete(doll.visible, (layer.part.coarse if isinstance(layer.part, BodyPart) else layer.part).class_index, axis=0)
        assert not others[:, mine].any()
        assert mine.any()


def test_hidden_areas_are_completed(apart: Decomposition, doll: Doll) -> None:
    shares = {}
    for name in ("face", "legwear-l", "back hair", "neck"):
        true = doll.layers[name][..., 3] > 127
        layer = next(each for each in apart.stack if each.name == name)
        class_index = CoarseBodyPart.HAIR.class_index if "hair" in name else CoarseBodyPart(name.split("-")[0]).class_index
        seen = (doll.visible[class_index] > 0.5) & true
        if name == "back hair":
            seen &= doll.layers["front hair"][..., 3] < 128
        shares[name] = overlap(seen, true), overlap(layer.rgba[..., 3] > 127, true)
    assert all(complete > visible for visible, complete in shares.values()), shares
    assert np.mean([complete - visible for visible, complete in shares.values()]) > 0.1, shares
    face = next(each for each in apart.stack if each.name == "face")
    under_hair = (doll.layers["front hair"][..., 3] == 255) & (face.rgba[..., 3] == 255)
    assert under_hair.sum() > 200
    assert np.abs(face.rgba[under_hair][:, :3].astype(int) - (250, 220, 200)).max() < 20, "skin under the fringe"


def test_the_same_seed_gives_the_same_layers(engine: CharacterDecomposer, doll: Doll, apart: Decomposition) -> None:
    again = engine.decompose(request(doll.rgba))
    assert [layer.name for layer in again.stack] == [layer.name for layer in apart.stack]
    assert all(np.array_equal(one.rgba, other.rgba) for one, other in zip(again.stack, apart.stack, strict=True))


def test_a_large_picture_is_finished_at_its_own_size(doll: Doll) -> None:
    large = draw_doll(5)
    assert max(large.rgba.shape) > WORKING_SIDE
    result = CharacterDecomposer(DollSegmenter(doll)).decompose(request(large.rgba))
    np.testing.assert_array_equal(result.recompose(), result.source)
    assert result.mask is not None
    assert np.abs(result.shadow[result.mask > 0]).max() < 1 / 255
    assert {layer.name for layer in result.stack} == set(DRAWN)
    face = next(layer for layer in result.stack if layer.name == "face")
    assert overlap(face.rgba[..., 3] > 127, large.layers["face"][..., 3] > 127) > 0.75


def test_a_box_takes_one_of_two_figures_and_the_rest_stays(doll: Doll, engine: CharacterDecomposer) -> None:
    both = np.concatenate([doll.rgba, doll.rgba], axis=1)
    box = BoundingBox(0, 0, doll.rgba.shape[1], doll.rgba.shape[0])
    result = engine.decompose(request(both, boxes=(box,)))
    np.testing.assert_array_equal(result.recompose(), result.source)
    rest = result.stack.layers[0]
    assert rest.name == "Rest of the picture"
    np.testing.assert_array_equal(rest.rgba[:, box.right :, 3] > 0, doll.rgba[..., 3] > 0)
    assert len(result.stack) == len(DRAWN) + 1


def test_progress_rises_and_cancelling_stops(engine: CharacterDecomposer, doll: Doll) -> None:
    reports: list[Progress] = []
    engine.decompose(request(doll.rgba), report=reports.append)
    assert [report.done for report in reports] == sorted(report.done for report in reports)
    assert all(0 <= report.done < report.total for report in reports)
    assert len({report.stage for report in reports}) == 4
    token = CancelToken()

    def cancel_in_the_middle(progress: Progress) -> None:
        if progress.stage.startswith("Completing"):
            token.cancel()

    with pytest.raises(Cancelled):
        engine.decompose(request(doll.rgba), report=cancel_in_the_middle, cancel=token)


def test_what_cannot_be_taken_apart_is_explained(engine: CharacterDecomposer, doll: Doll) -> None:
    nothing = np.zeros_like(doll.rgba)
    with pytest.raises(PromptError, match="nothing but transparency"):
        engine.decompose(request(nothing))
    with pytest.raises(PromptError, match="nothing but transparency"):
        engine.decompose(request(doll.rgba, boxes=(BoundingBox(0, 0, 5, 5),)))
    with pytest.raises(PromptError, match="One character at a time"):
        engine.decompose(request(doll.rgba, boxes=(BoundingBox(0, 0, 70, 200), BoundingBox(70, 0, 140, 200))))
    with pytest.raises(InputError, match="Draw a box"):
        engine.decompose(DecompositionRequest(np.full((60, 40, 3), 200, np.uint8)))
    tiny = np.zeros((12, 12, 4), np.uint8)
    tiny[3:9, 3:9] = 255
    with pytest.raises(InputError, match="only 6 x 6 pixels"):
        engine.decompose(request(tiny))


def test_a_figure_in_which_no_part_is_likely_is_explained(doll: Doll) -> None:
    class Unsure(HeightSegmenter):
        def segment_parts(self, rgba: np.ndarray) -> np.ndarray:
            return super().segment_parts(rgba) * np.float32(0.1)

    with pytest.raises(InputError, match="No body part was found"):
        CharacterDecomposer(Unsure()).decompose(request(doll.rgba))


def test_a_picture_without_a_face_is_taken_apart_with_a_warning(doll: Doll) -> None:
    class Faceless(HeightSegmenter):
        def segment_parts(self, rgba: np.ndarray) -> np.ndarray:
            answer = super().segment_parts(rgba)
            answer[CoarseBodyPart.FACE.class_index] = 0
            return answer

    result = CharacterDecomposer(Faceless()).decompose(request(doll.rgba))
    assert any("No face was found" in note for note in result.provenance.notes)
    assert not any("No face" in note for note in CharacterDecomposer(HeightSegmenter()).decompose(request(doll.rgba)).provenance.notes)


def test_the_table_names_it_and_auto_leaves_it_alone() -> None:
    assert "character" in ENGINES
    assert choose_engine().name == "embedded"
    missing = missing_needs("character")
    if missing:  # a checkout without weights
        with pytest.raises(EngineUnavailable, match="part_segmentation"):
            create_engine("character")
    else:
        assert create_engine("character").name == "character"
