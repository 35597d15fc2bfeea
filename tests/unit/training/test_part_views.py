"""Views of characters: what the networks see is what the pipeline shows them, and the parts are complete."""

from pathlib import Path

import numpy as np
import pytest

from data_tools.character_dataset import Split, begin, finish
from data_tools.manifests import DatasetError
from liwi.seethrough.body_parts import HEAD
from tests.unit.training.drawn_characters import make_characters
from training.objectives.part_scores import PartScores, dice_loss
from training.objectives.part_views import PartViews, head_layer, whole_layer


@pytest.fixture(scope="module")
def characters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_characters(tmp_path_factory.mktemp("views") / "characters")


def test_at_its_own_size_a_view_is_the_sample_itself(characters: Path) -> None:
    views = PartViews(characters, "v2", 32)
    (plan,) = views.plan(Split.VALIDATION)
    view, sample = views.read(plan), views.character(plan.sample)
    assert np.array_equal(view.page[..., :3], sample.source) and (view.page[..., 3] == 255).all()
    assert set(view.layers) == {"hair", "face", "eyes", "topwear"}
    assert all(np.array_equal(rgba, whole_layer(sample, tag)) for tag, rgba in view.layers.items())


def test_the_head_is_seen_enlarged_with_its_own_parts(characters: Path) -> None:
    views = PartViews(characters, "v3", 32)
    body, head = views.plan(Split.VALIDATION)
    assert (body.group, head.group) == (0, 1)
    assert set(views.read(body).layers) == {"front hair", "back hair", HEAD, "topwear"}
    seen = views.read(head).layers
    assert set(seen) == {"face", "irides"}
    union = head_layer(views.character(head.sample))
    assert union is not None
    assert (seen["face"][..., 3] > 0).sum() > 1.5 * (union[..., 3] > 0).sum()


def test_a_mirrored_view_is_the_same_turned_round(characters: Path) -> None:
    views = PartViews(characters, "v2", 16)
    plans = views.plan(Split.TRAIN, mirrored=True)
    assert len(plans) == 6
    plain, turned = (views.read(next(plan for plan in plans if plan.mirrored == way)) for way in (False, True))
    assert np.array_equal(plain.page[:, ::-1], turned.page)
    assert all(np.array_equal(plain.layers[tag][:, ::-1], turned.layers[tag]) for tag in plain.layers)


def test_a_shrunken_part_has_no_dark_rim(characters: Path) -> None:
    views = PartViews(characters, "v2", 16)
    view = views.read(views.plan(Split.TRAIN)[0])
    face = view.layers["face"]
    seen = face[face[..., 3] > 0][:, :3].astype(int)
    assert np.abs(seen - np.median(seen, axis=0)).max() <= 2


def test_what_is_no_dataset_of_characters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="not a dataset"):
        PartViews(tmp_path, "v2", 32)
    begin(tmp_path / "empty", {})
    finish(tmp_path / "empty", [], [], {})
    with pytest.raises(DatasetError, match="no sample of the split 'train'"):
        PartViews(tmp_path / "empty", "v2", 32).plan(Split.TRAIN)


def test_dice_loss_is_0_for_equal_and_1_for_separate_masks() -> None:
    soft = np.random.default_rng(0).random((8, 8), np.float32)
    assert dice_loss(soft, soft) == pytest.approx(0, abs=1e-6)
    assert dice_loss(np.eye(4, dtype=np.float32), 1 - np.eye(4, dtype=np.float32)) == 1
    assert dice_loss(soft * np.float32(0.5), soft) == pytest.approx(0.2, abs=1e-6)  # 1 - 2 * 0.5 / 1.25


def test_scores_see_missing_parts_wrong_colours_and_parts_too_many() -> None:
    part = np.zeros((8, 8, 4), np.uint8)
    part[2:7, 2:7] = (100, 100, 100, 255)
    brighter = part + np.array([51, 51, 51, 0], np.uint8)
    dot = np.zeros_like(part)
    dot[0, 0] = 255
    scores = PartScores()
    scores.add({"face": brighter, "tail": part}, {"face": part, "nose": dot})
    found = scores.metrics()
    assert found["dice_loss"] == 0  # the nose is too small to count on its own
    assert found["dice_loss_all"] == 0.5
    assert found["psnr"] == pytest.approx(-10 * np.log10((25 * 0.04 + 1) / 26), abs=1e-3)
    assert found["extra"] == pytest.approx(25 / 64)
