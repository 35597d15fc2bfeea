"""Composites with exact truth: a cut-out with alpha over a photograph, with a cast shadow.

Everything is drawn from one generator per sample, seeded with (seed, split, number), over sorted file lists, so the same packages
give the same pictures.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.samples import LayeredSample
from data_tools.shadows import ShadowKind, cast_shadow, draw_parameters
from data_tools.sources import Kind, Pools, SourceFile, Split
from liwi.errors import LiwiError, PictureError
from liwi.imaging.compositing import resize_rgba, to_float
from liwi.imaging.io import load_picture
from liwi.progress import Progress, ReportProgress, ignore_progress
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]

CANVAS = (768, 576)
"""``(width, height)`` of a composite."""

SHARES = {Kind.PHOTO: 26, Kind.PAINTED: 18, Kind.ANIME: 14, Kind.CLIP_ART: 6}
"""Composites per kind in the standard test split of 64; other counts follow in proportion."""

DEFAULT_COUNT = {Split.TEST: 64, Split.DEVELOPMENT: 96}

HEIGHTS = (0.35, 0.85)
"""Height of an object as a fraction of the canvas; a wide one may be lower, to fit."""

MAX_WIDTH = 0.92
"""Greatest width of an object as a fraction of the canvas."""

MAX_ENLARGEMENT = 1.6
MAX_COVER = 0.9
"""An object that fills more of its own box is a tile or a flag."""

MIN_SOLID = 0.6
"""Least share of an object's visible pixels that are opaque; below it, it is smoke or glass."""

BOX_JITTER = 0.03
"""Every side of a box moves outward by up to this fraction of the object's size."""


class TooFewSources(LiwiError):
    """The packages do not hold enough pictures."""


@dataclass(frozen=True, eq=False)
class CutOut:
    """An object: (h, w, 4) uint8 cropped to its extent, and whether the picture's lower edge cuts it off."""

    file: SourceFile
    rgba: UInt8
    cut_off: bool


def quotas(count: int, available: dict[Kind, int]) -> dict[Kind, int]:
    """Share ``count`` out over the kinds as `SHARES` has it; what a kind lacks goes to the others in their proportion.

    Raises:
        TooFewSources: there are fewer cut-outs in all.
    """
    if sum(available.values()) < count:
        raise TooFewSources(f"{count} composites need as many cut-outs; the packages hold {sum(available.values())} of this split.")
    result = dict.fromkeys(Kind, 0)
    for _ in range(count):  # the kind that lags its share most comes next
        open_kinds = [kind for kind in Kind if result[kind] < available[kind]]
        neediest = min(open_kinds, key=lambda kind: ((result[kind] + 1) / SHARES[kind], list(Kind).index(kind)))
        result[neediest] += 1
    return result


def generate(
    pools: Pools, split: Split, *, count: int, seed: int = 0, size: tuple[int, int] = CANVAS, report: ReportProgress = ignore_progress
) -> Iterator[LayeredSample]:
    """Make composites one by one.

    Args:
        pools: the files of this split.
        split: only enters the seed and the names.
        count: how many.
        seed: another seed gives other pictures.
        size: ``(width, height)`` in pixels.

    Raises:
        TooFewSources: too few usable cut-outs, or no background.
    """
    if not pools.photographs:
        raise TooFewSources("The packages hold no background picture of this split.")
    candidates = {kind: len(files) for kind, files in pools.cutouts.items()}
    cutouts = _choose(pools, split, quotas(count, candidates), seed=seed)
    photographs = _in_turn(pools.photographs, _generator(seed, split, 2_000_000))
    drawings = _in_turn(pools.drawings, _generator(seed, split, 2_000_001))
    for number, (kind, cutout) in enumerate(cutouts):
        report(Progress(f"Composing {split} pictures", number, count))
        rng = _generator(seed, split, number)
        drawn = kind is Kind.ANIME and bool(pools.drawings) and rng.random() < 0.5  # drawn places suit half of the sprites only
        yield compose(f"{split}_{number:03d}", kind, cutout, next(drawings if drawn else photographs), pools, rng, size=size)


def _generator(seed: int, split: Split, number: int) -> np.random.Generator:
    return np.random.default_rng([seed, list(Split).index(split), number])


def _in_turn(files: tuple[SourceFile, ...], rng: np.random.Generator) -> Iterator[SourceFile]:
    """All files in random order, then all again in another, without end: each is used about equally often."""
    while files:
        yield from (files[int(position)] for position in rng.permutation(len(files)))


def _choose(pools: Pools, split: Split, wanted: dict[Kind, int], *, seed: int) -> Iterator[tuple[Kind, CutOut]]:
    """Usable cut-outs in shuffled order, kind by kind; what a kind falls short by comes from photographs and paintings."""
    shuffled = {}
    for position, kind in enumerate(Kind):
        rng = _generator(seed, split, 1_000_000 + position)
        files = pools.cutouts[kind]
        shuffled[kind] = _usable([files[int(i)] for i in rng.permutation(len(files))], pools)
    missing = 0
    for kind in (Kind.ANIME, Kind.CLIP_ART, Kind.PAINTED, Kind.PHOTO):
        goal = wanted[kind] + (missing if kind in (Kind.PAINTED, Kind.PHOTO) else 0)
        made = 0
        while made < goal and (cutout := next(shuffled[kind], None)) is not None:
            yield kind, cutout
            made += 1
        missing = missing + wanted[kind] - made
    if missing > 0:
        raise TooFewSources(f"{missing} composites cannot be made: the packages hold too few usable cut-outs of this split.")


def _usable(files: list[SourceFile], pools: Pools) -> Iterator[CutOut]:
    for file in files:
        cutout = read_cutout(file, pools)
        if cutout is not None:
            yield cutout


def read_cutout(file: SourceFile, pools: Pools) -> CutOut | None:
    """Read a cut-out and crop it to its extent; None where it is unfit: no alpha, tiny, a filled rectangle, or see-through."""
    try:
        picture = load_picture(pools.locate(file))
    except PictureError:
        return None
    if picture.alpha is None:
        return None
    extent = BoundingBox.around(picture.alpha > 5)
    if extent is None or max(extent.width, extent.height) < pools.smallest[file.package] or min(extent.width, extent.height) < 24:
        return None
    alpha = picture.alpha[extent.slices]
    visible = alpha > 5
    if to_float(alpha).mean() > MAX_COVER or (alpha[visible] > 242).mean() < MIN_SOLID:
        return None
    rgba = np.dstack([picture.rgb[extent.slices], np.where(visible, alpha, np.uint8(0))])
    touches = extent.bottom >= picture.alpha.shape[0] - 1
    cut_off = touches and float((alpha[-1] > 128).mean()) > 0.3
    return CutOut(file, rgba, cut_off)


def compose(
    name: str,
    kind: Kind,
    cutout: CutOut,
    behind: SourceFile,
    pools: Pools,
    rng: np.random.Generator,
    *,
    size: tuple[int, int] = CANVAS,
) -> LayeredSample:
    """Put one cut-out over the background ``behind``, with a shadow. Size, place, crop, shadow and box jitter come from ``rng``."""
    width, height = size
    shadow = draw_parameters(rng, stands=not cutout.cut_off)
    canvas = _place(cutout, shadow.kind, rng, size)
    extent = BoundingBox.around(canvas[..., 3])
    assert extent is not None
    background, crop = _crop_background(pools.locate(behind), rng, size)
    factor = cast_shadow(to_float(canvas[..., 3]), shadow)
    jitter = [round(float(value), 4) for value in rng.uniform(0, BOX_JITTER, 4)]
    box = BoundingBox(
        max(0, round(extent.left - jitter[0] * extent.width)),
        max(0, round(extent.top - jitter[1] * extent.height)),
        min(width, round(extent.right + jitter[2] * extent.width)),
        min(height, round(extent.bottom + jitter[3] * extent.height)),
    )
    facts: dict[str, Any] = {
        "cutouts": [_source_facts(cutout.file)],
        "background": {**_source_facts(behind), "crop": list(crop.as_tuple())},
        "shadow": shadow.as_facts(),
        "extents": [list(extent.as_tuple())],
        "box_jitter": [jitter],
        "enlargement": [round(extent.height / cutout.rgba.shape[0], 4)],
        "cut_off": [cutout.cut_off],
    }
    quantised = np.clip(np.rint(factor * 65535), 0, 65535).astype(np.uint16)
    return LayeredSample(name, background, (canvas,), (box,), quantised, kind.value, facts)


def _place(cutout: CutOut, shadow: ShadowKind, rng: np.random.Generator, size: tuple[int, int]) -> UInt8:
    """Scale the cut-out and set it on an empty canvas: (H, W, 4) uint8.

    One that is cut off stands at the lower edge; one whose shadow lies on the ground stands in the lower part of the picture.
    """
    width, height = size
    h, w = cutout.rgba.shape[:2]
    fraction = float(rng.uniform(*HEIGHTS))
    scale = min(fraction * height / h, MAX_WIDTH * width / w, max(MAX_ENLARGEMENT, HEIGHTS[0] * height / h))
    scaled = resize_rgba(cutout.rgba, (max(1, round(w * scale)), max(1, round(h * scale))))
    left = int(rng.integers(0, width - scaled.shape[1] + 1))
    lowest = height - scaled.shape[0]
    highest = max(0, round(0.6 * height) - scaled.shape[0]) if shadow in (ShadowKind.GROUND, ShadowKind.CONTACT) else 0
    top = int(rng.integers(highest, lowest + 1))
    if cutout.cut_off:
        top = lowest
    canvas = np.zeros((height, width, 4), np.uint8)
    canvas[top : top + scaled.shape[0], left : left + scaled.shape[1]] = scaled
    return canvas


def _crop_background(path: Path, rng: np.random.Generator, size: tuple[int, int]) -> tuple[UInt8, BoundingBox]:
    """A random crop of a background, scaled to the canvas."""
    rgb = load_picture(path).rgb
    full_height, full_width = rgb.shape[:2]
    largest = min(full_width / size[0], full_height / size[1])
    zoom = largest * float(rng.uniform(0.7, 1.0)) if largest > 1 else largest  # a small picture is not enlarged any further
    crop_width, crop_height = min(full_width, round(size[0] * zoom)), min(full_height, round(size[1] * zoom))
    left, top = int(rng.integers(0, full_width - crop_width + 1)), int(rng.integers(0, full_height - crop_height + 1))
    crop = BoundingBox(left, top, left + crop_width, top + crop_height)
    resized = cv2.resize(rgb[crop.slices], size, interpolation=cv2.INTER_AREA if zoom > 1 else cv2.INTER_CUBIC)
    return np.ascontiguousarray(resized), crop


def _source_facts(file: SourceFile) -> dict[str, str]:
    return {"package": file.package, "path": file.path, "licence": file.licence}
