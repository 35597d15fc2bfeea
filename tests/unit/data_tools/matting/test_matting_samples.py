"""Matting samples: exact, repeatable, of the right purpose, and read back as they were written."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from data_tools.manifests import DatasetError
from data_tools.matting.dataset import OBJECTS, finish, open_shards, plan_shards, read_objects, write_objects, write_shard
from data_tools.matting.objects import Origin, Purpose, SceneObject, drawn, excluded_files
from data_tools.matting.samples import CHANNELS, MOST_CLICKS, SIDE, SampleMaker, simulate_clicks
from data_tools.matting.scenes import compose_scene
from data_tools.matting.shapes import draw_object
from data_tools.matting.textures import clouds, draw_palette, draw_texture, palette_of
from liwi.types import BoundingBox


@pytest.fixture(scope="module")
def objects() -> list[SceneObject]:
    return list(drawn(30, 5))


@pytest.fixture(scope="module")
def dataset(objects: list[SceneObject], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("matting")
    textures = [np.random.default_rng(0).integers(0, 255, (200, 220)).astype(np.uint8)]
    write_objects(folder / OBJECTS, objects, textures)
    names = [
        write_shard(folder, Purpose.TRAIN, 0, 6, seed=1, prior_share=0.5),
        write_shard(folder, Purpose.EVALUATION, 0, 3, seed=1, prior_share=1),
    ]
    finish(folder, names, {})
    return folder


def test_surfaces_follow_from_chance_alone_and_differ() -> None:
    same = [draw_texture(48, np.random.default_rng(3)) for _ in range(2)]
    assert np.array_equal(*same)
    others = {draw_texture(48, np.random.default_rng(seed)).tobytes() for seed in range(20)}
    assert len(others) == 20


def test_clouds_fill_their_range() -> None:
    noise = clouds(64, np.random.default_rng(0), 1.0)
    assert noise.min() == 0
    assert noise.max() == pytest.approx(1)


def test_palettes_are_colors_and_may_be_an_objects_own() -> None:
    rng = np.random.default_rng(1)
    assert all(draw_palette(rng).min() >= 0 and draw_palette(rng).max() <= 1 for _ in range(20))
    red = np.zeros((4, 4, 4), np.uint8)
    red[...] = (200, 10, 10, 255)
    assert np.abs(palette_of(red, rng) - np.array([200, 10, 10]) / 255).max() < 0.25


@pytest.mark.parametrize("seed", range(8))
def test_drawn_objects_have_soft_edges_and_opaque_insides(seed: int) -> None:
    rgba = draw_object(96, np.random.default_rng(seed))
    assert rgba.shape == (96, 96, 4)
    alpha = rgba[..., 3]
    assert (alpha == 255).any()
    assert ((alpha > 0) & (alpha < 255)).any()
    assert (alpha == 0).any()


@pytest.mark.parametrize("number", range(12))
def test_a_scene_keeps_its_promises(objects: list[SceneObject], number: int) -> None:
    rng = np.random.default_rng([9, number])
    scene = compose_scene(objects[number], objects[12:15], [], SIDE, rng)
    if scene is None:
        pytest.skip("too little of this one is seen")
    assert scene.box.intersect(scene.region) == scene.box
    assert (scene.alpha[scene.support == 0] == 0).all()
    assert (scene.rgb[scene.support == 0] == 0).all()
    seen = BoundingBox.around(scene.alpha > 25)
    assert seen is not None
    assert seen.iou(scene.box) > 0.6


def test_the_same_number_gives_the_same_sample_and_purposes_share_no_object(objects: list[SceneObject]) -> None:
    train, evaluation = (SampleMaker(objects, [], purpose, seed=1, prior_share=0) for purpose in Purpose)
    assert np.array_equal(train.make(3).pixels, train.make(3).pixels)
    assert not np.array_equal(train.make(3).pixels, train.make(4).pixels)
    assert {train.make(n).name for n in range(20)}.isdisjoint(evaluation.make(n).name for n in range(20))


def test_poses_of_a_character_stay_on_one_side() -> None:
    empty = np.zeros((1, 1, 4), np.uint8)
    for number in range(40):
        purposes = {SceneObject(f"character_{number}|{pose}", Origin.CHARACTER, empty).purpose for pose in ("rest", "angle-left")}
        assert len(purposes) == 1


def test_clicks_fall_into_what_is_wrong_the_largest_first() -> None:
    truth = np.zeros((60, 60), np.float32)
    truth[10:50, 10:50] = 1
    answer = truth.copy()
    answer[10:30, 10:30] = 0
    answer[0:8, 50:60] = 1
    first, second = simulate_clicks(answer, truth, MOST_CLICKS, np.random.default_rng(0))
    (x, y), (u, v) = first.path[0], second.path[0]
    assert first.kind == "keep"
    assert 10 <= x < 30
    assert 10 <= y < 30
    assert second.kind == "drop"
    assert 50 <= u < 60
    assert v < 8
    assert simulate_clicks(truth, truth, MOST_CLICKS, np.random.default_rng(0)) == ()


def test_objects_come_back_as_they_were(dataset: Path, objects: list[SceneObject]) -> None:
    again, textures = read_objects(dataset / OBJECTS)
    assert [each.name for each in again] == [each.name for each in objects]
    assert all(np.array_equal(one.rgba, other.rgba) for one, other in zip(again, objects, strict=True))
    assert textures[0].shape == (200, 220)


def test_shards_hold_what_was_made(dataset: Path) -> None:
    (train,) = open_shards(dataset, Purpose.TRAIN)
    assert train.pixels.shape == (6, SIDE, SIDE, len(CHANNELS))
    for pixels, box, has_prior in zip(train.pixels, train.boxes, train.has_prior, strict=True):
        left, top, right, bottom = box
        assert pixels[top:bottom, left:right, 3].any()
        assert set(np.unique(pixels[..., 6])) <= {0, 1, 2}
        assert has_prior or not pixels[..., 5:].any()
    (evaluation,) = open_shards(dataset, Purpose.EVALUATION)
    assert evaluation.has_prior.all()


def test_a_shard_that_is_there_is_not_made_again(dataset: Path) -> None:
    before = (dataset / "train-0000.npy").stat().st_mtime_ns
    write_shard(dataset, Purpose.TRAIN, 0, 6, seed=1, prior_share=0.5)
    assert (dataset / "train-0000.npy").stat().st_mtime_ns == before


def test_a_plan_covers_every_sample_once() -> None:
    assert list(plan_shards(600)) == [(0, 256), (1, 256), (2, 88)]
    assert list(plan_shards(256)) == [(0, 256)]


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("train-0000.npy", None, "lacks the file 'train-0000.npy'"),
        ("train-0000.json", None, "lacks the file 'train-0000.json'"),
        ("train-0000.npy", b"not an array", "damaged"),
        ("train-0000.json", b'{"samples": []}', "not 0 samples"),
        ("train-0000.json", b'{"samples": 3}', "damaged"),
        ("manifest.json", None, "no finished set"),
        ("manifest.json", b"{}", "not of format"),
    ],
)
def test_what_is_missing_or_damaged_is_named(dataset: Path, tmp_path: Path, file: str, content: bytes | None, message: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    (copy / file).unlink()
    if content is not None:
        (copy / file).write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        open_shards(copy, Purpose.TRAIN)


def test_a_pickle_in_the_place_of_samples_is_not_opened(dataset: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    np.save(copy / "train-0000.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DatasetError, match="damaged"):
        open_shards(copy, Purpose.TRAIN)


@pytest.mark.parametrize("name", ["../train-0000", "train-0000.npy", 3])
def test_a_manifest_cannot_name_files_elsewhere(dataset: Path, tmp_path: Path, name: object) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    document = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**document, "shards": [name]}))
    with pytest.raises(DatasetError, match="list of shards"):
        open_shards(copy, Purpose.TRAIN)


def test_pictures_of_a_benchmark_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "sample_0").mkdir()
    facts = {"cutouts": [{"package": "a", "path": "x.png"}], "background": {"package": "b", "path": "y.jpg"}}
    (tmp_path / "sample_0" / "sample.json").write_text(json.dumps(facts))
    assert excluded_files([tmp_path]) == {("a", "x.png"), ("b", "y.jpg")}
    with pytest.raises(DatasetError, match="holds no composites"):
        excluded_files([tmp_path / "sample_0"])
