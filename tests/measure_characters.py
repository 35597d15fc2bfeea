"""How good the character engine's layers are when the body parts are known: `python -m tests.measure_characters SAMPLES [--limit N]`.

SAMPLES is a folder that `python -m data_tools live2d samples` wrote. An oracle stands in for the segmentation network: it answers with
the true visible masks, so that what is measured is everything behind it: strata, sides, order, completion, assembly. Per layer: overlap
of alpha (IoU at one half) and mean absolute difference of colour inside it (0 to 1), with the true complete layer, for the layer as it is
seen and as it was completed.
"""

import argparse
import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from data_tools.character_dataset import read_character, read_character_manifest
from data_tools.samples import CharacterSample
from liwi.engines.character import CharacterDecomposer
from liwi.seethrough.body_parts import CoarseBodyPart, TaxonomyVersion
from liwi.types import BoundingBox, Decomposition, DecompositionRequest


class TrueParts:
    """`liwi.protocols.PartSegmenter` that knows the sample: the figure's extent is asked for, at whatever size."""

    def __init__(self, sample: CharacterSample) -> None:
        visible = np.zeros((len(CoarseBodyPart), *sample.figure.shape[:2]), np.float32)
        for layer in sample.layers_of(TaxonomyVersion.V2):
            visible[CoarseBodyPart(layer.tag).class_index][layer.box.slices] = layer.visible / np.float32(255)
        extent = BoundingBox.around(sample.figure[..., 3])
        assert extent is not None
        self._visible = visible[(slice(None), *extent.slices)]

    def segment_parts(self, rgba: np.ndarray) -> np.ndarray:
        size = (rgba.shape[1], rgba.shape[0])
        return np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in self._visible])


def merged(decomposition: Decomposition, tag: str) -> np.ndarray | None:
    """Both sides of a part as one (H, W, 4) layer, as the truth has them."""
    found = [layer.rgba for layer in decomposition.stack if layer.part is not None and layer.part.value == tag]
    if not found:
        return None
    result = found[0].copy()
    for rgba in found[1:]:
        result[rgba[..., 3] > 127] = rgba[rgba[..., 3] > 127]
    return result


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / max(1, (one | other).sum()))


def measure(sample: CharacterSample) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Per tag: IoU seen, IoU completed, colour seen, colour completed; and facts of the whole."""
    picture = DecompositionRequest(np.ascontiguousarray(sample.figure[..., :3]), np.ascontiguousarray(sample.figure[..., 3]))
    started = time.monotonic()
    done = CharacterDecomposer(TrueParts(sample)).decompose(picture)
    seconds = time.monotonic() - started
    by_tag, medians = {}, {}
    for layer in sample.layers:
        mine = merged(done, layer.tag)
        if mine is None:
            continue
        true = np.zeros_like(mine)
        true[layer.box.slices] = layer.rgba
        wanted, whole = true[..., 3] > 127, mine[..., 3] > 127
        seen = np.zeros(wanted.shape, bool)
        seen[layer.box.slices] = layer.visible > 127
        difference = np.abs(mine[..., :3].astype(np.float32) - true[..., :3]).mean(axis=2) / 255
        colour = [float(np.where(area, difference, 0.5)[wanted].mean()) if wanted.any() else 0.0 for area in (seen, whole)]
        by_tag[layer.tag] = [overlap(seen, wanted), overlap(whole, wanted), *colour]
        medians[layer.tag] = sample.part_depth(layer.tag)[0], whole & wanted
    inside = sample.figure[..., 3] > 0
    facts = {
        "recomposition": float(np.abs(done.recompose().astype(int) - done.source).max()),
        "mean |S|": float(np.abs(done.shadow[inside]).mean()),
        "order agreement": order_agreement(done, medians),
        "sides": side_agreement(done, sample),
        "seconds": seconds,
    }
    return by_tag, facts


def order_agreement(done: Decomposition, true: dict[str, tuple[float, np.ndarray]]) -> float:
    """Share of the pairs of parts that overlap which stand as in the truth."""
    place = {layer.part.value: number for number, layer in enumerate(done.stack) if layer.part is not None}
    pairs = [
        (true[one][0] < true[other][0]) == (place[one] < place[other])
        for one in true
        for other in true
        if one < other and (true[one][1] & true[other][1]).sum() > 30 and true[one][0] != true[other][0]
    ]
    return float(np.mean(pairs)) if pairs else 1.0


def side_agreement(done: Decomposition, sample: CharacterSample) -> float:
    """Share of the seen pixels of sided layers that lie on their true side."""
    right = total = 0
    for layer in done.stack:
        if layer.side is None or layer.part is None:
            continue
        true = next((each for each in sample.layers if each.tag == layer.part.value), None)
        if true is None:
            continue
        sides = np.zeros(2**16, np.int8)
        for mesh in sample.art_meshes:
            sides[mesh.index + 1] = 0 if mesh.side is None else 1 if mesh.side is layer.side else -1
        found = sides[true.fragments][(true.visible > 127) & (layer.rgba[true.box.slices][..., 3] > 127)]
        right, total = right + int((found > 0).sum()), total + int((found != 0).sum())
    return right / max(1, total)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", type=Path)
    parser.add_argument("--limit", type=int, default=12)
    options = parser.parse_args()
    by_tag, facts = defaultdict(list), defaultdict(list)
    for entry in read_character_manifest(options.samples)["samples"][: options.limit]:
        tags, whole = measure(read_character(options.samples, entry["name"]))
        for tag, values in tags.items():
            by_tag[tag].append(values)
        for name, value in whole.items():
            facts[name].append(value)
    print(f"{'part':12} {'n':>3}  IoU seen  completed  colour seen  completed")
    means = {tag: np.mean(values, axis=0) for tag, values in by_tag.items()}
    for tag, values in means.items():
        print(f"{tag:12} {len(by_tag[tag]):3}  {values[0]:8.3f}  {values[1]:9.3f}  {values[2]:11.3f}  {values[3]:9.3f}")
    mean = np.mean(list(means.values()), axis=0)
    print(f"{'mean':12} {len(means):3}  {mean[0]:8.3f}  {mean[1]:9.3f}  {mean[2]:11.3f}  {mean[3]:9.3f}")
    for name, values in facts.items():
        print(
            f"{name}: mean {np.mean(values):.5g}, worst {max(values) if name != 'order agreement' and name != 'sides' else min(values):.5g}"
        )


if __name__ == "__main__":
    main()
