"""The engine seethrough on untrained networks: what it promises whatever they have learned."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from liwi.engines.seethrough import CharacterModels, SeeThroughDecomposer
from liwi.errors import Cancelled, InputError, PromptError
from liwi.progress import CancelToken, Plan, Progress
from liwi.seethrough.body_parts import BodyPart
from liwi.seethrough.checkpoint import DepthCard, PartCard
from liwi.seethrough.depth_strata import StrataOptions
from liwi.seethrough.options import CharacterOptions
from liwi.types import BoundingBox, Decomposition, DecompositionRequest, LayerRole
from tests.characters import draw_doll, on_ground
from tests.seethrough import tiny_models

DOLL = draw_doll(0.5)
HEADS = {"headwear", "irides", "eyebrow", "eyewhite", "eyelash", "eyewear", "ears", "earwear", "nose", "mouth"}


def engine_of(version: str = "v3", *, depth: bool = False) -> SeeThroughDecomposer:
    parts, near = tiny_models(version)
    parts = replace(parts, card=PartCard(resolution=16, steps=2))
    models = CharacterModels("untrained", parts, replace(near, card=DepthCard(resolution=16, steps=1)) if depth else None)
    return SeeThroughDecomposer(lambda _: models)


@pytest.fixture(scope="module")
def engine() -> SeeThroughDecomposer:
    return engine_of(depth=True)


@pytest.fixture(scope="module")
def quick() -> SeeThroughDecomposer:
    """The paper's network without a pseudo-depth."""
    return engine_of("v2")


def request(rgba: np.ndarray = DOLL.rgba, **more: object) -> DecompositionRequest:
    return DecompositionRequest(np.ascontiguousarray(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3]), **more)


@pytest.fixture(scope="module")
def reports() -> list[Progress]:
    return []


@pytest.fixture(scope="module")
def apart(engine: SeeThroughDecomposer, reports: list[Progress]) -> Decomposition:
    return engine.decompose(request(), report=reports.append)


def classes(done: Decomposition) -> set[str]:
    return {layer.part.value for layer in done.stack if layer.part is not None}


def test_layers_are_of_the_persons_own_picture_and_add_up(apart: Decomposition) -> None:
    np.testing.assert_array_equal(apart.recompose(), apart.source)
    assert apart.mask is not None and np.abs(apart.shadow[apart.mask > 0]).max() < 2 / 255, "rounding alone is left to S"
    assert all(not layer.rgba[..., 3][apart.mask == 0].any() for layer in apart.stack)
    names = [layer.name for layer in apart.stack]
    assert len(set(names)) == len(names) > 5
    depths = [layer.pseudo_depth for layer in apart.stack if layer.pseudo_depth is not None]
    assert depths == sorted(depths) and any(layer.depth is not None for layer in apart.stack)
    assert apart.provenance.engine_version == "1, untrained"


def test_layers_come_while_the_others_are_made_and_what_is_done_never_falls(apart: Decomposition, reports: list[Progress]) -> None:
    done = [each.done for each in reports]
    assert done == sorted(done) and {each.total for each in reports} == {1000}
    seen = [each.preview for each in reports if each.preview is not None]
    assert {each.name for each in seen} >= classes(apart) - {"rest"}
    assert all(max(each.rgba.shape[:2]) <= 96 for each in seen)
    stages = list(dict.fromkeys(each.stage for each in reports))
    assert stages[0] == "Finding the figure" and "Making the parts of the head" in stages and "Estimating depth" in stages


def test_the_same_seed_gives_the_same_layers_and_another_one_others(engine: SeeThroughDecomposer, apart: Decomposition) -> None:
    again, other = engine.decompose(request()), engine.decompose(request(seed=1))
    assert all(np.array_equal(one.rgba, two.rgba) for one, two in zip(apart.stack, again.stack, strict=True))
    assert [layer.rgba.sum() for layer in other.stack] != [layer.rgba.sum() for layer in apart.stack]


def test_any_subset_of_layers_and_no_head_pass() -> None:
    engine = engine_of()
    some = engine.decompose(request(character=CharacterOptions(frozenset({BodyPart.TAIL, BodyPart.NOSE}))))
    assert classes(some) <= {"tail", "nose"} and any(layer.part is None for layer in some.stack), "the rest is a layer of its own"
    np.testing.assert_array_equal(some.recompose(), some.source)
    quick = engine.decompose(request(character=CharacterOptions(head_pass=False)))
    assert not classes(quick) & HEADS and "face" in classes(quick)
    assert any("The head pass was left out" in note for note in quick.provenance.notes)
    with pytest.raises(InputError, match="at least one body part"):
        CharacterOptions(frozenset())


def test_a_seed_of_its_own_makes_only_that_parts_pass(engine: SeeThroughDecomposer, apart: Decomposition) -> None:
    anew = engine.decompose(request(character=CharacterOptions(seeds={BodyPart.NOSE: 5})))
    assert classes(anew) <= HEADS | {"face"}
    before, after = (next((layer.rgba for layer in done.stack if layer.name == "nose"), None) for done in (apart, anew))
    assert after is None or before is None or not np.array_equal(before, after)


def test_the_papers_network_answers_at_once_for_19_parts_and_strata_can_be_left_out() -> None:
    done = engine_of("v2", depth=True).decompose(request(character=CharacterOptions(strata=StrataOptions(1))))
    assert "hair" in classes(done) or "eyes" in classes(done)
    assert not any(layer.name.endswith("-1") for layer in done.stack)
    np.testing.assert_array_equal(done.recompose(), done.source)


def test_before_a_background_the_figure_is_cut_out_and_nothing_else_changes(quick: SeeThroughDecomposer) -> None:
    picture = on_ground(DOLL)
    done = quick.decompose(DecompositionRequest(picture))
    np.testing.assert_array_equal(done.recompose(), picture)
    assert done.stack.layers[0].role is LayerRole.BACKGROUND and (done.stack.layers[0].rgba[..., 3] == 255).all()
    assert any("No pseudo-depth is served" in note for note in done.provenance.notes)


def test_cancelling_stops_between_two_steps(engine: SeeThroughDecomposer) -> None:
    token = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.stage.startswith("Making"):
            token.cancel()

    with pytest.raises(Cancelled):
        engine.decompose(request(), report=stop, cancel=token)


def hidden_colors() -> np.ndarray:
    rgba = DOLL.rgba.copy()
    rgba[rgba[..., 3] == 0] = (255, 0, 255, 0)
    return rgba


def test_colours_that_transparency_hides_change_nothing(quick: SeeThroughDecomposer) -> None:
    plain, loud = quick.decompose(request()), quick.decompose(request(hidden_colors()))
    shown = DOLL.rgba[..., 3] > 0
    assert all(np.array_equal(one.rgba[shown], two.rgba[shown]) for one, two in zip(plain.stack, loud.stack, strict=True))
    np.testing.assert_array_equal(loud.recompose(), loud.source)


def line_art() -> np.ndarray:
    grey = np.full((*DOLL.rgba.shape[:2], 4), 255, np.uint8)
    grey[..., :3][np.asarray(DOLL.rgba[..., 3] > 0) & (np.indices(DOLL.rgba.shape[:2]).sum(0) % 5 == 0)] = 0
    grey[..., 3] = DOLL.rgba[..., 3]
    return grey


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.full((64, 64, 4), 255, np.uint8),
        lambda: np.random.default_rng(0).integers(0, 255, (64, 64, 4), np.uint8),
        line_art,
        lambda: np.ascontiguousarray(DOLL.rgba[20:90, 20:60]),
        lambda: np.ascontiguousarray(DOLL.rgba[60:]),
        lambda: np.pad(DOLL.rgba[:60], ((0, 0), (0, 8000 - DOLL.rgba.shape[1]), (0, 0))),
        lambda: np.zeros((40, 40, 4), np.uint8),
    ],
    ids=["no character", "noise", "line art", "touches every border", "no head", "8,000 pixels wide", "nothing"],
)
def test_bad_pictures_give_a_result_or_a_clear_message(make: Callable[[], np.ndarray], quick: SeeThroughDecomposer) -> None:
    rgba = make()
    try:
        done = quick.decompose(request(rgba))
    except InputError as error:
        assert len(str(error)) > 30
    else:
        np.testing.assert_array_equal(done.recompose(), done.source)


def test_a_figure_larger_than_the_depth_network_sees_is_finished_at_its_own_size(
    engine: SeeThroughDecomposer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liwi.engines.seethrough.DEPTH_SIDE", 64)
    done = engine.decompose(request())
    np.testing.assert_array_equal(done.recompose(), done.source)
    depths = [layer.depth for layer in done.stack if layer.depth is not None]
    assert depths and all(depth.values.shape == (depth.box.height, depth.box.width) for depth in depths)


def test_two_figures_are_told_and_a_box_chooses_one(quick: SeeThroughDecomposer) -> None:
    both = np.concatenate([DOLL.rgba, DOLL.rgba], axis=1)
    with pytest.raises(PromptError, match="Two figures stand apart"):
        quick.decompose(request(both))
    half = BoundingBox(0, 0, DOLL.rgba.shape[1], DOLL.rgba.shape[0])
    done = quick.decompose(request(both, boxes=(half,)))
    assert done.stack.layers[0].name == "Rest of the picture"


def test_a_plan_counts_stages_as_one_and_repeats_of_a_name_go_forward() -> None:
    told: list[Progress] = []
    plan = Plan([("a", 1), ("b", 1), ("a", 2)], told.append)
    for stage, done in (("a", 0), ("a", 1), ("loading", 0), ("b", 0), ("b", 1), ("a", 0), ("a", 2)):
        plan(Progress(stage, done, 2))
    assert [each.done for each in told] == [0, 125, 125, 250, 375, 500, 1000]
