"""PSD files and the kit for those who make a character move, reopened with psd-tools, Pillow and, where it is there, ImageMagick."""

import io
import json
import shutil
import struct
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms
from psd_tools import PSDImage
from psd_tools.composite import composite

from liwi.editing import Document
from liwi.errors import ExportError
from liwi.export import RIGGING, check_target, export
from liwi.export.archive import read_zip
from liwi.export.panel_composite import render_panel
from liwi.export.rig_layout import grouped, rig_layers
from liwi.seethrough.body_parts import BodyPart, CoarseBodyPart, Side
from liwi.seethrough.part_editing import merge, relabel
from liwi.types import BlendMode, BoundingBox, Decomposition, Layer, LayerDepth, LayerRole, LayerStack, Provenance
from tests.unit.export.pictures import plain_decomposition

SIZE = (120, 90)


def disc(centre: tuple[int, int], radii: tuple[int, int], color: tuple[int, int, int]) -> np.ndarray:
    """(H, W, 4) uint8: an ellipse with a soft edge."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float32)
    inside = (1 - np.hypot((x - centre[0]) / radii[0], (y - centre[1]) / radii[1])) * min(radii)
    alpha = np.rint(np.clip(inside + 0.5, 0, 1) * 255).astype(np.uint8)
    rgba = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    rgba[alpha > 0, :3] = color
    rgba[..., 3] = alpha
    return rgba


def part(rgba: np.ndarray, body_part: BodyPart | CoarseBodyPart, side: Side | None, name: str, near: float) -> Layer:
    box = BoundingBox.around(rgba[..., 3])
    assert box is not None
    slope = np.linspace(near - 0.04, near + 0.04, box.width, dtype=np.float32)[None].repeat(box.height, axis=0)
    return Layer(rgba, LayerRole.FOREGROUND, name, part=body_part, side=side, pseudo_depth=near, depth=LayerDepth(box, slope))


@pytest.fixture(scope="module")
def head() -> Decomposition:
    """A head before a ground, eyes interleaved by side as depth leaves them, one iris reaching beyond its white."""
    parts = [
        part(disc((60, 45), (50, 40), (90, 60, 130)), BodyPart.BACK_HAIR, None, "back hair", 0.1),
        part(disc((60, 85), (30, 14), (70, 130, 200)), BodyPart.TOPWEAR, None, "topwear", 0.2),
        part(disc((60, 45), (34, 32), (250, 220, 200)), BodyPart.FACE, None, "face", 0.3),
        part(disc((44, 42), (11, 7), (250, 250, 250)), BodyPart.EYEWHITE, Side.RIGHT, "eyewhite-r", 0.4),
        part(disc((76, 42), (11, 7), (250, 250, 250)), BodyPart.EYEWHITE, Side.LEFT, "eyewhite-l", 0.42),
        part(disc((44, 42), (5, 6), (60, 110, 210)), BodyPart.IRIDES, Side.RIGHT, "irides-r", 0.5),
        part(disc((76, 38), (5, 8), (60, 110, 210)), BodyPart.IRIDES, Side.LEFT, "irides-l", 0.52),
        part(disc((44, 36), (12, 2), (40, 25, 30)), BodyPart.EYELASH, Side.RIGHT, "eyelash-r", 0.6),
        part(disc((76, 36), (12, 2), (40, 25, 30)), BodyPart.EYELASH, Side.LEFT, "eyelash-l", 0.62),
        part(disc((60, 20), (36, 12), (120, 70, 160)), BodyPart.FRONT_HAIR, None, "front hair", 0.9),
    ]
    ground = np.full((SIZE[1], SIZE[0], 4), (190, 215, 200, 255), np.uint8)
    stack = LayerStack((Layer(ground, LayerRole.BACKGROUND, "Background"), *parts))
    source = np.rint(stack.composite()[..., :3] * 255).astype(np.uint8)
    return Decomposition(source, stack, Provenance("character", "1", 3, notes=("Body parts by hand.",)), shadow_visible=False)


def names(document: PSDImage) -> list[str]:
    return [layer.name for layer in document.descendants()]


def pixel_names(document: PSDImage) -> list[str]:
    return [layer.name for layer in document.descendants() if not layer.is_group()]


@pytest.mark.parametrize("suffix", [".cubism.psd", ".flat.psd", ".grouped.psd"])
def test_what_cubism_asks_of_a_psd(head: Decomposition, tmp_path: Path, suffix: str) -> None:
    path = export(head, tmp_path / f"head{suffix}")
    data = path.read_bytes()
    signature, version, channels, height, width, depth, mode = struct.unpack(">4sH6xHIIHH", data[:26])
    assert (signature, version, channels, height, width, depth, mode) == (b"8BPS", 1, 4, SIZE[1], SIZE[0], 8, 3)
    document = PSDImage.open(path)
    assert document._record.layer_and_mask_information.layer_info.layer_count < 0
    every = list(document.descendants())
    assert not any(layer.has_mask() or layer.has_vector_mask() for layer in every)
    assert {layer.blend_mode.name for layer in every if not layer.is_group()} <= {"NORMAL", "MULTIPLY", "LINEAR_DODGE"}
    assert {layer.blend_mode.name for layer in every if layer.is_group()} <= {"NORMAL", "PASS_THROUGH"}
    assert len(set(names(document))) == len(every) and not any("\x00" in layer.name for layer in every)
    base, background = every[0], every[1]
    assert (base.name, base.visible, background.name, background.visible) == ("Original", False, "background", False)
    np.testing.assert_array_equal(np.rint(base.numpy() * 255)[..., :3], head.source)
    parts = [layer.name for layer in head.stack.foregrounds]
    assert set(pixel_names(document)) == {"Original", "background", *parts}
    with Image.open(path) as merged:
        shown = np.asarray(merged.convert("RGB")).astype(int)
        profile = ImageCms.ImageCmsProfile(io.BytesIO(merged.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileDescription(profile)
    assert np.abs(shown - render_panel(head)[..., :3]).max() <= 1


@pytest.mark.parametrize("suffix", [".cubism.psd", ".flat.psd", ".grouped.psd"])
def test_layers_laid_over_each_other_look_as_the_panel_does(head: Decomposition, tmp_path: Path, suffix: str) -> None:
    document = PSDImage.open(export(head, tmp_path / f"head{suffix}"))
    document[1].visible = True  # the background
    colour, _, alpha = composite(document, force=True)
    assert alpha.min() > 0.999
    assert np.abs(np.rint(colour * 255) - head.source).max() <= 1


def test_the_flat_one_has_no_groups_and_the_drawing_order(head: Decomposition, tmp_path: Path) -> None:
    document = PSDImage.open(export(head, tmp_path / "head.flat.psd"))
    assert [layer.name for layer in document][2:] == [layer.name for layer in head.stack.foregrounds]
    assert not any(layer.is_group() or layer.clipping for layer in document.descendants())


def test_groups_hold_what_belongs_together_and_irides_are_clipped_to_their_whites(head: Decomposition, tmp_path: Path) -> None:
    document = PSDImage.open(export(head, tmp_path / "head.grouped.psd"))
    groups = {layer.name: [each.name for each in layer] for layer in document.descendants() if layer.is_group()}
    assert groups["eye-l"] == ["eyewhite-l", "irides-l", "eyelash-l"] and groups["eye-r"] == ["eyewhite-r", "irides-r", "eyelash-r"]
    assert {"behind", "body", "head"} <= set(groups)
    clipped = [layer.name for layer in document.descendants() if layer.clipping]
    assert sorted(clipped) == ["irides-l", "irides-r"]
    cubism = PSDImage.open(export(head, tmp_path / "head.cubism.psd"))
    assert not any(layer.clipping for layer in cubism.descendants())


def test_groups_begin_anew_where_others_come_between_and_change_no_order_that_is_seen(head: Decomposition) -> None:
    hand = part(disc((60, 40), (40, 30), (240, 200, 180)), BodyPart.HANDWEAR, Side.LEFT, "handwear-l", 0.7)
    stack = head.stack.insert(len(head.stack) - 1, hand)
    made = grouped(rig_layers(head.with_stack(stack)))
    runs = list(dict.fromkeys(each.path[0] for each in made))
    assert runs == ["behind", "body", "head", "arm-l", "head 2"]
    before = {layer.name: place for place, layer in enumerate(stack)}
    after = {each.layer.name: place for place, each in enumerate(made)}
    for one in stack.foregrounds:
        for other in stack.foregrounds:
            touch = bool(((one.rgba[..., 3] > 0) & (other.rgba[..., 3] > 0)).any())
            assert not touch or (before[one.name] < before[other.name]) == (after[one.name] < after[other.name])


def test_the_depth_psd_holds_every_parts_depth_after_merging_and_relabelling_too(head: Decomposition, tmp_path: Path) -> None:
    document = Document(head)
    hair = [layer.id for layer in head.stack if layer.part in (BodyPart.FRONT_HAIR, BodyPart.BACK_HAIR)]
    edited = merge(document, hair)
    edited = relabel(edited, [edited.decomposition.stack.foregrounds[-1].id], BodyPart.FRONT_HAIR, Side.LEFT)
    for made in (head, edited.decomposition):
        written = PSDImage.open(export(made, tmp_path / "head.depth.psd"))
        assert written.color_mode.name == "GRAYSCALE" and written.depth == 8
        assert [layer.name for layer in written] == [layer.name for layer in made.stack.foregrounds]
        values = {layer.name: np.rint(layer.numpy("color") * 255) for layer in written}
        assert all(len(np.unique(each)) > 8 for each in values.values()), "not 0 and 1 alone"
        for layer in made.stack.foregrounds:
            box = layer.extent
            assert box is not None and layer.depth is not None and layer.pseudo_depth is not None
            if layer.depth.box == box:
                inside = layer.rgba[box.slices][..., 3] > 0
                far = 255 * (1 - layer.depth.values)
                assert np.abs(values[layer.name][..., 0] - far)[inside].max() <= 0.5 + 1e-3
    with Image.open(tmp_path / "head.depth.psd") as merged:
        assert merged.size == SIZE


def test_a_layer_without_a_depth_map_has_its_one_depth(head: Decomposition, tmp_path: Path) -> None:
    plain = head.with_stack(LayerStack(tuple(replace(layer, depth=None) for layer in head.stack)))
    written = {layer.name: layer for layer in PSDImage.open(export(plain, tmp_path / "plain.depth.psd"))}
    assert np.rint(written["face"].numpy("color") * 255).max() == round(0.7 * 255)


@pytest.mark.skipif(shutil.which("identify") is None, reason="ImageMagick is not installed")
def test_imagemagick_reads_them_too(head: Decomposition, tmp_path: Path) -> None:
    paths = [export(head, tmp_path / f"head{known.suffix}") for known in RIGGING if known.suffix.endswith(".psd")]
    for path in paths:
        said = subprocess.run(["identify", "-format", "%m %w %h %l\n", str(path)], capture_output=True, text=True, check=True).stdout
        lines = said.splitlines()
        assert lines[0].split()[:3] == ["PSD", str(SIZE[0]), str(SIZE[1])]
        if ".depth." not in path.name:
            assert sum("irides-l" in line for line in lines) == 1 and "Original" in said


def test_the_kit_holds_all_of_it_and_its_json_says_what_other_tools_ask_for(head: Decomposition, tmp_path: Path) -> None:
    path = export(head, tmp_path / "head.parts.zip")
    again = export(head, tmp_path / "again.parts.zip")
    assert path.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(path) as archive:
        members = set(archive.namelist())
        assert {"parts.json", "layers.psd.json", "layers.psd", "layers_depth.psd", "cubism.psd", "grouped.psd", "source.png"} <= members
        said = json.loads(archive.read("parts.json"))
        assert said["frame_size"] == [SIZE[1], SIZE[0]] and said["engine"] == "character" and said["seed"] == 3
        assert list(said["parts"]) == [layer.name for layer in head.stack.foregrounds]
        iris = said["parts"]["irides-l"]
        layer = next(layer for layer in head.stack if layer.name == "irides-l")
        assert (
            iris["tag"] == "irides"
            and iris["side"] == "left"
            and layer.extent is not None
            and iris["xyxy"] == list(layer.extent.as_tuple())
        )
        assert iris["depth_median"] == pytest.approx(1 - 0.52, abs=0.01) and said["parts"]["face"]["part_id"] == 2
        pixels = cv2.imdecode(np.frombuffer(archive.read(iris["file"]), np.uint8), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(pixels[..., 3], layer.rgba[layer.extent.slices][..., 3])
        depth = cv2.imdecode(np.frombuffer(archive.read(iris["depth_file"]), np.uint8), cv2.IMREAD_UNCHANGED)
        assert depth.dtype == np.uint16 and len(np.unique(depth)) > 8
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]


def test_photographs_and_blend_modes_that_riggers_lack_are_explained(head: Decomposition, tmp_path: Path) -> None:
    for known in RIGGING:
        with pytest.raises(ExportError, match="parts of a character"):
            export(plain_decomposition(), tmp_path / f"photo{known.suffix}")
    face = next(layer for layer in head.stack if layer.name == "face")
    screened = head.with_stack(head.stack.replace(replace(face, blend=BlendMode.SCREEN)))
    with pytest.raises(ExportError, match="'face' is blended as 'screen'"):
        export(screened, tmp_path / "head.cubism.psd")
    multiplied = head.with_stack(head.stack.replace(replace(face, blend=BlendMode.MULTIPLY)))
    written = PSDImage.open(export(multiplied, tmp_path / "head.cubism.psd"))
    assert next(layer for layer in written.descendants() if layer.name == "face").blend_mode.name == "MULTIPLY"
    assert list(tmp_path.iterdir()) == [tmp_path / "head.cubism.psd"]


def test_s_that_is_switched_on_comes_as_multiply_and_add(head: Decomposition, tmp_path: Path) -> None:
    source = head.source.copy()
    source[10:20] //= 2
    source[60:70] += (255 - source[60:70]) // 2
    made = replace(head, source=source, shadow_visible=True)
    document = PSDImage.open(export(made, tmp_path / "head.cubism.psd"))
    assert [layer.name for layer in document][-2:] == ["Shadow (multiply)", "Light (add)"]
    document[1].visible = True
    colour, _, _ = composite(document, force=True)
    assert np.abs(np.rint(colour * 255) - source).max() <= 2


def test_suffixes_choose_them_and_the_plain_ones_stay_what_they_were(head: Decomposition, tmp_path: Path) -> None:
    assert check_target("a.CUBISM.psd").name == "Live2D Cubism" and check_target("a.b.psd").name == "Photoshop"
    assert check_target("a.parts.zip").name == "Rigging kit" and check_target("a.zip").name == "ZIP"
    assert read_zip(export(head, tmp_path / "head.zip")).stack.layers[1].part is BodyPart.BACK_HAIR
