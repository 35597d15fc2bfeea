"""Packs a Live2D model into a ZIP: what the reader needs and nothing else, so that it can be kept and opened anywhere again."""

import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from data_tools.live2d.manifest import read_document, read_manifest
from data_tools.live2d.sources import FileSource, open_source, resolve

_OPTIONAL = ("DisplayInfo", "Pose", "Physics", "UserData")
_ANY_DATE = (1980, 1, 1, 0, 0, 0)


def pack_model(path: Path, out: Path) -> None:
    """Write a model's .model3.json, moc3, textures, and display, pose, physics and user data files; the same model gives the same bytes.

    Args:
        path: a .model3.json, the folder of one model, or a ZIP of it.
        out: the ZIP, which does not exist yet.

    Raises:
        InputError: there is no model, or it or a file that it needs cannot be read.
        OSError: the ZIP cannot be written.
    """
    source, model_name = open_source(path)
    try:
        root = PurePosixPath(model_name).parent
        with zipfile.ZipFile(out, "x") as archive:
            for name in sorted(set(_needed_files(source, model_name))):
                inside = PurePosixPath(name).relative_to(root)
                entry = zipfile.ZipInfo(inside.as_posix(), _ANY_DATE)
                entry.compress_type = zipfile.ZIP_STORED if inside.suffix.lower() == ".png" else zipfile.ZIP_DEFLATED
                archive.writestr(entry, source.read(name))
    finally:
        source.close()


def _needed_files(source: FileSource, model_name: str) -> Iterator[str]:
    manifest = read_manifest(source, model_name)
    yield from (model_name, manifest.moc, *manifest.textures)
    references = read_document(source, model_name).get("FileReferences")
    for key in _OPTIONAL:
        reference = references.get(key) if isinstance(references, dict) else None
        if isinstance(reference, str) and reference:
            name = resolve(source, str(PurePosixPath(model_name).parent).removeprefix("."), reference)
            if name is not None:
                yield name
