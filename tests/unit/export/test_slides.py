import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pptx import Presentation
from pptx.oxml.ns import qn

from liwi.export.slides import LIGHT_TITLE, SHADOW_TITLE, write_pptx
from liwi.types import Decomposition, Layer, LayerRole
from tests.unit.export.pictures import HOSTILE_NAMES, overlapping_decomposition, plain_decomposition, random_decomposition, with_state


def shapes_of(path: Path) -> list:
    slides = Presentation(str(path)).slides
    assert len(slides) == 1
    return list(slides[0].shapes)


def composite_file(path: Path, size: tuple[int, int]) -> np.ndarray:
    """The visible pictures of the slide laid over one another here, by their places in the file."""
    slide_width = Presentation(str(path)).slide_width
    shown = np.zeros((size[1], size[0], 3))
    for shape in shapes_of(path):
        if shape._element.nvPicPr.cNvPr.get("hidden") == "1":
            continue
        pixels = np.asarray(Image.open(io.BytesIO(shape.image.blob))).astype(float)
        left, top = round(shape.left * size[0] / slide_width), round(shape.top * size[0] / slide_width)
        faded = shape._element.blipFill.blip.find(qn("a:alphaModFix"))
        alpha = pixels[..., 3:] / 255 * (1 if faded is None else int(faded.get("amt")) / 100_000)
        there = shown[top : top + pixels.shape[0], left : left + pixels.shape[1]]
        there[:] = np.rint(pixels[..., :3] * alpha + there * (1 - alpha))
    return shown.astype(int)


@pytest.mark.parametrize("made", [plain_decomposition(), *(overlapping_decomposition(seed) for seed in range(4))])
def test_the_slide_shows_the_source(tmp_path: Path, made: Decomposition) -> None:
    path = write_pptx(made, tmp_path / "a.pptx")
    assert np.abs(composite_file(path, made.size) - made.source).max() <= 1


def test_pictures_stand_in_place_in_order_with_their_state(tmp_path: Path) -> None:
    made = with_state(with_state(plain_decomposition(), "disc", opacity=0.25), "box", visible=False)
    made = replace(made.with_stack(made.stack.reorder(["background", "box", "disc"])), shadow_visible=False)
    shapes = shapes_of(write_pptx(made, tmp_path / "a.pptx"))
    assert [shape.name for shape in shapes] == ["background", "box", "disc", SHADOW_TITLE, LIGHT_TITLE]
    assert [shape._element.nvPicPr.cNvPr.get("hidden") for shape in shapes] == [None, "1", None, "1", "1"]
    for shape, layer in zip(shapes, made.stack, strict=False):
        place = (shape.left, shape.top, shape.left + shape.width, shape.top + shape.height)
        assert place == tuple(round(side * 914_400 / 64) for side in layer.extent.as_tuple())
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(shape.image.blob))), layer.rgba[layer.extent.slices])
    assert shapes[2]._element.blipFill.blip.find(qn("a:alphaModFix")).get("amt") == "25000"


@pytest.mark.parametrize(
    ("size", "slide"),
    [
        ((1024, 768), (1024 * 9525, 768 * 9525)),
        ((20, 10), (1_828_800, 914_400)),
        ((8192, 4096), (51_206_400, 25_603_200)),
        ((3000, 2), (51_206_400, 914_400)),
    ],
)
def test_the_slide_has_the_picture_s_proportions_within_the_program_s_limits(
    tmp_path: Path, size: tuple[int, int], slide: tuple[int, int]
) -> None:
    rgba = np.full((size[1], size[0], 4), 255, np.uint8)
    background = Layer(rgba, LayerRole.BACKGROUND, "Background")
    made = plain_decomposition()
    white = Decomposition(rgba[..., :3].copy(), type(made.stack)((background,)), made.provenance)
    written = Presentation(str(write_pptx(white, tmp_path / "a.pptx")))
    assert (written.slide_width, written.slide_height) == slide


def test_hostile_names_open_and_empty_layers_are_left_out(tmp_path: Path) -> None:
    made = random_decomposition(6, (40, 30), names=HOSTILE_NAMES)
    made = made.with_stack(made.stack.insert(1, Layer(np.zeros((30, 40, 4), np.uint8), LayerRole.FOREGROUND, "empty")))
    names = [shape.name for shape in shapes_of(write_pptx(made, tmp_path / "a.pptx"))][:-2]
    assert names[:3] == ["Background", "<script>alert(1)</script>", "../../etc/passwd"]
    assert len(names) == len(HOSTILE_NAMES) + 1
    assert len(set(names)) == len(names)
    assert all(names)


def test_the_mask_is_in_every_picture(tmp_path: Path) -> None:
    made = plain_decomposition(mask=True)
    shape = shapes_of(write_pptx(made, tmp_path / "a.pptx"))[0]
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(shape.image.blob)))[..., 3], made.mask)
