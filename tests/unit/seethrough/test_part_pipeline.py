"""The part diffusion from a picture to layers: passes, subsets, seeds, the head's own resolution, progress and stopping."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from liwi.errors import Cancelled, InputError
from liwi.progress import CancelToken, Progress
from liwi.prompts import BoundingBox
from liwi.seethrough.body_parts import BodyPart, CoarseBodyPart
from liwi.seethrough.part_noise import PartNoise
from liwi.seethrough.part_pipeline import BODY, HEADS, NO_HEAD, WHOLE, PartOptions, PartPipeline, Parts, groups_of
from tests.unit.seethrough.tiny_networks import tiny_part_pipeline

UInt8 = NDArray[np.uint8]
OPTIONS = PartOptions(seed=3, steps=3, resolution=16)
HEAD_BOX = BoundingBox(4, 2, 16, 14)


@pytest.fixture(scope="module")
def picture() -> UInt8:
    """24 x 32 pixels, a quarter of them transparent."""
    rgba = np.random.default_rng(0).integers(0, 256, (32, 24, 4)).astype(np.uint8)
    rgba[..., 3] = 255
    rgba[24:, :, 3] = 0
    return rgba


@pytest.fixture(scope="module")
def pipeline() -> PartPipeline:
    return tiny_part_pipeline()


@pytest.fixture(scope="module")
def whole(pipeline: PartPipeline, picture: UInt8) -> Parts:
    return pipeline.separate(picture, OPTIONS)


def same(first: Mapping[str, UInt8], second: Mapping[str, UInt8]) -> dict[str, bool]:
    return {tag: bool(np.abs(first[tag].astype(int) - second[tag]).max() <= 1) for tag in first.keys() & second.keys()}


def test_all_parts_of_the_newer_network_come_at_the_pictures_size_and_the_head_frame_is_none(whole: Parts, pipeline: PartPipeline) -> None:
    assert set(whole.layers) == set(BodyPart) == set(pipeline.tags)
    assert all(layer.shape == (32, 24, 4) and layer.dtype == np.uint8 for layer in whole.layers.values())
    assert whole.head is not None and not whole.notes
    outside = np.ones((32, 24), bool)
    outside[whole.head.slices] = False
    assert not whole.layers[BodyPart.FACE][outside].any()


def test_nothing_is_made_where_the_picture_is_transparent(whole: Parts) -> None:
    assert not any(layer[26:, :, 3].any() for layer in whole.layers.values())
    assert any(layer[:22, :, 3].any() for layer in whole.layers.values())


def test_all_parts_of_the_papers_network_are_made_at_once(picture: UInt8) -> None:
    stages: list[Progress] = []
    parts = tiny_part_pipeline("v2").separate(picture, OPTIONS, report=stages.append)
    assert tuple(parts.layers) == tuple(CoarseBodyPart) == WHOLE.tags
    assert parts.head is None
    assert [(each.done, each.total) for each in stages if each.stage == WHOLE.stage] == [(0, 3), (1, 3), (2, 3)]


def test_the_same_seed_gives_the_same_layers_and_the_worlds_chance_is_left_alone(
    pipeline: PartPipeline, picture: UInt8, whole: Parts
) -> None:
    torch.manual_seed(99)
    before = torch.get_rng_state()
    again = pipeline.separate(picture, OPTIONS)
    assert torch.equal(before, torch.get_rng_state())
    assert all(np.array_equal(again.layers[tag], layer) for tag, layer in whole.layers.items())
    other = pipeline.separate(picture, replace(OPTIONS, seed=4, tags=frozenset({BodyPart.TAIL})))
    assert not any(same(whole.layers, other.layers).values())


def test_the_heads_parts_can_be_made_anew_by_themselves_as_they_were(pipeline: PartPipeline, picture: UInt8) -> None:
    tags = frozenset(HEADS.tags)
    known = pipeline.separate(picture, replace(OPTIONS, head=HEAD_BOX))
    again = pipeline.separate(picture, replace(OPTIONS, head=HEAD_BOX, tags=tags))
    assert set(again.layers) == tags
    assert known.head == again.head == BoundingBox(4, 0, 16, 16)
    assert all(same(known.layers, again.layers).values())


def test_a_seed_of_its_own_changes_a_part_most(pipeline: PartPipeline, picture: UInt8) -> None:
    tags = frozenset({BodyPart.TAIL, BodyPart.WINGS, BodyPart.NECK})
    first = pipeline.separate(picture, replace(OPTIONS, tags=tags))
    second = pipeline.separate(picture, replace(OPTIONS, tags=tags, seeds={BodyPart.WINGS: 8}))
    again = pipeline.separate(picture, replace(OPTIONS, tags=tags, seeds={BodyPart.WINGS: 8}))
    changes = {tag: float(np.abs(first.layers[tag].astype(int) - second.layers[tag]).mean()) for tag in tags}
    assert changes[BodyPart.WINGS] == max(changes.values()) > 3 * changes[BodyPart.TAIL]
    assert all(np.array_equal(second.layers[tag], again.layers[tag]) for tag in tags)


def test_a_subset_of_the_body_needs_no_head(pipeline: PartPipeline, picture: UInt8) -> None:
    stages: list[Progress] = []
    parts = pipeline.separate(picture, replace(OPTIONS, tags=frozenset({BodyPart.TAIL})), report=stages.append)
    assert tuple(parts.layers) == (BodyPart.TAIL,)
    assert HEADS.stage not in {each.stage for each in stages}


def test_a_picture_without_a_head_gives_the_body_and_says_so(pipeline: PartPipeline) -> None:
    parts = pipeline.separate(np.zeros((20, 20, 4), np.uint8), OPTIONS)
    assert parts.notes == (NO_HEAD,) and parts.head is None
    assert set(parts.layers) == set(BODY.tags) - {"head"}


def test_the_head_keeps_the_resolution_that_it_is_looked_at_with(pipeline: PartPipeline) -> None:
    large = np.full((128, 96, 4), 255, np.uint8)
    box = BoundingBox(40, 8, 56, 24)  # as large as the view: every pixel of the view is one of the picture
    parts = pipeline.separate(large, replace(OPTIONS, head=box, tags=frozenset({BodyPart.FACE})))
    assert parts.head is not None and (parts.head.width, parts.head.height) == (22, 22)
    face = parts.layers[BodyPart.FACE][parts.head.slices].astype(int)
    assert np.abs(np.diff(face[..., 3], axis=0)).max() > 4


def test_parts_decoded_together_are_those_decoded_one_by_one(pipeline: PartPipeline, picture: UInt8, whole: Parts) -> None:
    assert all(same(whole.layers, pipeline.separate(picture, replace(OPTIONS, decode_together=1)).layers).values())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (PartOptions(tags=frozenset({"hat"})), "'hat' is no part"),
        (PartOptions(seeds={"head": 1}), "'head' is no part"),
        (PartOptions(tags=frozenset()), "at least one part"),
        (PartOptions(steps=0), "1 to 1000 steps"),
        (PartOptions(resolution=20), "multiple of 8"),
        (replace(OPTIONS, head=BoundingBox(24, 0, 30, 9)), "outside the picture of 24 x 32"),
    ],
)
def test_what_cannot_be_made_is_refused(pipeline: PartPipeline, picture: UInt8, options: PartOptions, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pipeline.separate(picture, options)


def test_it_stops_when_asked(pipeline: PartPipeline, picture: UInt8) -> None:
    token = CancelToken()
    with pytest.raises(Cancelled):
        pipeline.separate(picture, OPTIONS, report=lambda progress: token.cancel() if progress.done == 1 else None, cancel=token)


def test_noise_as_published_is_one_beginning_for_all_and_then_two_streams_of_one_seed() -> None:
    noise, group = PartNoise(5), ("a", "b", "c")
    first, other = torch.Generator().manual_seed(5), torch.Generator().manual_seed(5)
    page = torch.randn(1, 4, 2, 2, generator=noise.stream)
    assert torch.equal(page, torch.randn(1, 4, 2, 2, generator=other))
    begun = noise.begin(group, ("c", "a"), (4, 2, 2), torch.float32)
    assert torch.equal(begun, torch.randn(1, 1, 4, 2, 2, generator=first).expand(-1, 2, -1, -1, -1))
    assert torch.equal(noise.step(group, ("c", "a"), (4, 2, 2)), torch.randn(1, 3, 4, 2, 2, generator=other)[:, [2, 0]])


def test_noise_of_its_own_for_each_part_does_not_depend_on_which_are_made() -> None:
    some = PartNoise(5, shared=False, own={"b": 9}).begin(("a", "b", "c"), ("b", "c"), (4, 2, 2), torch.float32)
    everything = PartNoise(5, shared=False).begin(("a", "b", "c"), ("a", "b", "c"), (4, 2, 2), torch.float32)
    assert torch.equal(some[:, 1], everything[:, 2])
    assert not torch.equal(everything[:, 0], everything[:, 1])
    assert torch.equal(some[:, 0], torch.randn(1, 4, 2, 2, generator=torch.Generator().manual_seed(9)))


def test_networks_of_unknown_classes_are_refused() -> None:
    with pytest.raises(InputError, match=r"version .v4"):
        groups_of("v4")
