"""A dataset folder of part pictures: small enough to carry to another machine, and read without anything that draws characters.

::

    plan.json            what the set is made of; written first, so that an interrupted run can go on
    part-0000.npz        some characters' pictures: RGBA as WebP, labels as PNG, one after the other, and where each ends
    part-0000.json       per picture: character, split, what it frames
    manifest.json        written last: side, classes, counts, licences, sha256 of every file; without it the set is unfinished

Splits are by character (`data_tools.character_dataset.split_of`): no character is trained with and measured on.
"""

import io
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data_tools.character_dataset import PLAN, Split
from data_tools.manifests import MANIFEST, DatasetError, check_format, compare_files, digest_file, encode_document, read_document
from liwi.export.atomic import new_file
from liwi.seethrough.body_parts import TAXONOMIES, TaxonomyVersion

UInt8 = NDArray[np.uint8]

FORMAT, VERSION = "liwi-parts", 1
MIN_SIDE, MAX_SIDE = 32, 1024

UNKNOWN, NOTHING = 254, 255
"""Labels beside the 19 class indices: something that nobody has labelled, and no figure at all."""

_SHARD = re.compile(r"part-[0-9]{4}")
_QUALITY = 82
_DECODERS = 4
_NUM_CLASSES = len(TAXONOMIES[TaxonomyVersion.V2])


@dataclass(frozen=True, eq=False)
class PartPicture:
    """One picture and what it shows.

    Attributes:
        rgba: (S, S, 4) uint8, straight alpha: the figure, or a part of it, on nothing.
        labels: (S, S) uint8: the class index of taxonomy version 2 that each pixel shows, `UNKNOWN` or `NOTHING`.
        character: whom it shows; pictures of one character are on one side of the split.
        split: what it is for.
        frame: what it frames: "figure", "bust" or "head".
    """

    rgba: UInt8
    labels: UInt8
    character: str
    split: Split
    frame: str

    def __post_init__(self) -> None:
        shape = self.labels.shape
        if self.rgba.dtype != np.uint8 or self.labels.dtype != np.uint8 or self.rgba.shape != (*shape, 4) or shape[0] != shape[1]:
            raise ValueError(f"A part picture is a square of uint8 RGBA with labels, got {self.rgba.shape} and {shape}")


class PartPictures:
    """The pictures of one split, in memory: as they are on disk, and decoded where that was asked for.

    Attributes:
        side: of the square pictures, in pixels.
        frames: what each frames, see `PartPicture`.
    """

    def __init__(self, side: int, frames: Sequence[str], coded: Sequence[tuple[bytes, bytes]], *, decoded: bool) -> None:
        self.side, self.frames = side, tuple(frames)
        self._coded = coded
        self._arrays: tuple[UInt8, UInt8] | None = None
        if decoded:
            self._arrays = self._decode(range(len(coded)))
            self._coded = ()

    def __len__(self) -> int:
        return len(self.frames)

    def read(self, places: Sequence[int] | NDArray[np.int64]) -> tuple[UInt8, UInt8]:
        """RGBA (n, S, S, 4) and labels (n, S, S) of the pictures at ``places``.

        Raises:
            DatasetError: a picture is damaged.
        """
        if self._arrays is not None:
            rgba, labels = self._arrays
            return rgba[places], labels[places]
        return self._decode([int(place) for place in places])

    def _decode(self, places: Sequence[int]) -> tuple[UInt8, UInt8]:
        """Several at a time, since decoding leaves Python alone."""
        rgba = np.empty((len(places), self.side, self.side, 4), np.uint8)
        labels = np.empty((len(places), self.side, self.side), np.uint8)

        def decode(number: int) -> None:
            picture, shown = self._coded[places[number]]
            rgba[number] = _pixels(picture, "WEBP", "RGBA", self.side)
            labels[number] = _pixels(shown, "PNG", "L", self.side)

        try:
            with ThreadPoolExecutor(_DECODERS) as threads:
                list(threads.map(decode, range(len(places))))
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            raise DatasetError(f"A part picture is damaged ({str(error)[:100]}). Copy the dataset again, or make it again.") from error
        if ((labels >= _NUM_CLASSES) & (labels < UNKNOWN)).any():
            raise DatasetError("The dataset holds labels that are no class. Copy it again, or make it again.")
        return rgba, labels


def write_shard(folder: Path, number: int, pictures: Sequence[PartPicture]) -> str:
    """Write one shard and return its name. The arrays come first: a shard whose JSON file is there is whole."""
    name = shard_name(number)
    coded = {"rgba": [_webp(each.rgba) for each in pictures], "labels": [_png(each.labels) for each in pictures]}
    arrays = {key: np.frombuffer(b"".join(parts), np.uint8) for key, parts in coded.items()}
    arrays |= {f"{key}_ends": np.cumsum([len(part) for part in parts], dtype=np.int64) for key, parts in coded.items()}
    with new_file(folder / f"{name}.npz") as place, place.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    entries = [
        {"character": each.character, "split": each.split.value, "frame": each.frame, "classes": _classes_in(each.labels)}
        for each in pictures
    ]
    with new_file(folder / f"{name}.json") as place:
        place.write_bytes(encode_document({"pictures": entries}))
    return name


def _classes_in(labels: UInt8) -> list[int]:
    """Indices of the classes that occur in labels, ascending."""
    return [int(label) for label in np.unique(labels) if label < _NUM_CLASSES]


def shard_name(number: int) -> str:
    """Of the files of a shard, without endings."""
    return f"part-{number:04d}"


def finish(folder: Path, shards: Sequence[str], side: int, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest over the named shards and return it."""
    entries = [entry for name in shards for entry in _entries(folder, name)]
    files = [f"{name}.{ending}" for name in shards for ending in ("npz", "json")]
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "side": side,
        "classes": list(TAXONOMIES[TaxonomyVersion.V2]),
        "pictures": dict(Counter(entry["split"] for entry in entries)),
        "characters": dict(Counter(split for _, split in {(entry["character"], entry["split"]) for entry in entries})),
        "frames": dict(Counter(entry["frame"] for entry in entries)),
        "labelled": {split.value: _count_labelled(entries, split) for split in Split},
        **facts,
        "shards": list(shards),
        "sha256": {name: digest_file(folder / name) for name in files},
    }
    with new_file(folder / MANIFEST) as place:
        place.write_bytes(encode_document(manifest))
    return manifest


def _count_labelled(entries: Sequence[Mapping[str, Any]], split: Split) -> dict[str, int]:
    """By class, in how many pictures of a split it is labelled; classes that are in none are left out."""
    names = TAXONOMIES[TaxonomyVersion.V2]
    counts = Counter(index for entry in entries if entry["split"] == split for index in entry.get("classes", ()))
    return {str(names[index]): counts[index] for index in sorted(counts)}


def never_labelled(manifest: Mapping[str, Any], split: Split) -> list[str] | None:
    """The classes that nobody has labelled in the pictures of a split; None where the set was made before this was counted."""
    counted = manifest.get("labelled")
    if not isinstance(counted, dict) or not isinstance(counted.get(split.value), dict):
        return None
    return [str(name) for name in manifest["classes"] if name not in counted[split.value]]


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read and check the manifest.

    Raises:
        DatasetError: there is none, or it is of another format, version or list of classes.
    """
    try:
        manifest = read_document(folder / MANIFEST)
    except FileNotFoundError:
        raise DatasetError(
            f"{folder} is no finished set of part pictures: it has no {MANIFEST}. Make one with: python -m data_tools parts {folder}"
        ) from None
    check_format(folder / MANIFEST, manifest, FORMAT, VERSION)
    side, shards = manifest.get("side"), manifest.get("shards")
    if manifest.get("classes") != list(TAXONOMIES[TaxonomyVersion.V2]):
        raise DatasetError(f"{folder / MANIFEST} has other classes than taxonomy version 2. Make the dataset again.")
    if type(side) is not int or not MIN_SIDE <= side <= MAX_SIDE:
        raise DatasetError(f"{folder / MANIFEST} is damaged: its pictures have a side of {str(side)[:20]}. Make the dataset again.")
    if (
        not isinstance(shards, list)
        or not all(isinstance(name, str) and _SHARD.fullmatch(name) for name in shards)
        or not isinstance(manifest.get("sha256"), dict)
    ):
        raise DatasetError(f"{folder / MANIFEST} is damaged: its list of shards is none. Make the dataset again.")
    return manifest


def read_pictures(
    folder: Path, split: Split | None, *, decoded: bool = True, most: int | None = None, without: Collection[str] = ()
) -> PartPictures:
    """The pictures of one split, or the first ``most``.

    Args:
        folder: of the dataset.
        split: which; None for all.
        decoded: whether to decode all at once: 5 bytes a pixel. Else each is decoded when it is asked for.
        most: at most so many.
        without: characters whose pictures are left out.

    Raises:
        DatasetError: a file is missing or damaged, or there is no picture for this purpose.
    """
    manifest = read_manifest(folder)
    frames: list[str] = []
    coded: list[tuple[bytes, bytes]] = []
    for name in manifest["shards"]:
        entries = _entries(folder, name)
        wanted = [split in (None, entry["split"]) and entry["character"] not in without for entry in entries]
        places = [place for place, chosen in enumerate(wanted) if chosen]
        frames += [str(entries[place]["frame"]) for place in places]
        coded += _pieces(folder, name, places)
    if not frames:
        purpose = split.value if split else "characters that were not trained with"
        raise DatasetError(f"{folder} holds no picture for {purpose!r}. Make the dataset again, of more characters.")
    return PartPictures(manifest["side"], frames[:most], coded[:most], decoded=decoded)


def read_characters(folder: Path, splits: Collection[Split]) -> set[str]:
    """Whom the pictures of some splits show."""
    return characters_of(folder, read_manifest(folder)["shards"], splits)


def characters_of(folder: Path, shards: Sequence[str], splits: Collection[Split] = tuple(Split)) -> set[str]:
    """Whom the pictures of some shards show, also of a set that is unfinished."""
    return {str(entry["character"]) for name in shards for entry in _entries(folder, name) if entry["split"] in splits}


def verify_parts(folder: Path) -> list[str]:
    """Compare every file with its hash in the manifest.

    Returns:
        One line per file that is missing, changed or not listed; empty where all is well.
    """
    manifest = read_manifest(folder)
    return compare_files(folder, {**manifest["sha256"], PLAN: str(manifest.get("plan"))})


def _pieces(folder: Path, name: str, places: Sequence[int]) -> list[tuple[bytes, bytes]]:
    """Picture and labels at each place of a shard, coded."""
    try:
        with (folder / f"{name}.npz").open("rb") as content, ZipFile(content) as archive, np.load(content, allow_pickle=False) as file:
            if any(member.compress_type != ZIP_STORED for member in archive.infolist()):
                raise ValueError("what this program writes is not compressed twice")
            arrays = {key: file[key] for key in ("rgba", "rgba_ends", "labels", "labels_ends")}
        return [(_piece(arrays, "rgba", place), _piece(arrays, "labels", place)) for place in places]
    except FileNotFoundError as error:
        raise DatasetError(f"{folder} lacks the file '{name}.npz'. Copy it again, or make the dataset again.") from error
    except (OSError, ValueError, KeyError, IndexError, TypeError, EOFError, BadZipFile, MemoryError) as error:
        raise DatasetError(f"{folder / name}.npz is damaged ({str(error)[:100]}). Copy it again, or make the dataset again.") from error


def _piece(arrays: Mapping[str, NDArray[Any]], key: str, place: int) -> bytes:
    ends = arrays[f"{key}_ends"]
    return arrays[key][0 if place == 0 else int(ends[place - 1]) : int(ends[place])].tobytes()


def _entries(folder: Path, name: str) -> list[dict[str, Any]]:
    try:
        entries: list[dict[str, Any]] = read_document(folder / f"{name}.json")["pictures"]
        if not all({"character", "split", "frame"} <= entry.keys() for entry in entries):
            raise KeyError("pictures")
    except FileNotFoundError as error:
        raise DatasetError(f"{folder} lacks the file '{name}.json'. Copy it again, or make the dataset again.") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"{folder / name}.json is damaged. Copy it again, or make the dataset again.") from error
    return entries


def _webp(rgba: UInt8) -> bytes:
    content = io.BytesIO()
    Image.fromarray(rgba).save(content, "WEBP", quality=_QUALITY, alpha_quality=100, method=4)
    return content.getvalue()


def _png(labels: UInt8) -> bytes:
    content = io.BytesIO()
    Image.fromarray(labels).save(content, "PNG", optimize=True)
    return content.getvalue()


def _pixels(data: bytes, kind: str, mode: str, side: int) -> UInt8:
    with Image.open(io.BytesIO(data), formats=[kind]) as image:
        if image.size != (side, side):
            raise ValueError(f"a picture of {image.size[0]} x {image.size[1]} instead of {side}")
        return np.asarray(image.convert(mode))
