"""Jobs: what is read is what was written, and what cannot be is refused by the name of its key."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from training.errors import JobError
from training.job import encode_job, parse_job, read_job
from training.job_form import form_rows

MINIMAL: dict[str, Any] = {"objective": "matting", "dataset": "somewhere"}
SHIPPED = sorted((Path(__file__).parents[3] / "training" / "jobs").glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_job_of_the_project_survives_being_saved_and_read(path: Path, tmp_path: Path) -> None:
    job = read_job(path)
    (tmp_path / "job.toml").write_text(encode_job(job))
    assert read_job(tmp_path / "job.toml") == job


def test_there_are_jobs_in_the_project() -> None:
    assert {path.stem for path in SHIPPED} >= {"matting_tiny", "matting_compact"}


def test_text_with_quotes_and_other_scripts_survives() -> None:
    job = parse_job({**MINIMAL, "dataset": 'a "b"\n窗 \\ \x7f', "data": {"note": "x\ty", "list": [1, 2.5, True]}})
    assert parse_job(tomllib.loads(encode_job(job))) == job


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({**MINIMAL, "objectiv": "matting"}, "objectiv"),
        ({**MINIMAL, "schedule": {"step": 3}}, "schedule.step"),
        ({"objective": "matting"}, "dataset"),
        ({"dataset": "x"}, "objective"),
        ({**MINIMAL, "dataset": ""}, "dataset"),
        ({**MINIMAL, "dataset": 3}, "dataset"),
        ({**MINIMAL, "schedule": 3}, "schedule"),
        ({**MINIMAL, "schedule": {"steps": 0}}, "schedule.steps"),
        ({**MINIMAL, "schedule": {"steps": 2.5}}, "schedule.steps"),
        ({**MINIMAL, "schedule": {"steps": True}}, "schedule.steps"),
        ({**MINIMAL, "schedule": {"steps": 10, "warm_up": 10}}, "schedule.warm_up"),
        ({**MINIMAL, "schedule": {"precision": "fp8"}}, "schedule.precision"),
        ({**MINIMAL, "schedule": {"device": "tpu"}}, "schedule.device"),
        ({**MINIMAL, "schedule": {"rate": "square"}}, "schedule.rate"),
        ({**MINIMAL, "schedule": {"loaders": -1}}, "schedule.loaders"),
        ({**MINIMAL, "schedule": {"channels_last": 1}}, "schedule.channels_last"),
        ({**MINIMAL, "memory": {"shard": "everything"}}, "memory.shard"),
        ({**MINIMAL, "memory": {"shard": "weights"}, "schedule": {"channels_last": True}}, "schedule.channels_last"),
        ({**MINIMAL, "record": {"tensorboard": "yes"}}, "record.tensorboard"),
        ({**MINIMAL, "schedule": {"seed": -1}}, "schedule.seed"),
        ({**MINIMAL, "optimizer": {"learning_rate": 0}}, "optimizer.learning_rate"),
        ({**MINIMAL, "optimizer": {"learning_rate": float("nan")}}, "optimizer.learning_rate"),
        ({**MINIMAL, "optimizer": {"betas": [0.9]}}, "optimizer.betas"),
        ({**MINIMAL, "optimizer": {"average": 1.0}}, "optimizer.average"),
        ({**MINIMAL, "checkpoints": {"keep_last": 0}}, "checkpoints.keep_last"),
        ({**MINIMAL, "data": {"list": [[1]]}}, "data.list"),
    ],
)
def test_what_cannot_be_is_refused_by_name(document: dict[str, Any], key: str) -> None:
    with pytest.raises(JobError, match=f"'{key}'"):
        parse_job(document)


def test_changes_go_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "job.toml"
    path.write_text('objective = "matting"\ndataset = "a"\n[schedule]\nsteps = 100\n')
    job = read_job(path, ["schedule.steps=200", "dataset=/some where", "model.widths=[32, 64]"])
    assert (job.schedule.steps, job.dataset, job.model) == (200, "/some where", {"widths": [32, 64]})


@pytest.mark.parametrize("change", ["schedule.steps", "=3", "dataset.inner=3"])
def test_a_change_that_cannot_be_is_refused(tmp_path: Path, change: str) -> None:
    path = tmp_path / "job.toml"
    path.write_text('objective = "matting"\ndataset = "a"\n')
    with pytest.raises(JobError):
        read_job(path, [change])


@pytest.mark.parametrize("content", [b"objective = ", b"\xff\xfe", b"[[[["])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "job.toml"
    path.write_bytes(content)
    with pytest.raises(JobError, match=r"job\.toml is no TOML file"):
        read_job(path)


def test_a_missing_file_says_where_jobs_lie(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="training/jobs"):
        read_job(tmp_path / "none.toml")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_value_of_a_shipped_job_says_what_it_means(path: Path) -> None:
    rows = form_rows(read_job(path))
    assert rows
    assert not [row["key"] for row in rows if not row["meaning"]]
