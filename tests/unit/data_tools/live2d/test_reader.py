"""What Cubism Core reads is what was written; files that are unsafe, incomplete or damaged end in a clear error."""

import json
import shutil
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from data_tools.live2d.moc3_writer import write_moc3
from data_tools.live2d.model import ArtMesh, BlendMode, Live2DModel
from data_tools.live2d.puppet import Blend, PartSource
from data_tools.live2d.reader import open_model
from data_tools.live2d.sources import open_source
from liwi.errors import InputError, LiwiError
from tests.unit.data_tools.live2d.models import BLUE, GLASS, RED, puppet, square, texture, write_model

MESHES = (
    square("back", (20, 20, 180, 180), RED, shift=10),
    square("arm a", (0, 0, 50, 50), BLUE, part="PartArmA"),
    square("arm b", (0, 0, 50, 50), BLUE, part="PartArmB"),
    square("front", (60, 60, 140, 140), GLASS, part="PartHead", blend=Blend.MULTIPLY, clipped_by=("back",), inverted_mask=True),
    square("behind", (10, 10, 30, 40), BLUE, draw_order=400, double_sided=False, opacities=np.float32([0.5])),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"), MESHES).parent


def pack(folder: Path, archive: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.iterdir()):
            file.write(path, prefix + path.name)
    return archive


def by_id(model: Live2DModel) -> dict[str, ArtMesh]:
    return {mesh.id: mesh for mesh in model.art_meshes}


def test_a_model_is_read_as_it_was_written(folder: Path) -> None:
    with open_model(folder) as character:
        model = character.model
    assert (model.name, model.moc_version, model.canvas_size, model.origin) == ("sample", 1, (200, 200), (100, 100))
    assert [(part.id, part.name, part.parent) for part in model.parts[:2]] == [("PartBody", "PartBody", None), ("PartHead", "頭", 0)]
    angle = model.parameters[model.parameter_index["ParamAngleX"]]
    assert (angle.name, angle.minimum, angle.maximum, angle.default, angle.value) == ("角度 X", -30, 30, 0, 0)
    assert (model.textures[0].name, model.textures[0].size) == ("texture.png", texture().shape[1::-1])
    assert model.eye_parameters == ("ParamEyeLOpen",)
    assert model.hit_areas == {"hit"}
    assert not model.offscreens


def test_an_art_mesh_is_read_as_it_was_written(folder: Path) -> None:
    with open_model(folder) as character:
        meshes = by_id(character.model)
    front, behind, back = meshes["front"], meshes["behind"], meshes["back"]
    np.testing.assert_allclose(front.vertices, [(60, 60), (140, 60), (60, 140), (140, 140)], atol=1e-3)
    np.testing.assert_allclose(front.uvs, MESHES[3].uvs, atol=1e-6)
    assert {frozenset(corners) for corners in front.triangles.tolist()} == {frozenset((0, 1, 2)), frozenset((1, 2, 3))}
    assert front.part_path == ("PartBody", "PartHead")
    assert (front.blend, front.clipped_by, front.clip_inverted, front.culled) == (BlendMode.MULTIPLY, (back.index,), True, False)
    assert (behind.draw_order, behind.opacity, behind.culled, behind.render_order) == (400, 0.5, True, 0)
    assert [mesh.id for mesh in character.model.back_to_front] == ["behind", "back", "arm a", "arm b", "front"]
    assert (front.multiply_color, front.screen_color) == ((1, 1, 1), (0, 0, 0))


def test_of_alternative_parts_only_the_first_is_drawn(folder: Path) -> None:
    with open_model(folder) as character:
        meshes = by_id(character.model)
    assert meshes["arm a"].drawn
    assert not meshes["arm b"].drawn


def test_a_pose_moves_vertices_and_is_clamped_to_the_range(folder: Path) -> None:
    with open_model(folder) as character:
        rest = by_id(character.model)["back"].vertices
        half = by_id(character.pose({"ParamAngleX": 15}))["back"].vertices
        beyond = character.pose({"ParamAngleX": 90})
    np.testing.assert_allclose(half - rest, np.tile([5.0, 0.0], (4, 1)), atol=1e-3)
    np.testing.assert_allclose(by_id(beyond)["back"].vertices - rest, np.tile([10.0, 0.0], (4, 1)), atol=1e-3)
    assert beyond.parameters[0].value == 30


@pytest.mark.parametrize(("parameters", "message"), [({"ParamNone": 1}, "no parameter 'ParamNone'"), ({"ParamAngleX": np.nan}, "number")])
def test_an_impossible_pose_is_refused(folder: Path, parameters: dict[str, float], message: str) -> None:
    with open_model(folder) as character, pytest.raises(InputError, match=message):
        character.pose(parameters)


@pytest.mark.parametrize("prefix", ["", "a/b/"])
def test_an_archive_reads_like_its_folder(folder: Path, tmp_path: Path, prefix: str) -> None:
    with open_model(folder) as first, open_model(pack(folder, tmp_path / "model.zip", prefix)) as second:
        assert [part.name for part in first.model.parts] == [part.name for part in second.model.parts]
        for one, other in zip(first.model.art_meshes, second.model.art_meshes, strict=True):
            np.testing.assert_array_equal(one.vertices, other.vertices)
        np.testing.assert_array_equal(first.pyramid.texels, second.pyramid.texels)


def test_names_may_differ_in_case_and_unicode_form(folder: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(folder, tmp_path / "model"))
    (place / "texture.png").rename(place / "がTEXTURE.PNG")
    document = json.loads((place / "sample.model3.json").read_text("utf-8"))
    document["FileReferences"]["Textures"] = [".\\か\u3099Texture.png"]
    (place / "sample.model3.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(document).encode())
    with open_model(place / "sample.model3.json") as character:
        assert character.model.textures[0].name == "がTEXTURE.PNG"


def test_names_in_a_japanese_systems_encoding_are_found(folder: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(folder, tmp_path / "model"))
    document = json.loads((place / "sample.model3.json").read_text("utf-8"))
    document["FileReferences"]["Textures"] = ["テクスチャ.png"]
    (place / "sample.model3.json").write_text(json.dumps(document), "utf-8")
    (place / "texture.png").rename(place / "XXXXXXXXXX.png")
    archive = pack(place, tmp_path / "model.zip")
    archive.write_bytes(archive.read_bytes().replace(b"XXXXXXXXXX", "テクスチャ".encode("cp932")))
    with open_model(archive) as character:
        assert character.model.textures[0].name == "テクスチャ.png"


def header_only_png(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + b"\0\0\0\0IEND\xaeB`\x82"


@pytest.mark.parametrize("height", [20_000, 4])
def test_a_huge_texture_is_refused_from_its_header(folder: Path, tmp_path: Path, height: int) -> None:
    place = Path(shutil.copytree(folder, tmp_path / "model"))
    (place / "texture.png").write_bytes(header_only_png(20_000, height))
    with pytest.raises(InputError, match="at most 8192"):
        open_model(place)


@pytest.mark.parametrize("content", [b"", b"no picture", header_only_png(8, 8), b"\x89PNG\r\n\x1a\n"])
def test_a_damaged_texture_is_refused(folder: Path, tmp_path: Path, content: bytes) -> None:
    place = Path(shutil.copytree(folder, tmp_path / "model"))
    (place / "texture.png").write_bytes(content)
    with pytest.raises(InputError, match=r"texture 'texture\.png'"), open_model(place) as character:
        assert character.pyramid


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Textures": ["missing.png"]}, r"texture 'missing\.png' is missing"),
        ({"Moc": "missing.moc3"}, r"moc3 file 'missing\.moc3' is missing"),
        ({"Textures": ["../texture.png"]}, "outside the model's folder"),
        ({"Textures": ["/etc/hostname"]}, "outside the model's folder"),
        ({"Textures": ["C:\\x.png"]}, "outside the model's folder"),
        ({"Textures": [7]}, "names a file by '7'"),
        ({"Textures": []}, "uses texture 0, and the model3.json names 0"),
        ({"Textures": ["texture.png"] * 300}, "names 300 textures"),
        ({"Moc": "texture.png"}, "does not begin like a moc3"),
    ],
)
def test_wrong_references_are_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_model(write_model(tmp_path, MESHES, **change))


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", '{"FileReferences": 3}', "[" * 100_000, "\udcff"])
def test_a_model_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.model3.json"
    path.write_text(text, "utf-8", errors="surrogateescape")
    with pytest.raises(InputError, match=r"a\.model3\.json"):
        open_model(path)


def test_parts_nested_without_end_are_refused(tmp_path: Path) -> None:
    names = [f"Part{index}" for index in range(300)]
    nested = [PartSource(name, parent) for name, parent in zip(names, [None, *names], strict=False)]
    path = write_model(tmp_path, MESHES)
    (tmp_path / "sample.moc3").write_bytes(write_moc3(puppet([square("a", (0, 0, 9, 9), RED, part="Part299")], nested)))
    with pytest.raises(InputError, match="without end"):
        open_model(path)


def test_damaged_companions_cost_their_names_only(folder: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(folder, tmp_path / "model"))
    for name in ("sample.cdi3.json", "sample.pose3.json"):
        (place / name).write_text('{"Parts": 3, "Groups": [[{"Id": 5}], 4]')
    with open_model(place) as character:
        assert character.model.parts[1].name == "PartHead"


def test_several_models_none_or_an_old_one_are_named(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "two" / "first")
    shutil.copytree(folder, tmp_path / "two" / "second")
    (tmp_path / "none").mkdir()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "a.moc").touch()
    (tmp_path / "note.txt").write_text("no model")
    archive = tmp_path / "two.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a/a.model3.json", "{}")
        file.writestr("b/b.model3.json", "{}")
    for name, message in (
        ("two", r"2 models: 'first/sample\.model3\.json', 'second/"),
        ("two.zip", r"2 models: 'a/a\.model3\.json', 'b/"),
        ("none", r"no \.model3\.json"),
        ("old", "Cubism 2"),
        ("note.txt", "no Live2D model"),
        ("nowhere", "no file or folder"),
    ):
        with pytest.raises(InputError, match=message):
            open_model(tmp_path / name)


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(folder, tmp_path / "model"))
    (tmp_path / "secret.png").write_bytes((place / "texture.png").read_bytes())
    (place / "texture.png").unlink()
    (place / "texture.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(InputError, match=r"texture 'texture\.png' is missing"):
        open_model(place)


def hostile(name: str, *, link: bool = False) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (0o120777 if link else 0o100644) << 16
    return entry


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (hostile("../escape.png"), "outside the model's folder"),
        (hostile("a/../../escape.png"), "outside the model's folder"),
        (hostile("/etc/passwd"), "outside the model's folder"),
        (hostile("C:/windows/x.png"), "outside the model's folder"),
        (hostile("..\\escape.png"), "outside the model's folder"),
        (hostile("texture2.png", link=True), "holds the link"),
    ],
)
def test_an_unsafe_archive_is_refused(folder: Path, tmp_path: Path, entry: zipfile.ZipInfo, message: str) -> None:
    archive = pack(folder, tmp_path / "model.zip")
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr(entry, b"x")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=message):
        open_model(archive)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_archive_that_unpacks_to_too_much_is_refused(folder: Path, tmp_path: Path) -> None:
    archive = pack(folder, tmp_path / "honest.zip")
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for number in range(5):
            file.writestr(f"{number}.bin", bytes(220 * 2**20))
    assert archive.stat().st_size < 2**23
    with pytest.raises(InputError, match="unpack to more than 1024 MB"):
        open_model(archive)


def test_an_archive_that_lies_about_sizes_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "lying.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.model3.json", bytes(64 * 2**20))
    content = archive.read_bytes()
    archive.write_bytes(content.replace(struct.pack("<I", 64 * 2**20), struct.pack("<I", 100)))
    with pytest.raises(InputError, match=r"a\.model3\.json"):
        open_model(archive)


def test_a_file_larger_than_its_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.model3.json").write_bytes(bytes(2000))
    source, name = open_source(tmp_path)
    with pytest.raises(InputError, match="more than a model needs"):
        source.read(name, 1000)


@pytest.mark.parametrize("damage", ["truncated", "encrypted", "noise"])
def test_a_damaged_or_encrypted_archive_is_refused(folder: Path, tmp_path: Path, damage: str) -> None:
    archive = pack(folder, tmp_path / "model.zip")
    content = bytearray(archive.read_bytes())
    if damage == "truncated":
        content = content[: len(content) // 2]
    elif damage == "encrypted":
        content[content.index(b"PK\x01\x02") + 8] |= 1
    else:
        content[40 : len(content) // 2] = bytes(255 - byte for byte in content[40 : len(content) // 2])
    archive.write_bytes(content)
    with pytest.raises(LiwiError):
        open_model(archive)
