"""A decomposition as a folder or ZIP of PNG files with a manifest: the exact form, and the one that is read back.

Law: compositing the layer files back to front in floating point, and adding S read from ``shadow.png``, gives ``source.png``
exactly after rounding. S is that of the order exported, so the law survives whatever the panel did to the stack.
The panel's state stands in the manifest and changes no pixel.
"""

import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

import numpy as np
from numpy.typing import NDArray

from liwi.errors import ExportError, InputError
from liwi.export import manifest as manifests
from liwi.export import png
from liwi.export.atomic import new_file, new_folder
from liwi.export.manifest import MASK_FILE, SHADOW_FILE, SOURCE_FILE
from liwi.export.names import layer_files
from liwi.imaging.compositing import to_float, to_uint8
from liwi.types import BoundingBox, Decomposition, Layer, LayerRole, LayerStack

MANIFEST_FILE = "manifest.json"
MAX_DECODED_BYTES = 4 * 2**30
"""Most memory that the pixels of one archive may take."""

_MAX_MANIFEST_BYTES = 8 * 2**20
_MAX_MEMBERS = 4 * manifests.MAX_LAYERS
_BAND_ROWS = 256
_LEFT_BY_SYSTEMS = {".DS_Store", "Thumbs.db", "desktop.ini"}


def write_folder(decomposition: Decomposition, folder: str | Path) -> Path:
    """Write ``manifest.json``, ``source.png``, ``layers/*.png``, ``shadow.png`` and, where there is one, ``mask.png``.

    An existing folder is replaced where it is empty or a previous export, and left alone otherwise.

    Returns:
        The folder.

    Raises:
        ExportError: the folder holds something else, is a file, or cannot be written.
    """
    target = Path(folder).expanduser()
    if target.exists():
        check_replaceable(target)
    with new_folder(target) as partial:
        (partial / "layers").mkdir()
        for name, data in _members(decomposition):
            (partial / name).write_bytes(data)
    return target


def write_zip(decomposition: Decomposition, path: str | Path) -> Path:
    """Write the files of `write_folder` as one ZIP. The same decomposition gives the same bytes.

    Returns:
        The path.

    Raises:
        ExportError: it cannot be written there.
    """
    with new_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, data in _members(decomposition):
            member = zipfile.ZipInfo(name)  # dated 1980: the moment is no part of the content
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(member, data, zipfile.ZIP_STORED)  # PNG is compressed already
    return Path(path).expanduser()


def read_folder(folder: str | Path) -> Decomposition:
    """Read what `write_folder` wrote, believing nothing of it.

    Raises:
        InputError: a file is missing, damaged, a link, or not what the manifest says.
    """
    return _read(_Folder(Path(folder).expanduser()))


def read_zip(path: str | Path) -> Decomposition:
    """Read what `write_zip` wrote, believing nothing of it; nothing is unpacked to disk.

    Raises:
        InputError: not a ZIP, unsafe names, too large, or as `read_folder`.
    """
    try:
        with zipfile.ZipFile(Path(path).expanduser()) as archive:
            return _read(_Archive(archive))
    except FileNotFoundError as error:
        raise InputError(f"There is no file {Path(path).name!r}.") from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise InputError(f"{Path(path).name!r} is not a ZIP file that can be read. Export again.") from error


def check_replaceable(folder: Path) -> None:
    """Refuse a folder that holds anything but a previous export: it is not ours to delete.

    Raises:
        ExportError: it holds something else, or is a file.
    """
    if not folder.is_dir():
        raise ExportError(f"{folder.name!r} is a file; give the name of a folder, or a name that ends in .zip, .psd, .ora or .pptx.")
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.name not in _LEFT_BY_SYSTEMS}
    if not there:
        return
    refusal = f"The folder {folder.name!r} is not empty and not a previous export. Choose a new or empty one; nothing in it was touched."
    try:
        manifest = manifests.from_json(_Folder(folder).read(MANIFEST_FILE, _MAX_MANIFEST_BYTES))
    except InputError as error:
        raise ExportError(refusal) from error
    strange = there - {MANIFEST_FILE, "layers", *manifest.files}
    if strange:
        raise ExportError(
            f"The folder {folder.name!r} is a previous export, but also holds {min(strange)!r}. "
            "Move that away or choose another folder; nothing in it was touched."
        )


def _members(decomposition: Decomposition) -> Iterator[tuple[str, bytes]]:
    """Every file as (name, content), the manifest first."""
    levels, recomposes = _shadow_levels(decomposition)
    names = ["background" if layer.role is LayerRole.BACKGROUND else layer.name for layer in decomposition.stack]
    files = [f"layers/{file}" for file in layer_files(names)]
    yield MANIFEST_FILE, manifests.to_json(manifests.describe(decomposition, files, recomposes=recomposes))

    pictures: list[tuple[str, png.Pixels]] = [(SOURCE_FILE, decomposition.source)]
    if decomposition.mask is not None:
        pictures = [(SOURCE_FILE, np.dstack([decomposition.source, decomposition.mask])), (MASK_FILE, decomposition.mask)]
    pictures += [(file, layer.rgba) for file, layer in zip(files, decomposition.stack, strict=True)]
    yield from png.encode_all([*pictures, (SHADOW_FILE, levels)])


def _shadow_levels(decomposition: Decomposition) -> tuple[NDArray[np.uint16], bool]:
    """S in 16 bits, (H, W, 3), and whether the layers and it add up to the source exactly."""
    levels = np.full(decomposition.source.shape, 32768, np.uint16)
    box = decomposition.changed
    exact = True
    if box is None:
        return levels, exact
    for top in range(box.top, box.bottom, _BAND_ROWS):
        band = BoundingBox(box.left, top, box.right, min(top + _BAND_ROWS, box.bottom))
        stacked = decomposition.stack.composite(band)[..., :3]
        shadow = to_float(decomposition.source[band.slices]) - stacked
        rows = np.clip(np.rint((shadow + 1) * np.float32(65535 / 2)), 0, 65535).astype(np.uint16)
        again = stacked + (rows * np.float32(2 / 65535) - 1)
        exact = exact and np.array_equal(to_uint8(again), decomposition.source[band.slices])
        levels[band.slices] = rows
    return levels, exact


class _Files(Protocol):
    def read(self, name: str, limit: int) -> bytes:
        """The whole file. Raises `InputError` where it is missing, unsafe or larger than ``limit`` bytes."""


class _Folder:
    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError(f"There is no folder {folder.name!r}.")
        self._folder = folder.resolve()

    def read(self, name: str, limit: int) -> bytes:
        path = self._folder / name
        if path.is_symlink() or path.parent.is_symlink():
            raise InputError(f"{name} is a link; exports hold plain files only.")
        if not path.is_file():
            raise InputError(f"{name} is missing. Export again.")
        with path.open("rb") as file:
            return _read_bounded(file, name, limit)


class _Archive:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        members = archive.infolist()
        if len(members) > _MAX_MEMBERS:
            raise InputError(f"The ZIP holds {len(members)} files; at most {_MAX_MEMBERS} are read.")
        for member in members:
            _check_member(member)
        names = [unicodedata.normalize("NFC", member.filename) for member in members]  # some systems store the parts of ü apart
        if len(set(names)) != len(names):
            raise InputError("The ZIP holds two files of one name. Export again.")
        roots = sorted((name for name in names if PurePosixPath(name).name == MANIFEST_FILE), key=len)
        root = roots[0].removesuffix(MANIFEST_FILE) if roots else ""  # a person who packs a folder again wraps it in one
        self._members = {name.removeprefix(root): member for name, member in zip(names, members, strict=True) if name.startswith(root)}

    def read(self, name: str, limit: int) -> bytes:
        member = self._members.get(unicodedata.normalize("NFC", name))
        if member is None or member.is_dir():
            raise InputError(f"{name} is missing. Export again.")
        if member.file_size > limit:
            raise InputError(f"{name} is larger than its pixels can be ({member.file_size} bytes). Export again.")
        with self._archive.open(member) as file:
            return _read_bounded(file, name, limit)


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename.replace("\\", "/")
    if name.startswith("/") or ".." in name.split("/") or name[1:2] == ":" or "\x00" in name:
        raise InputError(
            f"The ZIP holds a file with the unsafe name {member.orig_filename[:80]!r}. It was not made here; nothing was read."
        )
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InputError(f"The ZIP holds a link or device, {member.filename[:80]!r}. It was not made here; nothing was read.")
    if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError("The ZIP is encrypted or packed in an unusual way. Pack it as a plain ZIP.")


def _read_bounded(file: IO[bytes], name: str, limit: int) -> bytes:
    data = file.read(limit + 1)
    if len(data) > limit:
        raise InputError(f"{name} is larger than its pixels can be. Export again.")
    return data


def _read(files: _Files) -> Decomposition:
    manifest = manifests.from_json(files.read(MANIFEST_FILE, _MAX_MANIFEST_BYTES))
    width, height = manifest.size
    if width * height * 4 * (len(manifest.layers) + 1) > MAX_DECODED_BYTES:
        raise InputError(
            f"{len(manifest.layers)} layers of {width} x {height} pixels need more than {MAX_DECODED_BYTES // 2**30} GB of memory; "
            "take away layers or make the picture smaller."
        )

    def read(name: str, channels: int) -> bytes:
        return files.read(name, width * height * channels * 101 // 100 + 2**20)  # what stored pixels take, and some chunks

    mode = "RGBA" if manifest.has_mask else "RGB"
    source = png.decode(read(SOURCE_FILE, 4), SOURCE_FILE, mode, manifest.size)
    mask = png.decode(read(MASK_FILE, 1), MASK_FILE, "L", manifest.size) if manifest.has_mask else None
    png.check_header(read(SHADOW_FILE, 6), SHADOW_FILE, "RGB", manifest.size, bits=16)  # S follows from source and layers
    layers = []
    for entry in manifest.layers:
        rgba = png.decode(read(entry.file, 4), entry.file, "RGBA", manifest.size)
        state = (entry.visible, entry.locked, entry.opacity, entry.blend, entry.part, entry.side, entry.pseudo_depth)
        layers.append(Layer(rgba, entry.role, entry.name, entry.id, entry.box, *state))
    stack = LayerStack(tuple(layers))
    return Decomposition(np.ascontiguousarray(source[..., :3]), stack, manifest.provenance, mask, manifest.shadow_visible)
