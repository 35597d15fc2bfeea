"""From scenes to samples: what the classical segmenter answers, the clicks that would correct it, and its answer to these."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.matting.objects import Origin, Purpose, SceneObject
from data_tools.matting.scenes import Scene, compose_scene, mean_brightness
from liwi.evaluation.clicks import next_click
from liwi.imaging.compositing import to_float
from liwi.imaging.hint_marks import paint_hints
from liwi.imaging.hypotheses import SegmentationSettings
from liwi.imaging.segmentation import ClassicalSegmenter
from liwi.types import BoundingBox, Hint

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

SIDE = 192
"""Of the square that holds a sample, in pixels."""

CHANNELS = ("red", "green", "blue", "alpha", "support", "prior", "marks", "corrected")
"""Of a stored sample. Marks: `liwi.imaging.hint_marks`; corrected: the prior after these marks; the others are 255 for one."""

SHARES = {Origin.CLIP_ART: 0.45, Origin.CHARACTER: 0.18, Origin.DRAWN: 0.37}
"""How often the box is around an object of each origin."""

MOST_CLICKS = 3

_NUM_OTHERS = 3
_QUICK = SegmentationSettings(samples=1000, rounds=1)
"""At this size as good as the engine's settings, in half the time."""


@dataclass(frozen=True, eq=False)
class MattingSample:
    """One sample.

    Attributes:
        pixels: (`SIDE`, `SIDE`, 8) uint8, see `CHANNELS`.
        box: the prompt.
        has_prior: whether prior, marks and corrected are there; otherwise they are 0.
        name, origin: of the object.
    """

    pixels: UInt8
    box: BoundingBox
    has_prior: bool
    name: str
    origin: Origin


class SampleMaker:
    """Makes the samples of one purpose out of objects and surfaces.

    Args:
        objects: of all purposes; those of the other are left out.
        surfaces: photographed ones, see `data_tools.matting.surfaces.draw_surface`.
        seed: another seed gives other samples.
        prior_share: how many samples get the classical answer, which costs ten times the rest.
    """

    def __init__(
        self, objects: Sequence[SceneObject], surfaces: Sequence[UInt8], purpose: Purpose, *, seed: int, prior_share: float
    ) -> None:
        self._objects = [each for each in objects if each.purpose is purpose]
        self._by_origin = {origin: [each for each in self._objects if each.origin is origin] for origin in Origin}
        present = [origin for origin in Origin if self._by_origin[origin]]
        if not present:
            raise ValueError(f"There is no object for the purpose {purpose}")
        weights = np.array([SHARES[origin] for origin in present])
        self._present, self._weights = present, weights / weights.sum()
        self._surfaces, self._purpose = surfaces, purpose
        self._seed, self._prior_share = seed, prior_share
        self._segmenter = ClassicalSegmenter(_QUICK)

    def make(self, number: int) -> MattingSample:
        """Sample ``number``: the same number gives the same sample, whoever makes it."""
        rng = np.random.default_rng([self._seed, list(Purpose).index(self._purpose), number])
        while True:
            origin = self._present[int(rng.choice(len(self._present), p=self._weights))]
            target = self._pick(self._by_origin[origin], rng)
            others = [self._pick(self._objects, rng) for _ in range(_NUM_OTHERS)]
            scene = compose_scene(target, others, self._surfaces, SIDE, rng)
            if scene is not None and 0.04 < mean_brightness(scene) < 0.97:
                break
        has_prior = bool(rng.random() < self._prior_share)
        answers = self._answers(scene, rng) if has_prior else np.zeros((SIDE, SIDE, 3), np.uint8)
        pixels = np.dstack([scene.rgb, scene.alpha, scene.support, answers])
        return MattingSample(pixels, scene.box, has_prior, target.name, target.origin)

    def _pick(self, objects: Sequence[SceneObject], rng: np.random.Generator) -> SceneObject:
        return objects[int(rng.integers(len(objects)))]

    def _answers(self, scene: Scene, rng: np.random.Generator) -> UInt8:
        """Prior, marks and corrected prior: (`SIDE`, `SIDE`, 3) uint8. Half of the samples have no marks; the prior stands twice."""
        result = np.zeros((SIDE, SIDE, 3), np.uint8)
        part = result[scene.region.slices]
        crop = np.ascontiguousarray(scene.rgb[scene.region.slices])
        box = scene.box.translate(-scene.region.left, -scene.region.top)
        prior = self._segmenter.segment(crop, box)
        part[..., 0] = part[..., 2] = _eight_bits(prior)
        if rng.random() < 0.5:
            truth = to_float(np.ascontiguousarray(scene.alpha[scene.region.slices]))
            hints = simulate_clicks(prior, truth, int(rng.integers(1, MOST_CLICKS + 1)), rng)
            if hints:
                part[..., 1] = paint_hints(crop.shape, box, hints)
                part[..., 2] = _eight_bits(self._segmenter.segment(crop, box, hints))
        return result


def simulate_clicks(answer: Float32, truth: Float32, count: int, rng: np.random.Generator) -> tuple[Hint, ...]:
    """Where a person would click to correct ``answer``: the largest wrong areas one after another, not always in their very middle.

    Args:
        answer, truth: (h, w) float32 in [0, 1].
        count: most clicks.
        rng: moves each click a little inside its area.
    """
    left = answer.copy()
    clicks: list[Hint] = []
    for _ in range(count):
        click = next_click(left, truth)
        if click is None:
            break
        x, y = click.path[0]
        wrong = ((left > 0.5) != (truth > 0.5)).astype(np.uint8)
        _, areas = cv2.connectedComponents(wrong, connectivity=4)
        area = areas == areas[y, x]
        if int(area.sum()) < 8:
            break
        reach = float(cv2.distanceTransform(area.astype(np.uint8), cv2.DIST_L2, 3)[y, x]) * 0.5
        moved = x + round(float(rng.uniform(-reach, reach))), y + round(float(rng.uniform(-reach, reach)))
        inside = 0 <= moved[0] < area.shape[1] and 0 <= moved[1] < area.shape[0] and bool(area[moved[1], moved[0]])
        clicks.append(Hint(click.kind, (moved if inside else (x, y),)))
        left[area] = truth[area]
    return tuple(clicks)


def _eight_bits(probability: Float32) -> UInt8:
    return np.rint(probability * 255).astype(np.uint8)
