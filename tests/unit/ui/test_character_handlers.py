"""The tab Characters with the engine that generates, on untrained networks that a registry serves."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from liwi.checkpoint_kinds import KINDS
from liwi.errors import EngineUnavailable, InputError
from liwi.protocols import Decomposer
from liwi.registry_reading import RegistryReader
from liwi.registry_serving import Served
from liwi.seethrough.readiness import DEPTH, PARTS
from liwi.ui.character_handlers import COMPACT, GENERATING, CharacterHandlers, CharacterServices, Choices
from liwi.ui.tiles import TileStore
from liwi.workspace import Workspace
from tests.characters import DollSegmenter, draw_doll
from tests.seethrough import ServedFolder, write_depth, write_parts

DOLL = draw_doll(0.5)


@pytest.fixture(scope="module")
def handlers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CharacterHandlers]:
    folder = tmp_path_factory.mktemp("served")
    workspace = Workspace(folder / "workspace")
    parts, depth = ServedFolder(write_parts(folder / "parts"), PARTS), ServedFolder(write_depth(folder / "depth"), DEPTH)
    yield CharacterHandlers(CharacterServices(workspace, TileStore(workspace), DollSegmenter(DOLL), parts, depth))
    workspace.shutdown()


@pytest.fixture(scope="module")
def opened(handlers: CharacterHandlers, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[dict[str, Any]]]:
    """A doll that was taken apart: the project's token, and what the stage was shown meanwhile."""
    path = tmp_path_factory.mktemp("pictures") / "doll.png"
    Image.fromarray(DOLL.rgba).save(path)
    manifest, token = handlers.open(path)
    return token, list(handlers.take_apart(token, manifest))


def test_the_best_engine_that_is_ready_is_named_and_answers(handlers: CharacterHandlers, opened: tuple[str, list[dict[str, Any]]]) -> None:
    token, shown = opened
    assert handlers.choice().name == GENERATING and handlers.choice(COMPACT).name == COMPACT
    assert handlers.origin(token).startswith("Engine: seethrough, version 1, part_diffusion-")
    assert {PARTS, DEPTH} <= set(KINDS)
    done = shown[-1]
    assert done["busy"] is None and len(done["layers"]) > 5 and all(layer["depth_url"] for layer in done["layers"])


def test_layers_are_shown_as_they_come(opened: tuple[str, list[dict[str, Any]]]) -> None:
    previews = [each["busy"].get("previews", []) for each in opened[1] if each["busy"]]
    counts = [len(each) for each in previews]
    assert counts == sorted(counts) and counts[-1] >= 20
    assert all(each["url"].startswith("/tiles/") for each in previews[-1])


def test_a_layer_is_made_anew_and_the_others_stay(handlers: CharacterHandlers, opened: tuple[str, list[dict[str, Any]]]) -> None:
    token, shown = opened
    layers = {layer["name"]: layer for layer in shown[-1]["layers"]}
    chosen = next(name for name in ("tail", "topwear", "neck", "objects") if name in layers)
    again = list(handlers.make_anew(token, {"selected": [layers[chosen]["id"]]}))[-1]
    if "was made anew" in again["message"]:
        after = {layer["name"]: layer for layer in again["layers"]}
        assert after.keys() >= layers.keys()
        assert {name for name in layers if after[name]["id"] != layers[name]["id"]} <= {name for name in layers if name.startswith(chosen)}
        handlers.undo(token, {}, 1)
    else:
        assert "takes another seed" in again["message"]
    session = handlers._workspace.get(token).session
    np.testing.assert_array_equal(session.decomposition.recompose(), session.decomposition.source)


def test_the_page_shows_that_it_began_before_the_engines_libraries_are_loaded(
    handlers: CharacterHandlers, opened: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, let_on = threading.Event(), threading.Event()

    def slow() -> Decomposer:
        asked.set()
        let_on.wait(30)
        raise EngineUnavailable("The libraries were slow.")

    monkeypatch.setattr(handlers, "_generator", slow)
    shown = handlers.take_apart(opened[0], {})
    assert next(shown)["busy"]["stage"] == "Starting"
    assert asked.wait(30)
    let_on.set()
    last = list(shown)[-1]
    assert last["busy"] is None and last["message"] == "The libraries were slow."


def test_what_cannot_be_done_is_said(handlers: CharacterHandlers, opened: tuple[str, list[dict[str, Any]]]) -> None:
    token, shown = opened
    one = shown[-1]["layers"][1]["id"]
    with pytest.raises(InputError, match="Select the one layer that is to be made anew"):
        list(handlers.make_anew(token, {"selected": []}))
    with pytest.raises(InputError, match="Only the engine seethrough"):
        list(handlers.make_anew(token, {"selected": [one]}, Choices(engine=COMPACT)))
    with pytest.raises(InputError, match="Select the one layer that is to be split"):
        handlers.split(token, {"selected": []})
    for wrong, message in (
        (Choices(seed=-1), "seed must be a whole number from 0"),
        (Choices(seed=float("nan")), "seed must be a whole number"),
        (Choices(steps=1.5), "number of steps must be a whole number"),
        (Choices(strata="many"), "strata must be a whole number"),
        (Choices(parts=["wheel"]), "'wheel' is no body part"),
    ):
        with pytest.raises(InputError, match=message):
            list(handlers.take_apart(token, {}, wrong))


def test_a_layer_of_both_sides_is_split_and_adds_up_as_before(handlers: CharacterHandlers, tmp_path: Path) -> None:
    Image.fromarray(DOLL.rgba).save(tmp_path / "doll.png")
    manifest, token = handlers.open(tmp_path / "doll.png")
    done = list(handlers.take_apart(token, manifest, Choices(engine=COMPACT)))[-1]
    ids = {layer["name"]: layer["id"] for layer in done["layers"]}
    session = handlers._workspace.get(token).session
    before = session.decomposition.stack.composite()
    merged = handlers.merge(token, {"selected": [ids["legwear-l"], ids["legwear-r"]]})
    (whole,) = [layer for layer in merged["layers"] if layer["name"].startswith("legwear")]
    handlers.relabel(token, {"selected": [whole["id"]]}, "legwear", "")
    (plain,) = [layer for layer in session.decomposition.stack if layer.name == "legwear"]
    split = handlers.split(token, {"selected": [plain.id]})
    assert {layer["name"] for layer in split["layers"]} >= {"legwear-l", "legwear-r"} and split["label"] == "split"
    np.testing.assert_allclose(session.decomposition.stack.composite(), before, atol=2 / 255)
    (one_side,) = [layer for layer in session.decomposition.stack if layer.name == "legwear-l"]
    with pytest.raises(InputError, match="lies on one side"):
        handlers.split(token, {"selected": [one_side.id]})


def test_without_a_checkpoint_the_compact_engine_answers_and_the_other_says_why_not(tmp_path: Path) -> None:
    workspace, nothing = Workspace(tmp_path / "workspace"), RegistryReader(tmp_path / "registry", shipped=None)
    services = CharacterServices(workspace, TileStore(workspace), DollSegmenter(DOLL), Served(nothing, PARTS), Served(nothing, DEPTH))
    handlers = CharacterHandlers(services)
    assert handlers.choice().name == COMPACT and "part_diffusion" in handlers.choice().reason
    Image.fromarray(DOLL.rgba).save(tmp_path / "doll.png")
    manifest, token = handlers.open(tmp_path / "doll.png")
    with pytest.raises(EngineUnavailable, match="cannot run here: no checkpoint of the kind 'part_diffusion' is served"):
        list(handlers.take_apart(token, manifest, Choices(engine=GENERATING)))
