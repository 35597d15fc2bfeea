"""Everything a rigger may ask for in one ZIP: the PSD files of `liwi.export.rigging`, each part as PNG with its depth, and ``parts.json``.

``layers.psd``, ``layers_depth.psd`` and ``layers.psd.json`` belong together as See-through's files do, which other tools read; the JSON
holds what See-through's holds, and more.
"""

import json
import stat
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from liwi.export import png
from liwi.export.atomic import new_file
from liwi.export.names import layer_files
from liwi.export.rig_layout import RigLayer, group_of, rig_layers
from liwi.export.rigging import depth_map, write_cubism_psd, write_depth_psd, write_flat_psd, write_grouped_psd
from liwi.seethrough.complete_parts import alpha_median
from liwi.types import Decomposition

FORMAT, VERSION = "liwi-parts", 1
PARTS_FILE, SOURCE_FILE = "parts.json", "source.png"

_DOCUMENTS = (
    ("layers.psd", write_flat_psd),
    ("layers_depth.psd", write_depth_psd),
    ("cubism.psd", write_cubism_psd),
    ("grouped.psd", write_grouped_psd),
)

_DEPTH_WORDS = "0 = nearest to the viewer, 1 = farthest, as See-through has it; in *_depth.png times 65535, in layers_depth.psd times 255"


def write_parts_zip(decomposition: Decomposition, path: str | Path) -> Path:
    """Write the kit. The same decomposition gives the same bytes.

    Returns:
        The path.

    Raises:
        ExportError: no body parts, a blend mode that Cubism lacks, or it cannot be written there.
    """
    layers = rig_layers(decomposition)
    files = [name.removesuffix(".png") for name in layer_files([each.cropped.title for each in layers])]
    described = json.dumps(describe_parts(decomposition, layers, files), ensure_ascii=True, indent=2).encode() + b"\n"
    with new_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name in (PARTS_FILE, "layers.psd.json"):
            _store(archive, name, described)
        with tempfile.TemporaryDirectory(dir=partial.parent, prefix=".parts-") as folder:
            for name, write in _DOCUMENTS:
                _store(archive, name, write(decomposition, Path(folder) / name).read_bytes())
        source = decomposition.source if decomposition.mask is None else np.dstack([decomposition.source, decomposition.mask])
        pictures: list[tuple[str, png.Pixels]] = [(SOURCE_FILE, source)]
        for each, stem in zip(layers, files, strict=True):
            pictures.append((f"parts/{stem}.png", each.cropped.rgba))
            pictures.append((f"parts/{stem}_depth.png", np.rint((1 - depth_map(each)) * 65535).astype(np.uint16)))
        for name, data in png.encode_all(pictures):
            _store(archive, name, data)
    return Path(path).expanduser()


def describe_parts(decomposition: Decomposition, layers: list[RigLayer], files: list[str]) -> dict[str, Any]:
    """What ``parts.json`` says.

    Args:
        decomposition: of what.
        layers: back to front.
        files: the stem of each one's files.
    """
    width, height = decomposition.size
    return {
        "format": FORMAT,
        "version": VERSION,
        "frame_size": [height, width],
        "source": SOURCE_FILE,
        "engine": decomposition.provenance.engine,
        "engine_version": decomposition.provenance.engine_version,
        "seed": decomposition.provenance.seed,
        "notes": list(decomposition.provenance.notes),
        "depth": _DEPTH_WORDS,
        "order": "part_id counts from the back to the front; xyxy is [left, top, right, bottom] in pixels of the source",
        "parts": {each.cropped.title: _part(each, place, stem) for place, (each, stem) in enumerate(zip(layers, files, strict=True))},
    }


def _part(each: RigLayer, place: int, stem: str) -> dict[str, Any]:
    layer = each.layer
    near = alpha_median(depth_map(each), each.cropped.rgba[..., 3])
    return {
        "xyxy": list(each.cropped.box.as_tuple()),
        "depth_median": None if near is None else round(1 - near, 6),
        "tag": "" if layer.part is None else layer.part.value,
        "part_id": place,
        "side": None if layer.side is None else layer.side.value,
        "group": list(group_of(layer.part, layer.side)),
        "visible": layer.visible,
        "opacity": layer.opacity,
        "blend": layer.blend.value,
        "file": f"parts/{stem}.png",
        "depth_file": f"parts/{stem}_depth.png",
    }


def _store(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Add a member, dated 1980 so that equal content is an equal file."""
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFREG | 0o644) << 16
    archive.writestr(member, data, zipfile.ZIP_DEFLATED if name.endswith(".json") else zipfile.ZIP_STORED)
