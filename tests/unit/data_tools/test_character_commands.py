"""``live2d samples``, ``live2d check`` and ``verify``: what they write, how they stop and go on, and how they fail."""

import json
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from data_tools.__main__ import app
from data_tools.character_dataset import read_character, read_character_manifest, split_of
from data_tools.live2d.backgrounds import Backgrounds
from data_tools.live2d.labels import find_models
from data_tools.live2d.pieces import GRID
from data_tools.live2d.poses import NINE_DIRECTIONS
from data_tools.live2d.sampling import SampleOptions, write_samples
from data_tools.live2d.synthetic.export import synthesize, write_model
from liwi.progress import Progress
from liwi.seethrough.body_parts import BodyPart, Side
from tests.unit.data_tools.character_models import MESHES, file_bytes, labels_document, write_character

ROOT = Path(__file__).parents[3]
SIZE = 128


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two characters without interleaving, one of them with its labels elsewhere."""
    folder = tmp_path_factory.mktemp("models")
    for seed in (1, 2):
        model = synthesize(seed, texture_size=512, interleaved=False)
        write_model(model, folder / model.name)
    return folder


@pytest.fixture(scope="module")
def written(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "set"
    result = call("live2d", "samples", models, models, out, "--size", SIZE)
    assert result.exit_code == 0, result.output
    assert "18 samples of 2 models" in result.output
    return out


def test_every_model_gives_nine_different_poses(written: Path) -> None:
    samples = [read_character(written, entry["name"]) for entry in read_character_manifest(written)["samples"]]
    for model in {sample.facts["model"]["id"] for sample in samples}:
        own = [sample for sample in samples if sample.facts["model"]["id"] == model]
        assert [sample.facts["pose"] for sample in own] == [pose.name for pose in NINE_DIRECTIONS]
        assert len({sample.figure.tobytes() for sample in own}) == 9
        assert len({json.dumps(sample.facts["view"]) for sample in own}) == 1, "the picture does not move with the figure"


def test_the_figure_fills_the_picture_and_stays_inside(written: Path) -> None:
    for entry in read_character_manifest(written)["samples"]:
        alpha = read_character(written, entry["name"]).figure[..., 3] > 0
        assert not (alpha[0].any() or alpha[-1].any() or alpha[:, 0].any() or alpha[:, -1].any())
        assert alpha.any(axis=1).sum() > SIZE / 2


def test_the_source_is_the_figure_before_its_background(written: Path) -> None:
    for entry in read_character_manifest(written)["samples"]:
        sample = read_character(written, entry["name"])
        behind = Backgrounds().draw((SIZE, SIZE), seed=0, key=sample.name).rgb
        alpha = sample.figure[..., 3:] / 255
        expected = sample.figure[..., :3] * alpha + behind * (1 - alpha)
        assert np.abs(sample.source - expected).max() < 1.5


def test_all_samples_of_a_model_are_in_one_split(written: Path) -> None:
    manifest = read_character_manifest(written)
    for entry in manifest["samples"]:
        facts = read_character(written, entry["name"]).facts
        assert facts["split"] == entry["split"] == split_of(facts["model"]["moc_sha256"]).value


def test_the_set_verifies_and_adds_up(written: Path) -> None:
    assert call("verify", written).exit_code == 0
    result = call("live2d", "check", written, "--minimum", 35)
    assert result.exit_code == 0, result.output
    assert "all 18 samples, v2" in result.output


def test_check_fails_where_the_parts_do_not_add_up(tmp_path: Path) -> None:
    write_character(tmp_path / "models/a")
    assert call("live2d", "samples", tmp_path / "models", tmp_path / "models", tmp_path / "out", "--size", 100).exit_code == 0
    result = call("live2d", "check", tmp_path / "out", "--minimum", 35)
    assert result.exit_code == 1
    assert "below 35 dB" in result.output


def test_verify_names_what_was_changed(written: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(written, tmp_path / "copy")
    (copy / "plan.json").unlink()
    result = call("verify", copy)
    assert (result.exit_code, result.output) == (1, "plan.json is missing\n")


def test_an_interrupted_run_goes_on_and_ends_with_the_same_bytes(models: Path, written: Path, tmp_path: Path) -> None:
    class Interrupt(KeyboardInterrupt):
        pass

    def stop_at(limit: int) -> None:
        def report(progress: Progress) -> None:
            if progress.done >= limit:
                raise Interrupt

        with pytest.raises(Interrupt):
            found = list(find_models(models, models))
            write_samples(found, tmp_path / "set", SampleOptions(size=SIZE), Backgrounds(), report=report)

    for limit in (2, 11, 18):  # in the first model, in the second, before the shards
        stop_at(limit)
        assert "unfinished" in call("verify", tmp_path / "set").output
    result = call("live2d", "samples", models, models, tmp_path / "set", "--size", SIZE)
    assert result.exit_code == 0, result.output
    assert file_bytes(tmp_path / "set") == file_bytes(written)
    assert call("live2d", "samples", models, models, tmp_path / "set", "--size", SIZE).exit_code == 0, "once more changes nothing"
    assert file_bytes(tmp_path / "set") == file_bytes(written)


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_process_that_is_stopped_leaves_a_set_that_can_go_on(
    models: Path, written: Path, tmp_path: Path, sent: signal.Signals, status: int
) -> None:
    command = [sys.executable, "-m", "data_tools", "live2d", "samples", models, models, tmp_path / "set", "--size", str(SIZE)]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=_hear_interrupts)
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "set/samples").glob("*.json"))) < 3 and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(sent)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == status, output
    assert "goes on from here" in output or sent == signal.SIGKILL
    assert not (tmp_path / "set/manifest.json").exists()
    assert call("live2d", "samples", models, models, tmp_path / "set", "--size", SIZE).exit_code == 0
    assert file_bytes(tmp_path / "set") == file_bytes(written)


def test_a_folder_with_another_plan_is_left_alone(models: Path, written: Path) -> None:
    before = file_bytes(written)
    result = call("live2d", "samples", models, models, written, "--size", 64)
    assert result.exit_code == 1
    assert "'size' differ" in result.output
    assert file_bytes(written) == before


def test_poses_expressions_and_backgrounds_can_be_asked_for(models: Path, tmp_path: Path) -> None:
    one = next(models.iterdir())
    options = ("--size", 64, "--pose", "rest", "--pose", "angle-left", "--samples-per-shard", 0)
    result = call("live2d", "samples", one, one, tmp_path / "all", *options, "--expressions", "all", "--backgrounds-per-pose", 2)
    assert result.exit_code == 0, result.output
    manifest = read_character_manifest(tmp_path / "all")
    samples = [read_character(tmp_path / "all", entry["name"]) for entry in manifest["samples"]]
    assert len(samples) == 2 * 4 * 2
    assert len({sample.figure.tobytes() for sample in samples}) == 8
    assert len({sample.source.tobytes() for sample in samples}) == 16
    assert manifest["shards"] == [] and not (tmp_path / "all/shards").exists()


def test_eyes_and_mouth_vary_with_the_seed(models: Path, tmp_path: Path) -> None:
    one = next(models.iterdir())
    poses = []
    for seed in (0, 1):
        assert (
            call("live2d", "samples", one, one, tmp_path / f"{seed}", "--size", 64, "--expressions", "varied", "--seed", seed).exit_code
            == 0
        )
        poses.append([entry["name"].partition("-")[2] for entry in read_character_manifest(tmp_path / f"{seed}")["samples"]])
    assert len(poses[0]) == len(poses[1]) == 9
    assert poses[0] != poses[1]
    assert any("eyes-closed" in pose or "mouth-open" in pose for pose in poses[0])


def test_a_model_that_cannot_nod_gives_no_pose_twice(tmp_path: Path) -> None:
    write_character(tmp_path / "model")
    result = call("live2d", "samples", tmp_path / "model", tmp_path / "model", tmp_path / "out", "--size", 64)
    assert result.exit_code == 0, result.output
    poses = [entry["name"].partition("-")[2] for entry in read_character_manifest(tmp_path / "out")["samples"]]
    assert poses == ["rest-0", "angle-left-0", "angle-right-0"]


def test_models_that_cannot_be_used_are_left_out_and_named(tmp_path: Path) -> None:
    models, labels = tmp_path / "models", tmp_path / "labels"
    labels.mkdir()
    for name in ("good", "copy", "bare", "alien", "torn"):
        write_character(
            models / name, MESHES if name in ("good", "copy") else MESHES[: {"bare": 4, "alien": 5, "torn": 6}[name]], name=name
        )
        (models / name / "labels.json").unlink()
        if name != "bare":
            (labels / f"{name}.json").write_text(json.dumps(labels_document()))
    (labels / "alien.json").write_text(json.dumps(labels_document({"somebody": ("face", None)})))
    (models / "torn/torn.moc3").write_bytes(b"MOC3")
    result = call("live2d", "samples", models, labels, tmp_path / "out", "--size", 64, "--pose", "rest")
    assert result.exit_code == 0, result.output
    told = {entry["name"].partition(".")[0]: entry["reason"] for entry in read_character_manifest(tmp_path / "out")["skipped"]}
    assert "1 samples of 1 models" in result.output
    assert set(told) == {"bare", "alien", "torn", "good"}
    assert "no labels for 'bare'" in told["bare"]
    assert "another model" in told["alien"]
    assert "the same as 'copy'" in told["good"]
    assert call("verify", tmp_path / "out").exit_code == 0


def test_a_zip_finds_its_labels_by_name(tmp_path: Path) -> None:
    write_character(tmp_path / "folder")
    (tmp_path / "models").mkdir()
    with zipfile.ZipFile(tmp_path / "models/packed.zip", "w") as archive:
        for path in (tmp_path / "folder").rglob("*.*"):
            archive.write(path, path.relative_to(tmp_path / "folder"))
    (tmp_path / "models/packed.json").write_text(json.dumps(labels_document()))
    result = call("live2d", "samples", tmp_path / "models", tmp_path / "models", tmp_path / "out", "--size", 64, "--pose", "rest")
    assert "1 samples of 1 models" in result.output


def test_what_nobody_has_labelled_is_counted(tmp_path: Path) -> None:
    write_character(tmp_path / "model")
    (tmp_path / "labels.json").write_text(json.dumps(labels_document({"face": ("face", None)})))
    options = ("--size", 200, "--pose", "rest")
    assert call("live2d", "samples", tmp_path / "model", tmp_path / "labels.json", tmp_path / "out", *options).exit_code == 0
    (entry,) = read_character_manifest(tmp_path / "out")["samples"]
    sample = read_character(tmp_path / "out", entry["name"])
    assert [layer.tag for layer in sample.layers] == ["face"]
    assert sample.facts["unlabelled_pixels"] > 10000


def test_what_somebody_moved_in_the_order_of_drawing_is_drawn_there_in_every_pose(tmp_path: Path) -> None:
    write_character(tmp_path / "model")
    labels = json.loads((tmp_path / "model/labels.json").read_text())
    samples = {}
    for name, order in (("artist", None), ("moved", 1500)):
        labels["art_meshes"]["fringe"]["order"] = order  # between the back hair and the face that it covers
        (tmp_path / f"{name}.json").write_text(json.dumps(labels))
        options = ("--size", 100, "--pose", "rest", "--pose", "angle-left")
        assert call("live2d", "samples", tmp_path / "model", tmp_path / f"{name}.json", tmp_path / name, *options).exit_code == 0
        samples[name] = [read_character(tmp_path / name, entry["name"]) for entry in read_character_manifest(tmp_path / name)["samples"]]
    for artist, moved in zip(samples["artist"], samples["moved"], strict=True):
        before, now = ({mesh.id: mesh for mesh in sample.art_meshes} for sample in (artist, moved))
        assert before["fringe"].order > before["glasses"].order > before["face"].order > before["back hair"].order
        assert now["glasses"].order > now["face"].order > now["fringe"].order > now["back hair"].order
        assert now["fringe"].visible_pixels < before["fringe"].visible_pixels / 2
        assert now["face"].visible_pixels > before["face"].visible_pixels
        assert not np.array_equal(artist.figure, moved.figure)
        alone = [next(layer for layer in sample.layers if layer.tag == "front hair") for sample in (artist, moved)]
        assert np.array_equal(alone[0].rgba, alone[1].rgba)


def test_the_pieces_of_a_split_fragment_go_to_their_own_parts_in_every_pose(tmp_path: Path) -> None:
    write_character(tmp_path / "model")
    labels = json.loads((tmp_path / "model/labels.json").read_text())
    half = [[0, 0], [GRID // 2, 0], [GRID // 2, GRID], [0, GRID]]  # the left half of the canvas at rest
    samples = {}
    for name, pieces in (("whole", None), ("split", [{"polygon": half, "part": "ears", "side": "right"}])):
        labels["art_meshes"]["face"]["pieces"] = pieces
        (tmp_path / f"{name}.json").write_text(json.dumps(labels))
        options = ("--size", 100, "--pose", "rest", "--pose", "angle-left")
        assert call("live2d", "samples", tmp_path / "model", tmp_path / f"{name}.json", tmp_path / name, *options).exit_code == 0
        samples[name] = [read_character(tmp_path / name, entry["name"]) for entry in read_character_manifest(tmp_path / name)["samples"]]
    assert len(samples["whole"]) == 2
    for whole, split in zip(samples["whole"], samples["split"], strict=True):
        assert np.array_equal(whole.figure, split.figure)
        assert np.array_equal(whole.source, split.source)
        layers = {layer.tag: layer for layer in split.layers}
        before = next(layer for layer in whole.layers if layer.tag == "face")
        boxes = before.box, layers["ears"].box, layers["face"].box
        assert (boxes[0].left, boxes[1].right, boxes[0].right) == (boxes[1].left, boxes[2].left, boxes[2].right)
        assert layers["ears"].box.width == pytest.approx(before.box.width / 2, abs=1)
        assert int(layers["ears"].visible.sum()) + int(layers["face"].visible.sum()) == int(before.visible.sum())
        ears = next(mesh for mesh in split.art_meshes if mesh.part is BodyPart.EARS)
        assert (ears.id, ears.side) == ("face#1", Side.RIGHT)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "holds no labels"),
        ({"version": 2, "taxonomy": "v3", "art_meshes": {}}, "version '2'"),
        ({"version": 1, "taxonomy": "v2", "art_meshes": {}}, "taxonomy 'v2'"),
        (labels_document({"face": ("visage", None)}), "'visage' is no body part"),
        (labels_document({"face": ("face", "up")}), "'left', 'right' or null"),
        ({"version": 1, "taxonomy": "v3", "art_meshes": {"face": "face"}}, "an object with 'part' and 'side'"),
        ({"version": 1, "taxonomy": "v3", "art_meshes": {"face": {"part": 3}}}, "a class name or null"),
        ({"version": 1, "taxonomy": "v3", "art_meshes": {"face": {"part": "face", "order": -1}}}, "a whole number from 0"),
        ({"version": 1, "taxonomy": "v3", "art_meshes": {"face": {"part": "face", "order": "1"}}}, "a whole number from 0"),
        ({"version": 1, "taxonomy": "v3", "art_meshes": {"face": {"part": "face", "pieces": [{"polygon": []}]}}}, "3 to 1000 points"),
    ],
)
def test_labels_that_cannot_be_used_are_a_clear_error(tmp_path: Path, document: object, message: str) -> None:
    write_character(tmp_path / "model")
    (tmp_path / "model/labels.json").write_text(document if isinstance(document, str) else json.dumps(document))
    result = call("live2d", "samples", tmp_path / "model", tmp_path / "model", tmp_path / "out")
    assert result.exit_code == 1
    assert message in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wrong", ["missing", "empty", "torn", "text"])
def test_backgrounds_that_cannot_be_used_are_a_clear_error(tmp_path: Path, wrong: str) -> None:
    write_character(tmp_path / "model")
    folder = tmp_path / "pictures"
    if wrong != "missing":
        folder.mkdir()
    if wrong in ("torn", "text"):
        Image.fromarray(np.zeros((50, 50, 3), np.uint8)).save(folder / "good.png")
        (folder / "bad.png").write_bytes((folder / "good.png").read_bytes()[:60] if wrong == "torn" else b"hello")
    result = call("live2d", "samples", tmp_path / "model", tmp_path / "model", tmp_path / "out", "--backgrounds", folder)
    assert result.exit_code == 1
    assert {"missing": "no folder", "empty": "holds no picture", "torn": "'bad.png'", "text": "'bad.png'"}[wrong] in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [("--pose", "flying"), ("--size", "10"), ("--seed", "-1")])
def test_wrong_options_are_refused(models: Path, tmp_path: Path, arguments: tuple[str, str]) -> None:
    assert call("live2d", "samples", models, models, tmp_path / "out", *arguments).exit_code != 0
    assert not (tmp_path / "out").exists()


def test_a_folder_without_models_is_a_clear_error(tmp_path: Path) -> None:
    assert "no Live2D model" in call("live2d", "samples", tmp_path, tmp_path, tmp_path / "out").output
    assert "no file or folder" in call("live2d", "samples", tmp_path / "x", tmp_path, tmp_path / "out").output


def _hear_interrupts() -> None:
    """Whoever runs the tests in a shell's background has SIGINT ignored, and a child would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
