"""Opening: tables come from the migrations alone, and what cannot be used is refused in words."""

from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select, text

from annotator.access import ensure_local_user, set_user
from annotator.claims import claim
from annotator.database import Database, migration_config, open_database
from annotator.errors import AccessDenied, DatabaseUnusable
from annotator.labels import relabel
from annotator.schema import Label, ModelArtMesh, Table
from annotator.values import Role
from liwi.errors import InputError
from liwi.seethrough.body_parts import BodyPart
from tests.unit.annotator.workbench import ADMIN, add_models, add_people, all_labels, meshes_of, new_id, to


def test_the_migrations_make_exactly_the_tables_of_the_schema(database: Database) -> None:
    with database.write() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_every_migration_goes_down_and_up_again(url: str) -> None:
    with closing(open_database(url)) as database:
        with database.write() as session:
            command.downgrade(migration_config(session.connection()), "base")
            assert inspect(session.connection()).get_table_names() == ["alembic_version"]
        database.migrate()
        assert ensure_local_user(database) == ADMIN


def test_rows_of_an_older_program_are_kept_and_what_it_did_not_know_stays_open(url: str) -> None:
    with closing(open_database(url)) as database:
        add_people(database)
        add_models(database, 1, 2)
        claim(database, "ann", 1)
        relabel(database, "ann", 1, new_id(), [to(meshes_of(database, 1)[0], BodyPart.FACE)])  # what other tables refer to
        with database.write() as session:
            command.downgrade(migration_config(session.connection()), "0001")
            assert "clipped_by" not in {column["name"] for column in inspect(session.connection()).get_columns("art_mesh")}
    with closing(open_database(url)) as database, database.read() as session:
        meshes = session.scalars(select(ModelArtMesh).order_by(ModelArtMesh.place)).all()
        assert [(mesh.mesh_id, mesh.clipped_by, mesh.clip_inverted) for mesh in meshes] == [
            ("ArtMesh0", None, False),
            ("ArtMesh1", None, False),
        ]
        assert [(label.part, label.order, label.pieces) for label in session.scalars(select(Label))] == [(BodyPart.FACE, None, None)]


def test_opening_again_keeps_everything(url: str) -> None:
    with closing(open_database(url)) as database:
        add_people(database)
        add_models(database, 2)
    with closing(open_database(url)) as database:
        assert add_models(database) == [3]


def test_a_database_of_a_newer_program_is_refused_and_left_alone(url: str) -> None:
    with closing(open_database(url)) as database, database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseUnusable, match=r"newer version of this program \(revision 9999\)"):
        open_database(url)


def test_a_read_only_database_says_so(tmp_path: Path) -> None:
    open_database(tmp_path / "a.db").close()
    with closing(open_database(tmp_path / "a.db")) as database:
        with pytest.raises(DatabaseUnusable, match=r"may only be read.*Nothing was saved"):
            open_database(f"sqlite:///file:{tmp_path}/a.db?mode=ro&uri=true")
        assert ensure_local_user(database) == ADMIN


def test_a_full_disk_says_so_and_leaves_the_database_whole(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "a.db")) as database:
        add_people(database)
        with database.write() as session:
            pages = session.execute(text("PRAGMA page_count")).scalar_one()
            session.execute(text(f"PRAGMA max_page_count = {pages + 4}"))
        with pytest.raises(DatabaseUnusable, match=r"disk is full.*Nothing was saved"):
            add_models(database, 1, 5000)
        with database.read() as session:
            assert session.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
            assert session.execute(text("SELECT count(*) FROM model")).scalar_one() == 0
        assert all_labels(database) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mysql://host/name", "not known here"),
        ("sqlite://", "needs a file"),
        ("://", "cannot be read"),
        ("postgresql://u:secret@127.0.0.1:9/x", "cannot be used"),
    ],
)
def test_what_is_no_usable_database_is_refused_in_words_without_the_password(name: str, words: str) -> None:
    with pytest.raises(DatabaseUnusable, match=words) as caught:
        open_database(name)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"hello" * 1000)
    with pytest.raises(DatabaseUnusable, match="no database"):
        open_database(tmp_path / "a.db")


def test_roles_are_given_by_admins_and_one_admin_stays(database: Database) -> None:
    with pytest.raises(AccessDenied, match="needs the role admin"):
        set_user(database, "rita", "rita", Role.ADMIN)
    with pytest.raises(InputError, match="only admin"):
        set_user(database, ADMIN, ADMIN, Role.VIEWER)
    set_user(database, ADMIN, "rita", Role.ADMIN)
    set_user(database, "rita", ADMIN, Role.VIEWER)
    with pytest.raises(AccessDenied):
        set_user(database, ADMIN, ADMIN, Role.ADMIN)
    with pytest.raises(InputError, match="printable"):
        set_user(database, "rita", "a\nb", Role.VIEWER)
