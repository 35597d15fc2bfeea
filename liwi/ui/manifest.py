"""What Python and the stage tell each other: a small JSON manifest out, prompts and panel state in.

Everything that comes in was sent by a browser and is hostile until checked: numbers are bounded, lists are bounded, unknown fields ignored.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from liwi.errors import InputError
from liwi.progress import Progress
from liwi.prompts import BoundingBox, Hint
from liwi.session import PanelEntry
from liwi.types import BlendMode
from liwi.ui.tiles import TileStore
from liwi.workspace import Project

Step = Literal["replace", "edit", "undo", "redo"]
"""How the document came to be what it is: another picture, a step forward, a step back, a step forward again."""

MAX_BOXES = 50
MAX_HINTS = 200
MAX_PATH_POINTS = 4000
MAX_LAYERS = 1000


@dataclass(frozen=True, slots=True)
class StageState:
    """What the stage says: prompts, panel state and selection.

    Attributes:
        boxes, box_ids, names: boxes to cut, the stage's ids of them, and the names given to them (None for none).
        hints, hint_ids: keep and drop points and strokes, and the stage's ids of them.
        hint_layers: the layer that each hint refines; None where it belongs to a box.
        selected: ids of the selected layers.
        panel: back to front.
    """

    boxes: tuple[BoundingBox, ...] = ()
    box_ids: tuple[str, ...] = ()
    names: tuple[str | None, ...] = ()
    hints: tuple[Hint, ...] = ()
    hint_ids: tuple[str, ...] = ()
    hint_layers: tuple[str | None, ...] = ()
    selected: tuple[str, ...] = ()
    panel: tuple[PanelEntry, ...] = ()
    shadow_visible: bool = True

    def hints_for(self, layer_id: str | None) -> tuple[tuple[Hint, ...], tuple[str, ...]]:
        """The hints that refine this layer (None: those that belong to boxes), and their ids."""
        chosen = [place for place, layer in enumerate(self.hint_layers) if layer == layer_id]
        return tuple(self.hints[place] for place in chosen), tuple(self.hint_ids[place] for place in chosen)


def build_manifest(
    project: Project,
    tiles: TileStore,
    step: Step,
    *,
    message: str | None = None,
    consumed: Sequence[str] | None = None,
    with_shadow: bool = True,
) -> dict[str, Any]:
    """The stage's value for the project as it is now, see `liwi.ui.stage.Stage`. Pictures are behind URLs; this stays a few kilobytes.

    Args:
        message: shown in the status line.
        consumed: ids of the boxes and hints that this step used up; None for those of the last request.
        with_shadow: whether the stage shows S.
    """
    session = project.session
    decomposition = session.decomposition
    urls = tiles.publish(project.token, decomposition, with_shadow=with_shadow)
    width, height = decomposition.size
    layers = [
        {
            "id": layer.id,
            "name": layer.name,
            "role": layer.role.value,
            "url": urls.get(layer.id),
            "extent": list(layer.extent.as_tuple()) if layer.extent else None,
            "prompt_box": list(layer.box.as_tuple()) if layer.box else None,
            "visible": layer.visible,
            "opacity": layer.opacity,
            "blend": layer.blend.value,
            "locked": layer.locked,
            "depth": layer.pseudo_depth,
            "depth_url": urls.get(f"depth-{layer.id}"),
        }
        for layer in decomposition.stack
    ]
    shadow = None
    if with_shadow and decomposition.changed is not None:
        shadow = {
            "multiply_url": urls["shadow-multiply"],
            "add_url": urls["shadow-add"],
            "extent": list(decomposition.changed.as_tuple()),
            "visible": decomposition.shadow_visible,
        }
    return {
        "revision": session.revision,
        "step": step,
        "canvas": {"width": width, "height": height},
        "source_url": urls["source"],
        "layers": layers,
        "shadow": shadow,
        "message": message,
        "can_undo": session.can_undo,
        "can_redo": session.can_redo,
        "consumed": "all" if consumed is None else list(consumed),
        "busy": None,
    }


def busy_manifest(manifest: Mapping[str, Any], progress: Progress, previews: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The same manifest with work under way.

    Args:
        manifest: as it was before.
        progress: how far the work is.
        previews: what is finished so far, or how it looks: name -> URL.
    """
    busy: dict[str, Any] = {"stage": progress.stage, "done": progress.done, "total": max(1, progress.total)}
    return {**manifest, "busy": {**busy, "previews": [{"name": name, "url": url} for name, url in previews.items()]} if previews else busy}


def read_stage(value: object) -> StageState:
    """Check what the stage sent.

    Raises:
        InputError: it is not of the expected form; only a changed or broken page sends such a thing.
    """
    if not isinstance(value, Mapping):
        return StageState()
    prompts = _mapping(value.get("prompts"))
    boxes = [_mapping(each) for each in _items(prompts.get("boxes"), MAX_BOXES, "boxes")]
    hints = [_mapping(each) for each in _items(prompts.get("hints"), MAX_HINTS, "hints")]
    return StageState(
        boxes=tuple(_box(each.get("box")) for each in boxes),
        box_ids=tuple(str(each.get("id", "")) for each in boxes),
        names=tuple(str(each.get("name") or "") or None for each in boxes),
        hints=tuple(_hint(each) for each in hints),
        hint_ids=tuple(str(each.get("id", "")) for each in hints),
        hint_layers=tuple(str(each["layer"]) if each.get("layer") else None for each in hints),
        selected=tuple(str(each) for each in _items(value.get("selected"), MAX_LAYERS, "selected layers")),
        panel=tuple(_panel_entry(_mapping(each)) for each in _items(value.get("panel"), MAX_LAYERS, "layers")),
        shadow_visible=bool(value.get("shadow_visible", True)),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(value: object, most: int, what: str) -> Iterable[object]:
    items = value if isinstance(value, list | tuple) else []
    if len(items) > most:
        raise InputError(f"At most {most} {what} at a time, got {len(items)}.")
    return items


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > 1_000_000:
        raise InputError(f"The page sent {value!r} where a pixel position was expected. Reload the page and try again.")
    return round(value)


def _box(value: object) -> BoundingBox:
    sides = [_integer(side) for side in _items(value, 4, "sides of a box")]
    if len(sides) != 4:
        raise InputError("The page sent a box without four sides. Reload the page and try again.")
    return BoundingBox(*sides)


def _hint(value: Mapping[str, Any]) -> Hint:
    path = []
    for point in _items(value.get("path"), MAX_PATH_POINTS, "points of a stroke"):
        pair = [_integer(each) for each in _items(point, 2, "coordinates of a point")]
        if len(pair) != 2:
            raise InputError("The page sent a point without two coordinates. Reload the page and try again.")
        path.append((pair[0], pair[1]))
    kind: Literal["keep", "drop"] = "drop" if value.get("kind") == "drop" else "keep"
    radius = value.get("radius")
    return Hint(kind, tuple(path), None if radius is None else max(1, min(1000, _integer(radius))))


def _panel_entry(value: Mapping[str, Any]) -> PanelEntry:
    opacity = value.get("opacity", 1.0)
    if isinstance(opacity, bool) or not isinstance(opacity, int | float) or not math.isfinite(opacity):
        opacity = 1.0
    blend = value.get("blend")
    return PanelEntry(
        id=str(value.get("id", "")),
        name=str(value.get("name", "")),
        visible=bool(value.get("visible", True)),
        opacity=float(opacity),
        blend=BlendMode(blend) if blend in list(BlendMode) else BlendMode.NORMAL,
        locked=bool(value.get("locked", False)),
    )
