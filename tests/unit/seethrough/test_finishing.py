"""Generated parts become layers of the person's own picture: at its size, of its pixels, in order, with nothing lost."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from liwi.errors import InputError
from liwi.imaging.compositing import over, to_float, to_uint8
from liwi.seethrough.assembly import Figure
from liwi.seethrough.body_parts import AnyBodyPart, BodyPart, CoarseBodyPart, Side
from liwi.seethrough.complete_parts import CompletePart
from liwi.seethrough.depth_strata import StrataOptions
from liwi.seethrough.finishing import STAGES, Finished, FinishOptions, finish
from liwi.seethrough.part_quality import Trouble
from liwi.types import Decomposition, LayerRole, LayerStack, Provenance
from tests.characters import DRAWN, Doll, draw_doll, on_ground

GROUND = (190, 215, 200)


def part_of(tag: str) -> AnyBodyPart:
    return CoarseBodyPart.EYES if tag == "eyes" else BodyPart(tag)


def generated(doll: Doll, *, shift: int = 0, scale: float = 1.0) -> list[CompletePart]:
    """The doll's parts as a network would make them: pairs in one, complete, a little off in colour, each with a depth."""
    tags = dict.fromkeys(name.removesuffix("-l").removesuffix("-r") for name in DRAWN)
    found = []
    for place, tag in enumerate(tags):
        rgba = np.zeros_like(doll.rgba, np.float32)
        for name in DRAWN:
            if name in (tag, f"{tag}-l", f"{tag}-r"):
                rgba = over(to_float(doll.layers[name]), rgba)
        pixels = to_uint8(rgba)
        pixels[..., :3] = np.clip(pixels[..., :3].astype(int) + shift, 0, 255)
        if scale > 1:
            small = cv2.resize(pixels, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)
            pixels = cv2.resize(small, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        part = CompletePart.of(part_of(tag), pixels, np.full(pixels.shape[:2], place / len(tags), np.float32), scale=scale)
        assert part is not None
        found.append(part)
    return found


@pytest.fixture(scope="module")
def doll() -> Doll:
    return draw_doll()


@pytest.fixture(scope="module")
def figure(doll: Doll) -> Figure:
    """Cut out: the picture is transparent around it."""
    return Figure(doll.rgba, None, np.ascontiguousarray(doll.rgba[..., :3]))


@pytest.fixture(scope="module")
def finished(doll: Doll, figure: Figure) -> Finished:
    return finish(generated(doll, shift=6), figure)


def decomposition(done: Finished, figure: Figure) -> Decomposition:
    size = figure.size
    layers = [each.layer(size) for each in done.layers]
    if figure.backdrop is not None:
        ground = np.dstack([figure.backdrop, np.full(figure.backdrop.shape[:2], 255, np.uint8)])
        layers.insert(0, replace(layers[0], rgba=ground, role=LayerRole.BACKGROUND, id="ground", part=None, depth=None))
    mask = np.ascontiguousarray(figure.rgba[..., 3]) if figure.backdrop is None else None
    return Decomposition(figure.seen, LayerStack(tuple(layers)), Provenance("test", "1"), mask)


def names(done: Finished) -> list[str]:
    return [each.name for each in done.layers]


def before_ground(doll: Doll) -> Figure:
    seen = on_ground(doll, GROUND)[20:-20, 30:-30]
    return Figure(doll.rgba, np.full_like(seen, GROUND), np.ascontiguousarray(seen))


@pytest.mark.parametrize("backdrop", [False, True])
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_layers_add_up_to_the_picture_and_leave_rounding_to_s(doll: Doll, figure: Figure, backdrop: bool, scale: float) -> None:
    there = before_ground(doll) if backdrop else figure
    made = decomposition(finish(generated(doll, shift=9, scale=scale), there), there)
    np.testing.assert_array_equal(made.recompose(), made.source)
    counted = np.ones(made.source.shape[:2], bool) if made.mask is None else made.mask > 0
    assert np.abs(made.shadow[counted]).max() < 1.01 / 255


def test_pairs_come_with_sides_and_the_order_is_that_of_the_depth(finished: Finished) -> None:
    assert set(names(finished)) == set(DRAWN)
    order = names(finished)
    assert order.index("back hair") < order.index("neck") < order.index("face") < order.index("front hair")
    assert [each.pseudo_depth for each in finished.layers] == sorted(each.pseudo_depth for each in finished.layers)
    boxes = {each.name: each.box for each in finished.layers}
    for tag in ("handwear", "legwear", "footwear", "eyes"):
        assert boxes[f"{tag}-r"].right <= boxes[f"{tag}-l"].left, "the character's right is on the left of the picture"


def test_what_is_seen_is_the_pictures_own_and_what_is_hidden_was_generated(finished: Finished, doll: Doll) -> None:
    face = next(each for each in finished.layers if each.name == "face")
    seen = doll.visible[CoarseBodyPart.FACE.class_index][face.box.slices] == 1
    np.testing.assert_array_equal(face.rgba[seen][:, :3], doll.rgba[face.box.slices][seen][:, :3])
    behind = (doll.layers["front hair"][face.box.slices][..., 3] == 255) & (doll.layers["face"][face.box.slices][..., 3] == 255)
    assert behind.sum() > 200 and (face.rgba[behind][:, 3] == 255).all()
    off = np.abs(face.rgba[behind][:, :3].astype(int) - doll.layers["face"][face.box.slices][behind][:, :3])
    assert off.max() <= 2, "tuned to what is seen of the face, which the network had made a little too light"
    assert finished.quality.error == pytest.approx(6 / 255, rel=0.2)


def test_without_own_pixels_all_is_as_generated_and_s_holds_the_rest(doll: Doll, figure: Figure) -> None:
    done = finish(generated(doll, shift=6), figure, FinishOptions(own_pixels=False))
    made = decomposition(done, figure)
    np.testing.assert_array_equal(made.recompose(), made.source)
    assert np.abs(made.shadow[doll.rgba[..., 3] == 255]).max() > 5 / 255


def test_outlines_follow_the_picture_where_the_network_saw_it_smaller() -> None:
    large = draw_doll(2)
    figure = Figure(large.rgba, None, np.ascontiguousarray(large.rgba[..., :3]))
    parts = generated(large, scale=4)
    errors = []
    for scale in (1.0, 4.0):
        done = finish([replace(part, scale=scale) for part in parts], figure)
        hair = next(each for each in done.layers if each.name == "front hair")
        true = large.layers["front hair"][hair.box.slices][..., 3]
        skin = large.layers["face"][hair.box.slices][..., 3] == 255
        errors.append(float(np.abs(hair.rgba[..., 3].astype(int) - true)[skin].mean()))
    assert errors[1] < 0.6 * errors[0], errors


def test_what_no_part_covers_goes_to_the_nearest_or_stands_alone(doll: Doll, figure: Figure) -> None:
    parts = [each for each in generated(doll) if each.part not in (BodyPart.NOSE, BodyPart.FOOTWEAR)]
    done = finish(parts, figure, FinishOptions(asked=(BodyPart.FOOTWEAR, BodyPart.NOSE)))
    made = decomposition(done, figure)
    np.testing.assert_array_equal(made.recompose(), made.source)
    covered = np.zeros(figure.seen.shape[:2], bool)
    for each in done.layers:
        covered[each.box.slices] |= each.rgba[..., 3] == 255
    assert covered[doll.rgba[..., 3] > 0].all()
    assert done.layers[0].name == "rest" and done.layers[0].box.top > 200, "the shoes, which nobody made"
    assert 0.01 < done.quality.uncovered < 0.2
    assert any("No part covered" in note for note in done.quality.notes)
    assert any("footwear" in note and "nose" in note for note in done.quality.notes)


@pytest.mark.parametrize("corner", [(130, 225), (2, 228), (140, 3)])
def test_a_part_is_kept_wherever_on_the_canvas_it_lies(doll: Doll, corner: tuple[int, int]) -> None:
    rgba = doll.rgba.copy()
    x, y = corner
    rgba[y : y + 8, x : x + 8] = (90, 40, 30, 255)
    shoe = np.zeros_like(rgba)
    shoe[y : y + 8, x : x + 8] = (90, 40, 30, 255)
    there = Figure(rgba, None, np.ascontiguousarray(rgba[..., :3]))
    parts = [*generated(doll), CompletePart.of(BodyPart.OBJECTS, shoe, np.full(shoe.shape[:2], 0.5, np.float32))]
    found = next(each for each in finish(parts, there).layers if each.name == "objects")
    assert (found.box.left, found.box.top, found.box.width, found.box.height) == (x, y, 8, 8)


def test_dust_goes_and_small_real_pieces_stay(doll: Doll, figure: Figure) -> None:
    parts = generated(doll)
    earring = np.zeros_like(doll.rgba)
    for place, size in ((40, 5), (60, 4), (80, 4)):
        earring[place : place + size, 70 : 70 + size] = (250, 220, 60, 255)
    earring[100, 70] = (250, 220, 60, 255)  # one pixel
    earring[150:170, 60:80] = (250, 220, 60, 20)  # a ghost
    done = finish([*parts, CompletePart.of(BodyPart.NECKWEAR, earring)], figure)
    found = next(each for each in done.layers if each.name == "neckwear")
    count, _ = cv2.connectedComponents((found.rgba[..., 3] > 0).astype(np.uint8))
    assert count - 1 == 3, "a third piece is not lost"
    quality = done.quality.of(BodyPart.NECKWEAR)
    assert quality is not None and quality.dust == 401 and not quality.troubles


def test_troubles_are_told_in_words(doll: Doll, figure: Figure) -> None:
    ghost, beside = np.zeros_like(doll.rgba), np.zeros_like(doll.rgba)
    ghost[100:140, 60:90] = (10, 10, 10, 30)
    beside[2:30, 2:30] = (200, 0, 0, 255)
    beside[60:70, 60:80] = (200, 0, 0, 255)
    more = [CompletePart.of(BodyPart.MOUTH, ghost), CompletePart.of(BodyPart.TAIL, beside)]
    parts = [part for part in generated(doll) if part.part is not BodyPart.MOUTH]
    done = finish([*parts, *more], figure, FinishOptions(asked=(*BodyPart, CoarseBodyPart.EYES)))
    troubles = {each.part: each.troubles for each in done.quality.parts}
    assert troubles[BodyPart.MOUTH] == (Trouble.NEARLY_EMPTY,) and troubles[BodyPart.TAIL] == (Trouble.LEAKING,)
    assert troubles[BodyPart.WINGS] == (Trouble.MISSING,) and troubles[BodyPart.FACE] == ()
    notes = " ".join(done.quality.notes)
    assert "Nearly empty: mouth." in notes and "Reaching beyond the figure, and cut off there: tail (" in notes
    assert "Not in the picture, or not found: " in notes and "Nothing was made of irides, eyewhite." in notes
    tail = next(each for each in done.layers if each.name == "tail")
    assert tail.box.top >= 55, "cut off where the figure is not"


def test_strata_and_depth_reach_the_layers(doll: Doll, figure: Figure) -> None:
    parts = generated(doll)
    at = next(index for index, each in enumerate(parts) if each.part is BodyPart.TOPWEAR)
    depth = np.array(parts[at].depth)
    depth[:20] -= 0.35
    parts[at] = replace(parts[at], depth=depth)
    done = finish(parts, figure, FinishOptions(strata=StrataOptions(None)))
    assert {"topwear", "topwear-1"} <= set(names(done))
    layer = next(each for each in done.layers if each.name == "topwear").layer(figure.size, (0, 0))
    assert layer.depth is not None and layer.part is BodyPart.TOPWEAR and layer.side is None
    assert np.ptp(layer.depth.values[layer.rgba[layer.depth.box.slices][..., 3] > 0]) < 0.05
    whole = finish(parts, figure, FinishOptions(strata=StrataOptions(1), split_sides=False))
    assert {each.source.side for each in whole.layers if each.source} == {None}
    assert not any("topwear-1" in each for each in names(whole))


def test_the_same_parts_give_the_same_layers_in_any_order_and_are_not_changed(doll: Doll, figure: Figure, finished: Finished) -> None:
    parts = generated(doll, shift=6)
    kept = [part.rgba.copy() for part in parts]
    again = finish(parts[::-1], figure)
    assert names(again) == names(finished)
    assert all(np.array_equal(one.rgba, other.rgba) for one, other in zip(again.layers, finished.layers, strict=True))
    assert all(np.array_equal(part.rgba, before) for part, before in zip(parts, kept, strict=True))


def test_an_iris_is_on_the_side_of_its_white_also_where_the_eyes_touch(figure: Figure) -> None:
    def eyes(part: BodyPart, boxes: Sequence[tuple[int, int]], width: int) -> CompletePart:
        rgba = np.zeros((*figure.seen.shape[:2], 4), np.uint8)
        for x, y in boxes:
            rgba[y : y + 10, x : x + width] = (240, 240, 240, 255)
        found = CompletePart.of(part, rgba, np.full(rgba.shape[:2], 0.5, np.float32))
        assert found is not None
        return found

    face = eyes(BodyPart.FACE, [(50, 55)], 50)
    white = eyes(BodyPart.EYEWHITE, [(56, 60), (75, 60)], 20)  # they touch on a narrow face
    iris = eyes(BodyPart.IRIDES, [(62, 60), (69, 60), (80, 60)], 6)  # one iris squints towards the middle
    found = {each.name: each.box for each in finish([face, white, iris], figure, FinishOptions(strata=StrataOptions(1))).layers}
    for side in Side:
        mark = side.value[0]
        common = found[f"irides-{mark}"].intersect(found[f"eyewhite-{mark}"])
        assert common is not None and common.area > 0.9 * found[f"irides-{mark}"].area


def test_nothing_at_all_is_explained_and_stages_are_told(doll: Doll, figure: Figure) -> None:
    told: list[str] = []
    finish(generated(doll), figure, on_stage=told.append)
    assert tuple(told) == STAGES
    with pytest.raises(InputError, match="No body part was made"):
        finish([None], figure)
    with pytest.raises(InputError, match="canvas of 150 x 240"):
        finish(generated(draw_doll(2)), figure)


def test_colours_under_transparent_pixels_change_nothing(doll: Doll, figure: Figure) -> None:
    hidden = figure.seen.copy()
    hidden[doll.rgba[..., 3] == 0] = (255, 0, 255)
    plain, odd = (finish(generated(doll, scale=3), replace(figure, seen=seen)) for seen in (figure.seen, hidden))
    assert names(plain) == names(odd)
    assert all(np.array_equal(one.rgba, other.rgba) for one, other in zip(plain.layers, odd.layers, strict=True))
