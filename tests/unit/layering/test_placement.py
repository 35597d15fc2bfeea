"""What fits where, said without loading anything."""

import pytest

from liwi.layering.placement import PRESETS, PUBLISHED_SIZES, Preset, choose_preset, explain, why_not
from liwi.placement import GIB, Machine, TooLittleMemory, Weights

FULL = PUBLISHED_SIZES


@pytest.fixture(autouse=True)
def everything_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_each_preset_fits_the_card_that_it_is_named_after(preset: Preset) -> None:
    marketed = float(preset.name.split()[0]) * 1e9 / GIB  # a card of 24 GB has 22.4 GiB
    assert preset.gpu_needed(FULL, preset.resolution) < marketed


@pytest.mark.parametrize(
    ("gpu", "host", "resolution", "expected"),
    [
        (79, 200, 1024, "80 GB"),
        (47, 200, 1024, "48 GB"),
        (23, 64, 1024, "24 GB"),
        (15, 64, 640, "16 GB"),
        (11, 64, 640, "12 GB"),
    ],
)
def test_the_best_that_fits_is_taken(gpu: float, host: float, resolution: int, expected: str) -> None:
    found = choose_preset(Machine(gpu, host), FULL, resolution)
    assert found.name == expected or found.gpu_needed(FULL, resolution) > PRESETS[-1].gpu_needed(FULL, 640)
    assert not why_not(found, Machine(gpu, host), FULL, resolution)


def test_without_the_package_the_next_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    machine = Machine(23, 64)
    assert choose_preset(machine, FULL, 640).weights is Weights.FP8
    assert "pip install bitsandbytes" in " ".join(explain(machine, FULL, 640))


def test_what_does_not_fit_anywhere_says_why_for_each() -> None:
    with pytest.raises(TooLittleMemory) as problem:
        choose_preset(Machine(8, 8, "a small GPU"), FULL, 1024)
    text = str(problem.value)
    assert "A small GPU has 8.0 GiB, 8.0 GiB of memory are free" in text
    assert all(preset.name in text for preset in PRESETS)
    assert "640 at most, 1024 was asked for" in text and "'embedded'" in text
