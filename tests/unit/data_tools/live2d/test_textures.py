"""Mip maps: each level holds the mean of the last, premultiplied, so that colour and coverage stay what they are from afar."""

import io

import numpy as np
import pytest
from PIL import Image

from data_tools.live2d.textures import build_pyramid, decode, read_size
from liwi.errors import InputError


def level(pyramid: object, texture: int, index: int) -> np.ndarray:
    start, width, height = pyramid.levels[texture, index]  # type: ignore[attr-defined]
    return pyramid.texels[start : start + width * height].view(np.uint8).reshape(height, width, 4)  # type: ignore[attr-defined]


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def test_levels_halve_down_to_one_pixel() -> None:
    pyramid = build_pyramid([np.zeros((5, 16, 4), np.uint8), np.zeros((1, 1, 4), np.uint8)])
    assert pyramid.levels[0, :, 1:].tolist() == [[16, 5], [8, 2], [4, 1], [2, 1], [1, 1]]
    assert pyramid.levels[1, :, 1].tolist() == [1, 0, 0, 0, 0]
    assert pyramid.sizes == ((16, 5), (1, 1))


def test_each_level_keeps_the_premultiplied_mean() -> None:
    texture = np.random.default_rng(0).integers(0, 256, (64, 64, 4), dtype=np.uint8)
    pyramid = build_pyramid([texture])
    alpha = texture[..., 3:] / 255
    mean = np.concatenate([texture[..., :3] * alpha, texture[..., 3:]], axis=2).mean(axis=(0, 1))
    for index in range(7):
        np.testing.assert_allclose(level(pyramid, 0, index).reshape(-1, 4).mean(axis=0), mean, atol=1)


def test_the_first_level_is_the_texture_premultiplied() -> None:
    texture = np.array([[(200, 100, 50, 255), (200, 100, 50, 128), (255, 255, 255, 0)]], np.uint8)
    assert level(build_pyramid([texture]), 0, 0).tolist() == [[[200, 100, 50, 255], [100, 50, 25, 128], [0, 0, 0, 0]]]


def test_no_textures_make_an_empty_pyramid() -> None:
    assert build_pyramid([]).sizes == ()


@pytest.mark.parametrize("mode", ["RGBA", "RGB", "P", "LA", "L", "1"])
def test_any_kind_of_png_becomes_rgba(mode: str) -> None:
    image = Image.new("RGBA", (3, 2), (255, 255, 255, 255)).convert(mode)
    pixels = decode(encoded(image), "t.png")
    assert pixels.tolist() == np.full((2, 3, 4), 255).tolist()
    assert read_size(encoded(image), "t.png") == (3, 2)


def test_a_picture_of_a_kind_that_is_not_expected_is_refused() -> None:
    with pytest.raises(InputError, match="Use PNG"):
        decode(encoded(Image.new("RGB", (3, 2)), "GIF"), "t.gif")
