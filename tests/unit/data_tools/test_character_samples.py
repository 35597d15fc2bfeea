"""Part layers are complete, know what is seen of them and how near they are, and add up to the character."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_tools.reconstruction import StackOrder, by_depth, measure, on_white, psnr, reconstruct
from data_tools.samples import SAMPLE_TAGS, CharacterSample, PartLayer
from liwi.seethrough.body_parts import BodyPart, Side, TaxonomyVersion
from liwi.types import BoundingBox
from tests.unit.data_tools.character_models import MESHES, draw_sample

V2, V3 = TaxonomyVersion.V2, TaxonomyVersion.V3


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> CharacterSample:
    return draw_sample(tmp_path_factory.mktemp("sample"))


def layer(sample: CharacterSample, tag: str) -> PartLayer:
    return next(layer for layer in sample.layers if layer.tag == tag)


def at(sample: CharacterSample, tag: str, name: str, x: int, y: int) -> object:
    found = layer(sample, tag)
    return getattr(found, name)[y - found.box.top, x - found.box.left].tolist()


def test_each_taxonomy_has_its_layers_in_class_order(sample: CharacterSample) -> None:
    assert [layer.tag for layer in sample.layers_of(V3)] == ["front hair", "back hair", "face", "irides", "eyewear", "handwear"]
    assert [layer.tag for layer in sample.layers_of(V2)] == ["hair", "face", "eyes", "eyewear", "handwear"]
    assert len(SAMPLE_TAGS) == 25


def test_a_layer_is_complete_behind_what_hides_it(sample: CharacterSample) -> None:
    assert layer(sample, "back hair").box == BoundingBox(20, 20, 180, 180)
    assert at(sample, "back hair", "rgba", 100, 110) == [255, 0, 0, 255]
    assert at(sample, "back hair", "visible", 100, 110) == 0
    assert at(sample, "back hair", "visible", 30, 100) == 255
    assert at(sample, "face", "rgba", 100, 95) == [255, 255, 255, 255]
    assert at(sample, "face", "visible", 100, 95) == 0


def test_glass_shares_its_pixels_with_what_lies_behind(sample: CharacterSample) -> None:
    glass, face = at(sample, "eyewear", "visible", 100, 110), at(sample, "face", "visible", 100, 110)
    assert glass == pytest.approx(128, abs=2) and face == pytest.approx(127, abs=2)


def test_a_clipped_mesh_stays_inside_the_mesh_of_another_part(sample: CharacterSample) -> None:
    assert layer(sample, "irides").box == BoundingBox(50, 90, 70, 110)


def test_an_art_mesh_that_multiplies_darkens_its_own_part_alone(sample: CharacterSample) -> None:
    assert at(sample, "face", "rgba", 100, 70) == [64, 64, 64, 255]
    assert at(sample, "back hair", "rgba", 45, 70) == [255, 0, 0, 255]
    assert layer(sample, "face").box == BoundingBox(50, 50, 150, 150)
    assert next(mesh for mesh in sample.art_meshes if mesh.id == "shadow").visible_pixels == 0


def test_fragments_name_the_art_mesh_in_front_of_its_own_part(sample: CharacterSample) -> None:
    index = {mesh.id: mesh.index for mesh in sample.art_meshes}
    assert at(sample, "hair", "fragments", 100, 60) == index["fringe"] + 1
    assert at(sample, "hair", "fragments", 100, 130) == index["back hair"] + 1
    for one in sample.layers:
        assert ((one.fragments > 0) == (one.rgba[..., 3] > 0)).all()
        numbers = {mesh.index + 1 for mesh in sample.members(one.tag)}
        assert set(np.unique(one.fragments)) - {0} <= numbers


def test_visible_shares_of_all_parts_add_up_to_the_figure(sample: CharacterSample) -> None:
    for taxonomy in TaxonomyVersion:
        total = np.zeros(sample.source.shape[:2], int)
        for one in sample.layers_of(taxonomy):
            total[one.box.slices] += one.visible
        assert np.abs(total - sample.figure[..., 3]).max() <= len(sample.art_meshes)


def test_pseudo_depth_is_that_of_what_is_seen(sample: CharacterSample) -> None:
    order = {mesh.id: mesh.order for mesh in sample.art_meshes}
    assert (order["back hair"], order["sleeve"]) == (0, 1)
    assert sample.part_depth("face") == (order["face"], order["face"]), "the shadow shows nothing of its own"
    median, mean = sample.part_depth("hair")
    assert median == order["back hair"]
    assert order["back hair"] < mean < order["fringe"]
    assert sample.part_depth("front hair", "overlap") == sample.part_depth("handwear", "overlap") == (1, 1), "they lie side by side"
    assert math.isnan(sample.part_depth("tail")[0])


def test_a_part_that_is_wholly_hidden_has_the_depth_of_its_meshes(sample: CharacterSample) -> None:
    hidden = replace(sample, art_meshes=tuple(replace(mesh, visible_pixels=0.0) for mesh in sample.art_meshes))
    order = {mesh.id: mesh.order for mesh in sample.art_meshes}
    assert hidden.part_depth("hair")[1] == pytest.approx((order["back hair"] + order["fringe"]) / 2)


def test_depth_maps_hold_a_depth_wherever_the_layer_has_alpha(sample: CharacterSample) -> None:
    for one in sample.layers:
        for variant in ("order", "overlap"):
            depth = sample.depth_map(one, variant)
            assert (np.isnan(depth) == (one.rgba[..., 3] == 0)).all()
    hair = sample.depth_map(layer(sample, "hair"))
    assert hair[60 - 20, 100 - 20] > hair[130 - 20, 100 - 20]


def test_labels_keep_part_and_side(sample: CharacterSample) -> None:
    iris = next(mesh for mesh in sample.art_meshes if mesh.id == "iris")
    assert (iris.part, iris.side) == (BodyPart.IRIDES, Side.RIGHT)
    assert [mesh.id for mesh in sample.art_meshes] == [mesh.id for mesh in MESHES], "back to front"


def test_parts_that_do_not_interleave_add_up_to_the_character(tmp_path: Path) -> None:
    alone = draw_sample(tmp_path, tuple(mesh for mesh in MESHES if mesh.id not in ("back hair", "shadow")))
    result = measure(alone)
    assert result.part > 45 and result.pixel > 45


def test_hair_before_and_behind_the_face_needs_a_depth_per_pixel(sample: CharacterSample) -> None:
    coarse, fine = measure(sample, V2), measure(sample, V3)
    assert coarse.part < 20
    assert coarse.pixel > 20
    assert fine.part > coarse.part
    assert [layer.tag for layer in by_depth(sample, sample.layers_of(V3))] == [
        "back hair", "face", "irides", "eyewear", "front hair", "handwear",
    ]  # fmt: skip


def test_both_orders_agree_where_every_part_has_one_depth(sample: CharacterSample) -> None:
    by_part, by_pixel = (reconstruct(sample, V3, order) for order in StackOrder)
    assert psnr(by_part, by_pixel) == math.inf


def test_psnr_counts_in_decibel() -> None:
    zeros, ones = np.zeros((4, 4, 3), np.uint8), np.ones((4, 4, 3), np.uint8)
    assert psnr(zeros, zeros) == math.inf
    assert psnr(zeros, ones) == pytest.approx(48.13, abs=0.01)
    assert on_white(np.zeros((1, 1, 4), np.uint8)).tolist() == [[[255, 255, 255]]]


def test_a_sample_without_layers_is_white() -> None:
    blank = CharacterSample("blank", np.zeros((3, 5, 3), np.uint8), np.zeros((3, 5, 4), np.uint8), (), ())
    assert all((reconstruct(blank, order=order) == 255).all() for order in StackOrder)
    assert blank.size == (5, 3)


def test_arrays_and_layers_that_do_not_fit_are_refused(sample: CharacterSample) -> None:
    first = sample.layers[0]
    with pytest.raises(ValueError, match=r"PartLayer\.visible"):
        PartLayer(first.tag, first.box, first.rgba, first.visible[1:], first.fragments)
    with pytest.raises(ValueError, match="order of SAMPLE_TAGS"):
        replace(sample, layers=sample.layers[::-1])
    with pytest.raises(ValueError, match="order of SAMPLE_TAGS"):
        replace(sample, layers=(first, first))
    with pytest.raises(ValueError, match=r"CharacterSample\.figure"):
        replace(sample, figure=sample.figure[:-1])
    with pytest.raises(ValueError, match="inside the canvas"):
        replace(sample, source=sample.source[:100], figure=sample.figure[:100])
