"""Memory presets of the character model: which fits is said without loading anything, and none but 4 bits changes the picture."""

from pathlib import Path

import numpy as np
import pytest

from liwi.placement import GIB, Machine, TooLittleMemory, Weights
from liwi.seethrough.families import count_weights
from liwi.seethrough.loading import load_placed_parts, place_unet
from liwi.seethrough.part_pipeline import PartOptions
from liwi.seethrough.placement import PRESETS, PUBLISHED_SIZES, Preset, Sizes, choose_preset, explain, why_not
from liwi.seethrough.published_settings import DEPTH_UNET, PART_UNET_V3, RESOLUTION
from tests.unit.seethrough.tiny_networks import tiny_part_pipeline

FULL = PUBLISHED_SIZES


def test_the_published_sizes_are_those_of_the_networks() -> None:
    assert (FULL.parts, FULL.depth) == (count_weights(PART_UNET_V3), count_weights(DEPTH_UNET))


@pytest.mark.parametrize("preset", [each for each in PRESETS if each.on_gpu], ids=lambda preset: preset.name)
def test_each_preset_fits_the_card_that_it_is_named_after(preset: Preset) -> None:
    marketed = float(preset.name.split()[0]) * 1e9 / GIB
    assert preset.gpu_needed(FULL, RESOLUTION) < marketed


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (Machine(23.5, 32), "24 GB"),
        (Machine(14.0, 32), "16 GB"),
        (Machine(11.0, 32), "12 GB"),
        (Machine(11.0, 8), "8 GB"),
        (Machine(7.2, 8), "8 GB"),
        (Machine(16.0, 20, "an Apple GPU", "mps"), "24 GB"),
        (Machine(10.0, 20, "an Apple GPU", "mps"), "8 GB"),
        (Machine(0.0, 64, device="cpu"), "no GPU"),
    ],
)
def test_the_best_that_fits_is_taken(machine: Machine, expected: str) -> None:
    assert choose_preset(machine, FULL, RESOLUTION).name == expected


def test_files_in_four_bits_stay_so() -> None:
    small = Sizes(FULL.parts, FULL.depth, FULL.pictures, in_four_bits=True)
    assert choose_preset(Machine(40, 64), small, RESOLUTION).weights is Weights.FOUR_BITS


def test_what_fits_nowhere_says_why_for_each_and_what_else_there_is() -> None:
    with pytest.raises(TooLittleMemory) as problem:
        choose_preset(Machine(4.0, 4.0, "a small GPU"), FULL, RESOLUTION)
    text = str(problem.value)
    assert "A small GPU has 4.0 GiB" in text and all(preset.name in text for preset in PRESETS) and "'character'" in text
    assert "there is no GPU" in " ".join(explain(Machine(0.0, 64, device="cpu"), FULL, RESOLUTION))
    assert why_not(PRESETS[0], Machine(0.0, 64), FULL, RESOLUTION) == "there is no GPU"


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (24, 16, 4), np.uint8)


@pytest.mark.parametrize("preset", PRESETS[1:3], ids=lambda preset: preset.name)
def test_presets_give_the_picture_that_no_preset_gives(preset: Preset, picture: np.ndarray) -> None:
    options = PartOptions(steps=1, resolution=16)
    expected = tiny_part_pipeline().separate(picture, options)
    pipeline = tiny_part_pipeline()
    place_unet(pipeline.unet, preset, "cpu")
    assert pipeline.unet.device.type == "cpu"
    made = pipeline.separate(picture, options)
    assert made.layers.keys() == expected.layers.keys()
    assert max(int(np.abs(made.layers[tag].astype(int) - layer).max()) for tag, layer in expected.layers.items()) <= 1


def test_the_networks_of_a_folder_are_placed_in_every_way(tmp_path: Path, picture: np.ndarray) -> None:
    pipeline = tiny_part_pipeline("v2")
    pipeline.unet.save_pretrained(tmp_path / "unet")
    pipeline.transparency.save_pretrained(tmp_path / "trans_vae")
    pipeline.vae.save_pretrained(tmp_path / "vae")
    for preset in PRESETS[-2:]:
        placed = load_placed_parts(tmp_path, pipeline.classes, preset, "cpu")
        layers = placed.separate(picture, PartOptions(steps=1, resolution=16, tags=frozenset({"tail", "hair"}))).layers
        assert {layer.shape for layer in layers.values()} == {picture.shape}
