"""The routes of the training tab: admins alone, whatever they send, and the way from a job to what serves."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from data_tools.manifests import digest_file
from liwi.registry_serving import served_in
from tests.unit.training.asking import ask, finished, said
from tests.unit.training.tiny import tiny_job
from training.job import encode_job
from training.launch import Launch, write_launch
from training.run_folder import JOB, LOG, PICTURES
from training.ui.functions import FUNCTIONS
from training.ui.services import NotAdmin, TrainingServices


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_whoever_is_no_admin_is_refused_by_every_function_however_they_call_it(
    name: str, client: TestClient, services: TrainingServices
) -> None:
    assert client.post(f"/training/api/{name}", json={}).status_code == 401
    answer = ask(client, name, {"name": "whole", "how": "hard"}, "eve")
    assert (answer.status_code, answer.json()["error"]["kind"]) == (403, "denied")
    with pytest.raises(NotAdmin):
        FUNCTIONS[name](services, "eve", {})


def test_pictures_are_for_admins_and_only_pictures(client: TestClient, services: TrainingServices) -> None:
    place = services.launcher.folder("whole") / PICTURES / "step_00000004"
    place.mkdir(parents=True, exist_ok=True)
    (place / "held.png").write_bytes(b"\x89PNG")
    (place / "link.png").symlink_to(services.launcher.folder("whole") / JOB)
    get = lambda path, person="ada": client.get(f"/training/pictures/{path}", headers={"person": person})  # noqa: E731
    assert get("whole/step_00000004/held.png").headers["content-type"] == "image/png"
    assert get("whole/step_00000004/held.png", "eve").status_code == 403
    assert said(client, "run", {"name": "whole"})["pictures"][-1].startswith("step_")
    for path in ("whole/step_00000004/link.png", "whole/step_00000004/none.png", "whole/..%2F/job.toml", "none/step_00000004/held.png"):
        assert get(path).status_code in (400, 404)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@pytest.mark.parametrize("body", [{"name": "../whole"}, {"name": 3}, {"source": "project/../../x", "changes": {}}, {"names": [{}, []]}])
def test_hostile_fields_are_answered_in_words(name: str, body: Any, client: TestClient) -> None:
    answer = ask(client, name, body)
    assert answer.status_code in (200, 400, 404)
    if answer.status_code != 200:
        assert answer.json()["error"]["message"]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"name": NaN}', b"[" * 100_000])
def test_what_is_no_json_object_is_refused(content: bytes, client: TestClient) -> None:
    headers = {"person": "ada", "content-type": "application/json"}
    assert client.post("/training/api/overview", content=content, headers=headers).status_code == 400
    assert client.post("/training/api/overview", content=b"{}", headers={"person": "ada"}).status_code == 415


def test_a_form_names_the_key_that_is_wrong(client: TestClient) -> None:
    form = said(client, "form", {"name": "project/matting_tiny"})
    rows = {row["key"]: row for row in form["rows"]}
    assert rows["schedule.steps"]["value"] == "60"
    steps, widths, color = rows["schedule.steps"], rows["model.widths"], rows["data.color"]
    assert (steps["meaning"], steps["range"], steps["default"]) == ("updates of the weights.", "1 or more", "1000")
    assert (widths["meaning"], widths["range"], widths["default"]) == (
        "channels at strides 4, 8, 16, ...",
        "32 to 4096, in steps of 32",
        "[64, 128, 256]",
    )
    assert (color["value"], color["default"], color["range"]) == ("0.2", "0.2", "0 to 1")  # not in the job's file
    assert [row["key"] for row in form["rows"] if row["table"] != "" and not row["meaning"]] == []

    def checked(**changes: str) -> Any:
        return said(client, "check", {"source": "project/matting_tiny", "changes": changes})

    assert checked(dataset="123", **{"schedule.steps": "70"}) == {"problem": "", "key": None}
    assert checked(**{"schedule.steps": "3"})["key"] == "schedule.warm_up"
    assert checked(**{"schedule.stepz": "3"})["key"] == "schedule.stepz"
    assert "must be 0 to below 1, got 1" in checked(**{"optimizer.average": "1"})["problem"]
    assert checked(**{"optimizer.betas": "[0.9, "})["problem"]


def test_jobs_are_saved_and_offered_with_those_of_the_project_and_of_runs(client: TestClient) -> None:
    changes = {"schedule.steps": "77"}
    assert said(client, "save_job", {"source": "run/whole", "changes": changes, "name": "mine"}) == {"id": "saved/mine"}
    jobs = said(client, "choices")["jobs"]
    assert {"project/matting_tiny", "saved/mine", "run/whole"} <= set(jobs)
    rows = said(client, "form", {"name": "saved/mine"})["rows"]
    assert {"key": "schedule.steps", "value": "77"}.items() <= next(row for row in rows if row["key"] == "schedule.steps").items()
    assert ask(client, "save_job", {"source": "run/whole", "changes": {}, "name": "../x"}).status_code == 400


def test_datasets_are_found_with_what_the_workbench_says_of_their_labels(client: TestClient, services: TrainingServices) -> None:
    shutil.copytree((services.datasets / "matting").resolve(), services.datasets / "own")
    found = {Path(each["path"]).name: each for each in said(client, "choices")["datasets"]}
    assert found["own"]["kind"] == "liwi-matting"
    assert found["labels"]["recorded"] == "default: 12 labels, exported by grace"


def test_a_launch_that_would_fail_at_once_is_refused_with_the_reason(client: TestClient, services: TrainingServices) -> None:
    def refused(**changes: str) -> str:
        body = {"source": "run/whole", "changes": changes, "name": "new", "runner": "here", "device": "cpu"}
        answer = ask(client, "launch", body)
        assert answer.status_code == 400, answer.text
        assert [folder.name for folder in services.launcher.folders()] == ["whole"]
        return str(answer.json()["error"]["message"])

    assert "manifest.json" in refused(dataset="nowhere")
    assert "model.width" in refused(**{"model.widthz": "[32]"})
    assert "no GPU" in refused(**{"schedule.device": "cuda"})
    assert "objective" in refused(objective="beauty")


def test_an_empty_split_is_refused(client: TestClient, services: TrainingServices) -> None:
    data = services.datasets / "empty"
    shutil.copytree((services.datasets / "matting").resolve(), data)
    manifest = json.loads((data / "manifest.json").read_text())
    manifest["shards"] = [name for name in manifest["shards"] if not name.startswith("evaluation")]
    (data / "manifest.json").write_text(json.dumps(manifest))
    body = {"source": "run/whole", "changes": {"dataset": str(data)}, "name": "new", "runner": "here", "device": "cpu"}
    answer = ask(client, "launch", body)
    assert answer.status_code == 400
    assert "evaluation" in answer.json()["error"]["message"]


def test_from_a_run_to_what_serves_and_back(client: TestClient, services: TrainingServices) -> None:
    assert ask(client, "publish", {"name": "whole", "licence": " "}).json()["error"]["key"] == "licence"
    published = finished(client, said(client, "publish", {"name": "whole", "licence": "Apache-2.0"})["work"])
    assert published["state"] == "done", published["message"]
    checkpoint = published["result"]["checkpoint"]
    assert said(client, "run", {"name": "whole"})["published"][0]["id"] == checkpoint
    matting = next(kind for kind in said(client, "registry")["kinds"] if kind["kind"] == "matting")
    record = matting["records"][0]
    chain = dict(record["provenance"])
    assert chain["checkpoint"] == checkpoint
    assert digest_file(services.launcher.folder("whole") / JOB) in chain["job"]
    assert matting["served"] is None
    conflict = finished(client, said(client, "promote", {"checkpoint": checkpoint, "reason": "try", "seen": "matting-" + "0" * 12})["work"])
    assert conflict["state"] == "failed"
    assert "in the meantime" in conflict["message"]
    promoted = finished(client, said(client, "promote", {"checkpoint": checkpoint, "reason": "better", "seen": ""})["work"])
    assert promoted["state"] == "done", promoted["message"]
    serving = services.registry.serving("matting")
    assert serving is not None
    assert serving.id == checkpoint
    assert ask(client, "retire", {"checkpoint": checkpoint, "reason": "x"}).status_code == 400
    weights = services.registry.folder(checkpoint) / "matting_compact.safetensors"
    weights.chmod(0o644)
    weights.write_bytes(weights.read_bytes()[:-4] + b"evil")
    instead = served_in(services.registry.root, "matting").get()  # as the engine asks
    assert instead is not None
    assert instead.record.id != checkpoint
    problem = next(kind for kind in said(client, "registry")["kinds"] if kind["kind"] == "matting")["problem"]
    assert checkpoint in problem
    assert "damaged" in problem
    assert ask(client, "rollback", {"kind": "matting", "reason": "", "seen": checkpoint}).status_code == 400
    assert said(client, "rollback", {"kind": "matting", "reason": "worse", "seen": checkpoint}) == {"checkpoint": None}
    said(client, "retire", {"checkpoint": checkpoint, "reason": "worse"})
    acts = said(client, "registry")["acts"]
    assert [act["act"] for act in acts] == ["retire", "rollback", "promote", "publish"]
    assert {act["who"] for act in acts} == {"ada"}


def test_a_checkpoint_that_was_tampered_with_is_shown_and_not_published(client: TestClient, services: TrainingServices) -> None:
    folder = services.launcher.folder("whole")
    newest = sorted((folder / "checkpoints").iterdir())[-1]
    (newest / "checkpoint.json").write_text("{}")
    damaged = said(client, "run", {"name": "whole"})["checkpoints"][-1]
    assert newest.name in damaged["problem"]
    answer = finished(client, said(client, "publish", {"name": "whole", "licence": "x"})["work"])
    assert answer["state"] == "failed"
    assert newest.name in answer["message"]


def test_runs_are_compared_by_curves_and_by_the_keys_that_differ(client: TestClient, services: TrainingServices, samples: Path) -> None:
    other = services.launcher.runs / "other"
    shutil.copytree(services.launcher.folder("whole"), other)
    (other / JOB).write_text(encode_job(tiny_job(samples, optimizer={"learning_rate": 0.5})))
    found = said(client, "compare", {"names": ["whole", "other"]})
    assert found["differences"] == [{"key": "optimizer.learning_rate", "values": ["0.001", "0.5"]}]
    assert len(found["runs"][1]["curves"]["step"]["loss"]) == 8
    assert ask(client, "compare", {"names": ["whole"]}).status_code == 400


def test_curves_come_only_when_they_have_changed(client: TestClient, services: TrainingServices) -> None:
    first = said(client, "run", {"name": "whole"})
    assert first["curves"]["step"]["loss"][-1][0] == 8
    assert "curves" not in said(client, "run", {"name": "whole", "stamp": first["stamp"]})
    with (services.launcher.folder("whole") / LOG).open("a") as file:
        file.write('{"event": "step", "step": 9, "loss": 1.0}\n')
    assert said(client, "run", {"name": "whole", "stamp": first["stamp"]})["curves"]["step"]["loss"][-1] == [9, 1.0]


def test_a_hundred_runs_are_listed_and_damaged_ones_among_them(client: TestClient, services: TrainingServices) -> None:
    whole = services.launcher.folder("whole")
    for number in range(100):
        folder = services.launcher.runs / f"run {number}"
        folder.mkdir()
        for name in (JOB, LOG):
            shutil.copy(whole / name, folder / name)
        write_launch(folder, Launch("here", "cpu", "ada", float(number)))
    (services.launcher.runs / "run 7" / JOB).write_text("objective = ")
    shutil.copytree(services.launcher.runs / "run 8", services.launcher.runs / os.fsdecode(b"run \xff\n"))
    runs = {run["name"]: run for run in said(client, "overview")["runs"]}
    assert len(runs) == 101
    assert runs["run 7"]["state"] == "damaged"
    assert "job.toml" in runs["run 7"]["problem"]
    assert list(runs)[1] == "run 99"
