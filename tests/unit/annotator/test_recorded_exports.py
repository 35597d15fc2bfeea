"""What the workbench says of exported labels to those who meet them by their hash, and who is an admin."""

from annotator.access import LOCAL_USER, create_project, ensure_local_user
from annotator.database import Database
from annotator.people import admit, is_admin
from annotator.recorded_exports import recorded_exports
from annotator.schema import Export


def test_an_export_is_told_by_the_hash_of_its_labels(database: Database) -> None:
    project = create_project(database, ensure_local_user(database), "<b>前髪</b>")
    facts = {"project_id": project, "user_id": 1, "format": "dataset", "num_models": 2, "num_labels": 30}
    for sha256, at, accepted in (("a" * 64, 0, True), ("b" * 64, 86_400_000, False), ("a" * 64, 172_800_000, True)):
        with database.write() as session:
            session.add(Export(**facts, only_accepted=accepted, sha256=sha256, at=at))
    assert recorded_exports(database) == {
        "a" * 64: "<b>前髪</b>: 30 accepted labels of 2 models, exported by local on 1970-01-03",
        "b" * 64: "<b>前髪</b>: 30 labels of 2 models, exported by local on 1970-01-02",
    }


def test_who_is_an_admin(database: Database) -> None:
    admit(database, LOCAL_USER)
    admit(database, "eve")
    assert [is_admin(database, name) for name in (LOCAL_USER, "eve", "nobody")] == [True, False, False]
