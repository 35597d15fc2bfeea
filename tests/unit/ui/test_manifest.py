"""What the browser sends is checked; what it gets is small."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from liwi.engines.embedded import EmbeddedDecomposer
from liwi.errors import InputError
from liwi.imaging.io import Picture
from liwi.prompts import BoundingBox, Hint
from liwi.session import CutRequest, EditingSession
from liwi.types import BlendMode
from liwi.ui.manifest import MAX_BOXES, build_manifest, read_stage
from liwi.ui.tiles import TileStore
from liwi.workspace import Project, Workspace
from tests.pictures import two_balls


def prompts(**fields: Any) -> dict[str, Any]:
    return {"prompts": fields}


def test_prompts_and_panel_are_read() -> None:
    state = read_stage(
        {
            "prompts": {
                "boxes": [{"id": "b1", "box": [1.4, 2, 30, 40], "name": ""}, {"id": "b2", "box": [5, 6, 7, 8], "name": "Cup"}],
                "hints": [{"id": "h1", "kind": "drop", "path": [[3, 4], [5, 6]], "radius": 9}],
            },
            "selected": ["a"],
            "panel": [{"id": "a", "name": "A", "visible": False, "opacity": 0.25, "blend": "screen", "locked": True}],
            "shadow_visible": False,
        }
    )
    assert state.boxes == (BoundingBox(1, 2, 30, 40), BoundingBox(5, 6, 7, 8))
    assert state.names == (None, "Cup")
    assert state.box_ids == ("b1", "b2")
    assert state.hints == (Hint("drop", ((3, 4), (5, 6)), 9),)
    assert state.panel[0].blend is BlendMode.SCREEN
    assert not state.shadow_visible


@pytest.mark.parametrize("value", [None, 3, "x", [], {}, {"prompts": 7}, {"prompts": {"boxes": "x"}, "panel": None}])
def test_nothing_useful_reads_as_nothing(value: object) -> None:
    state = read_stage(value)
    assert state.boxes == ()
    assert state.panel == ()


@pytest.mark.parametrize(
    "value",
    [
        prompts(boxes=[{"box": [1, 2, 3]}]),
        prompts(boxes=[{"box": [1, 2, 3, math.nan]}]),
        prompts(boxes=[{"box": [1, 2, 3, 1e300]}]),
        prompts(boxes=[{"box": [1, 2, 3, "<b>"]}]),
        prompts(boxes=[{"box": [9, 9, 3, 3]}]),
        prompts(boxes=[{"box": [0, 0, 9, 9]}] * (MAX_BOXES + 1)),
        prompts(hints=[{"kind": "keep", "path": [[1]]}]),
        prompts(hints=[{"kind": "keep", "path": []}]),
        prompts(hints=[{"kind": "keep", "path": [[1, 2]] * 5000}]),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(value: object) -> None:
    with pytest.raises(InputError, match=r"\w+ .*\."):
        read_stage(value)


def test_strange_panel_values_become_harmless() -> None:
    (entry,) = read_stage({"panel": [{"id": 5, "name": ["x"], "opacity": "1; DROP TABLE", "blend": "evil"}]}).panel
    assert (entry.id, entry.opacity, entry.blend) == ("5", 1.0, BlendMode.NORMAL)


@pytest.fixture(scope="module")
def cut_project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Workspace]:
    image, left, _ = two_balls()
    session = EditingSession(Picture(image), EmbeddedDecomposer())
    session.cut(CutRequest((left,), names=("<img src=x onerror=alert(1)>",)))
    workspace = Workspace(Path(tmp_path_factory.mktemp("workspace")))
    return workspace.open(session, "x"), workspace


def test_the_manifest_is_small_and_plain_json(cut_project: tuple[Project, Workspace]) -> None:
    project, workspace = cut_project
    manifest = build_manifest(project, TileStore(workspace), "edit")
    assert len(json.dumps(manifest)) < 4000
    assert [layer["role"] for layer in manifest["layers"]] == ["background", "foreground"]
    assert manifest["can_undo"]
    assert manifest["shadow"]["extent"]


def test_tiles_hold_the_pixels_of_their_extent(cut_project: tuple[Project, Workspace]) -> None:
    import io

    from PIL import Image
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    project, workspace = cut_project
    tiles = TileStore(workspace)
    manifest = build_manifest(project, tiles, "edit")
    client = TestClient(Starlette(routes=[tiles.route()]))
    for layer in manifest["layers"]:
        shown = np.asarray(Image.open(io.BytesIO(client.get(layer["url"]).content)).convert("RGBA"))
        stored = project.session.decomposition.stack[layer["id"]].rgba[BoundingBox(*layer["extent"]).slices]
        np.testing.assert_array_equal(shown[stored[..., 3] > 0], stored[stored[..., 3] > 0])
    again = build_manifest(project, tiles, "edit")
    assert [layer["url"] for layer in again["layers"]] == [layer["url"] for layer in manifest["layers"]], "unchanged pixels keep their URL"
    assert client.get(manifest["layers"][0]["url"].replace(project.token, "x" * 22)).status_code == 404
    project.session.undo()
    build_manifest(project, tiles, "edit")
    assert client.get(manifest["layers"][1]["url"]).status_code == 200, "a page may just be loading what was replaced"
    for act in (project.session.redo, project.session.undo) * 4:
        act()
        build_manifest(project, tiles, "edit")
    assert client.get(manifest["layers"][1]["url"]).status_code == 404
    project.session.redo()
