import io
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from psd_tools import PSDImage
from psd_tools.composite import composite

from liwi.errors import ExportError
from liwi.export.panel_composite import render_panel
from liwi.export.photoshop import LIGHT_TITLE, SHADOW_TITLE, write_psd
from liwi.types import BlendMode, BoundingBox, Decomposition, Layer, LayerRole
from tests.unit.export.pictures import HOSTILE_NAMES, overlapping_decomposition, plain_decomposition, random_decomposition, with_state


def composite_file(path: Path, *, rounded: bool) -> np.ndarray:
    """The visible layers of a PSD composited here: in float, or rounded to 8 bits after every layer."""
    document = PSDImage.open(path)
    shown = np.zeros((document.height, document.width, 3))
    for layer in document:
        if not layer.visible:
            continue
        pixels = np.rint(layer.numpy() * 255)
        there = shown[layer.top : layer.bottom, layer.left : layer.right]
        alpha = pixels[..., 3:] / 255 * layer.opacity / 255
        kinds = {"NORMAL": pixels[..., :3], "SUBTRACT": np.maximum(there - pixels[..., :3], 0)}
        kinds["LINEAR_DODGE"] = np.minimum(there + pixels[..., :3], 255)
        there[:] = kinds[layer.blend_mode.name] * alpha + there * (1 - alpha)
        if rounded:
            shown = np.rint(shown)
    return np.rint(shown).astype(int)


@pytest.mark.parametrize("made", [plain_decomposition(), *(overlapping_decomposition(seed) for seed in range(4))])
def test_layers_and_shadow_show_the_source_in_8_bits_and_in_float(tmp_path: Path, made: Decomposition) -> None:
    path = write_psd(made, tmp_path / "a.psd")
    assert np.array_equal(composite_file(path, rounded=True), made.source)
    assert np.abs(composite_file(path, rounded=False) - made.source).max() <= 1


def test_psd_tools_own_compositing_shows_the_source(tmp_path: Path) -> None:
    made = plain_decomposition()
    colour, _, alpha = composite(PSDImage.open(write_psd(made, tmp_path / "a.psd")), force=True)
    assert np.abs(np.rint(colour * 255) - made.source).max() <= 1
    assert alpha.min() > 0.9999


def test_layers_are_exact_cropped_and_without_masks(tmp_path: Path) -> None:
    made = random_decomposition(4)
    document = PSDImage.open(write_psd(made, tmp_path / "a.psd"))
    assert document.size == made.size
    assert (document.depth, document.version) == (8, 1)
    for written, layer in zip(document, made.stack, strict=False):
        assert written.name == layer.name
        assert not written.has_mask()
        assert (written.left, written.top, written.right, written.bottom) == layer.extent.as_tuple()
        pixels, wanted = np.rint(written.numpy() * 255), layer.rgba[layer.extent.slices]
        assert np.array_equal(pixels[..., 3], wanted[..., 3])
        assert np.array_equal(pixels[wanted[..., 3] > 0], wanted[wanted[..., 3] > 0])


def test_panel_state_is_kept(tmp_path: Path) -> None:
    made = random_decomposition(5, names=tuple(mode.value for mode in BlendMode))
    for position, layer in enumerate(made.stack.foregrounds):
        made = with_state(
            made, layer.id, blend=BlendMode(layer.name), opacity=position / 12, visible=position % 2 == 0, locked=position % 3 == 0
        )
    made = replace(made.with_stack(made.stack.reorder([layer.id for layer in reversed(made.stack.layers)])), shadow_visible=False)
    document = list(PSDImage.open(write_psd(made, tmp_path / "a.psd")))
    for written, layer in zip(document, made.stack, strict=False):
        assert written.blend_mode.name == layer.blend.name
        assert written.opacity == round(layer.opacity * 255)
        assert written.visible == layer.visible
        assert bool(written.locks and written.locks.complete) == layer.locked
    assert [(layer.name, layer.visible) for layer in document[-2:]] == [(SHADOW_TITLE, False), (LIGHT_TITLE, False)]
    assert [layer.blend_mode.name for layer in document[-2:]] == ["SUBTRACT", "LINEAR_DODGE"]


def test_merged_preview_is_what_the_panel_shows(tmp_path: Path) -> None:
    made = with_state(plain_decomposition(), "disc", opacity=0.5, blend=BlendMode.MULTIPLY)
    with Image.open(write_psd(made, tmp_path / "a.psd")) as merged:
        assert merged.mode == "RGB"
        assert np.array_equal(np.asarray(merged), render_panel(made)[..., :3])
        profile = ImageCms.ImageCmsProfile(io.BytesIO(merged.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)


def test_merged_preview_has_the_mask_as_transparency_over_white(tmp_path: Path) -> None:
    made = plain_decomposition(mask=True)
    assert made.mask is not None
    path = write_psd(made, tmp_path / "a.psd")
    with Image.open(path) as merged:
        pixels = np.asarray(merged).astype(int)
    assert np.array_equal(pixels[..., 3], made.mask)
    part = made.mask[..., None] / 255
    assert np.abs(pixels[..., :3] - (made.source * part + 255 * (1 - part))).max() <= 0.5 + 1e-9
    shown = np.asarray(PSDImage.open(path).topil()).astype(int)  # takes the white away again
    assert np.array_equal(shown[made.mask == 255][:, :3], made.source[made.mask == 255])
    layers = list(PSDImage.open(path))
    assert np.array_equal(
        np.rint(layers[0].numpy()[..., 3] * 255), made.mask[layers[0].top : layers[0].bottom, layers[0].left : layers[0].right]
    )
    colour, _, _ = composite(PSDImage.open(path), force=True)
    solid = made.mask == 255
    assert np.abs(np.rint(colour[solid] * 255) - made.source[solid]).max() <= 1


def test_file_is_packed_and_states_its_kind(tmp_path: Path) -> None:
    data = write_psd(plain_decomposition((200, 100)), tmp_path / "a.psd").read_bytes()
    signature, version, channels, height, width, depth, mode = struct.unpack(">4sH6xHIIHH", data[:26])
    assert (signature, version, channels, height, width, depth, mode) == (b"8BPS", 1, 3, 100, 200, 8, 3)
    assert {channel.compression.name for layer in PSDImage.open(tmp_path / "a.psd") for channel in layer._channels} == {"RLE"}


def test_hostile_names_empty_layers_and_single_pixels_open(tmp_path: Path) -> None:
    made = random_decomposition(6, (9, 7), names=HOSTILE_NAMES)
    empty = Layer(np.zeros((7, 9, 4), np.uint8), LayerRole.FOREGROUND, "空", box=BoundingBox(0, 0, 3, 3))
    made = made.with_stack(made.stack.insert(1, empty))
    path = write_psd(made, tmp_path / "a.psd")
    names = [layer.name for layer in PSDImage.open(path)][: len(made.stack)]
    assert names[:4] == ["Background", "空", "<script>alert(1)</script>", "../../etc/passwd"]
    assert names[4:7] == ["line break tabnull", "x" * 250, "👩‍👩‍👧 family 🐈"]
    assert len(set(names)) == len(names)
    assert all(names)
    with Image.open(path) as merged:
        assert np.array_equal(np.asarray(merged.convert("RGB")), made.source)
    assert np.abs(composite_file(path, rounded=True) - made.source).max() == 0


def test_a_fully_transparent_panel_and_mask_still_write(tmp_path: Path) -> None:
    made = plain_decomposition()
    for layer in made.stack:
        made = with_state(made, layer.id, visible=False)
    gone = replace(made, mask=np.zeros(made.source.shape[:2], np.uint8), shadow_visible=False)
    document = PSDImage.open(write_psd(gone, tmp_path / "a.psd"))
    assert [layer.size for layer in document] == [(1, 1)] * 3
    assert np.asarray(document.topil())[..., 3].max() == 0


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportError, match="could not be written"):
        write_psd(plain_decomposition(), tmp_path / "file" / "a.psd")


def test_a_file_too_large_for_the_format_is_refused_and_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liwi.export.psd_document.MAX_BYTES", 1000)
    with pytest.raises(ExportError, match="larger than 2 GB"):
        write_psd(plain_decomposition(), tmp_path / "a.psd")
    assert list(tmp_path.iterdir()) == []
