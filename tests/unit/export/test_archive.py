import json
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from liwi.errors import ExportError, InputError
from liwi.export.archive import read_folder, read_zip, write_folder, write_zip
from liwi.types import BlendMode, Decomposition, Layer, LayerRole, LayerStack
from tests.unit.export.pictures import HOSTILE_NAMES, plain_decomposition, random_decomposition, with_state


def recompose_independently(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """(recomposed, source) by the manifest alone: Pillow, OpenCV and numpy, none of our code."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    width, height = manifest["size"]
    colour, alpha = np.zeros((height, width, 3)), np.zeros((height, width, 1))  # premultiplied
    for entry in manifest["layers"]:
        layer = np.asarray(Image.open(folder / entry["file"]))
        assert layer.shape == (height, width, 4)
        assert layer.dtype == np.uint8
        a = layer[..., 3:] / 255
        colour = layer[..., :3] / 255 * a + colour * (1 - a)
        alpha = a + alpha * (1 - a)
    straight = np.divide(colour, alpha, out=np.zeros_like(colour), where=alpha > 0)
    levels = cv2.imread(str(folder / "shadow.png"), cv2.IMREAD_UNCHANGED)
    assert levels.dtype == np.uint16
    shadow = levels[..., ::-1] / 65535 * 2 - 1
    return np.rint((straight + shadow) * 255).astype(int), np.asarray(Image.open(folder / manifest["source"])).astype(int)


def same(one: Decomposition, two: Decomposition) -> bool:
    def words(layer: Layer) -> tuple[object, ...]:
        return layer.id, layer.name, layer.role, layer.box, layer.visible, layer.opacity, layer.blend, layer.locked

    masks = (one.mask is None and two.mask is None) or (
        one.mask is not None and two.mask is not None and np.array_equal(one.mask, two.mask)
    )
    return (
        masks
        and np.array_equal(one.source, two.source)
        and one.provenance == two.provenance
        and one.shadow_visible == two.shadow_visible
        and len(one.stack) == len(two.stack)
        and all(words(a) == words(b) and np.array_equal(a.rgba, b.rgba) for a, b in zip(one.stack, two.stack, strict=True))
    )


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("background", [False, True])
def test_files_add_up_to_the_source_exactly_for_an_independent_reader(tmp_path: Path, background: bool, mask: bool) -> None:
    for seed in range(6):
        folder = write_folder(random_decomposition(seed, background=background, mask=mask), tmp_path / f"{seed}")
        recomposed, source = recompose_independently(folder)
        assert np.abs(recomposed - source[..., :3]).max() == 0
        assert json.loads((folder / "manifest.json").read_text("utf-8"))["recomposes"] is True


def test_law_holds_whatever_the_panel_did(tmp_path: Path) -> None:
    made = random_decomposition(3, names=("a", "b", "c"))
    order = [layer.id for layer in made.stack]
    moved = replace(made.with_stack(made.stack.reorder([order[2], order[0], order[3], order[1]])), shadow_visible=False)
    moved = with_state(moved, order[1], opacity=0.25, visible=False, blend=BlendMode.MULTIPLY)
    moved = moved.with_stack(moved.stack.remove(order[3]))
    assert not np.array_equal(moved.shadow, made.shadow)
    folder = write_folder(moved, tmp_path / "out")
    recomposed, source = recompose_independently(folder)
    assert np.array_equal(recomposed, source)
    assert [entry["id"] for entry in json.loads((folder / "manifest.json").read_bytes())["layers"]] == [order[2], order[0], order[1]]
    assert same(read_folder(folder), moved)


def test_law_holds_with_tiny_alpha_and_extreme_shadow(tmp_path: Path) -> None:
    y, x = np.mgrid[:16, :16]
    source = np.where((x + y)[..., None] % 2 == 0, 255, 0).astype(np.uint8).repeat(3, axis=2)
    opposite = np.dstack([255 - source, (x * 16 + y).astype(np.uint8)])
    faint = np.dstack([source, np.full((16, 16), 1, np.uint8)])
    stack = LayerStack((Layer(opposite, LayerRole.FOREGROUND, "opposite"), Layer(faint, LayerRole.FOREGROUND, "faint")))
    folder = write_folder(Decomposition(source, stack, random_decomposition(0).provenance), tmp_path / "out")
    recomposed, written = recompose_independently(folder)
    assert np.array_equal(recomposed, written)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    names=st.lists(st.text(max_size=80), min_size=1, max_size=4),
    background=st.booleans(),
    mask=st.booleans(),
    state=st.tuples(st.booleans(), st.booleans(), st.floats(0, 1), st.sampled_from(BlendMode)),
    shadow_visible=st.booleans(),
)
def test_zip_and_folder_read_back_the_same(tmp_path_factory, seed, size, names, background, mask, state, shadow_visible) -> None:
    made = replace(random_decomposition(seed, size, tuple(names), background=background, mask=mask), shadow_visible=shadow_visible)
    visible, locked, opacity, blend = state
    made = with_state(made, made.stack.layers[-1].id, visible=visible, locked=locked, opacity=opacity, blend=blend)
    place = tmp_path_factory.mktemp("trip")
    assert same(read_zip(write_zip(made, place / "out.zip")), made)
    again = read_folder(write_folder(made, place / "out"))
    assert same(again, made)
    assert np.array_equal(again.recompose(), made.source)


def test_mask_is_a_file_and_the_alpha_of_the_source_and_layers_stay_complete(tmp_path: Path) -> None:
    made = plain_decomposition(mask=True)
    folder = write_folder(made, tmp_path / "out")
    assert np.array_equal(np.asarray(Image.open(folder / "mask.png")), made.mask)
    assert np.array_equal(np.asarray(Image.open(folder / "source.png"))[..., 3], made.mask)
    assert np.asarray(Image.open(folder / "layers/00_background.png"))[..., 3].min() == 255
    assert not (write_folder(plain_decomposition(), tmp_path / "without") / "mask.png").exists()


def test_hostile_names_become_safe_unique_files_and_stay_as_typed_in_the_manifest(tmp_path: Path) -> None:
    made = random_decomposition(1, names=HOSTILE_NAMES)
    folder = write_folder(made, tmp_path / "out")
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert len(files) == len(HOSTILE_NAMES) + 4
    assert all(file.startswith("out/") and len(file.split("/")[-1]) <= 60 for file in files)
    assert "out/layers/00_background.png" in files
    assert any("前髪" in file for file in files)
    assert [layer.name for layer in read_folder(folder).stack] == ["Background", *HOSTILE_NAMES]
    assert [layer.name for layer in read_zip(write_zip(made, tmp_path / "a.zip")).stack] == ["Background", *HOSTILE_NAMES]


def test_same_decomposition_gives_the_same_zip(tmp_path: Path) -> None:
    made = plain_decomposition()
    assert write_zip(made, tmp_path / "a.zip").read_bytes() == write_zip(made, tmp_path / "b.zip").read_bytes()


def test_an_empty_folder_and_a_previous_export_are_replaced(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    write_folder(random_decomposition(0, names=("a", "b", "c")), target)
    (target / ".DS_Store").write_text("left by the system")
    write_folder(plain_decomposition(), target)
    assert sorted(path.name for path in (target / "layers").iterdir()) == ["00_background.png", "01_disc.png", "02_box.png"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("strange", ["notes.txt", "layers/mine.png"])
def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path, strange: str) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.txt").write_text("years of work")
    with pytest.raises(ExportError, match="not a previous export"):
        write_folder(plain_decomposition(), full)
    export = write_folder(plain_decomposition(), tmp_path / "export")
    (export / strange).write_text("mine")
    with pytest.raises(ExportError, match=strange):
        write_folder(plain_decomposition(), export)
    assert (full / "thesis.txt").read_text() == "years of work"
    assert (export / strange).read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "full"]


def test_a_failure_halfway_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, folder = write_zip(plain_decomposition(), tmp_path / "a.zip"), write_folder(plain_decomposition(), tmp_path / "a")
    before = archive.read_bytes()

    def full_disk(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("liwi.export.png.encode", full_disk)
    for write, target in ((write_zip, archive), (write_folder, folder)):
        with pytest.raises(ExportError, match="No space left"):
            write(random_decomposition(5), target)
    assert archive.read_bytes() == before
    assert same(read_folder(folder), plain_decomposition())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a.zip"]


def test_writing_over_the_wrong_kind_of_thing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(ExportError, match="is a file"):
        write_folder(plain_decomposition(), tmp_path / "file")
    (tmp_path / "folder.zip").mkdir()
    with pytest.raises(ExportError, match="is a folder"):
        write_zip(plain_decomposition(), tmp_path / "folder.zip")
    assert (tmp_path / "file").read_text() == "text"


def edit_manifest(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    layer = {key.removeprefix("layer_"): changes.pop(key) for key in list(changes) if key.startswith("layer_")}
    manifest["layers"][1].update(layer)
    (folder / "manifest.json").write_text(json.dumps({**manifest, **changes}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "version 2"),
        ({"version": True}, "version"),
        ({"format": "other"}, "not one of"),
        ({"size": [96, 65]}, "96 x 65"),
        ({"size": [96.0, 64]}, "size"),
        ({"size": [10**9, 10**9]}, "size"),
        ({"layers": []}, "0 layers"),
        ({"layers": {"a": 1}}, "layers"),
        ({"mask": "../mask.png"}, "mask"),
        ({"mask": "mask.png"}, "source.png should be"),
        ({"provenance": None}, "provenance"),
        ({"shadow_visible": 1}, "shadow_visible"),
        ({"layer_file": "../../secret.png"}, "must lie directly"),
        ({"layer_file": "/etc/secret.png"}, "must lie directly"),
        ({"layer_file": "layers/../x.png"}, "must lie directly"),
        ({"layer_file": "layers/00_background.png"}, "same file"),
        ({"layer_file": "layers/gone.png"}, "missing"),
        ({"layer_id": "<b>"}, "id"),
        ({"layer_id": "background"}, "same id"),
        ({"layer_opacity": 1.5}, "opacity"),
        ({"layer_opacity": "1"}, "opacity"),
        ({"layer_opacity": float("nan")}, "JSON"),
        ({"layer_blend": "sparkle"}, "sparkle"),
        ({"layer_role": "hero"}, "hero"),
        ({"layer_box": [5, 5, 5, 9]}, "empty"),
        ({"layer_box": [1, 2, 3]}, "box"),
        ({"layer_name": 5}, "name"),
    ],
)
def test_a_wrong_manifest_is_refused_in_words(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    folder = write_folder(plain_decomposition(), tmp_path / "out")
    edit_manifest(folder, **changes)
    with pytest.raises(InputError, match=message):
        read_folder(folder)


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 100_000, b'{"format": "liwi-decomposition"}'])
def test_a_broken_manifest_is_refused(tmp_path: Path, text: bytes) -> None:
    folder = write_folder(plain_decomposition(), tmp_path / "out")
    (folder / "manifest.json").write_bytes(text)
    with pytest.raises(InputError):
        read_folder(folder)


@pytest.mark.parametrize("name", ["source.png", "mask.png", "shadow.png", "layers/01_disc.png", "manifest.json"])
def test_missing_damaged_or_wrong_files_are_refused_by_name(tmp_path: Path, name: str) -> None:
    folder = write_folder(plain_decomposition(mask=True), tmp_path / "out")
    path = folder / name
    good = path.read_bytes()
    path.unlink()
    with pytest.raises(InputError, match="missing"):
        read_folder(folder)
    path.write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"not a PNG|not valid JSON"):
        read_folder(folder)
    path.unlink()
    path.symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="link"):
        read_folder(folder)
    path.unlink()
    if name not in ("manifest.json", "shadow.png"):
        path.write_bytes(good[: len(good) // 2])
        with pytest.raises(InputError, match="damaged"):
            read_folder(folder)
    if name != "manifest.json":
        Image.new("LA", (96, 64)).save(path)
        with pytest.raises(InputError, match=name):
            read_folder(folder)
        Image.new("RGBA", (8, 8)).save(path)
        with pytest.raises(InputError, match="8 x 8"):
            read_folder(folder)


def repack(archive: Path, out: Path, *, prefix: str = "", extra: dict[str, bytes] | None = None, **members: bytes | None) -> Path:
    """Copy a ZIP, deflated, with members replaced (by their stem) or left out (None)."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = members.get(Path(name).stem, old.read(name))
            if data is not None:
                new.writestr(prefix + name, data)
        for name, data in (extra or {}).items():
            new.writestr(name, data)
    return out


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil", "a/../../evil", "C:evil", "..\\evil", "\\evil"])
def test_a_zip_with_unsafe_names_is_refused(tmp_path: Path, name: str) -> None:
    made = repack(write_zip(plain_decomposition(), tmp_path / "a.zip"), tmp_path / "b.zip", extra={name: b"x"})
    with pytest.raises(InputError, match="unsafe name"):
        read_zip(made)


def test_a_zip_with_a_link_is_refused(tmp_path: Path) -> None:
    made = write_zip(plain_decomposition(), tmp_path / "a.zip")
    link = zipfile.ZipInfo("layers/link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(InputError, match="link"):
        read_zip(made)


def test_bombs_are_refused_without_unpacking_them(tmp_path: Path) -> None:
    good = write_zip(plain_decomposition(), tmp_path / "a.zip")
    with pytest.raises(InputError, match="larger than its pixels"):
        read_zip(repack(good, tmp_path / "declared.zip", source=bytes(50 * 2**20)))
    lying = bytearray(repack(good, tmp_path / "lying.zip", source=bytes(50 * 2**20)).read_bytes())
    declared = (50 * 2**20).to_bytes(4, "little")
    while (at := lying.find(declared)) >= 0:
        lying[at : at + 4] = (1000).to_bytes(4, "little")
    (tmp_path / "lying.zip").write_bytes(lying)
    with pytest.raises(InputError):
        read_zip(tmp_path / "lying.zip")
    manifest = json.loads(zipfile.ZipFile(good).read("manifest.json"))
    many = [{**manifest["layers"][1], "id": f"l{i}", "file": f"layers/{i}.png"} for i in range(900)]
    huge = json.dumps({**manifest, "size": [8192, 8192], "layers": many}).encode()
    with pytest.raises(InputError, match="memory"):
        read_zip(repack(good, tmp_path / "many.zip", manifest=huge))
    with pytest.raises(InputError, match="5000 files"):
        crowd = zipfile.ZipFile(tmp_path / "crowd.zip", "w")
        for number in range(5000):
            crowd.writestr(f"{number}", b"")
        crowd.close()
        read_zip(tmp_path / "crowd.zip")


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    good = write_zip(plain_decomposition(), tmp_path / "a.zip").read_bytes()
    for data in (b"", b"PK\x03\x04", b"hello", good[: len(good) // 2]):
        (tmp_path / "bad.zip").write_bytes(data)
        with pytest.raises(InputError, match="not a ZIP"):
            read_zip(tmp_path / "bad.zip")
    damaged = bytearray(good)
    damaged[len(good) // 3] ^= 0xFF
    (tmp_path / "bad.zip").write_bytes(damaged)
    with pytest.raises(InputError):
        read_zip(tmp_path / "bad.zip")
    with pytest.raises(InputError, match="no file"):
        read_zip(tmp_path / "absent.zip")
    with pytest.raises(InputError, match="no folder"):
        read_folder(tmp_path / "absent")
    (tmp_path / "twice.zip").write_bytes(good)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(tmp_path / "twice.zip", "a") as archive:
        archive.writestr("source.png", b"x")
    with pytest.raises(InputError, match="two files"):
        read_zip(tmp_path / "twice.zip")


def test_a_folder_packed_by_hand_reads_back(tmp_path: Path) -> None:
    made = plain_decomposition()
    packed = repack(write_zip(made, tmp_path / "a.zip"), tmp_path / "b.zip", prefix="my cat/", extra={"__MACOSX/._my cat": b"x"})
    assert same(read_zip(packed), made)
