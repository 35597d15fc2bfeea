"""Layered samples as training sees them: repeatable variants, and what a prompt leaves in the background."""

from pathlib import Path

import numpy as np
import pytest

from data_tools.dataset import read_sample
from data_tools.manifests import DatasetError
from liwi.imaging.compositing import composite, to_float
from liwi.layering.box_prompt import BoxChance
from liwi.layering.degradation import DegradationChance
from tests.unit.training.layered import make_scenes
from training.objectives.layering_samples import Plan, Variant, VariantSettings, fit_size, make_variant, plan_variants

SETTINGS = VariantSettings(4, 0.5, 4096, 16, BoxChance(several=0.0), DegradationChance())


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_scenes(tmp_path_factory.mktemp("layered") / "scenes", 8)


@pytest.fixture(scope="module")
def plans(scenes: Path) -> list[Plan]:
    return plan_variants(scenes, SETTINGS, held_out=0, purpose="train")


def make(scenes: Path, plan: Plan) -> Variant:
    return make_variant(read_sample(scenes, plan.sample), plan, SETTINGS)


def test_a_plan_makes_the_same_variant_each_time_and_others_differ(scenes: Path, plans: list[Plan]) -> None:
    first, again, other = (make(scenes, plan) for plan in (plans[0], plans[0], plans[1]))
    assert all((one == two).all() for one, two in zip(first.degraded, again.degraded, strict=True))
    assert any((one != two).any() for one, two in zip(first.degraded, other.degraded, strict=False))
    assert len({plan.key for plan in plans}) == len(plans)


def test_a_variant_is_as_its_plan_says(scenes: Path, plans: list[Plan]) -> None:
    assert {plan.prompted for plan in plans} == {True, False}
    for plan in plans:
        variant = make(scenes, plan)
        assert (variant.prompt is not None) == plan.prompted
        assert len(variant.foregrounds) == len(variant.degraded) == plan.shape.num_layers - 1
        shape = (plan.shape.height, plan.shape.width, 4)
        assert {each.shape for each in (variant.source, variant.background, *variant.foregrounds, *variant.degraded)} == {shape}


def test_what_a_prompt_leaves_out_stays_in_the_background_and_layers_still_add_up(scenes: Path, plans: list[Plan]) -> None:
    some = [plan for plan in plans if plan.prompted and len(read_sample(scenes, plan.sample).foregrounds) == 2]
    assert some
    for plan in some:
        variant, sample = make(scenes, plan), read_sample(scenes, plan.sample)
        (chosen,) = plan.chosen
        left = sample.foregrounds[1 - chosen]
        alone = (left[..., 3] == 255) & (sample.foregrounds[chosen][..., 3] == 0)
        assert alone.any()
        assert (variant.background[alone][:, :3] == left[alone][:, :3]).all()
        composed = composite([to_float(variant.background), *(to_float(each) for each in variant.foregrounds)])
        shadow = to_float(variant.source)[..., :3] - composed[..., :3]
        whole = (left[..., 3] == 255) | (left[..., 3] == 0)  # soft edges before one another leave a rest in S
        assert shadow[whole].max() < 0.02, "S only darkens in these scenes"


def test_degraded_foregrounds_differ_at_the_boundary_alone(scenes: Path, plans: list[Plan]) -> None:
    variants = [make(scenes, plan) for plan in plans]
    pairs = [pair for variant in variants for pair in zip(variant.foregrounds, variant.degraded, strict=True)]
    assert np.mean([bool((truth != worse).any()) for truth, worse in pairs]) > 0.8  # of little that is seen nothing may be worn away
    assert np.mean([np.abs(truth[..., 3].astype(int) - worse[..., 3]).mean() for truth, worse in pairs]) < 40


def test_held_out_samples_are_never_trained_with_and_measured_both_ways(scenes: Path) -> None:
    train, measure = (plan_variants(scenes, SETTINGS, held_out=0.4, purpose=purpose) for purpose in ("train", "measure"))
    assert {plan.sample for plan in train} & {plan.sample for plan in measure} == set()
    assert len({plan.sample for plan in train} | {plan.sample for plan in measure}) == 8
    assert [plan.prompted for plan in measure[:2]] == [True, False]
    with pytest.raises(DatasetError, match="too few samples"):
        plan_variants(scenes, SETTINGS, held_out=1.0, purpose="train")


def test_pictures_are_fitted_to_buckets_and_never_enlarged() -> None:
    assert fit_size((96, 64), 2**20, 16) == (96, 64)
    width, height = fit_size((4000, 3000), 2**20, 32)
    assert width * height <= 2**20
    assert width % 32 == height % 32 == 0
    assert np.isclose(width / height, 4 / 3, rtol=0.06)
    assert fit_size((100, 70), 2**20, 16)[0] <= 112
    with pytest.raises(DatasetError, match="cannot be trained with"):
        fit_size((8, 8), 2**20, 16)


def test_larger_samples_are_reduced(scenes: Path) -> None:
    settings = VariantSettings(1, 1.0, 600, 16, BoxChance(point=1.0), DegradationChance())
    for plan in plan_variants(scenes, settings, held_out=0, purpose="train"):
        variant = make_variant(read_sample(scenes, plan.sample), plan, settings)
        assert plan.shape.width * plan.shape.height <= 600
        assert variant.prompt is not None
        assert variant.prompt.shape == variant.source.shape
