"""People's labels from a file into a model that is in the workbench. What stands there already changes nothing."""

from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from annotator.access import acting_user, existing, locked_pass, model_of, pass_of
from annotator.claims import check_nobody_else
from annotator.database import Database
from annotator.label_files import FileLabels, read_file
from annotator.label_rows import current_labels, value_of, version_of
from annotator.labels import apply_changes, repeated, request_hash
from annotator.pictures import PictureStore
from annotator.pieces import empty_pieces
from annotator.schema import ModelArtMesh
from annotator.values import ActKind, Change, LabelKind, LabelValue, Role


@dataclass(frozen=True, slots=True)
class LabelImport:
    """What became of a label file: how many labels it changed, and what in it names no ArtMesh or class of ours."""

    num_labels: int
    left_out: tuple[str, ...]


def import_label_file(database: Database, pictures: PictureStore, actor: str, model_id: int, path: Path) -> LabelImport:
    """Write what a file says into a model's first pass, as one act that its importer can undo.

    Args:
        database: open.
        pictures: of the fragments; pieces that hold no pixel of theirs are left out.
        actor: who imports, at least an annotator; the labels become theirs.
        model_id: of what.
        path: a ``body_parsing.json`` of See-through, or our own label file under any other name.

    Raises:
        InputError: the file is damaged.
        ClaimNeeded: somebody else is at work on the model.
        WrongState: it is submitted or accepted.
        AccessDenied, NotFound, DatabaseUnusable: as everywhere.
    """
    with database.write() as session:
        user = acting_user(session, actor, Role.ANNOTATOR, lock=True)
        first = existing(pass_of(session, model_id))
        found, now = locked_pass(session, first.id), database.clock()
        rows = session.scalars(select(ModelArtMesh).where(ModelArtMesh.model_id == model_id)).all()
        ids = {row.place: row.id for row in rows}
        content = read_file(path, rows)
        current = current_labels(session, found)
        size, left_out = _size(session, model_id), list(content.left_out)
        meshes = {row.place: row for row in rows}
        changes = []
        for place, said in content.values.items():
            wanted = _with_pixels(said, pictures, meshes[place], size, left_out)
            label = current.get(ids[place])
            value = _merged(wanted, value_of(label), is_own=content.is_own)
            if value != value_of(label):
                changes.append(Change(ids[place], version_of(label), value))
        if changes:
            check_nobody_else(session, found, user, now)
            request = request_hash((found.id, changes))
            operation_id = f"import-{request[:40]}-{now}"
            if repeated(session, user, operation_id, request) is None:
                apply_changes(session, user, found, operation_id, changes, now, request=request, kind=ActKind.IMPORT)
        _import_flags(session, model_id, content)
        return LabelImport(len(changes), tuple(left_out))


def _size(session: Session, model_id: int) -> tuple[int, int]:
    model = model_of(session, model_id)
    return model.width, model.height


def _with_pixels(wanted: LabelValue, pictures: PictureStore, mesh: ModelArtMesh, size: tuple[int, int], left_out: list[str]) -> LabelValue:
    """The value without pieces that hold nothing, which are told."""
    if not wanted.pieces:
        return wanted
    empty = empty_pieces(pictures, mesh, wanted.pieces, size)
    left_out += [f"{mesh.mesh_id[:60]!r}: piece {number} holds no pixel of it" for number in empty]
    return replace(wanted, pieces=tuple(piece for number, piece in enumerate(wanted.pieces, 1) if number not in empty))


def _merged(wanted: LabelValue, current: LabelValue, *, is_own: bool) -> LabelValue:
    """What shall stand there: what the format has no word for stays as it is where the part is the same."""
    order, pieces = (wanted.order, wanted.pieces) if is_own else (current.order, current.pieces)
    if wanted.kind is not current.kind or wanted.part is not current.part:
        return replace(wanted, order=order, pieces=pieces)
    side = wanted.side if is_own and wanted.kind is LabelKind.PART else current.side
    return LabelValue(wanted.kind, wanted.part, side, current.unsure, current.comment, order, pieces)


def _import_flags(session: Session, model_id: int, content: FileLabels) -> None:
    model = model_of(session, model_id, lock=True)
    valid = model.valid if content.valid is None else content.valid
    incomplete = model.incomplete if content.incomplete is None else content.incomplete
    if (valid, incomplete) != (model.valid, model.incomplete):
        model.valid, model.incomplete, model.version = valid, incomplete, model.version + 1
