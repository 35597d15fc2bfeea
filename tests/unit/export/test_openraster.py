import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from pyora import Project

from liwi.export.openraster import LIGHT_TITLE, SHADOW_TITLE, write_ora
from liwi.export.panel_composite import render_panel
from liwi.types import BlendMode, Decomposition, Layer, LayerRole
from tests.unit.export.pictures import HOSTILE_NAMES, overlapping_decomposition, plain_decomposition, random_decomposition, with_state


def composite_file(path: Path, *, rounded: bool) -> np.ndarray:
    """The visible layers of an OpenRaster file composited here, from its XML and PNG files."""
    with zipfile.ZipFile(path) as archive:
        image = ElementTree.fromstring(archive.read("stack.xml"))
        shown = np.zeros((int(image.get("h")), int(image.get("w")), 3))
        for layer in reversed(image.findall("stack/layer")):
            if layer.get("visibility") == "hidden":
                continue
            with archive.open(layer.get("src")) as file:
                pixels = np.asarray(Image.open(file)).astype(float)
            left, top = int(layer.get("x")), int(layer.get("y"))
            there = shown[top : top + pixels.shape[0], left : left + pixels.shape[1]]
            alpha = pixels[..., 3:] / 255 * float(layer.get("opacity"))
            kinds = {"svg:src-over": pixels[..., :3], "svg:multiply": there * pixels[..., :3] / 255}
            kinds["svg:plus"] = np.minimum(there + pixels[..., :3], 255)
            there[:] = kinds[layer.get("composite-op")] * alpha + there * (1 - alpha)
            if rounded:
                shown = np.floor(shown + 0.5)
    return np.rint(shown).astype(int)


@pytest.mark.parametrize("made", [plain_decomposition(), *(overlapping_decomposition(seed) for seed in range(4))])
def test_layers_and_shadow_show_the_source_in_8_bits_and_in_float(tmp_path: Path, made: Decomposition) -> None:
    path = write_ora(made, tmp_path / "a.ora")
    assert np.array_equal(composite_file(path, rounded=True), made.source)
    assert np.abs(composite_file(path, rounded=False) - made.source).max() <= 1


def test_pyora_loads_names_order_offsets_and_state(tmp_path: Path) -> None:
    made = with_state(plain_decomposition(), "disc", visible=False, opacity=0.25, blend=BlendMode.LINEAR_DODGE, locked=True)
    made = made.with_stack(made.stack.reorder(["background", "box", "disc"]))
    project = Project.load(str(write_ora(made, tmp_path / "a.ora")))
    assert project.dimensions == made.size
    layers = list(reversed(list(project.children)))
    assert [layer.name for layer in layers] == ["background", "box", "disc", SHADOW_TITLE, LIGHT_TITLE]
    for written, layer in zip(layers, made.stack, strict=False):
        assert written.offsets == (layer.extent.left, layer.extent.top)
        assert written.visible == layer.visible
        assert written.opacity == layer.opacity
        pixels = np.asarray(written.get_image_data(raw=True))
        assert np.array_equal(pixels, layer.rgba[layer.extent.slices])
    assert [layer.composite_op for layer in layers] == ["svg:src-over", "svg:src-over", "svg:plus", "svg:multiply", "svg:plus"]
    assert np.array_equal(np.asarray(project.get_image_data(use_original=True)), render_panel(made))


def test_pyora_renders_the_source(tmp_path: Path) -> None:
    made = plain_decomposition()
    rendered = np.asarray(Project.load(str(write_ora(made, tmp_path / "a.ora"))).get_image_data(use_original=False)).astype(int)
    assert np.abs(rendered[..., :3] - made.source).max() <= 1
    assert rendered[..., 3].min() == 255


def test_container_follows_the_specification(tmp_path: Path) -> None:
    made = plain_decomposition((700, 300), mask=True)
    path = write_ora(made, tmp_path / "a.ora")
    assert path.read_bytes()[30:54] == b"mimetypeimage/openraster"
    with zipfile.ZipFile(path) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.testzip() is None
        with archive.open("mergedimage.png") as file:
            merged = np.asarray(Image.open(file))
        with archive.open("Thumbnails/thumbnail.png") as file:
            thumbnail = Image.open(file)
            assert (thumbnail.mode, thumbnail.size) == ("RGBA", (256, 110))
    assert np.array_equal(merged, np.dstack([made.source, made.mask]))
    assert write_ora(made, tmp_path / "b.ora").read_bytes() == path.read_bytes()


def test_hostile_names_and_empty_layers_open(tmp_path: Path) -> None:
    made = random_decomposition(6, (9, 7), names=HOSTILE_NAMES)
    made = made.with_stack(made.stack.insert(1, Layer(np.zeros((7, 9, 4), np.uint8), LayerRole.FOREGROUND, "空")))
    path = write_ora(made, tmp_path / "a.ora")
    names = [layer.name for layer in Project.load(str(path)).children][::-1][: len(made.stack)]
    assert names[:4] == ["Background", "空", "<script>alert(1)</script>", "../../etc/passwd"]
    assert len(set(names)) == len(names)
    assert all(names)
    with zipfile.ZipFile(path) as archive:
        assert b"<script>" not in archive.read("stack.xml")
        assert all(name.startswith(("data/layer", "mimetype", "mergedimage", "Thumbnails/", "stack")) for name in archive.namelist())
    assert np.abs(composite_file(path, rounded=True) - made.source).max() == 0


def test_every_blend_mode_has_an_operator_and_the_shadow_switch_hides(tmp_path: Path) -> None:
    made = random_decomposition(5, names=tuple(mode.value for mode in BlendMode))
    for layer in made.stack.foregrounds:
        made = with_state(made, layer.id, blend=BlendMode(layer.name))
    layers = list(Project.load(str(write_ora(replace(made, shadow_visible=False), tmp_path / "a.ora"))).children)[::-1]
    operators = [layer.composite_op for layer in layers[1:-2]]
    assert len(set(operators)) == len(BlendMode)
    assert all(operator.startswith("svg:") or operator == "krita:exclusion" for operator in operators)
    assert [layer.visible for layer in layers[-2:]] == [False, False]
