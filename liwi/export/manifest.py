"""``manifest.json`` of an exported folder or ZIP: the words of a `Decomposition`, without its pixels. Written and strictly read back."""

import json
import math
import re
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from liwi.errors import InputError, PromptError
from liwi.seethrough.body_parts import LAYER_PARTS, AnyBodyPart, Side
from liwi.types import MAX_SIDE, BlendMode, BoundingBox, Decomposition, Layer, LayerRole, Provenance

FORMAT = "liwi-decomposition"
VERSION = 1
MAX_LAYERS = 1000

SOURCE_FILE, MASK_FILE, SHADOW_FILE = "source.png", "mask.png", "shadow.png"

_SHADOW_ENCODING = (
    "16-bit RGB PNG, value = round((S + 1) / 2 * 65535), so S = value / 65535 * 2 - 1; S is the signed shadow residual in [-1, 1]"
)
_LAW = (
    "Composite every layer file back to front with Normal blending at full opacity, in floating point in [0, 1]; take the straight "
    "(un-premultiplied) colour, 0 where alpha is 0; add S; times 255, rounded, this is the RGB of source.png. "
    "The mask, where there is one, is the alpha of source.png and applies last."
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LayerEntry:
    """One layer of a manifest: its file, and everything of `Layer` but the pixels."""

    file: str
    id: str
    name: str
    role: LayerRole
    box: BoundingBox | None
    visible: bool
    opacity: float
    blend: BlendMode
    locked: bool
    part: AnyBodyPart | None = None
    side: Side | None = None
    pseudo_depth: float | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``manifest.json`` says.

    Attributes:
        size: ``(width, height)``.
        layers: back to front.
        has_mask: whether there is a ``mask.png``.
        recomposes: whether the writer checked that the files add up to the source exactly.
    """

    size: tuple[int, int]
    provenance: Provenance
    layers: tuple[LayerEntry, ...]
    has_mask: bool
    shadow_visible: bool
    recomposes: bool

    @property
    def files(self) -> list[str]:
        """Every file that belongs to the export, the manifest aside."""
        return [SOURCE_FILE, *([MASK_FILE] if self.has_mask else []), SHADOW_FILE, *(layer.file for layer in self.layers)]


def describe(decomposition: Decomposition, files: list[str], *, recomposes: bool) -> Manifest:
    """The manifest of a decomposition whose layers lie in ``files``, back to front."""
    layers = tuple(_entry(layer, file) for layer, file in zip(decomposition.stack, files, strict=True))
    return Manifest(
        decomposition.size, decomposition.provenance, layers, decomposition.mask is not None, decomposition.shadow_visible, recomposes
    )


def _entry(layer: Layer, file: str) -> LayerEntry:
    return LayerEntry(
        file,
        layer.id,
        layer.name,
        layer.role,
        layer.box,
        layer.visible,
        float(layer.opacity),
        layer.blend,
        layer.locked,
        layer.part,
        layer.side,
        layer.pseudo_depth,
    )


def to_json(manifest: Manifest) -> bytes:
    """The manifest as UTF-8 JSON, readable by a person."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "size": list(manifest.size),
        "color_space": "sRGB",
        "source": SOURCE_FILE,
        "mask": MASK_FILE if manifest.has_mask else None,
        "shadow": {"file": SHADOW_FILE, "encoding": _SHADOW_ENCODING},
        "shadow_visible": manifest.shadow_visible,
        "law": _LAW,
        "recomposes": manifest.recomposes,
        "provenance": asdict(manifest.provenance),
        "layers_order": "back to front",
        "layers": [{**asdict(layer), "box": list(layer.box.as_tuple()) if layer.box else None} for layer in manifest.layers],
    }
    text = json.dumps(content, ensure_ascii=False, indent=2)
    # A lone surrogate, which JSON can hold and UTF-8 cannot, is escaped.
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text).encode() + b"\n"


def from_json(data: bytes) -> Manifest:
    """Read a manifest, believing nothing of it.

    Raises:
        InputError: not JSON, not a manifest of ours, of another version, or with a wrong or missing value.
    """
    try:
        content = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError("manifest.json is not valid JSON. Export again.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError("manifest.json is not one of LiWi Studio's. Give a folder or ZIP that was exported here.")
    version = _take(content, "version", int, "manifest.json")
    if version != VERSION:
        raise InputError(f"The export has format version {version}; this program reads version {VERSION}. Update it, or export again.")
    entries = _take(content, "layers", list, "manifest.json")
    if not 1 <= len(entries) <= MAX_LAYERS:
        raise InputError(f"manifest.json names {len(entries)} layers; between 1 and {MAX_LAYERS} are read.")
    layers = tuple(_read_layer(entry, f"layer {position} in manifest.json") for position, entry in enumerate(entries))
    for what, values in (("file", [layer.file for layer in layers]), ("id", [layer.id for layer in layers])):
        if len(set(values)) != len(values):
            raise InputError(f"Two layers in manifest.json have the same {what}.")
    return Manifest(
        _read_size(content),
        _read_provenance(_take(content, "provenance", dict, "manifest.json")),
        layers,
        _read_mask(content),
        _take(content, "shadow_visible", bool, "manifest.json"),
        _take(content, "recomposes", bool, "manifest.json"),
    )


def _take(table: dict[str, Any], key: str, kind: type[T], where: str) -> T:
    value = table.get(key)
    if kind is float and type(value) is int:
        value = min(max(value, -(2**53)), 2**53) * 1.0
    if type(value) is not kind:  # isinstance would take a bool for an int
        found = "nothing" if key not in table else type(value).__name__
        raise InputError(f"{where} should have {key!r} as {kind.__name__}, but has {found}. Export again.")
    return value


def _refuse_constant(text: str) -> float:
    raise ValueError(text)


def _read_size(content: dict[str, Any]) -> tuple[int, int]:
    size = _take(content, "size", list, "manifest.json")
    if len(size) != 2 or any(type(side) is not int or not 1 <= side <= MAX_SIDE for side in size):
        raise InputError(f"The size in manifest.json should be [width, height], each from 1 to {MAX_SIDE}. Export again.")
    return size[0], size[1]


def _read_mask(content: dict[str, Any]) -> bool:
    mask = content.get("mask")
    if mask not in (None, MASK_FILE):
        raise InputError(f"The mask in manifest.json should be null or {MASK_FILE!r}. Export again.")
    return mask is not None


def _read_provenance(table: dict[str, Any]) -> Provenance:
    where = "provenance in manifest.json"
    notes = _take(table, "notes", list, where)
    if not all(isinstance(note, str) for note in notes):
        raise InputError(f"The notes of the {where} should be text. Export again.")
    engine, version = _take(table, "engine", str, where), _take(table, "engine_version", str, where)
    return Provenance(engine, version, _take(table, "seed", int, where), _take(table, "seconds", float, where), tuple(notes))


def _read_layer(entry: object, where: str) -> LayerEntry:
    if not isinstance(entry, dict):
        raise InputError(f"{where} should be a table of values. Export again.")
    file, opacity = _take(entry, "file", str, where), _take(entry, "opacity", float, where)
    if not re.fullmatch(r"layers/[^/\\:\x00-\x1f]+\.png", file) or ".." in file:
        raise InputError(f"{where} names the file {file!r}; it must lie directly in 'layers' and end in .png.")
    if not (math.isfinite(opacity) and 0 <= opacity <= 1):
        raise InputError(f"{where} has the opacity {opacity}; it must be from 0 to 1.")
    role, blend = _take(entry, "role", str, where), _take(entry, "blend", str, where)
    if role not in list(LayerRole) or blend not in list(BlendMode):
        raise InputError(f"{where} has the role {role!r} and blend mode {blend!r}; this program does not know both. Update it.")
    return LayerEntry(
        file,
        _read_id(entry, where),
        _take(entry, "name", str, where),
        LayerRole(role),
        _read_box(entry.get("box"), where),
        _take(entry, "visible", bool, where),
        opacity,
        BlendMode(blend),
        _take(entry, "locked", bool, where),
        *_read_part(entry, where),
    )


def _read_part(entry: dict[str, Any], where: str) -> tuple[AnyBodyPart | None, Side | None, float | None]:
    """What a layer of a character is; exports of photographs, and older ones, do not say."""
    part, side = entry.get("part"), entry.get("side")
    depth = _take(entry, "pseudo_depth", float, where) if entry.get("pseudo_depth") is not None else None
    known = next((each for each in LAYER_PARTS if each.value == part), None)
    sides = next((each for each in Side if each.value == side), None)
    if (part is not None and known is None) or (side is not None and sides is None) or not 0 <= (depth or 0) <= 1:
        raise InputError(
            f"{where} is the part {part!r} on the side {side!r} at depth {depth}, which this program does not know. Update it."
        )
    return known, sides, depth


def _read_id(entry: dict[str, Any], where: str) -> str:
    layer_id = _take(entry, "id", str, where)
    if not re.fullmatch(r"[\w.-]{1,100}", layer_id, re.ASCII):  # ids go into addresses and pages
        raise InputError(f"{where} has the id {layer_id!r}; letters, digits, '.', '-' and '_' are allowed. Export again.")
    return layer_id


def _read_box(value: object, where: str) -> BoundingBox | None:
    if value is None:
        return None
    limit = 2**31
    if not isinstance(value, list) or len(value) != 4 or any(type(side) is not int or not -limit < side < limit for side in value):
        raise InputError(f"{where} should have its box as [left, top, right, bottom] or null. Export again.")
    try:
        return BoundingBox(*value)
    except PromptError as error:
        raise InputError(f"{where}: {error}") from error
