"""Rows to work on: models without pictures, straight into the tables."""

import uuid

from sqlalchemy import insert, select

from annotator.access import create_project, ensure_local_user, set_user
from annotator.database import Database
from annotator.schema import Label, Model, ModelArtMesh, Pass
from annotator.values import Change, LabelValue, PassState, Role, Round
from liwi.seethrough.body_parts import BodyPart

ADMIN = "local"


def add_people(database: Database) -> None:
    """The admin, the annotators "ann" and "bob", the reviewer "rita" and the viewer "vera"."""
    ensure_local_user(database)
    roles = {"ann": Role.ANNOTATOR, "bob": Role.ANNOTATOR, "rita": Role.REVIEWER, "vera": Role.VIEWER}
    for name, role in roles.items():
        set_user(database, ADMIN, name, role)


def add_models(database: Database, num_models: int = 1, num_meshes: int = 3, *, project: str = "default") -> list[int]:
    """Passes over new models that nobody has labelled; returns their ids."""
    project_id, now = create_project(database, ADMIN, project), database.clock()
    with database.write() as session:
        first = session.query(Model).count() + 1
        numbers = range(first, first + num_models)
        session.execute(insert(Model), [_model(number, project_id, num_meshes, now) for number in numbers])
        first_passes = {"round": int(Round.FIRST), "state": PassState.NEW, "num_labelled": 0, "changed_at": now}
        session.execute(insert(Pass), [{"id": number, "model_id": number, **first_passes} for number in numbers])
        session.execute(insert(ModelArtMesh), [_mesh(number, place) for number in numbers for place in range(num_meshes)])
        if session.get_bind().dialect.name == "postgresql":
            for table in ("model", "pass"):
                session.connection().exec_driver_sql(f"SELECT setval('{table}_id_seq', {first + num_models})")
        return list(numbers)


def _model(number: int, project_id: int, num_meshes: int, now: int) -> dict[str, object]:
    return {
        "id": number,
        "project_id": project_id,
        "name": f"model {number}",
        "stem": f"model_{number}",
        "folder": f"folder_{number}",
        "sha256": f"{number:064x}",
        "moc_sha256": f"{number:064x}",
        "width": 8,
        "height": 8,
        "picture": "0" * 64,
        "num_art_meshes": num_meshes,
        "uncertainty": (number * 7919 % 1000) / 1000,
        "valid": True,
        "incomplete": False,
        "comment": "",
        "version": 1,
        "imported_at": now,
        "imported_by": 1,
    }


def _mesh(model_id: int, place: int) -> dict[str, object]:
    return {
        "model_id": model_id,
        "place": place,
        "mesh_id": f"ArtMesh{place}",
        "part_place": None,
        "part_path": "PartBody/PartHead",
        "draw_order": 500,
        "render_order": place,
        "hidden": False,
        "num_pixels": 100,
        "num_visible": 100,
        "uncertainty": 0.5,
    }


def meshes_of(database: Database, pass_id: int) -> list[int]:
    """Rows of the ArtMeshes of a pass's model, in their order."""
    query = select(ModelArtMesh.id).join(Pass, Pass.model_id == ModelArtMesh.model_id).where(Pass.id == pass_id)
    with database.read() as session:
        return list(session.scalars(query.order_by(ModelArtMesh.place)))


def all_labels(database: Database) -> list[Label]:
    """Every label that was ever written, oldest first."""
    with database.read() as session:
        return list(session.scalars(select(Label).order_by(Label.id)))


def new_id() -> str:
    """An operation id as a browser makes it."""
    return str(uuid.uuid4())


def to(mesh: int, part: BodyPart | None, version: int = 0) -> Change:
    """A change to a body part, or to nothing."""
    return Change(mesh, version, LabelValue.of(part))
