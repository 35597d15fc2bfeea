"""Faults of See-through's published code, and the test that keeps each of them out of here. Those without a test elsewhere follow below.

| where | fault | tests |
|---|---|---|
| io_utils.py:529, 542 | a part in the lower or right tenth of the canvas is dropped | `test_a_part_is_kept_wherever_on_the_canvas_it_lies` |
| io_utils.py:549 | width and height are swapped where a small box is widened | `test_thin_parts_keep_their_own_boxes` |
| inference_utils.py:391 | the median is taken of a few pixels, by an index that should be a mask | `test_the_median_is_over_the_pixels_of_the_part_by_their_alpha` |
| inference_utils.py:407 | the largest piece is dropped as background, the third and later ones are lost | `test_a_pair_that_fills_its_box_is_cut_and_no_background`, `test_every_pixel_ends_in_exactly_one_side`, `test_every_piece_of_a_pair_gets_a_side`, `test_dust_goes_and_small_real_pieces_stay` |
| inference_utils.py:532 | ears with a side miss their place in the order, parts of the eyes have none | `test_ears_that_carry_a_side_go_behind_the_face_without_moving_it_over_a_hand`, `test_eyelash_is_over_irides_over_eyewhite_whatever_the_depth_says` |
| inference_utils.py:144 | no head, and it crashes | `test_a_picture_without_a_head_gives_the_body_and_says_so` |
| inference_utils.py:596 | after a second cut the depth PSD holds 0 and 1 alone | `test_the_depth_psd_holds_every_parts_depth_after_merging_and_relabelling_too`, `test_depth_survives_two_cuts_one_after_the_other` |
| io_utils.py:500 | the PSD's width and height are swapped | `test_what_cubism_asks_of_a_psd`, `test_file_is_packed_and_states_its_kind` |
| torchcv.py:19, 46 | width and height are swapped where colours are padded | `test_colours_are_padded_alike_in_wide_and_tall_pictures`, `test_one_colour_fills_everything_and_nothing_visible_is_black` |
| torchcv.py:72 | clusters are found in rows instead of pixels, and differ from run to run | `test_clusters_are_those_of_all_pixels_in_any_order` |
| cv.py:236 | a size given as width and height is never looked at | `test_views_of_all_sizes_are_centred_before_black`, `test_pictures_of_any_shape_keep_theirs` |
| diffusers_kdiffusion_sdxl.py:119 | the sampler's settings are fetched from the net while it runs | `test_the_sampler_asks_nobody_for_its_settings`, `test_what_a_folder_lacks_is_named_and_not_fetched` |
| diffusers_kdiffusion_sdxl.py:352 | all parts begin with the same noise, other than in training | `test_noise_as_published_is_one_beginning_for_all_and_then_two_streams_of_one_seed`, `test_noise_of_its_own_for_each_part_does_not_depend_on_which_are_made` |
| vae.py:229 | of eight turned and mirrored views one is looked at, as if there were more | `test_each_latent_is_decoded_once`, `test_decoding_gives_alpha_and_colours_of_each_latent_by_itself` |
| scrap_model.py:2 | it does not start where there is no Tk | `test_nothing_imports_a_window_toolkit` |
| parse_live2d.py:184 | every eye becomes a brow | `test_hair_and_eyes_are_cut_further_and_neighbours_speak_for_what_nobody_sees` |
| parse_live2d.py:306 | the parents' vote never goes up | `test_the_parents_are_asked_up_to_the_root` |
| parse_live2d.py:319 | the ear in a heart and a tear is an ear | `test_a_word_inside_another_word_does_not_count` |
| parse_live2d.py:462 | a misplaced bracket in the vote | `test_siblings_vote_with_their_scores` |
| proj.py:134 | turning a page marks a model as cleaned; without metadata it counts as invalid | `test_showing_and_hiding_never_changes_a_label`, `test_an_export_is_downloaded_recorded_and_says_what_it_left_out` |
| ui_config.py:28 | classes of another taxonomy become None | `test_see_through_labels_with_unknown_classes_are_read_as_far_as_they_go` |
| ui_config.py:46 | labels are saved to another file than the next step reads | `test_only_accepted_models_leave_and_the_sample_maker_takes_them` |
| mainwindow.py:575 | one key is bound twice and does nothing | `test_no_key_is_bound_twice_and_every_class_has_one` |
| train_layerdiff3d.py:862 | a run is saved in one place and resumed from another | `test_gone_on_with_from_any_checkpoint_it_comes_to_the_same_losses`, `test_killed_at_random_moments_it_comes_to_the_same_losses` |
| train_layerdiff3d.py:1207 | the average of the weights is of names that do not exist | `test_the_average_of_constant_weights_is_the_weights`, `test_the_average_lags_behind_and_catches_up` |
"""  # noqa: E501 (a table has one line per row)

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.configuration_utils import ConfigMixin

from liwi.export.rig_layout import rig_layers
from liwi.export.rigging import depth_map
from liwi.seethrough.body_parts import BodyPart, Side
from liwi.seethrough.color_padding import pad_colors
from liwi.seethrough.complete_parts import CompletePart
from liwi.seethrough.depth_strata import StrataOptions, depth_edges, stratify
from liwi.seethrough.finishing import FinishedLayer
from liwi.seethrough.paired_parts import split_pairs
from liwi.seethrough.part_pipeline import PartOptions
from liwi.seethrough.sides import split_sides
from liwi.types import Decomposition, LayerStack, Provenance
from tests.test_architecture import python_files
from tests.unit.seethrough.tiny_networks import TRANSPARENCY, stirred, tiny_part_pipeline, tiny_vae

ROOT = Path(__file__).parents[3]


def test_every_fault_of_the_table_has_tests_and_they_exist() -> None:
    assert __doc__ is not None
    rows = [line for line in __doc__.splitlines() if line.startswith("| ") and not line.startswith("| where")]
    assert len(rows) == 25
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row)
        assert named, row
        assert [name for name in named if f"def {name}(" not in sources] == [], row


def complete(part: BodyPart, rgba: np.ndarray, depth: np.ndarray | None = None) -> CompletePart:
    found = CompletePart.of(part, rgba, depth)
    assert found is not None
    return found


def test_thin_parts_keep_their_own_boxes() -> None:
    for width, height in ((200, 10), (10, 200), (1, 1), (300, 1)):
        rgba = np.zeros((320, 320, 4), np.uint8)
        rgba[40 : 40 + height, 15 : 15 + width] = 255
        box = complete(BodyPart.OBJECTS, rgba).box
        assert box.as_tuple() == (15, 40, 15 + width, 40 + height)


def test_a_pair_that_fills_its_box_is_cut_and_no_background() -> None:
    mask, axis = np.ones((40, 60), bool), np.full(40, 30, np.float32)
    sides = split_sides(mask, axis, np.full((40, 60, 3), 200, np.uint8))
    assert set(sides) == set(Side) and (sides[Side.LEFT] ^ sides[Side.RIGHT]).all()
    assert abs(int(sides[Side.LEFT].sum()) - 1200) < 120


def test_depth_survives_two_cuts_one_after_the_other() -> None:
    rgba = np.zeros((60, 80, 4), np.uint8)
    rgba[5:55, 5:35] = rgba[5:55, 45:75] = (200, 180, 160, 255)
    depth = np.linspace(0.2, 0.4, 80, dtype=np.float32)[None].repeat(60, axis=0)
    depth[30:] += np.float32(0.4)
    cut = [stratum for side in split_pairs([complete(BodyPart.HANDWEAR, rgba, depth)]) for stratum in stratify(side, StrataOptions(2))]
    assert sorted(each.name for each in cut) == ["handwear-l", "handwear-l-1", "handwear-r", "handwear-r-1"]
    layers = tuple(FinishedLayer(each, each.name, each.box, each.rgba, each.median_depth or 0, each.depth).layer((80, 60)) for each in cut)
    made = Decomposition(rgba[..., :3].copy(), LayerStack(layers), Provenance("test", "1"))
    for each in rig_layers(made):
        found, box = depth_map(each), each.cropped.box
        assert len(np.unique(found)) > 20
        shown = (rgba[box.slices][..., 3] > 0) & (np.abs(found - depth[box.slices]) < 1e-6)
        assert shown.sum() >= 30 * 20, "as it was estimated, wherever the part is seen"


def test_colours_are_padded_alike_in_wide_and_tall_pictures() -> None:
    torch.manual_seed(0)
    argb = torch.rand(1, 4, 24, 40)
    argb[:, 0] = (argb[:, 0] > 0.8).float()
    torch.testing.assert_close(pad_colors(argb).mT, pad_colors(argb.mT.contiguous()), atol=1e-5, rtol=0)


def test_clusters_are_those_of_all_pixels_in_any_order() -> None:
    rng = np.random.default_rng(3)
    depth = np.concatenate([rng.normal(0.2, 0.01, 5000), rng.normal(0.6, 0.01, 60)]).astype(np.float32)  # more than 2,000, unevenly
    alpha = np.full(len(depth), 255, np.uint8)
    edges = depth_edges(depth, alpha, 2)
    assert 0.25 < edges[0] < 0.55
    for seed in (1, 2):
        order = np.random.default_rng(seed).permutation(len(depth))
        np.testing.assert_array_equal(depth_edges(depth[order], alpha[order], 2), edges)


def test_the_sampler_asks_nobody_for_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = tiny_part_pipeline("v2")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("settings were to be fetched")

    monkeypatch.setattr(ConfigMixin, "load_config", refuse)
    parts = pipeline.separate(np.full((16, 16, 4), 255, np.uint8), PartOptions(steps=2, resolution=16, tags=frozenset({"face"})))
    assert set(parts.layers) == {"face"}


@torch.inference_mode()
def test_each_latent_is_decoded_once() -> None:
    from liwi.seethrough.transparency import TransparentVAE

    networks, vae, asked = stirred(TransparentVAE(TRANSPARENCY)), tiny_vae(), list[int]()
    networks.decoder.model.register_forward_hook(lambda _, given, __: asked.append(len(given[0])))
    networks.decode(vae, torch.randn(3, 4, 8, 8))
    assert sum(asked) == 3


def test_nothing_imports_a_window_toolkit() -> None:
    toolkit = re.compile(r"^\s*(?:from|import)\s+(?:tkinter|PyQt\d|PySide\d|qtpy)\b", re.MULTILINE)
    assert [path for path in python_files() if toolkit.search(path.read_text("utf-8"))] == []
