"""What a person corrects of a character's layers, and what the tab makes of it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from psd_tools import PSDImage

from liwi.editing import Document, delete_layer
from liwi.engines.character import CharacterDecomposer
from liwi.errors import EngineUnavailable, InputError
from liwi.experts.served_part_segmenter import KIND, ServedPartSegmenter
from liwi.export import RIGGING, export
from liwi.export.archive import read_zip
from liwi.imaging.compositing import to_uint8
from liwi.registry_reading import RegistryReader
from liwi.registry_serving import Served
from liwi.seethrough.body_parts import BodyPart, CoarseBodyPart, Side
from liwi.seethrough.part_editing import merge, relabel
from liwi.types import Decomposition, DecompositionRequest
from liwi.ui.character_handlers import CharacterHandlers, CharacterServices
from liwi.ui.tiles import TileStore
from liwi.workspace import Workspace
from tests.characters import DollSegmenter, draw_doll, on_ground

DOLL = draw_doll()


@pytest.fixture(scope="module")
def document() -> Document:
    picture = DecompositionRequest(np.ascontiguousarray(DOLL.rgba[..., :3]), np.ascontiguousarray(DOLL.rgba[..., 3]))
    return Document(CharacterDecomposer(DollSegmenter(DOLL)).decompose(picture))


def named(document: Document, *names: str) -> list[str]:
    by_name = {layer.name: layer.id for layer in document.decomposition.stack}
    return [by_name[name] for name in names]


def names(document: Document) -> list[str]:
    return [layer.name for layer in document.decomposition.stack]


def looks(decomposition: Decomposition) -> np.ndarray:
    return to_uint8(decomposition.stack.composite())


def test_a_relabelled_layer_takes_the_name_and_keeps_place_and_pixels(document: Document) -> None:
    [nose] = named(document, "nose")
    place = names(document).index("nose")
    done = relabel(document, [nose], BodyPart.EARWEAR, Side.LEFT)
    layer = done.decomposition.stack.layers[place]
    assert (layer.name, layer.part, layer.side) == ("earwear-l", BodyPart.EARWEAR, Side.LEFT)
    assert layer.rgba is document.decomposition.stack[nose].rgba
    again = relabel(done, named(done, "mouth"), BodyPart.EARWEAR, Side.LEFT)
    assert "earwear-l 2" in names(again)
    np.testing.assert_array_equal(again.decomposition.recompose(), document.decomposition.source)


def test_merged_layers_are_what_the_largest_was_and_look_the_same(document: Document) -> None:
    done = merge(document, named(document, "eyes-l", "eyes-r", "face"))
    assert [name for name in names(document) if not name.startswith("eyes")] == names(done)
    face = done.decomposition.stack[named(done, "face")[0]]
    assert face.part is BodyPart.FACE
    np.testing.assert_array_equal(face.rgba[66, 62], [30, 30, 60, 255])
    with pytest.raises(InputError, match="two or more"):
        merge(document, named(document, "face"))
    with pytest.raises(InputError, match="Select a layer"):
        relabel(document, [], BodyPart.FACE, None)
    with pytest.raises(InputError, match="no layer"):
        relabel(document, ["gone"], BodyPart.FACE, None)


def test_a_deleted_part_goes_to_the_layer_below_it(document: Document) -> None:
    done = delete_layer(document, named(document, "nose")[0])
    assert "nose" not in names(done)
    face = done.decomposition.stack[named(done, "face")[0]]
    assert tuple(face.rgba[74, 75, :3]) == (200, 150, 140)
    np.testing.assert_array_equal(looks(done.decomposition), looks(document.decomposition))
    lowest = delete_layer(document, document.decomposition.stack.layers[0].id)
    assert len(names(lowest)) == len(names(document)) - 1
    while len(names(lowest)) > 1:
        lowest = delete_layer(lowest, lowest.decomposition.stack.layers[-1].id)
    with pytest.raises(InputError, match="only layer"):
        delete_layer(lowest, lowest.decomposition.stack.layers[0].id)


def test_a_psd_holds_names_and_order_and_nothing_else(document: Document, tmp_path: Path) -> None:
    written = PSDImage.open(export(document.decomposition, tmp_path / "doll.psd"))
    assert [layer.name for layer in written] == names(document)
    eyes = next(layer for layer in written if layer.name == "eyes-l")
    extent = document.decomposition.stack[named(document, "eyes-l")[0]].extent
    assert extent is not None and eyes.bbox == extent.as_tuple()
    reordered = document.decomposition.with_stack(
        document.decomposition.stack.reorder([layer.id for layer in document.decomposition.stack][::-1])
    )
    assert [layer.name for layer in PSDImage.open(export(reordered, tmp_path / "back.psd"))] == names(document)[::-1]


def test_parts_sides_and_depths_survive_the_archive(document: Document, tmp_path: Path) -> None:
    again = read_zip(export(document.decomposition, tmp_path / "doll.zip"))
    facts = [(layer.part, layer.side, layer.pseudo_depth) for layer in document.decomposition.stack]
    assert [(layer.part, layer.side, layer.pseudo_depth) for layer in again.stack] == facts
    assert any(part is CoarseBodyPart.EYES for part, _, _ in facts)


def open_tab(tmp_path: Path, segmenter: object) -> tuple[CharacterHandlers, dict, str]:
    workspace = Workspace(tmp_path / "workspace")
    handlers = CharacterHandlers(CharacterServices(workspace, TileStore(workspace), segmenter))
    Image.fromarray(on_ground(DOLL)).save(tmp_path / "doll.png")
    return handlers, *handlers.open(tmp_path / "doll.png")


def test_the_tab_takes_apart_relabels_merges_and_undoes(tmp_path: Path) -> None:
    handlers, manifest, token = open_tab(tmp_path, DollSegmenter(DOLL))
    assert handlers.origin(token) == ""
    shown = list(handlers.take_apart(token, manifest))
    stages = [each["busy"]["stage"] for each in shown if each["busy"]]
    assert "Finding the figure" in stages and "Completing what is hidden" in stages
    done = shown[-1]
    assert done["layers"][0]["role"] == "background" and done["shadow"] is None
    assert "16 parts" in done["message"] and "character" in handlers.origin(token)
    for known in RIGGING:
        url = handlers.export(token, done, known.suffix)
        assert url == f"/exports/{token}/doll{known.suffix}" and (handlers._workspace.get(token).folder / f"doll{known.suffix}").is_file()
    with pytest.raises(InputError, match="no export format"):
        handlers.export(token, done, ".exe")
    ids = {layer["name"]: layer["id"] for layer in done["layers"]}
    relabelled = handlers.relabel(token, {"selected": [ids["nose"]]}, "objects", "")
    assert "objects" in [layer["name"] for layer in relabelled["layers"]]
    merged = handlers.merge(token, {"selected": [ids["eyes-l"], ids["eyes-r"]]})
    assert len(merged["layers"]) == len(done["layers"]) - 1
    undone = handlers.undo(token, {}, 2)
    assert [layer["id"] for layer in undone["layers"]] == [layer["id"] for layer in done["layers"]]
    with pytest.raises(InputError, match="Choose a body part"):
        handlers.relabel(token, {"selected": [ids["nose"]]}, "wheel", "")
    with pytest.raises(InputError, match="background is no body part"):
        handlers.relabel(token, {"selected": [ids["Background"]]}, "face", "")


def test_without_weights_the_tab_says_what_is_missing(tmp_path: Path) -> None:
    segmenter = ServedPartSegmenter(Served(RegistryReader(tmp_path / "registry", shipped=None), KIND))
    handlers, manifest, token = open_tab(tmp_path, segmenter)
    with pytest.raises(EngineUnavailable, match="no weights for body parts"):
        list(handlers.take_apart(token, manifest))
