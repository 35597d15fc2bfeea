"""Files over HTTP: models and labels dropped on the page, characters that the program draws, exports to download. Names are hostile."""

import io
import json
import resource
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_tools.live2d.labels import find_models
from tests.integration.workbench_client import Server, as_person
from tests.unit.annotator.squares import OWN_LABELS, write_squares

SEE_THROUGH = json.dumps({"drawable": {"red": "nose", "blue": "halo"}, "metadata": {"is_incomplete": True}}).encode()

Files = list[tuple[str, bytes]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models."""
    folder = tmp_path_factory.mktemp("models")
    for name, left in (("one", 20), ("two", 60)):
        write_squares(folder / name, left)
    return folder


@pytest.fixture(scope="module")
def dropped(folder: Path) -> Files:
    """Their files, as a browser sends a dropped folder."""
    return [(f"models/{path.relative_to(folder).as_posix()}", path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()]


def packed(files: Files) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files:
            archive.writestr(name, data)
    return content.getvalue()


def bring(server: Server, files: Files, project: str = "dropped") -> dict[str, object]:
    answer = server.upload("ann", files, project=project)
    assert answer.status_code == 200, answer.text
    said = server.finished("ann", answer.json()["job"])
    assert said["state"] == "done", said
    return dict(said["result"])


def test_a_dropped_folder_and_a_zip_become_models_and_a_broken_one_is_reported(server: Server, dropped: Files) -> None:
    one = [(name.removeprefix("models/one/"), data) for name, data in dropped if "/one/" in name]
    result = bring(server, [*dropped, ("same.zip", packed(one)), ("broken/broken.model3.json", b"{"), ("notes/read me.txt", b"x")])
    assert sorted(each["name"] for each in result["imported"]) == ["one", "two"]
    assert [each["file"] for each in result["duplicates"]] == ["same.zip"]
    assert [each["file"] for each in result["problems"]] == ["broken.model3.json"]
    opened = server.call("vera", "open", pass_id=result["imported"][0]["pass_id"])
    assert opened["project"]["name"] == "dropped"
    assert {mesh["mesh_id"] for mesh in opened["meshes"]} == {"red", "blue", "hit"}
    for url in [opened["picture_url"], *(mesh["url"] for mesh in opened["meshes"])]:
        answer = server.get("vera", url.removeprefix("workbench/"))
        assert answer.status_code == 200
        assert answer.content[8:12] == b"WEBP"
        assert "immutable" in answer.headers["cache-control"]
    again = bring(server, dropped)
    assert (again["imported"], len(again["duplicates"])) == ([], 2)


@pytest.mark.parametrize("place", ["models/one/labels.json", "labels/one.json", "elsewhere/one/labels.json", "models/one/one.json"])
def test_labels_that_were_dropped_along_are_read(server: Server, dropped: Files, place: str) -> None:
    result = bring(server, [*dropped, (place, OWN_LABELS)])
    assert result["problems"] == []
    assert result["num_labels"] == 3
    named = {each["name"]: each["pass_id"] for each in result["imported"]}
    labels = server.call("vera", "open", pass_id=named["one"])["labels"]
    assert {(label["kind"], label["part"]) for label in labels} == {("part", "face"), ("part", "irides"), ("nothing", None)}
    assert server.call("vera", "open", pass_id=named["two"])["labels"] == []


def test_see_through_labels_go_onto_an_open_model_and_can_be_undone(server: Server, dropped: Files) -> None:
    model = next(each for each in bring(server, dropped)["imported"] if each["name"] == "one")
    answer = server.upload("ann", [("body_parsing.json", SEE_THROUGH)], model_id=str(model["model_id"]))
    assert (answer.status_code, answer.json()["num_labels"]) == (200, 1)
    assert "halo" in answer.json()["left_out"][0]
    opened = server.call("vera", "open", pass_id=model["pass_id"])
    assert ([label["part"] for label in opened["labels"]], opened["incomplete"]) == (["nose"], True)
    mesh = opened["labels"][0]["art_mesh_id"]
    server.call("ann", "claim", pass_id=model["pass_id"])
    server.call("ann", "undo", operation_id="operation-1")
    past = server.call("vera", "history", pass_id=model["pass_id"], art_mesh_id=mesh)["labels"]
    assert [(each["kind"], each["act"], each["user"]) for each in past] == [("none", "undo", "ann"), ("part", "import", "ann")]


@pytest.mark.parametrize(
    ("files", "model_id"),
    [
        ([("labels.json", b"{")], "1"),
        ([("labels.json", b"[]")], "1"),
        ([("labels.json", b"[" * 200_000)], "1"),
        ([("body_parsing.json", b'{"drawable": 3}')], "1"),
        ([("a.json", OWN_LABELS), ("b.json", OWN_LABELS)], "1"),
        ([("labels.png", OWN_LABELS)], "1"),
        ([], "1"),
        ([("labels.json", OWN_LABELS)], "99"),
        ([("labels.json", OWN_LABELS)], "1; DROP TABLE model"),
        ([("labels.json", OWN_LABELS)], "²"),
        ([("labels.json", OWN_LABELS)], ""),
    ],
)
def test_what_is_no_label_file_of_a_model_changes_nothing(server: Server, files: Files, model_id: str) -> None:
    before = server.content()
    answer = server.upload("ann", files, model_id=model_id)
    assert answer.status_code in (400, 404), answer.text
    assert answer.json()["error"]["message"]
    assert server.content() == before
    assert server.services.jobs.of("ann") == []


@pytest.mark.parametrize(
    "name",
    ["../../evil.json", "/etc/evil.json", "C:/evil.json", "a/../../evil.json", "..\\evil.json", "b\u2028.json", "x" * 300 + ".json",
     "/".join("a" * 30) + ".json", "...\u202e/..", "a\x7fb.json"],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(server: Server, tmp_path: Path, name: str) -> None:
    before = server.content()
    answer = server.upload("ann", [("one.model3.json", b"{}"), (name, b"{}")], project="new")
    assert answer.status_code == 400
    assert "calls itself" in answer.json()["error"]["message"]
    assert server.content() == before
    assert list(tmp_path.rglob("evil*")) == []


def test_two_files_of_one_name_and_a_file_that_is_a_folder_are_refused(server: Server) -> None:
    for files in ([("a.json", b"1"), ("a.json", b"2")], [("a.json", b"1"), ("a.json/b.json", b"2")]):
        answer = server.upload("ann", files, project="new")
        assert answer.status_code == 400, files


def test_an_upload_that_is_too_large_is_stopped_while_it_arrives(server: Server) -> None:
    answer = server.upload("ann", [("a.png", b"x" * 2_500_000), ("b.png", b"x" * 2_500_000)], project="new")
    assert answer.status_code == 400
    assert "3 MB" in answer.json()["error"]["message"]
    assert server.services.jobs.of("ann") == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
        (b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.json"\r\n\r\nhal', "multipart/form-data; boundary=x"),
        (b"x", "multipart/form-data"),
        (b"project=x", "application/x-www-form-urlencoded"),
        (b"--x\r\n" + b"A" * 20_000, "multipart/form-data; boundary=x"),
        (b'--x\r\nContent-Disposition: form-data; name="project"\r\n\r\n' + b"y" * 20_000, "multipart/form-data; boundary=x"),
    ],
)
def test_damaged_and_broken_off_forms_are_refused(server: Server, content: bytes, kind: str) -> None:
    before = server.content()
    headers = {**as_person("ann"), "Content-Type": kind}
    answer = server.client.post("/workbench/uploads", content=content, headers=headers)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (400, "input")
    assert server.content() == before
    assert server.services.jobs.of("ann") == []


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file can grow beyond 200 kB: what a full disk is to a program."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_stops_an_upload_with_a_word(server: Server) -> None:
    answer = server.upload("ann", [("a.png", b"x" * 1_000_000)], project="new")
    assert (answer.status_code, answer.json()["error"]["kind"]) == (503, "unusable")
    assert "no room" in answer.json()["error"]["message"]
    assert server.services.jobs.of("ann") == []


def test_an_import_without_a_model_fails_with_a_word(server: Server) -> None:
    answer = server.upload("ann", [("a.json", b"{}")], project="new")
    said = server.finished("ann", answer.json()["job"])
    assert said["state"] == "failed"
    assert "no Live2D model" in said["message"]


def test_characters_are_drawn_at_one_click_and_others_at_the_next(server: Server) -> None:
    names = []
    for _ in range(2):
        job = server.call("ann", "import_start", project="drawn", kind="synthetic", count=1)["job"]
        said = server.finished("ann", job, 300)
        assert (said["state"], said["result"]["problems"], said["result"]["duplicates"]) == ("done", [], []), said
        names += [each["name"] for each in said["result"]["imported"]]
    assert len(names) == 2
    assert server.call("vera", "queue")["num"] == 5


@pytest.mark.parametrize("body", [{"count": 0}, {"count": 51}, {"count": "2"}, {"kind": "shell"}, {"project": ""}, {"project": 3}])
def test_what_cannot_be_drawn_is_refused(server: Server, body: dict[str, object]) -> None:
    asked = {"project": "drawn", "kind": "synthetic", "count": 1} | body
    assert server.refused("ann", "import_start", **asked)[1]["kind"] == "input"


def test_an_export_is_a_zip_that_imports_again_to_the_same_labels(server: Server, folder: Path, dropped: Files, tmp_path: Path) -> None:
    bring(server, [*dropped, ("models/one/labels.json", OWN_LABELS)])
    job = server.call("ann", "export_start", project="dropped", format="labels", everything=True)["job"]
    said = server.finished("ann", job)
    assert (said["state"], said["result"]["num_models"], said["result"]["num_labels"]) == ("done", 1, 3)
    assert said["result"]["left_out"] == {"unlabelled": 1}
    answer = server.get("ann", said["url"].removeprefix("workbench/"))
    assert answer.headers["content-disposition"].startswith('attachment; filename="dropped-labels-')
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path / "out")
    (found,) = [each for each in find_models(folder, tmp_path / "out") if hasattr(each, "labels")]
    assert {name: part and part.value for name, (part, _) in found.labels.parts.items()} == {"red": "face", "blue": "irides", "hit": None}
    assert bring(server, [*dropped, *((f"labels/{path.name}", path.read_bytes()) for path in (tmp_path / "out").glob("one.json"))])[
        "num_labels"
    ] == 0  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "words"), [({"project": "default"}, "accepted"), ({"project": "none"}, "no project"), ({"project": "../x"}, "no project")]
)
def test_an_export_of_nothing_fails_with_a_word(server: Server, asked: dict[str, str], words: str) -> None:
    said = server.finished("ann", server.call("ann", "export_start", format="coco", **asked)["job"])
    assert (said["state"], said["url"]) == ("failed", None)
    assert words in said["message"]
    assert server.refused("ann", "export_start", format="exe", **asked)[1]["kind"] == "input"


def test_a_person_cannot_pile_up_work(server: Server) -> None:
    for _ in range(30):
        answer = server.ask("ann", "import_start", project="drawn", kind="synthetic", count=1)
        if answer.status_code != 200:
            break
    assert (answer.status_code, answer.json()["error"]["kind"]) == (400, "input")
    assert "under way" in answer.json()["error"]["message"]
    for job in server.call("ann", "jobs")["jobs"]:
        server.call("ann", "job_cancel", job=job["job"])
    for job in server.call("ann", "jobs")["jobs"]:
        assert server.finished("ann", job["job"], 120)["message"] in ("Stopped, as you asked.", "")


def test_what_a_job_left_on_disk_goes_when_the_app_ends(server: Server, dropped: Files) -> None:
    bring(server, [*dropped, ("models/one/labels.json", OWN_LABELS)])
    job = server.call("ann", "export_start", project="dropped", format="csv", everything=True)["job"]
    server.finished("ann", job)
    file = server.services.jobs.get(job, "ann").file
    assert file is not None
    assert file.is_file()
    server.services.jobs.close()
    assert not file.exists()
    assert server.get("ann", f"downloads/{job}").status_code == 404
