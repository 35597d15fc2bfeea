"""What Python says, as JSON: labels, the queue, people, and errors with a kind that the page understands."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse

from annotator.errors import AccessDenied, ClaimNeeded, DatabaseUnusable, LabelConflict, NotFound, WrongState
from annotator.queries import ModelView, QueueEntry
from annotator.schema import Prediction
from annotator.values import LabelValue, Outcome, SavedLabel
from data_tools.live2d.pieces import pieces_json
from liwi.errors import ExportError, InputError, LiwiError
from liwi.ui.jobs import UnknownJob
from liwi.ui.json_routes import refusal

Json = dict[str, Any]


def picture_url(sha256: str | None) -> str | None:
    """Where the page gets a picture; None for none."""
    return f"workbench/pictures/{sha256}.webp" if sha256 else None


def value_json(value: LabelValue) -> Json:
    """What a label says."""
    said = {"kind": value.kind, "part": value.part, "side": value.side, "unsure": value.unsure, "comment": value.comment}
    return {**said, "order": value.order, "pieces": pieces_json(value.pieces)}


def label_json(label: SavedLabel) -> Json:
    """A label with its ArtMesh and the version to name in the next change."""
    return {"art_mesh_id": label.art_mesh_id, "version": label.version, **value_json(label.value)}


def outcome_json(outcome: Outcome) -> Json:
    """What an operation wrote."""
    return {"pass_id": outcome.pass_id, "saved": [label_json(label) for label in outcome.saved]}


def queue_json(entry: QueueEntry) -> Json:
    """A row of the queue."""
    return {
        "pass_id": entry.pass_id,
        "model_id": entry.model_id,
        "name": entry.name,
        "project": entry.project,
        "round": int(entry.round),
        "state": entry.state,
        "num_labelled": entry.num_labelled,
        "num_art_meshes": entry.num_art_meshes,
        "uncertainty": entry.uncertainty,
        "valid": entry.valid,
        "incomplete": entry.incomplete,
        "picture_url": picture_url(entry.picture),
        "annotator": entry.annotator,
        "holder": entry.holder,
        "can_claim": entry.can_claim,
    }


def model_json(view: ModelView) -> Json:
    """A model with everything that is said about it; ArtMeshes back to front."""
    found = view.model
    return {
        "pass_id": view.pass_id,
        "model_id": found.id,
        "name": found.name,
        "project": {"id": found.project_id, "name": view.project},
        "round": int(view.round),
        "state": view.state,
        "can_edit": view.can_edit,
        "annotator": view.annotator,
        "holder": view.holder,
        "passes": [{"pass_id": pass_id, "round": int(number), "annotator": name} for pass_id, number, name in view.passes],
        "size": [found.width, found.height],
        "picture_url": picture_url(found.picture),
        "version": found.version,
        "valid": found.valid,
        "incomplete": found.incomplete,
        "comment": found.comment,
        "last_comment": view.last_comment,
        "last_label_id": view.last_label_id,
        "parts": [{"place": part.place, "id": part.part_id, "name": part.name, "parent": part.parent} for part in view.parts],
        "meshes": _meshes_json(view),
        "labels": [label_json(label) for label in view.labels.values()],
        "guesses": guesses_json(view.predictions),
        "guessed_at": max((guess.at for said in view.predictions.values() for guess in said), default=0),
    }


def guesses_json(said: Mapping[int, Sequence[Prediction]]) -> Json:
    """What machines say, by row of the ArtMesh, the best guess first."""
    return {str(mesh): [_guess_json(row) for row in rows] for mesh, rows in said.items()}


def _guess_json(row: Prediction) -> Json:
    return {"part": row.part, "side": row.side, "score": row.score, "source": row.source, "version": row.model_version}


def _meshes_json(view: ModelView) -> list[Json]:
    ids = {mesh.place: mesh.id for mesh in view.art_meshes}
    return [
        {
            "id": mesh.id,
            "place": mesh.place,
            "mesh_id": mesh.mesh_id,
            "part": mesh.part_place,
            "draw_order": mesh.draw_order,
            "render_order": mesh.render_order,
            "hidden": mesh.hidden,
            "extent": [mesh.left, mesh.top, mesh.right, mesh.bottom] if mesh.left is not None else None,
            "url": picture_url(mesh.picture),
            "num_pixels": mesh.num_pixels,
            "num_visible": mesh.num_visible,
            "uncertainty": mesh.uncertainty,
            "clipped_by": None if mesh.clipped_by is None else [ids[place] for place in mesh.clipped_by if place in ids],
            "clip_inverted": mesh.clip_inverted,
        }
        for mesh in sorted(view.art_meshes, key=lambda mesh: (mesh.render_order, mesh.place))
    ]


def error_answer(error: LiwiError) -> JSONResponse:
    """The answer to a request that failed with this error."""
    match error:
        case AccessDenied():
            return refusal("denied", str(error), 403)
        case NotFound() | UnknownJob():
            return refusal("not_found", str(error), 404)
        case LabelConflict():
            return refusal("conflict", str(error), 409, conflicts=_conflicts_json(error))
        case ClaimNeeded():
            return refusal("claim", str(error), 409, pass_id=error.pass_id, holder=error.holder, expires_at=error.expires_at)
        case WrongState():
            return refusal("state", str(error), 409)
        case DatabaseUnusable():
            return refusal("unusable", str(error), 503)
        case InputError() | ExportError():
            return refusal("input", str(error), 400)
        case _:
            return refusal("internal", str(error), 500)


def _conflicts_json(error: LabelConflict) -> Sequence[Json]:
    return [
        {
            "wanted": label_json(SavedLabel(each.current.art_mesh_id, each.current.version, each.wanted)),
            "current": label_json(each.current),
            "user": each.user,
            "at": each.at,
        }
        for each in error.conflicts
    ]
