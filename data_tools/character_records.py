"""A `CharacterSample` as a JSON object and PNG files by name: what a folder's blobs and a shard have in common.

The files: ``source.png`` (RGB), ``figure.png`` (RGBA), and for each layer, spaces in its tag as ``_``: ``front_hair.rgba.png``,
``front_hair.visible.png`` (8-bit grey), ``front_hair.fragments.png`` (16-bit grey); see `data_tools.samples` for what they mean.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data_tools.manifests import DatasetError
from data_tools.samples import DEPTH_VARIANTS, SAMPLE_TAGS, ArtMeshLabel, CharacterSample, PartLayer
from liwi.errors import InputError
from liwi.export.png import HEADER_BYTES, check_header, decode
from liwi.seethrough.body_parts import TAXONOMIES, BodyPart, Side
from liwi.types import MAX_SIDE, BoundingBox

Pixels = NDArray[np.uint8] | NDArray[np.uint16]


def pictures(sample: CharacterSample) -> list[tuple[str, Pixels]]:
    """The pictures of a sample by file name."""
    found: list[tuple[str, Pixels]] = [("source.png", sample.source), ("figure.png", sample.figure)]
    for layer in sample.layers:
        stem = _stem(layer.tag)
        found += [
            (f"{stem}.rgba.png", layer.rgba),
            (f"{stem}.visible.png", layer.visible),
            (f"{stem}.fragments.png", layer.fragments),
        ]
    return found


def _stem(tag: str) -> str:
    return tag.replace(" ", "_")


def describe(sample: CharacterSample, files: Mapping[str, str]) -> dict[str, Any]:
    """The JSON object of a sample.

    Args:
        sample: what is described.
        files: SHA-256 of each of its `pictures`, as a PNG file.
    """
    return {
        "name": sample.name,
        "size": list(sample.size),
        "taxonomies": [version.value for version in TAXONOMIES],
        "facts": sample.facts,
        "layers": [_describe_layer(sample, layer) for layer in sample.layers],
        "art_meshes": [asdict(mesh) for mesh in sample.art_meshes],
        "files": dict(files),
    }


def sample_from(document: Mapping[str, Any], load: Callable[[str], bytes]) -> CharacterSample:
    """A sample from its JSON object and its files, wherever they come from: a folder's blobs or a shard.

    Args:
        document: what stands in ``samples/<name>.json``.
        load: gives the bytes of a file such as ``"front_hair.rgba.png"``.

    Raises:
        DatasetError: the object or a picture is damaged.
    """
    try:
        width, height = (int(side) for side in document["size"])
        if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
            raise ValueError(f"a size of {width} x {height}")
        return CharacterSample(
            name=str(document["name"]),
            source=decode(load("source.png"), "source.png", "RGB", (width, height)),
            figure=decode(load("figure.png"), "figure.png", "RGBA", (width, height)),
            layers=tuple(_read_layer(layer, (width, height), load) for layer in document["layers"]),
            art_meshes=tuple(_read_mesh(mesh) for mesh in document["art_meshes"]),
            facts=dict(document["facts"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, InputError) as error:
        raise DatasetError(
            f"The sample {str(document.get('name'))[:100]!r} is damaged ({str(error)[:100]}). Make the dataset again."
        ) from error


def _describe_layer(sample: CharacterSample, layer: PartLayer) -> dict[str, Any]:
    depths = {
        variant: [None if np.isnan(value) else round(value, 6) for value in sample.part_depth(layer.tag, variant)]
        for variant in DEPTH_VARIANTS
    }
    return {
        "tag": layer.tag,
        "classes": {version.value: names.index(layer.tag) for version, names in TAXONOMIES.items() if layer.tag in names},
        "box": list(layer.box.as_tuple()),
        "visible_pixels": round(float(layer.visible.sum(dtype=np.int64)) / 255, 2),
        "pseudo_depth": {variant: {"median": median, "mean": mean} for variant, (median, mean) in depths.items()},
    }


def _read_layer(entry: Mapping[str, Any], size: tuple[int, int], load: Callable[[str], bytes]) -> PartLayer:
    tag = entry["tag"]
    if tag not in SAMPLE_TAGS:
        raise ValueError(f"no tag {str(tag)[:40]!r}")
    box = BoundingBox(*(int(number) for number in entry["box"]))
    if box.intersect(BoundingBox.of_size(size)) != box:
        raise ValueError(f"the box of {tag!r} leaves the picture")
    stem, inner = _stem(tag), (box.width, box.height)
    return PartLayer(
        tag=tag,
        box=box,
        rgba=decode(load(f"{stem}.rgba.png"), f"{stem}.rgba.png", "RGBA", inner),
        visible=decode(load(f"{stem}.visible.png"), f"{stem}.visible.png", "L", inner),
        fragments=_decode_numbers(load(f"{stem}.fragments.png"), f"{stem}.fragments.png", inner),
    )


def _decode_numbers(data: bytes, name: str, size: tuple[int, int]) -> NDArray[np.uint16]:
    """A 16-bit grey PNG: (h, w) uint16. `InputError` where it is another kind of file, ValueError where it is damaged."""
    check_header(data[:HEADER_BYTES], name, "L", size, bits=16)
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:  # unlike OpenCV, Pillow refuses truncated data
            image.load()
            pixels = np.array(image)
    except (OSError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError(f"{name} is damaged") from error
    return pixels.astype(np.uint16, copy=False)


def _read_mesh(entry: Mapping[str, Any]) -> ArtMeshLabel:
    overlap, index = entry["overlap"], int(entry["index"])
    if not 0 <= index < 2**16 - 1:
        raise ValueError(f"an ArtMesh with the number {index}")
    return ArtMeshLabel(
        index=index,
        id=str(entry["id"]),
        part=BodyPart(entry["part"]) if entry["part"] is not None else None,
        side=Side(entry["side"]) if entry["side"] is not None else None,
        order=float(entry["order"]),
        overlap=float(overlap) if overlap is not None else None,
        visible_pixels=float(entry["visible_pixels"]),
    )
