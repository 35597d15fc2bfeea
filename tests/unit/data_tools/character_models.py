"""A character of seven squares whose parts hide, clip and darken each other, drawn as a Live2D model and as a sample."""

import json
from pathlib import Path

from data_tools.live2d.labels import read_labels
from data_tools.live2d.part_layers import label_meshes, part_layers
from data_tools.live2d.puppet import ArtMeshSource, Blend
from data_tools.live2d.reader import open_model
from data_tools.live2d.rendering import render
from data_tools.samples import CharacterSample
from tests.unit.data_tools.live2d.models import BLUE, CANVAS, GLASS, GREY, RED, WHITE, square, write_model

MESHES = (
    square("back hair", (20, 20, 180, 180), RED, shift=10),
    square("face", (50, 50, 150, 150), WHITE, shift=10),
    square("shadow", (40, 60, 160, 80), GREY, blend=Blend.MULTIPLY),
    square("iris", (40, 90, 70, 110), BLUE, clipped_by=("face",)),
    square("glasses", (50, 80, 150, 120), GLASS),
    square("fringe", (50, 40, 150, 100), RED),
    square("sleeve", (0, 150, 60, 200), GREY),
)
LABELS = {
    "back hair": ("back hair", None),
    "face": ("face", None),
    "shadow": ("face", None),
    "iris": ("irides", "right"),
    "glasses": ("eyewear", None),
    "fringe": ("front hair", None),
    "sleeve": ("handwear", "right"),
}


def labels_document(labels: dict[str, tuple[str | None, str | None]] | None = None) -> dict[str, object]:
    """What stands in labels.json."""
    entries = {name: {"part": part, "side": side} for name, (part, side) in (labels or LABELS).items()}
    return {"version": 1, "taxonomy": "v3", "art_meshes": entries}


def write_character(folder: Path, meshes: tuple[ArtMeshSource, ...] = MESHES, *, name: str = "puppet") -> Path:
    """A model folder with labels.json in it; returns the model3.json."""
    path = write_model(folder, meshes, name=name)
    (folder / "labels.json").write_text(json.dumps(labels_document()))
    return path


def file_bytes(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its relative path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def draw_sample(folder: Path, meshes: tuple[ArtMeshSource, ...] = MESHES, *, name: str = "one") -> CharacterSample:
    """The character at rest on white, one picture pixel per canvas pixel."""
    with open_model(write_character(folder, meshes)) as opened:
        drawn = render(opened.model, opened.pyramid, CANVAS)
        found = label_meshes(drawn, read_labels(folder / "labels.json").parts)
        layers = part_layers(drawn, opened.pyramid, found)
    return CharacterSample(name, drawn.over((1, 1, 1)), drawn.rgba, layers, found, {"pose": "rest", "model": {"name": "puppet"}})
