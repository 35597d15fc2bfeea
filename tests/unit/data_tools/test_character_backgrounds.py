"""Backgrounds follow from seed and key, fill the picture, and take any picture that can be read."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_tools.live2d.backgrounds import Backgrounds


def test_the_same_seed_and_key_give_the_same_background() -> None:
    drawn = Backgrounds()
    first = [drawn.draw((60, 40), seed=0, key=str(number)) for number in range(40)]
    again = [Backgrounds().draw((60, 40), seed=0, key=str(number)) for number in range(40)]
    assert all(np.array_equal(one.rgb, other.rgb) for one, other in zip(first, again, strict=True))
    assert all((one.rgb.shape, one.rgb.dtype) == ((40, 60, 3), np.uint8) for one in first)
    assert {one.facts["kind"] for one in first} == {"plain", "gradient", "stripes", "clouds", "shapes"}
    others = [drawn.draw((60, 40), seed=1, key=str(number)) for number in range(40)]
    assert sum(np.array_equal(one.rgb, other.rgb) for one, other in zip(first, others, strict=True)) < 5


@pytest.mark.parametrize("size", [(3000, 20), (20, 3000), (2, 2), (900, 700)])
def test_pictures_of_any_shape_fill_the_sample(tmp_path: Path, size: tuple[int, int]) -> None:
    ramp = np.linspace(50, 200, size[0] * size[1] * 3).reshape(size[1], size[0], 3).astype(np.uint8)
    Image.fromarray(ramp).save(tmp_path / "one.png")
    (tmp_path / "notes.txt").write_text("not a picture, and not taken for one")
    backgrounds = Backgrounds(tmp_path)
    drawn = [backgrounds.draw((64, 96), seed=0, key=str(number)) for number in range(20)]
    cut = [one for one in drawn if one.facts["kind"] == "picture"]
    assert 8 <= len(cut) <= 19
    for one in cut:
        assert one.rgb.shape == (96, 64, 3)
        assert one.rgb.min() >= 45 and one.rgb.max() <= 205
        assert one.facts == {"kind": "picture", "file": "one.png", "sha256": backgrounds.sha256[0]}


def test_a_transparent_picture_stands_on_white(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((50, 50, 4), np.uint8)).save(tmp_path / "clear.png")
    drawn = [Backgrounds(tmp_path).draw((30, 30), seed=0, key=str(number)) for number in range(5)]
    assert all((one.rgb == 255).all() for one in drawn if one.facts["kind"] == "picture")
    assert any(one.facts["kind"] == "picture" for one in drawn)
