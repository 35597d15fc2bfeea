"""Models and labels in and out, with real Live2D files: what comes in goes out the same."""

import csv
import json
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from annotator.__main__ import app
from annotator.claims import claim
from annotator.database import Database, open_database
from annotator.errors import AccessDenied, NotFound
from annotator.export_formats import ExportFormat, run_lengths
from annotator.exports import export_labels
from annotator.imports import ImportReport, import_models, import_synthetic
from annotator.labels import relabel
from annotator.model_files import ModelStore
from annotator.pieces import check_changes
from annotator.queries import queue, view_model
from annotator.reviews import accept, submit
from annotator.schema import ModelArtMesh
from annotator.stores import Stores
from annotator.ui.answers import model_json
from annotator.values import Change, LabelKind, LabelValue
from data_tools.live2d.labels import LabelledModel, find_models
from data_tools.live2d.pieces import GRID, Piece, pieces_json
from data_tools.live2d.reader import open_model
from liwi.errors import ExportError, InputError
from liwi.seethrough.body_parts import BodyPart, Side
from tests.unit.annotator.squares import OWN_LABELS, write_squares
from tests.unit.annotator.workbench import ADMIN, add_people, all_labels, new_id
from tests.unit.data_tools.live2d.models import BLUE, CANVAS, RED, WHITE, square, write_model

FACE, EARS = BodyPart.FACE, BodyPart.EARS


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models with labels beside them, one of them again as a ZIP, and a broken one."""
    folder = tmp_path_factory.mktemp("models")
    for name, left in (("one", 20), ("two", 60)):
        write_squares(folder / name, left)
        (folder / name / "labels.json").write_bytes(OWN_LABELS)
    with zipfile.ZipFile(folder / "same.zip", "w") as archive:
        for path in (folder / "one").iterdir():
            archive.write(path, path.name)
    (folder / "broken").mkdir()
    (folder / "broken" / "broken.model3.json").write_text("{")
    return folder


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Stores.below(tmp_path)


def bring(database: Database, stores: Stores, models: Path, labels: Path | None = None) -> ImportReport:
    return import_models(database, stores, "ann", "default", [models], labels=labels)


def accept_all(database: Database) -> None:
    for entry in queue(database, "vera")[0]:
        claim(database, "ann", entry.pass_id)
        submit(database, "ann", entry.pass_id)
        accept(database, "rita", entry.pass_id)


def test_broken_models_are_reported_duplicates_recognised_and_the_rest_imported(database: Database, stores: Stores, models: Path) -> None:
    done = bring(database, stores, models)
    assert (len(done.imported), len(done.duplicates)) == (2, 1)
    assert [name for name, _ in done.problems] == ["broken.model3.json"]
    view = view_model(database, "vera", queue(database, "vera")[0][0].pass_id)
    assert [(mesh.mesh_id, mesh.hidden) for mesh in view.art_meshes] == [("red", False), ("blue", False), ("hit", True)]
    red, _, hit = view.art_meshes
    assert None not in (red.left, red.top, red.right, red.bottom)
    assert stores.pictures.load(str(red.picture)).shape == ((red.bottom or 0) - (red.top or 0), (red.right or 0) - (red.left or 0), 4)
    assert 0 < red.num_visible < red.num_pixels
    assert (hit.num_visible, hit.picture is not None) == (0, True)
    assert view.labels == {}
    assert bring(database, stores, models).imported == []


def test_how_fragments_are_clipped_is_kept_and_added_to_models_that_came_in_before(
    database: Database, stores: Stores, tmp_path: Path
) -> None:
    meshes = [
        square("white", (10, 10, 100, 100), WHITE),
        square("iris", (40, 40, 180, 120), BLUE, clipped_by=("white", "lid")),
        square("lid", (10, 90, 100, 120), RED, clipped_by=("white",), inverted_mask=True),
    ]
    path = write_model(tmp_path / "eye", meshes)
    bring(database, stores, path)
    white, iris, lid = view_model(database, "vera", 1).art_meshes
    kept = [(white.clipped_by, False), (iris.clipped_by, iris.clip_inverted), (lid.clipped_by, lid.clip_inverted)]
    assert kept == [([], False), ([0, 2], False), ([0], True)]
    told = {mesh["id"]: (mesh["clipped_by"], mesh["clip_inverted"]) for mesh in model_json(view_model(database, "vera", 1))["meshes"]}
    assert told == {white.id: ([], False), iris.id: ([white.id, lid.id], False), lid.id: ([white.id], True)}
    with database.write() as session:
        session.execute(update(ModelArtMesh).values(clipped_by=None, clip_inverted=False))
    assert {mesh["clipped_by"] for mesh in model_json(view_model(database, "vera", 1))["meshes"]} == {None}
    assert [name for name, _ in bring(database, stores, path).duplicates] == [path.name]
    assert [(mesh.clipped_by, mesh.clip_inverted) for mesh in view_model(database, "vera", 1).art_meshes] == kept


def test_labels_go_round_without_a_change(database: Database, stores: Stores, models: Path, tmp_path: Path) -> None:
    assert sum(bring(database, stores, models, models).num_labels) == 6
    before = [(label.id, label.part, label.side) for label in all_labels(database)]
    reports = set()
    for kind in (ExportFormat.LABELS, ExportFormat.SEE_THROUGH):
        done = export_labels(database, stores, "ann", "default", tmp_path / kind, kind=kind, only_accepted=False)
        reports.add(done.sha256)
        assert sum(bring(database, stores, models, tmp_path / kind).num_labels) == 0
    assert [(label.id, label.part, label.side) for label in all_labels(database)] == before
    assert len(reports) == 1
    with closing(open_database(tmp_path / "other.db")) as other:
        add_people(other)
        assert sum(bring(other, stores, models, tmp_path / "labels").num_labels) == 6
        again = export_labels(other, stores, "ann", "default", tmp_path / "again", only_accepted=False)
    assert reports == {again.sha256}
    for name in ("one.json", "two.json"):
        assert (tmp_path / "labels" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_the_order_of_drawing_goes_out_and_comes_in_again(database: Database, stores: Stores, models: Path, tmp_path: Path) -> None:
    bring(database, stores, models / "one", models)
    artist = export_labels(database, stores, "ann", "default", tmp_path / "artist", only_accepted=False)
    red = view_model(database, "vera", 1).art_meshes[0].id
    claim(database, "ann", 1)
    relabel(database, "ann", 1, new_id(), [Change(red, 1, LabelValue(LabelKind.PART, BodyPart.FACE, order=2500))])

    def order() -> int | None:
        return view_model(database, "vera", 1).labels[red].value.order

    reports = set()
    for kind in (ExportFormat.LABELS, ExportFormat.SEE_THROUGH, ExportFormat.COCO, ExportFormat.CSV):
        reports.add(export_labels(database, stores, "ann", "default", tmp_path / kind, kind=kind, only_accepted=False).sha256)
    assert len(reports) == 1 and artist.sha256 not in reports
    found = [model for model in find_models(models / "one", tmp_path / "labels") if isinstance(model, LabelledModel)]
    assert dict(found[0].labels.orders) == {"red": 2500}
    with (tmp_path / "csv" / "labels.csv").open(encoding="utf-8", newline="") as file:
        assert [row["order"] for row in csv.DictReader(file)] == ["2500", "", ""]
    annotations = json.loads((tmp_path / "coco" / "annotations.json").read_text())["annotations"]
    assert [one["order"] for one in annotations] == [2500, None]
    for folder, num in (("see-through", 0), ("labels", 0), ("artist", 1), ("labels", 1)):
        assert sum(bring(database, stores, models / "one", tmp_path / folder).num_labels) == num
        assert order() == (None if folder == "artist" else 2500)


def test_pieces_go_out_in_every_format_that_knows_them_and_come_in_again(
    database: Database, stores: Stores, models: Path, tmp_path: Path
) -> None:
    bring(database, stores, models / "one", models)
    whole = export_labels(database, stores, "ann", "default", tmp_path / "whole", only_accepted=False)
    red = view_model(database, "vera", 1).art_meshes[0]
    upper = Piece(((0, 0), (GRID, 0), (GRID, GRID * 80 // CANVAS), (0, GRID * 80 // CANVAS)), BodyPart.EARS, Side.RIGHT)
    value = LabelValue(LabelKind.PART, BodyPart.FACE, pieces=(upper,))
    claim(database, "ann", 1)
    relabel(database, "ann", 1, new_id(), [Change(red.id, 1, value)])
    done = {
        kind: export_labels(database, stores, "ann", "default", tmp_path / kind, kind=kind, only_accepted=False) for kind in ExportFormat
    }
    assert len({report.sha256 for report in done.values()}) == 1 and whole.sha256 != done[ExportFormat.CSV].sha256
    assert {kind for kind, report in done.items() if report.pieces_left_out} == {ExportFormat.SEE_THROUGH}
    record = json.loads((tmp_path / "see-through" / "export.jsonl").read_text().splitlines()[0])
    assert (record["num_pieces"], record["pieces_left_out"]) == (1, 1)
    drawables = json.loads((tmp_path / "see-through" / "one" / "body_parsing.json").read_text())["drawable"]
    assert drawables["PartBody/red"] == "face"
    for folder in ("labels", "dataset/labels"):
        (found,) = [model for model in find_models(models / "one", tmp_path / folder) if isinstance(model, LabelledModel)]
        assert dict(found.labels.pieces) == {"red": (upper,)}
    with (tmp_path / "csv" / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["art_mesh"], row["part"], row["piece"], row["outline"]) for row in csv.DictReader(file)]
    assert rows[:2] == [("red", "face", "", ""), ("red", "ears", "1", json.dumps(upper.polygon))]
    rest, ear = json.loads((tmp_path / "coco" / "annotations.json").read_text())["annotations"][:2]
    assert [(one["piece"], one["category_id"] - 1) for one in (rest, ear)] == [
        (0, BodyPart.FACE.class_index),
        (1, BodyPart.EARS.class_index),
    ]
    boxes = rest["bbox"], ear["bbox"]
    assert boxes[0][1] == boxes[1][1] + boxes[1][3]
    assert boxes[1][3] == pytest.approx(boxes[0][3], abs=2), "it is cut in the middle"
    assert rest["area"] + ear["area"] == red.num_pixels
    assert [rest["id"], ear["id"]] == [1, 2]
    for folder, num in (("see-through", 0), ("labels", 0), ("whole", 1), ("labels", 1)):
        assert sum(bring(database, stores, models / "one", tmp_path / folder).num_labels) == num
        assert view_model(database, "vera", 1).labels[red.id].value.pieces == (() if folder == "whole" else (upper,))


def test_pieces_that_hold_nothing_of_their_fragment_are_refused_and_left_out_of_what_is_imported(
    database: Database, stores: Stores, models: Path, tmp_path: Path
) -> None:
    bring(database, stores, models / "one")
    red = view_model(database, "vera", 1).art_meshes[0].id
    corner, over = (Piece(((0, 0), (far, 0), (0, far)), BodyPart.EARS) for far in (GRID // 50, 2 * GRID))

    def refused(*pieces: Piece) -> str:
        changes = [Change(red, 0, LabelValue(LabelKind.PART, BodyPart.FACE, pieces=pieces))]
        with pytest.raises(InputError) as caught:
            check_changes(database, stores.pictures, "ann", changes)
        return str(caught.value)

    check_changes(database, stores.pictures, "ann", [Change(red, 0, LabelValue(LabelKind.PART, BodyPart.FACE, pieces=(over,)))])
    assert "Piece 2 of 'red' holds no pixel" in refused(over, corner)
    assert "Piece 1 of 'red'" in refused(over, over), "the later one has it all"
    with pytest.raises(AccessDenied):
        check_changes(database, stores.pictures, "vera", [Change(red, 0, LabelValue(LabelKind.PART, BodyPart.FACE, pieces=(over,)))])
    document = json.loads(OWN_LABELS)
    document["art_meshes"]["red"]["pieces"] = pieces_json((corner, over))
    (tmp_path / "one.json").write_text(json.dumps(document))
    done = bring(database, stores, models / "one", tmp_path)
    assert (sum(done.num_labels), [problem for _, problem in done.problems]) == (3, ["'red': piece 1 holds no pixel of it"])
    assert view_model(database, "vera", 1).labels[red].value.pieces == (over,)


def test_only_accepted_models_leave_and_the_sample_maker_takes_them(
    database: Database, stores: Stores, models: Path, tmp_path: Path
) -> None:
    bring(database, stores, models, models)
    with pytest.raises(ExportError, match="accepted"):
        export_labels(database, stores, "ann", "default", tmp_path / "out")
    accept_all(database)
    done = export_labels(database, stores, "ann", "default", tmp_path / "out")
    assert (done.num_models, done.num_labels) == (2, 6)
    found = [model for model in find_models(models, tmp_path / "out") if isinstance(model, LabelledModel)]
    assert {model.path.name for model in found} == {"one.model3.json", "two.model3.json"}
    assert found[0].labels.parts["blue"] == (BodyPart.IRIDES, Side.LEFT)
    assert found[0].labels.parts["hit"] == (None, None)
    with pytest.raises(ExportError, match="not empty"):
        export_labels(database, stores, "ann", "default", tmp_path / "out")
    with pytest.raises(NotFound):
        export_labels(database, stores, "ann", "'; --", tmp_path / "new")


def test_a_dataset_carries_the_models_along_where_their_files_are_kept(
    database: Database, stores: Stores, models: Path, tmp_path: Path
) -> None:
    bring(database, stores, models / "one", models)
    bring(database, Stores(stores.pictures, ModelStore(tmp_path / "elsewhere")), models / "two", models)
    done = export_labels(database, stores, "ann", "default", tmp_path / "out", kind=ExportFormat.DATASET, only_accepted=False)
    assert (done.num_models, done.left_out["no_files"]) == (1, 1)
    (found,) = find_models(tmp_path / "out" / "models", tmp_path / "out" / "labels")
    assert isinstance(found, LabelledModel)
    assert found.path.name == "one.zip"
    assert found.labels.parts["blue"] == (BodyPart.IRIDES, Side.LEFT)
    with open_model(found.path) as opened:
        assert {mesh.id for mesh in opened.model.art_meshes} == {"red", "blue", "hit"}

    assert len(bring(database, stores, models / "two").duplicates) == 1
    export_labels(database, stores, "ann", "default", tmp_path / "more", kind=ExportFormat.DATASET, only_accepted=False)
    assert len(list(find_models(tmp_path / "more" / "models", tmp_path / "more" / "labels"))) == 2


def test_coco_masks_and_csv_cells_say_what_the_labels_say(database: Database, stores: Stores, models: Path, tmp_path: Path) -> None:
    bring(database, stores, models / "one", models)
    view = view_model(database, "ann", 1)
    claim(database, "ann", 1)
    value = LabelValue.of(BodyPart.FACE)
    comment = "=HYPERLINK(1)"
    changed = Change(view.art_meshes[0].id, 1, LabelValue(value.kind, value.part, None, True, comment))
    relabel(database, "ann", 1, new_id(), [changed])
    for kind in (ExportFormat.COCO, ExportFormat.CSV):
        export_labels(database, stores, "ann", "default", tmp_path / kind, kind=kind, only_accepted=False)
    document = json.loads((tmp_path / "coco" / "annotations.json").read_text())
    assert [one["art_mesh"] for one in document["annotations"]] == ["red", "blue"]
    for one in document["annotations"]:
        counts = one["segmentation"]["counts"]
        assert sum(counts) == document["images"][0]["width"] * document["images"][0]["height"]
        assert sum(counts[1::2]) == one["area"] == one["bbox"][2] * one["bbox"][3]
    with (tmp_path / "csv" / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["art_mesh"], row["part"], row["side"]) for row in rows] == [
        ("red", "face", ""),
        ("blue", "irides", "left"),
        ("hit", "", ""),
    ]
    assert rows[0]["comment"] == "'" + comment


def test_run_lengths_begin_with_zeros_column_by_column() -> None:
    assert run_lengths(np.array([[0, 1], [1, 1]], np.bool_)) == [1, 3]
    assert run_lengths(np.array([[1, 0], [0, 0]], np.bool_)) == [0, 1, 3]


def test_see_through_labels_with_unknown_classes_are_read_as_far_as_they_go(
    database: Database, stores: Stores, models: Path, tmp_path: Path
) -> None:
    (tmp_path / "labels" / "one").mkdir(parents=True)
    drawables = {"PartBody/red": "hairf", "PartBody/blue": "eyes", "PartBody/none": "face", "PartBody/hit": 7}
    document = {"metadata": {"is_valid": False, "is_incomplete": True}, "drawable": drawables}
    (tmp_path / "labels" / "one" / "body_parsing.json").write_text(json.dumps(document))
    done = bring(database, stores, models / "one", tmp_path / "labels")
    assert sum(done.num_labels) == 1
    assert len(done.problems) == 3
    view = view_model(database, "vera", 1)
    assert (view.model.valid, view.model.incomplete) == (False, True)
    assert [saved.value.part for saved in view.labels.values()] == [BodyPart.FRONT_HAIR]


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "0" * 63 + "/", "f" * 64])
def test_pictures_are_found_by_hash_alone(stores: Stores, name: str) -> None:
    with pytest.raises(NotFound):
        stores.pictures.path(name)


def test_the_command_line_imports_and_exports(models: Path, tmp_path: Path) -> None:
    run, data = CliRunner(), ["--data", str(tmp_path / "data")]
    done = run.invoke(app, ["import", str(models), "--labels", str(models), *data])
    assert (done.exit_code, "2 imported, 1 there already, 6 labels changed" in done.output) == (0, True)
    done = run.invoke(app, ["export", str(tmp_path / "out"), *data])
    assert (done.exit_code, "accepted" in done.output) == (1, True)
    done = run.invoke(app, ["export", str(tmp_path / "out"), "--all", *data])
    assert (done.exit_code, (tmp_path / "out" / "one.json").is_file()) == (0, True)
    done = run.invoke(app, ["export", str(tmp_path / "x"), "--as", "mallory", *data])
    assert (done.exit_code, "no user" in done.output) == (1, True)


def test_nothing_to_import_is_an_error(database: Database, stores: Stores, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file or folder"):
        import_models(database, stores, ADMIN, "default", [tmp_path / "nowhere"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no Live2D model"):
        import_models(database, stores, ADMIN, "default", [tmp_path / "empty"])


def test_the_built_in_characters_come_with_guesses_and_without_labels(tmp_path: Path, stores: Stores) -> None:
    with closing(open_database(tmp_path / "a.db")) as database:
        add_people(database)
        done = import_synthetic(database, stores, "ann", "characters", [3], texture_size=256)
        assert (len(done.imported), done.problems) == (1, [])
        view = view_model(database, "vera", queue(database, "vera")[0][0].pass_id)
        assert len(view.art_meshes) > 30
        assert view.labels == {}
        guesses = [predictions[0] for predictions in view.predictions.values()]
        assert len(guesses) > 0.8 * len(view.art_meshes)
        assert all(guess.source and 0 < guess.score <= 1 for guess in guesses)
        assert {"face", "topwear"} <= {guess.part for guess in guesses}
        with pytest.raises(AccessDenied):
            import_synthetic(database, stores, "vera", "characters", [4], texture_size=256)
