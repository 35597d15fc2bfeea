"""A character's layers as riggers want them: named by tag and side, in groups that become a rig's parts, irides clipped to their whites.

Groups hold what is drawn in one go. Layers that do not overlap may change places without anybody seeing it, and do, so that there are few
groups; where others come between, a group begins anew under a numbered name. So groups never change the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from liwi.errors import ExportError
from liwi.export.names import unique
from liwi.export.pictures import CroppedLayer, cropped_layers
from liwi.imaging.compositing import to_float, to_uint8
from liwi.imaging.inpainting import SmoothInpainter
from liwi.seethrough.body_parts import AnyBodyPart, BodyPart, CoarseBodyPart, Side
from liwi.types import Decomposition, Layer, LayerRole

Path = tuple[str, ...]

_EYES = frozenset(
    {CoarseBodyPart.EYES.value, BodyPart.EYEWHITE.value, BodyPart.IRIDES.value, BodyPart.EYELASH.value, BodyPart.EYEBROW.value}
)
_LEGS = frozenset({BodyPart.LEGWEAR.value, BodyPart.FOOTWEAR.value})
_BODY = frozenset({BodyPart.NECK.value, BodyPart.NECKWEAR.value, BodyPart.TOPWEAR.value, BodyPart.BOTTOMWEAR.value})
_BACK = frozenset({BodyPart.BACK_HAIR.value, BodyPart.TAIL.value, BodyPart.WINGS.value})


@dataclass(frozen=True, eq=False)
class RigLayer:
    """One layer of a rig's document.

    Attributes:
        layer: what it is.
        cropped: its pixels and its name.
        path: the groups that it is in, outermost first.
        clipped: whether it shows only where the layer below it does.
    """

    layer: Layer
    cropped: CroppedLayer
    path: Path = ()
    clipped: bool = False


def rig_layers(decomposition: Decomposition) -> list[RigLayer]:
    """The parts back to front, without groups; of what is no part, all but the background.

    Raises:
        ExportError: there are no body parts.
    """
    if not any(layer.part is not None for layer in decomposition.stack):
        raise ExportError(
            "This format is for the parts of a character, and here are none. Take a character apart, or choose another format."
        )
    pairs = zip(decomposition.stack, cropped_layers(decomposition), strict=True)
    return [RigLayer(layer, cropped) for layer, cropped in pairs if layer.role is not LayerRole.BACKGROUND]


def group_of(part: AnyBodyPart | None, side: Side | None) -> Path:
    """The groups that a part belongs in, outermost first; none for what is no part."""
    if part is None:
        return ()
    mark = "s" if side is None else f"-{side.value[0]}"
    match part.value:
        case tag if tag in _EYES:
            return ("head", f"eye{mark}")
        case tag if tag in _LEGS:
            return (f"leg{mark}",)
        case tag if tag in _BODY:
            return ("body",)
        case tag if tag in _BACK:
            return ("behind",)
        case BodyPart.HANDWEAR:
            return (f"arm{mark}",)
        case BodyPart.OBJECTS:
            return ("props",)
        case _:
            return ("head",)


def grouped(layers: Sequence[RigLayer]) -> list[RigLayer]:
    """The layers in an order that looks the same, with as few runs of groups as are easily found, each layer with its groups."""
    below = [{index for index in range(place) if _overlap(layers[index].cropped, layers[place].cropped)} for place in range(len(layers))]
    paths = [group_of(each.layer.part, each.layer.side) for each in layers]
    left, order = set(range(len(layers))), list[int]()
    while left:
        ready = [index for index in left if not below[index] & left]
        last = order[-1] if order else None
        order.append(min(ready, key=lambda index: _detour(index, last, layers, paths)))
        left.remove(order[-1])
    return _named_runs([layers[index] for index in order], [paths[index] for index in order])


def _detour(index: int, last: int | None, layers: Sequence[RigLayer], paths: Sequence[Path]) -> tuple[int, int, int]:
    """What comes next best: an iris on its white, then the same group, then the same outer group, then the order as it was."""
    if last is None:
        return 0, 0, index
    on_white = _is_iris_of(layers[index].layer, layers[last].layer)
    shared = next((depth for depth in range(2, 0, -1) if paths[index][:depth] == paths[last][:depth] and len(paths[last]) >= depth), 0)
    same = paths[index] == paths[last]
    return (0 if on_white else 1), (0 if same else 2 - min(shared, 1)), index


def _named_runs(layers: Sequence[RigLayer], paths: Sequence[Path]) -> list[RigLayer]:
    """Every run of layers of one group in a group of its own name."""
    taken = [each.cropped.title for each in layers]
    result: list[RigLayer] = []
    previous: Path = ()
    names: Path = ()
    for each, path in zip(layers, paths, strict=True):
        kept = 0
        while kept < min(len(path), len(previous)) and path[kept] == previous[kept]:
            kept += 1
        names = names[:kept]
        for wanted in path[kept:]:
            name = unique([*taken, wanted])[-1]
            taken.append(name)
            names = (*names, name)
        previous = path
        result.append(replace(each, path=names))
    return result


def with_clipped_irides(layers: Sequence[RigLayer]) -> list[RigLayer]:
    """Every iris that stands right on its white, clipped to it; the white goes on below it, so that nothing changes its looks."""
    result = list(layers)
    for place in range(1, len(result)):
        iris, white = result[place], result[place - 1]
        if _is_iris_of(iris.layer, white.layer) and iris.path == white.path and not (iris.cropped.empty or white.cropped.empty):
            result[place - 1] = replace(white, cropped=_white_below(white.cropped, iris.cropped))
            result[place] = replace(iris, clipped=True)
    return result


def _is_iris_of(iris: Layer, white: Layer) -> bool:
    return iris.part is BodyPart.IRIDES and white.part is BodyPart.EYEWHITE and iris.side is white.side


def _white_below(white: CroppedLayer, iris: CroppedLayer) -> CroppedLayer:
    """The white of an eye, as far as the iris reaches.

    Clipped to it, the iris must look as it did. With alphas i and w before: the white's becomes T = i + w - i w, and its colour
    (i (1 - w) iris + w white) / T, so that the iris over it has the colour and T the opacity of the two as they were. Where the iris is
    opaque its own colour hides what is below, and that is filled with white, to be seen when the iris moves.
    """
    box = white.box.union(iris.box)
    below, above = np.zeros((2, box.height, box.width, 4), np.uint8)
    below[white.box.translate(-box.left, -box.top).slices] = white.rgba
    above[iris.box.translate(-box.left, -box.top).slices] = iris.rgba
    filled = SmoothInpainter().fill(np.ascontiguousarray(below[..., :3]), below[..., 3] == 0)
    under, over = to_float(below[..., 3:]), to_float(above[..., 3:])
    total = over + under - over * under
    mixed = over * (1 - under) * above[..., :3] + under * below[..., :3]
    colors = np.divide(mixed, total, out=np.zeros_like(mixed), where=total > 0)
    colors = np.where((over == 1) & (under == 0), filled, np.where(over == 1, below[..., :3], colors))
    rgba = np.dstack([np.rint(colors).astype(np.uint8), to_uint8(total)])
    rgba[rgba[..., 3] == 0] = 0
    return replace(white, box=box, rgba=rgba)


def _overlap(one: CroppedLayer, other: CroppedLayer) -> bool:
    common = one.box.intersect(other.box)
    if common is None or one.empty or other.empty:
        return False
    alphas = [each.rgba[common.translate(-each.box.left, -each.box.top).slices][..., 3] for each in (one, other)]
    return bool(((alphas[0] > 0) & (alphas[1] > 0)).any())
