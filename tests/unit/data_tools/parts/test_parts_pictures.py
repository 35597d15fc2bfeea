"""Part pictures of drawn characters: labels say what is seen, frames show figure and head, and the command makes sets of them."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from data_tools.__main__ import app
from data_tools.character_dataset import Split
from data_tools.live2d.labels import read_labels
from data_tools.live2d.pieces import GRID, Piece, pieces_json
from data_tools.live2d.reader import open_model
from data_tools.live2d.rendering import render
from data_tools.parts.dataset import NOTHING, UNKNOWN, read_manifest, read_pictures
from data_tools.parts.pictures import Frame, choose_frames, labels_of_render, picture_of_sample, vary_pose
from liwi.seethrough.body_parts import BodyPart, CoarseBodyPart
from liwi.types import BoundingBox
from tests.unit.data_tools.character_models import LABELS, draw_sample, labels_document, write_character
from tests.unit.data_tools.live2d.models import CANVAS

HAIR, FACE, EYES, EYEWEAR, HANDWEAR = (
    part.class_index
    for part in (CoarseBodyPart.HAIR, CoarseBodyPart.FACE, CoarseBodyPart.EYES, CoarseBodyPart.EYEWEAR, CoarseBodyPart.HANDWEAR)
)

SHOWN = {(30, 30): HAIR, (100, 140): FACE, (100, 60): HAIR, (10, 180): HANDWEAR, (5, 5): NOTHING}
"""What a pixel (x, y) of the character of squares shows: also where a fringe hides a face, or a shadow only darkens it."""


def test_a_pixel_shows_what_lies_in_front(tmp_path: Path) -> None:
    path = write_character(tmp_path)
    with open_model(path) as opened:
        drawn = render(opened.model, opened.pyramid, CANVAS)
    parts = {name: part for name, (part, _) in read_labels(tmp_path / "labels.json").parts.items()}
    labels = labels_of_render(drawn, parts)
    assert {place: int(labels[place[1], place[0]]) for place in SHOWN} == SHOWN
    without = labels_of_render(drawn, {name: part for name, part in parts.items() if name != "face"})
    assert without[140, 100] == UNKNOWN
    assert without[30, 30] == HAIR


def test_samples_show_the_same_as_drawing_does(tmp_path: Path) -> None:
    sample = draw_sample(tmp_path)
    side = sample.size[0]
    rgba, labels = picture_of_sample(sample, Frame("figure", 0, 0, side), side)
    assert np.array_equal(rgba, sample.figure)
    assert {place: int(labels[place[1], place[0]]) for place in SHOWN} == SHOWN


def test_a_frame_may_leave_the_picture_and_is_enlarged(tmp_path: Path) -> None:
    sample = draw_sample(tmp_path)
    rgba, labels = picture_of_sample(sample, Frame("head", -50, -50, 100), 200)
    assert rgba.shape == (200, 200, 4)
    assert not rgba[:90, :90].any()
    assert (labels[:90, :90] == NOTHING).all()
    assert labels[190, 190] == HAIR  # (45, 45) of the sample


@pytest.mark.parametrize("seed", range(5))
def test_frames_hold_the_figure_and_the_face(seed: int) -> None:
    figure, face = BoundingBox(10, 20, 210, 520), BoundingBox(80, 60, 140, 120)
    frames = list(choose_frames(figure, face, np.random.default_rng(seed), heads=3))
    assert [frame.name == "figure" for frame in frames] == [True, False, False, False]
    for frame, box in zip(frames, (figure, face, face, face), strict=True):
        assert frame.left <= box.left
        assert frame.top <= box.top
        assert frame.left + frame.side >= box.right
        assert frame.top + frame.side >= box.bottom
    assert [frame.name for frame in choose_frames(figure, None, np.random.default_rng(seed), heads=3)] == ["figure"]


def test_poses_stay_in_the_parameters_ranges_and_differ(tmp_path: Path) -> None:
    with open_model(write_character(tmp_path)) as opened:
        first, second = (vary_pose(opened.model, np.random.default_rng(seed)) for seed in (0, 1))
        ranges = {parameter.id: (parameter.minimum, parameter.maximum) for parameter in opened.model.parameters}
    assert first.keys() == ranges.keys()
    assert all(low <= first[name] <= high for name, (low, high) in ranges.items())
    assert first != second


def test_the_command_draws_characters_and_takes_samples(tmp_path: Path) -> None:
    models, samples, out = tmp_path / "models", tmp_path / "samples", tmp_path / "parts"
    write_character(models / "puppet")
    made = CliRunner().invoke(app, ["live2d", "samples", str(models), str(models), str(samples), "--size", "64", "--pose", "angle-left"])
    assert made.exit_code == 0, made.output
    wanted = ["parts", str(out), "--samples", str(samples), "--characters", "1", "--seed", "3", "--side", "64"]
    first = CliRunner().invoke(app, wanted)
    assert first.exit_code == 0, first.output
    manifest = read_manifest(out)
    assert sum(manifest["pictures"].values()) == 2 + 4  # a figure and a close-up of the sample; two of both of the drawn one
    assert sum(manifest["characters"].values()) == 2
    shown = set()
    for split in Split:
        if split in manifest["pictures"]:
            shown |= set(np.unique(read_pictures(out, split).read(range(manifest["pictures"][split]))[1]).tolist())
    assert {HAIR, FACE, NOTHING} <= shown

    (out / "manifest.json").unlink()
    (out / "part-0001.json").unlink()  # as a kill leaves it
    assert CliRunner().invoke(app, wanted).exit_code == 0
    assert read_manifest(out) == manifest

    other = CliRunner().invoke(app, [*wanted, "--heads", "2"])
    assert other.exit_code == 1
    assert "'heads'" in other.output


def test_labels_of_people_count_with_their_pieces_and_what_has_none_is_told(tmp_path: Path) -> None:
    """An export of the workbench: the left half of the sleeve is legwear, nobody has said what the fringe is, and one file is broken."""
    export, out = tmp_path / "export", tmp_path / "parts"
    document = labels_document({name: said for name, said in LABELS.items() if name != "fringe"})
    half = Piece(((0, 0), (GRID * 30 // CANVAS, 0), (GRID * 30 // CANVAS, GRID), (0, GRID)), BodyPart.LEGWEAR)
    document["art_meshes"]["sleeve"]["pieces"] = pieces_json((half,))
    write_character(export / "models" / "puppet")
    (export / "models" / "broken.zip").write_bytes(b"no ZIP")
    (export / "labels").mkdir()
    (export / "labels" / "puppet.json").write_text(json.dumps(document))
    (export / "export.jsonl").write_text(json.dumps({"labels_sha256": "ab" * 32}) + "\n")
    wanted = ["parts", str(out), "--labelled", str(export), "--poses", "1", "--heads", "0", "--side", "128"]
    made = CliRunner().invoke(app, wanted)
    assert made.exit_code == 0, made.output
    assert "broken" in made.output
    manifest = read_manifest(out)
    assert (manifest["labels_sha256"], set(manifest["skipped"])) == ("ab" * 32, {"broken.zip"})
    rgba, labels = (each[0] for each in read_pictures(out, None).read([0]))
    shown = set(np.unique(labels).tolist())
    assert {HAIR, FACE, HANDWEAR, CoarseBodyPart.LEGWEAR.class_index, UNKNOWN, NOTHING} <= shown
    grey = (np.abs(rgba[..., :3].astype(int) - 64).max(axis=2) < 20) & (rgba[..., 3] == 255)
    left, right = (labels[:, columns][grey[:, columns]] for columns in _halves(grey))
    assert (np.mean(left == CoarseBodyPart.LEGWEAR.class_index), np.mean(right == HANDWEAR)) == pytest.approx((1, 1), abs=0.1)

    (export / "labels" / "puppet.json").write_text(json.dumps(labels_document()))
    again = CliRunner().invoke(app, wanted)
    assert (again.exit_code, "'labelled'" in again.output) == (1, True), "other labels make another set"
    bare = CliRunner().invoke(app, ["parts", str(tmp_path / "no"), "--labelled", str(export / "labels")])
    assert (bare.exit_code, "no Live2D model" in bare.output) == (1, True)


def _halves(grey: np.ndarray) -> tuple[slice, slice]:
    """Columns left and right of the middle of the lowest square that is grey."""
    rows, columns = np.nonzero(grey)
    own = columns[rows > np.percentile(rows, 60)]
    middle = (own.min() + own.max()) // 2
    return slice(own.min(), middle - 2), slice(middle + 3, own.max() + 1)


def test_nothing_to_make_pictures_of_is_said(tmp_path: Path) -> None:
    empty = CliRunner().invoke(app, ["parts", str(tmp_path / "out")])
    assert empty.exit_code == 1
    assert "--samples" in empty.output
