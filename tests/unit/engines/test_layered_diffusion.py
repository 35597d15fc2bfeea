"""The engine liwi on a real, tiny, untrained network: what it promises does not depend on what the network has learned."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from liwi import registry as registry_module
from liwi.checkpoint_kinds import resolve
from liwi.editing import Document, cut_box, delete_layer, recut
from liwi.engines import ENGINES, choose_engine, create_engine, layered_diffusion
from liwi.engines.embedded import BACKGROUND_MARGIN
from liwi.engines.layered_diffusion import LayeredDecomposer
from liwi.engines.previews import PREVIEW_SIDE
from liwi.errors import Cancelled, EngineUnavailable, InputError, PromptError
from liwi.export import export
from liwi.layering import readiness
from liwi.layering.checkpoint import ModelCard, save_checkpoint
from liwi.layering.loading import LayeredModel, load_model
from liwi.layering.request import LayeringRequest
from liwi.layering.serving import load, smoke
from liwi.model_folders import CheckpointMismatch
from liwi.progress import CancelToken, Progress
from liwi.registry import DatasetReference, JobReference, Registry
from liwi.types import BoundingBox, Decomposition, DecompositionRequest, Hint, LayerRole
from tests.layered import CARD, write_checkpoint
from tests.pictures import two_balls


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of ours whose networks were drawn at random."""
    return write_checkpoint(tmp_path_factory.mktemp("layering") / "checkpoint")


@pytest.fixture(scope="module")
def model(folder: Path) -> LayeredModel:
    return load_model(folder)


@pytest.fixture(scope="module")
def engine(model: LayeredModel) -> LayeredDecomposer:
    return LayeredDecomposer(lambda _: ("a checkpoint", model))


def same(first: Decomposition, second: Decomposition) -> bool:
    return all(np.array_equal(a.rgba, b.rgba) for a, b in zip(first.stack, second.stack, strict=True))


@pytest.mark.parametrize("num_boxes", [0, 1, 2])
def test_layers_add_up_to_the_picture_bit_for_bit(engine: LayeredDecomposer, num_boxes: int) -> None:
    image, *boxes = two_balls()
    found = engine.decompose(DecompositionRequest(image, boxes=tuple(boxes[:num_boxes]), seed=1))
    np.testing.assert_array_equal(found.recompose(), image)
    assert found.stack.layers[0].role is LayerRole.BACKGROUND and (found.stack.layers[0].rgba[..., 3] == 255).all()
    assert 1 <= len(found.stack.foregrounds) <= 2
    if num_boxes:
        assert {layer.box for layer in found.stack.foregrounds} == set(boxes[:num_boxes])
    assert found.provenance.engine == "liwi" and "a checkpoint" in found.provenance.engine_version


def test_nothing_changes_far_from_the_box_and_seeds_repeat(engine: LayeredDecomposer) -> None:
    image, left, _ = two_balls()
    request = DecompositionRequest(image, boxes=(left,), seed=3)
    found = engine.decompose(request)
    far = np.ones(image.shape[:2], bool)
    around = left.expand(round(BACKGROUND_MARGIN * max(left.width, left.height))).intersect(BoundingBox.of_size((200, 130)))
    assert around is not None
    far[around.slices] = False
    assert far.mean() > 0.2
    np.testing.assert_array_equal(found.stack.layers[0].rgba[far][:, :3], image[far])
    assert not found.stack.foregrounds[0].rgba[far].any()
    assert same(found, engine.decompose(request))
    assert not same(found, engine.decompose(DecompositionRequest(image, boxes=(left,), seed=4)))


def test_kept_and_dropped_points_are_obeyed(engine: LayeredDecomposer) -> None:
    image, left, _ = two_balls()
    hints = (Hint("drop", ((55, 50),), 4), Hint("keep", ((55, 80),), 4))
    layer = engine.decompose(DecompositionRequest(image, boxes=(left,), hints=hints)).stack.foregrounds[0]
    assert layer.rgba[50, 55, 3] == 0
    assert layer.rgba[80, 55, 3] == 255


def test_a_point_alone_means_one_thing(engine: LayeredDecomposer) -> None:
    image = two_balls()[0]
    found = engine.decompose(DecompositionRequest(image, hints=(Hint("keep", ((55, 65),), 4),)))
    assert len(found.stack.foregrounds) == 1 and found.stack.foregrounds[0].rgba[65, 55, 3] == 255
    np.testing.assert_array_equal(found.recompose(), image)


def test_cutting_recutting_deleting_and_exporting_work_as_with_every_engine(engine: LayeredDecomposer, tmp_path: Path) -> None:
    image, left, right = two_balls()
    document = cut_box(Document.start(image), left, engine)
    document = cut_box(document, right, engine)
    first = document.decomposition.stack.foregrounds[0]
    again = recut(document, first.id, (Hint("keep", ((55, 80),), 4),), engine)
    assert again.decomposition.stack[first.id].name == first.name
    np.testing.assert_array_equal(again.decomposition.recompose(), image)
    assert len(delete_layer(again, first.id).decomposition.stack) == len(again.decomposition.stack) - 1
    assert export(again.decomposition, tmp_path / "layers.psd").stat().st_size > 0


def test_the_box_reaches_the_model_only_if_it_was_trained_with_boxes(model: LayeredModel) -> None:
    image, left, right = two_balls()
    asked: list[LayeringRequest] = []

    class Listening:
        codec = model.pipeline.codec

        def __call__(self, request: LayeringRequest, **rest: Any) -> Any:
            asked.append(request)
            return model.pipeline(request, **rest)

    for prompted in (True, False):
        card = ModelCard(CARD.frame0, prompted, CARD.sampling, CARD.max_layers)
        engine = LayeredDecomposer(lambda _, card=card: ("x", LayeredModel(Listening(), card, "here")))  # type: ignore[misc, arg-type]
        found = engine.decompose(DecompositionRequest(image, boxes=(left,), text="a ball", steps=1))
        assert bool(asked[-1].contexts) == prompted
        assert asked[-1].captions == "a ball" and asked[-1].sampling.steps == 1 and asked[-1].num_layers == 2
        assert any("not trained with boxes" in note for note in found.provenance.notes) != prompted
    engine.decompose(DecompositionRequest(image, boxes=(left, right), text=" ", steps=1))
    assert [(each.captions, each.sampling.steps) for each in asked[-2:]] == [("", 1)] * 2  # a blank text is none, for every box


def test_progress_rises_and_cancelling_stops(engine: LayeredDecomposer) -> None:
    image, left, _ = two_balls()
    reports: list[Progress] = []
    engine.decompose(DecompositionRequest(image, boxes=(left,)), report=reports.append)
    assert [report.done for report in reports] == sorted(report.done for report in reports)
    assert any("step 2 of 2" in report.stage for report in reports)
    shown = [(report.preview.name, report.preview.rgba.shape) for report in reports if report.preview]
    assert [name for name, _ in shown] == ["Background", "Object 1"]  # after the first of two steps
    assert all(max(shape) <= PREVIEW_SIDE and shape[2] == 4 for _, shape in shown)
    token = CancelToken()

    def stop(progress: Progress) -> None:
        if "step 1" in progress.stage:
            token.cancel()

    with pytest.raises(Cancelled):
        engine.decompose(DecompositionRequest(image, boxes=(left,)), report=stop, cancel=token)


@pytest.mark.parametrize(
    "request_",
    [
        DecompositionRequest(two_balls()[0], boxes=(BoundingBox(900, 900, 950, 950),)),
        DecompositionRequest(two_balls()[0], boxes=(BoundingBox(0, 0, 2, 130),)),
        DecompositionRequest(np.zeros((2, 300, 3), np.uint8)),
        DecompositionRequest(two_balls()[0], steps=0),
    ],
    ids=["outside", "a sliver", "long and thin", "no steps"],
)
def test_what_cannot_be_done_is_said_before_the_model_works(engine: LayeredDecomposer, request_: DecompositionRequest) -> None:
    with pytest.raises(InputError):
        engine.decompose(request_)


def test_a_picture_in_which_nothing_stands_out_says_so(model: LayeredModel) -> None:
    class Empty:
        codec = model.pipeline.codec

        def __call__(self, request: LayeringRequest, **rest: Any) -> Any:
            found = model.pipeline(request, **rest)
            found[0].layers[1:, 3] = 0
            return found

    image, left, _ = two_balls()
    engine = LayeredDecomposer(lambda _: ("x", LayeredModel(Empty(), CARD, "here")))  # type: ignore[arg-type]
    with pytest.raises(PromptError, match=r"nothing in the box .* that stands in front"):
        engine.decompose(DecompositionRequest(image, boxes=(left,)))


def test_it_answers_as_soon_as_a_checkpoint_is_served(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIWI_CHECKPOINTS", str(tmp_path / "registry"))
    in_this_process = lambda folder, entry: resolve(entry.smoke)(resolve(entry.loader)(folder))  # noqa: E731  # a fresh one takes half a minute
    monkeypatch.setattr(registry_module, "smoke_test", in_this_process)
    with pytest.raises(EngineUnavailable, match="layering"):
        choose_engine("liwi")
    assert choose_engine().name == "embedded"
    with pytest.raises(EngineUnavailable, match="adopt Qwen/Qwen-Image-Layered"):
        layered_diffusion.create().decompose(DecompositionRequest(two_balls()[0]))

    registry = Registry(tmp_path / "registry")
    record = registry.publish(
        folder, kind="layering", job=JobReference("tiny", "0" * 64), dataset=DatasetReference("none", "0" * 64), metrics={}, who="test"
    )
    registry.promote(record.id, reason="to see it", who="test")
    assert choose_engine().name == "liwi"
    image, left, _ = two_balls()
    found = create_engine().decompose(DecompositionRequest(image, boxes=(left,)))
    assert record.id in found.provenance.engine_version
    np.testing.assert_array_equal(found.recompose(), image)


def test_auto_passes_over_a_model_that_wants_a_gpu_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIWI_CHECKPOINTS", str(tmp_path / "registry"))
    monkeypatch.setattr(registry_module, "smoke_test", lambda *_: None)
    save_checkpoint(tmp_path / "based", ModelCard(CARD.frame0, False, CARD.sampling, base="nobody/has-this"))
    registry, origin = Registry(tmp_path / "registry"), (JobReference("adopted", "0" * 64), DatasetReference("none", "0" * 64))
    record = registry.publish(tmp_path / "based", kind="layering", job=origin[0], dataset=origin[1], metrics={}, who="test")
    registry.promote(record.id, reason="to see it", who="test")
    for gpu in (False, True):
        monkeypatch.setattr(readiness, "has_gpu_driver", lambda gpu=gpu: gpu)
        assert choose_engine().name == ("liwi" if gpu else "embedded")
    monkeypatch.setattr(readiness, "has_gpu_driver", lambda: False)
    with pytest.raises(EngineUnavailable, match=r"missing a GPU.*57 GB.*promote a smaller checkpoint"):
        choose_engine("liwi")


def test_the_loader_and_the_smoke_run_refuse_what_does_not_work(folder: Path, tmp_path: Path) -> None:
    smoke(load(folder))
    save_checkpoint(tmp_path / "based", ModelCard(CARD.frame0, False, CARD.sampling, base="nobody/has-this"))
    served = load(tmp_path / "based")  # nothing is loaded yet
    with pytest.raises(CheckpointMismatch, match="hf download"):
        smoke(served)
    with pytest.raises(CheckpointMismatch, match="no layered checkpoint"):
        load(tmp_path)


def test_the_table_names_it_without_importing_it() -> None:
    import subprocess
    import sys

    assert "liwi" in ENGINES
    code = "import sys; from liwi.engines import choose_engine; choose_engine(); print('torch' in sys.modules, 'diffusers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == ["False", "False"]
