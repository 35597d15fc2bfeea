"""What every engine of the table promises (`liwi.protocols.Decomposer`)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from liwi.engines import AUTO, ENGINES, choose_engine, create_engine
from liwi.engines.character import CharacterDecomposer
from liwi.engines.layered_diffusion import LayeredDecomposer
from liwi.engines.seethrough import CharacterModels, SeeThroughDecomposer
from liwi.errors import Cancelled, EngineUnavailable, InputError
from liwi.layering.loading import load_model
from liwi.progress import CancelToken, Progress
from liwi.protocols import Decomposer
from liwi.seethrough.checkpoint import PartCard
from liwi.types import BoundingBox, Decomposition, DecompositionRequest, Hint, LayerRole
from tests.characters import HeightSegmenter
from tests.layered import write_checkpoint
from tests.pictures import two_balls
from tests.seethrough import tiny_models


def untrained_liwi(folder: Path) -> Decomposer:
    """The layered diffusion model as it was before it learned anything."""
    model = load_model(write_checkpoint(folder / "checkpoint"))
    return LayeredDecomposer(lambda _: ("untrained", model))


def untrained_seethrough(_: Path) -> Decomposer:
    """The part diffusion as it was before it learned anything, without a pseudo-depth."""
    parts, _ = tiny_models("v2")
    models = CharacterModels("untrained", replace(parts, card=PartCard(resolution=16, steps=1)))
    return SeeThroughDecomposer(lambda _: models)


BUILT_HERE: dict[str, Callable[[Path], Decomposer]] = {
    "character": lambda _: CharacterDecomposer(HeightSegmenter()),
    "liwi": untrained_liwi,
    "seethrough": untrained_seethrough,
}
"""Engines that need what is not here, or answer in another way than a layer per box, with what they need built in."""


@pytest.fixture(params=[name for name in ENGINES if name not in BUILT_HERE], scope="module")
def engine(request: pytest.FixtureRequest) -> Decomposer:
    """An engine that gives a layer per box."""
    return create_engine(request.param)


@pytest.fixture(params=list(ENGINES), scope="module")
def any_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Decomposer:
    """Any of the table's, on real networks, trained or not."""
    make = BUILT_HERE.get(request.param)
    return make(tmp_path_factory.mktemp(request.param)) if make else create_engine(request.param)


def same(first: Decomposition, second: Decomposition) -> bool:
    pairs = zip(first.stack, second.stack, strict=True)
    return all(np.array_equal(a.rgba, b.rgba) for a, b in pairs)


def test_the_law_holds_and_the_background_is_first_and_opaque(engine: Decomposer) -> None:
    image, left, right = two_balls()
    result = engine.decompose(DecompositionRequest(image, boxes=(left, right)))
    np.testing.assert_array_equal(result.recompose(), image)
    assert result.stack.layers[0].role is LayerRole.BACKGROUND
    assert (result.stack.layers[0].rgba[..., 3] == 255).all()
    assert {layer.box for layer in result.stack.foregrounds} == {left, right}
    assert result.provenance.engine == engine.name
    assert np.abs(result.shadow).max() <= 1


def test_one_box_is_enough_for_the_law(any_engine: Decomposer) -> None:
    image, left, _ = two_balls()
    result = any_engine.decompose(DecompositionRequest(image, boxes=(left,)))
    np.testing.assert_array_equal(result.recompose(), image)
    assert result.stack.layers[0].role is LayerRole.BACKGROUND
    assert result.stack.foregrounds
    assert result.provenance.engine == any_engine.name


def test_the_same_seed_gives_the_same_layers(any_engine: Decomposer) -> None:
    image, left, _ = two_balls()
    request = DecompositionRequest(image, boxes=(left,), seed=7)
    assert same(any_engine.decompose(request), any_engine.decompose(request))


def test_nothing_changes_far_from_the_box(any_engine: Decomposer) -> None:
    image, left, _ = two_balls()
    twice = np.hstack([image, image])
    result = any_engine.decompose(DecompositionRequest(twice, boxes=(left,)))
    np.testing.assert_array_equal(result.stack.layers[0].rgba[:, image.shape[1] :, :3], image)


def test_kept_and_dropped_points_are_obeyed(engine: Decomposer) -> None:
    image, left, _ = two_balls()
    hints = (Hint("drop", ((55, 50),), 4), Hint("keep", ((55, 80),), 4))
    layer = engine.decompose(DecompositionRequest(image, boxes=(left,), hints=hints)).stack.foregrounds[0]
    assert layer.rgba[50, 55, 3] == 0
    assert layer.rgba[80, 55, 3] == 255


def test_names_are_taken_in_the_order_of_the_boxes(engine: Decomposer) -> None:
    image, left, right = two_balls()
    result = engine.decompose(DecompositionRequest(image, boxes=(left, right), names=("Red", "Blue")))
    assert {layer.name: layer.box for layer in result.stack.foregrounds} == {"Red": left, "Blue": right}


def test_progress_rises_to_its_total_and_cancelling_stops(any_engine: Decomposer) -> None:
    image, left, _ = two_balls()
    reports: list[Progress] = []
    any_engine.decompose(DecompositionRequest(image, boxes=(left,)), report=reports.append)
    assert [report.done for report in reports] == sorted(report.done for report in reports)
    assert all(0 <= report.done <= report.total for report in reports)
    cancelled = CancelToken()
    cancelled.cancel()
    with pytest.raises(Cancelled, match="Nothing was changed"):
        any_engine.decompose(DecompositionRequest(image, boxes=(left,)), cancel=cancelled)


@pytest.mark.parametrize(
    "box",
    [BoundingBox(-40, -40, 500, 500), BoundingBox(0, 0, 200, 130), BoundingBox(0, 0, 4, 130), BoundingBox(196, 126, 300, 300)],
    ids=["around everything", "the whole picture", "a sliver", "a corner"],
)
def test_odd_boxes_give_layers_or_a_clear_message(any_engine: Decomposer, box: BoundingBox) -> None:
    image = two_balls()[0]
    try:
        result = any_engine.decompose(DecompositionRequest(image, boxes=(box,)))
    except InputError as error:
        assert len(str(error)) > 20
    else:
        np.testing.assert_array_equal(result.recompose(), image)


@pytest.mark.parametrize("size", [(2, 2), (3, 200), (200, 3), (17, 9)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_tiny_and_constant_pictures_give_layers_or_a_clear_message(any_engine: Decomposer, size: tuple[int, int], value: int) -> None:
    image = np.full((size[1], size[0], 3), value, np.uint8)
    for boxes in ((), (BoundingBox(0, 0, *size),)):
        try:
            result = any_engine.decompose(DecompositionRequest(image, boxes=boxes))
        except InputError as error:
            assert len(str(error)) > 20
        else:
            np.testing.assert_array_equal(result.recompose(), image)


def test_a_transparent_surrounding_cuts_what_is_there(engine: Decomposer) -> None:
    image, left, _ = two_balls()
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    mask = np.where((rows - 65) ** 2 + (columns - 55) ** 2 <= 29**2, 255, 0).astype(np.uint8)
    result = engine.decompose(DecompositionRequest(image, mask, (left,)))
    alpha = result.stack.foregrounds[0].rgba[..., 3]
    assert not alpha[mask == 0].any()
    assert (alpha[mask == 255] > 127).mean() > 0.95
    np.testing.assert_array_equal(result.recompose(), image)


def test_without_the_switch_only_the_hole_changes(engine: Decomposer) -> None:
    image, left, _ = two_balls()
    shaded = image.copy()
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    shadow = ((rows - 92) / 8) ** 2 + ((columns - 70) / 34) ** 2 <= 1
    ball = (rows - 65) ** 2 + (columns - 55) ** 2 <= 32**2
    shaded[shadow & ~ball] = (shaded[shadow & ~ball] * 0.5).astype(np.uint8)
    kept = engine.decompose(DecompositionRequest(shaded, boxes=(left,), extract_shadow=False))
    far = shadow & ((rows - 65) ** 2 + (columns - 55) ** 2 > 40**2)
    np.testing.assert_array_equal(kept.stack.layers[0].rgba[far][:, :3], shaded[far])


def test_an_unknown_engine_is_refused_with_the_list() -> None:
    with pytest.raises(EngineUnavailable, match="embedded"):
        create_engine("imaginary")


def test_auto_says_which_engine_answers_and_why() -> None:
    choice = choose_engine(AUTO)
    assert choice.name in ENGINES
    assert choice.reason
