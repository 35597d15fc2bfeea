"""What a layered sample is to training: a source, the layers to find in it, a prompt, degraded foregrounds (paper 1, sections 4.1, 4.2).

A sample comes in several variants: each with another prompt, or none, and with other degradations. A variant follows from the sample's
content and the variant's number alone, so that its latents can be kept on disk. With a prompt only the objects in it are layers; what else
stands there belongs to the background, with its shadow, as if it had been left for a later round.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.dataset import read_manifest, read_sample
from data_tools.manifests import DatasetError, digest, number_of
from data_tools.samples import LayeredSample
from data_tools.scenes import own_shadows
from liwi.imaging.compositing import over, resize_rgba, to_float, to_uint8
from liwi.layering.box_prompt import BoxChance, draw_prompt, draw_training_prompt, scale_box
from liwi.layering.degradation import DegradationChance, continue_colors, degrade, draw_degradation
from training.batches import Shape, aspect_sizes, nearest_size

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

CAPTION = "caption"
"""The field of a sample's facts that holds its text."""


@dataclass(frozen=True, slots=True)
class VariantSettings:
    """How variants are made.

    Attributes:
        variants: of each sample.
        prompted: share of them with a prompt.
        max_pixels: pictures are reduced to at most this many.
        multiple: both sides are multiples of it.
        boxes, degradations: chance for both.
    """

    variants: int
    prompted: float
    max_pixels: int
    multiple: int
    boxes: BoxChance
    degradations: DegradationChance


@dataclass(frozen=True, slots=True)
class Plan:
    """A variant that is not made yet, but whose shape is known.

    Attributes:
        sample: name in its dataset.
        content: hash of its files.
        variant: its number.
        shape: size in pixels and number of layers, the background among them.
        chosen: which foregrounds are layers.
        prompted: whether there is a prompt.
    """

    sample: str
    content: str
    variant: int
    shape: Shape
    chosen: tuple[int, ...]
    prompted: bool

    @property
    def key(self) -> str:
        """What tells it from all others, for a cache."""
        return digest(json.dumps([self.content, self.variant]).encode())


@dataclass(frozen=True, eq=False)
class Variant:
    """What one training item shows.

    Attributes:
        source: (H, W, 4) uint8, alpha 255.
        background: (H, W, 4) uint8, alpha 255.
        foregrounds: (H, W, 4) uint8 each, back to front; colours go on where alpha is 0.
        degraded: the same with worse boundaries.
        prompt: (H, W, 4) uint8 or None.
        caption: may be empty.
    """

    source: UInt8
    background: UInt8
    foregrounds: tuple[UInt8, ...]
    degraded: tuple[UInt8, ...]
    prompt: UInt8 | None
    caption: str


def plan_variants(folder: Path, settings: VariantSettings, *, held_out: float, purpose: str) -> list[Plan]:
    """The variants of a dataset, without making any.

    Args:
        folder: of the dataset.
        settings: how they are made.
        held_out: share of the samples to measure with, by a hash of their names; 0 measures with those that are trained with.
        purpose: "train", or "measure": then each sample comes once with a prompt, if it may have one, and once without.

    Raises:
        DatasetError: the folder is no dataset, or there is nothing for this purpose.
    """
    entries = read_manifest(folder)["samples"]
    apart = [entry for entry in entries if _is_apart(str(entry["name"]), held_out) == (purpose == "measure")] if held_out > 0 else entries
    if not apart:
        raise DatasetError(f"{folder} has too few samples to {purpose} with: {len(entries)}, of which {held_out:.0%} are held out.")
    plans = []
    for entry in apart:
        content = digest(json.dumps(entry["sha256"], sort_keys=True).encode())
        sample = read_sample(folder, str(entry["name"]))
        numbers = range(settings.variants) if purpose == "train" else range(-2 if settings.prompted > 0 else -1, 0)
        plans += [_plan(sample, content, number, settings) for number in numbers]
    return plans


def make_variant(sample: LayeredSample, plan: Plan, settings: VariantSettings) -> Variant:
    """Make what a plan says; the same plan gives the same pictures."""
    rng = _chance(plan.content, plan.variant)
    visible = _seen(sample.foregrounds)
    size = (plan.shape.width, plan.shape.height)
    _, prompt = _draw_prompt(visible, settings, plan.variant, rng, sample.size, size)
    background = _resized(_opaque(_left_behind(sample, plan.chosen)), size)
    source = _resized(_opaque(sample.source), size)
    foregrounds = []
    for place in plan.chosen:
        rgba = sample.foregrounds[place].copy()
        if len(plan.chosen) < len(sample.foregrounds):  # what stands in front of it and was not asked for stays in the background
            rgba[..., 3] = np.rint(rgba[..., 3] * _uncovered(sample.foregrounds, place, plan.chosen)).astype(np.uint8)
        rgba = _resized(rgba, size)
        foregrounds.append(np.dstack([continue_colors(rgba), rgba[..., 3]]))
    degraded = [degrade(rgba, source[..., :3], draw_degradation(rgba[..., 3], rng, settings.degradations)) for rgba in foregrounds]
    return Variant(source, background, tuple(foregrounds), tuple(degraded), prompt, str(sample.facts.get(CAPTION, "")))


def fit_size(size: tuple[int, int], max_pixels: int, multiple: int) -> tuple[int, int]:
    """The size that a picture is brought to: the nearest bucket of at most ``max_pixels``, and never larger than it is.

    Raises:
        DatasetError: it is smaller than one bucket.
    """
    budget = min(max_pixels, size[0] * size[1])
    if budget < multiple * multiple or max(size) > 2.5 * min(size):
        raise DatasetError(
            f"A sample of {size[0]} x {size[1]} pixels cannot be trained with: too small, or too long. Sides: {multiple} and more."
        )
    if size[0] % multiple == 0 and size[1] % multiple == 0 and size[0] * size[1] <= budget:
        return size
    return nearest_size(*size, aspect_sizes(budget, multiple, max_ratio=2.5))


def _plan(sample: LayeredSample, content: str, number: int, settings: VariantSettings) -> Plan:
    size = fit_size(sample.size, settings.max_pixels, settings.multiple)
    chosen, prompt = _draw_prompt(_seen(sample.foregrounds), settings, number, _chance(content, number), sample.size, size)
    return Plan(sample.name, content, number, Shape(*size, len(chosen) + 1), chosen, prompt is not None)


def _chance(content: str, number: int) -> np.random.Generator:
    return np.random.default_rng([number_of(content), number + 2])


def _draw_prompt(
    visible: Sequence[UInt8],
    settings: VariantSettings,
    number: int,
    rng: np.random.Generator,
    source: tuple[int, int],
    size: tuple[int, int],
) -> tuple[tuple[int, ...], UInt8 | None]:
    """Which foregrounds a variant asks for, and its context frame, or all of them and None; uses as much chance either way."""
    drawn = draw_training_prompt(visible, rng, settings.boxes)
    prompted = rng.random() < settings.prompted
    if number < 0:  # to measure with: -2 with a prompt, -1 without
        prompted = number == -2
    if not prompted:
        return tuple(range(len(visible))), None
    if drawn.hints:  # clicks are rare: the frame is drawn at the picture's own size and reduced
        frame = cv2.resize(draw_prompt(source, drawn.boxes, drawn.hints), size, interpolation=cv2.INTER_AREA)
        return drawn.chosen, np.asarray(frame, np.uint8)
    return drawn.chosen, draw_prompt(size, [scale_box(box, source, size) for box in drawn.boxes])


def _seen(foregrounds: Sequence[UInt8]) -> list[UInt8]:
    """(H, W) uint8 per foreground: its alpha where nothing stands in front of it."""
    places = range(len(foregrounds))
    return [np.rint(foregrounds[place][..., 3] * _uncovered(foregrounds, place, ())).astype(np.uint8) for place in places]


def _uncovered(foregrounds: Sequence[UInt8], place: int, ignored: Sequence[int]) -> Float32:
    """(H, W) float32 in [0, 1]: how much of foreground ``place`` those in front of it leave, but for ``ignored`` ones."""
    left = np.ones(foregrounds[place].shape[:2], np.float32)
    for other in range(place + 1, len(foregrounds)):
        if other not in ignored:
            left = left * (1 - to_float(np.ascontiguousarray(foregrounds[other][..., 3])))
    return left


def _left_behind(sample: LayeredSample, chosen: Sequence[int]) -> UInt8:
    """The background without the chosen foregrounds: the others stay in it, with their shadows where these are known. (H, W, 3) uint8."""
    rest = [place for place in range(len(sample.foregrounds)) if place not in chosen]
    if not rest:
        return sample.background
    shadows = own_shadows(sample, rest)
    factor = 1.0 if shadows is None else shadows.astype(np.float32) / np.float32(65535)
    picture = to_float(_opaque(sample.background))
    picture[..., :3] *= factor
    for place in rest:
        picture = over(to_float(sample.foregrounds[place]), picture)
    return to_uint8(picture[..., :3])


def _opaque(rgb: UInt8) -> UInt8:
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def _resized(rgba: UInt8, size: tuple[int, int]) -> UInt8:
    return rgba if (rgba.shape[1], rgba.shape[0]) == size else resize_rgba(rgba, size)


def _is_apart(name: str, held_out: float) -> bool:
    return number_of(f"layering held out 1: {name}") / 2**64 < held_out


def to_pixels(rgba: UInt8) -> Any:
    """(H, W, 4) uint8 -> (4, H, W) float32 tensor in [-1, 1], as the VAE takes it."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(rgba.transpose(2, 0, 1))).float() / 127.5 - 1
