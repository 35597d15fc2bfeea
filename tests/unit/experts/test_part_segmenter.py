"""The part segmenter and its checkpoints: the protocol's promises, whatever the network answers."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from liwi.checkpoint_kinds import KINDS, resolve
from liwi.errors import InputError
from liwi.experts.part_checkpoint import NETWORKS, load, smoke
from liwi.experts.part_segmenter import LearnedPartSegmenter
from liwi.experts.weights import WeightsError, save_weights
from liwi.seethrough.body_parts import CoarseBodyPart
from tests.unit.experts.part_networks import SMALL, small_network

UInt8 = NDArray[np.uint8]

FACE, HAIR, TOPWEAR = (part.class_index for part in (CoarseBodyPart.FACE, CoarseBodyPart.HAIR, CoarseBodyPart.TOPWEAR))


class Reds(nn.Module):
    """A network that has learned one thing: red is face, green is hair, blue is topwear. It remembers what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.settings, self.weight, self.shown = SMALL, nn.Parameter(torch.zeros(1)), []

    def forward(self, rgb: Tensor, alpha: Tensor) -> Tensor:
        self.shown.append((rgb, alpha))
        logits = torch.full((1, 19, *rgb.shape[-2:]), -8.0)
        for channel, part in enumerate((FACE, HAIR, TOPWEAR)):
            logits[:, part] = (rgb[:, channel] - (rgb.sum(dim=1) - rgb[:, channel])) * 16
        return logits


def figure(height: int = 300, width: int = 200) -> UInt8:
    """A small red head below a green cap on a large blue body."""
    y, x = np.mgrid[:height, :width]
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[(abs(x - 100) < 40) & (y > 60) & (y < 290)] = (0, 0, 255, 255)
    rgba[(abs(x - 100) < 20) & (y > 10) & (y < 60)] = (0, 255, 0, 255)
    rgba[(abs(x - 100) < 15) & (y > 25) & (y < 60)] = (255, 0, 0, 255)
    return rgba


@pytest.mark.parametrize("size", [(300, 200), (40, 500), (1, 1), (7, 3)])
def test_probabilities_per_class_and_pixel_and_none_where_there_is_no_figure(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    rgba = rng.integers(0, 256, (*size, 4)).astype(np.uint8)
    rgba[..., 3] = np.where(rng.random(size) < 0.5, 255, 0)
    rgba[0, 0, 3] = 255
    answer = LearnedPartSegmenter(small_network()).segment_parts(rgba)
    assert answer.shape == (19, *size)
    assert answer.dtype == np.float32
    assert answer.min() >= 0
    assert answer.max() <= 1
    assert not answer[:, rgba[..., 3] == 0].any()


def test_every_pixel_gets_the_part_that_the_network_sees_there() -> None:
    rgba = figure()
    decided = LearnedPartSegmenter(Reds()).segment_parts(rgba).argmax(axis=0)
    for channel, part in enumerate((FACE, HAIR, TOPWEAR)):
        mask = rgba[..., channel] > 0
        assert (decided[mask] == part).mean() > 0.97


def test_a_small_head_is_looked_at_again_and_its_edges_are_finer() -> None:
    rgba, once, twice = figure(), Reds(), Reds()
    coarse = LearnedPartSegmenter(once, heads=False).segment_parts(rgba)
    fine = LearnedPartSegmenter(twice).segment_parts(rgba)
    assert (len(once.shown), len(twice.shown)) == (1, 2)
    truth = (rgba[..., 0] > 0).astype(np.float32)
    assert np.abs(fine[FACE] - truth).sum() < 0.8 * np.abs(coarse[FACE] - truth).sum()


def test_a_head_that_fills_the_picture_is_looked_at_once() -> None:
    network = Reds()
    LearnedPartSegmenter(network).segment_parts(figure()[5:70, 70:130])
    assert len(network.shown) == 1


def test_the_network_sees_the_figure_upright_in_a_square_before_grey() -> None:
    network = Reds()
    LearnedPartSegmenter(network, heads=False).segment_parts(figure())
    rgb, alpha = network.shown[0]
    assert rgb.shape == (1, 3, 64, 64)
    assert torch.allclose(rgb[:, :, 0, 0], torch.tensor(0.5))
    assert float(alpha[:, :, 0, 0]) == 0
    rows = torch.where(rgb[0, 1] > 0.9)[0]  # the green cap is at the top
    assert int(rows.max()) < 20


def test_what_hides_under_transparent_pixels_changes_nothing() -> None:
    rgba = figure()
    noisy = rgba.copy()
    noisy[rgba[..., 3] == 0, :3] = np.random.default_rng(0).integers(0, 256, (int((rgba[..., 3] == 0).sum()), 3))
    segmenter = LearnedPartSegmenter(small_network())
    assert np.array_equal(segmenter.segment_parts(rgba), segmenter.segment_parts(noisy))


def test_an_empty_picture_shows_nothing() -> None:
    assert not LearnedPartSegmenter(small_network()).segment_parts(np.zeros((20, 30, 4), np.uint8)).any()


@pytest.mark.parametrize("wrong", [np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8, 4), np.float32), np.zeros((0, 8, 4), np.uint8)])
def test_what_is_no_figure_is_refused(wrong: UInt8) -> None:
    with pytest.raises(InputError, match="straight alpha"):
        LearnedPartSegmenter(small_network()).segment_parts(wrong)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint of the compact network."""
    save_weights(small_network(), tmp_path / "checkpoint/part_segmentation", {"step": 1}, NETWORKS["compact"])
    return tmp_path / "checkpoint"


def test_a_checkpoint_loads_and_passes_its_smoke_run(folder: Path) -> None:
    kind = KINDS["part_segmentation"]
    segmenter = resolve(kind.loader)(folder)
    resolve(kind.smoke)(segmenter)
    wanted = LearnedPartSegmenter(small_network()).segment_parts(figure())
    assert np.allclose(segmenter.segment_parts(figure()), wanted, atol=5e-3)  # half precision


def test_the_papers_network_loads_by_the_same_door(tmp_path: Path) -> None:
    from tests.unit.experts.test_part_sam import tiny

    save_weights(tiny("token"), tmp_path / "part_segmentation", {}, NETWORKS["sam_hq"])
    segmenter = load(tmp_path)
    smoke(segmenter)
    answer = segmenter.segment_parts(figure())
    assert answer.shape == (len(CoarseBodyPart), *figure().shape[:2])
    assert (answer[:, figure()[..., 3] == 0] == 0).all()


def test_a_missing_and_an_unexpected_tensor_are_named(folder: Path) -> None:
    import hashlib

    path = folder / "part_segmentation.safetensors"
    tensors = load_file(path)
    for change, message in (("drop", r"lacks the tensor 'classes\.bias'"), ("add", "holds the tensor 'more'")):
        changed = {name: tensor for name, tensor in tensors.items() if change != "drop" or name != "classes.bias"}
        save_file(changed | ({"more": torch.zeros(1)} if change == "add" else {}), path)
        document = json.loads(path.with_suffix(".json").read_text())
        document["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        path.with_suffix(".json").write_text(json.dumps(document))
        with pytest.raises(WeightsError, match=message):
            load(folder)


@pytest.mark.parametrize("damage", ["no file", "two files", "no description", "other format", "cut"])
def test_a_folder_that_is_no_checkpoint_is_refused(folder: Path, damage: str) -> None:
    weights, description = folder / "part_segmentation.safetensors", folder / "part_segmentation.json"
    match damage:
        case "no file":
            weights.unlink()
        case "two files":
            (folder / "other.safetensors").write_bytes(b"")
        case "no description":
            description.unlink()
        case "other format":
            description.write_text(json.dumps({**json.loads(description.read_text()), "format": "liwi-matting-network"}))
        case "cut":
            weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(WeightsError):
        load(folder)


def test_a_network_that_answers_nonsense_fails_the_smoke_run() -> None:
    network = small_network()
    with torch.no_grad():
        network.classes.weight.fill_(torch.nan)
    with pytest.raises(WeightsError):
        smoke(LearnedPartSegmenter(network))
