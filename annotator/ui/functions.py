"""The functions that the page calls by name: each reads its fields, calls a use case as the person who asks, and answers with JSON.

The use cases check the role; nothing here decides what a person may do.
"""

from collections.abc import Callable, Mapping
from typing import Any

from annotator import claims, guessing, labels, people, pieces, progress, projects, queries, reviews, similar
from annotator.access import create_project, set_user
from annotator.export_formats import ExportFormat
from annotator.ui import reading
from annotator.ui.answers import Json, guesses_json, label_json, model_json, outcome_json, queue_json, value_json
from annotator.ui.long_work import checked_count, export_project, guess_models, import_drawn
from annotator.ui.reading import Body
from annotator.ui.services import WorkbenchServices
from annotator.values import OnConflict, PassState, Role
from liwi.errors import InputError

Function = Callable[[WorkbenchServices, str, Body], Json]


def _session(services: WorkbenchServices, person: str, _: Body) -> Json:
    role = people.role_of(services.database, person)
    known = projects.list_projects(services.database, person)
    return {
        "user": person,
        "role": role,
        "may": {
            "annotate": role.reaches(Role.ANNOTATOR),
            "review": role.reaches(Role.REVIEWER),
            "administer": role is Role.ADMIN,
        },
        "login": services.needs_login,
        "projects": [{"id": number, "name": name} for number, name in known],
        "languages": ["en", "zh", "ja"],
        "max_upload_mb": services.max_upload_mb,
    }


def _queue(services: WorkbenchServices, person: str, body: Body) -> Json:
    project_id, search = reading.optional(reading.whole, body, "project_id"), reading.text(body, "search", default="")
    states = reading.words(body, "states", PassState)
    entries, num = queries.queue(
        services.database,
        person,
        project_id=project_id,
        search=search,
        states=tuple(PassState) if states is None else states,
        order=reading.word(body, "order", queries.QueueOrder, default=queries.QueueOrder.UNCERTAIN),
        offset=reading.whole(body, "offset", default=0),
        limit=reading.whole(body, "limit", low=1, high=500, default=50),
    )
    counts = queries.count_by_state(services.database, person, project_id=project_id, search=search)
    return {"entries": [queue_json(entry) for entry in entries], "num": num, "counts": counts}


def _open(services: WorkbenchServices, person: str, body: Body) -> Json:
    return model_json(queries.view_model(services.database, person, _pass(body)))


def _claim(services: WorkbenchServices, person: str, body: Body) -> Json:
    return _hold_json(claims.claim(services.database, person, _pass(body)))


def _heartbeat(services: WorkbenchServices, person: str, body: Body) -> Json:
    return _hold_json(claims.heartbeat(services.database, person, _pass(body)))


def _release(services: WorkbenchServices, person: str, body: Body) -> Json:
    claims.release(services.database, person, _pass(body), reading.optional(reading.whole, body, "taken_at", high=reading.MAX_TIME))
    return {}


def _take_over(services: WorkbenchServices, person: str, body: Body) -> Json:
    return _hold_json(claims.take_over(services.database, person, _pass(body), reading.text(body, "reason")))


def _hold_json(hold: claims.Hold) -> Json:
    return {"taken_at": hold.taken_at, "expires_at": hold.expires_at}


def _claim_events(services: WorkbenchServices, person: str, body: Body) -> Json:
    events = claims.claim_events(services.database, person, _pass(body))
    return {"events": [{"user": user, "event": event, "from": other, "reason": reason} for user, event, other, reason in events]}


def _relabel(services: WorkbenchServices, person: str, body: Body) -> Json:
    changes = [reading.change(each) for each in reading.rows(body, "changes")]
    pieces.check_changes(services.database, services.stores.pictures, person, changes)
    return outcome_json(labels.relabel(services.database, person, _pass(body), reading.text(body, "operation_id"), changes))


def _undo(services: WorkbenchServices, person: str, body: Body) -> Json:
    return outcome_json(labels.undo(services.database, person, reading.text(body, "operation_id"), on_conflict=_on_conflict(body)))


def _redo(services: WorkbenchServices, person: str, body: Body) -> Json:
    return outcome_json(labels.redo(services.database, person, reading.text(body, "operation_id"), on_conflict=_on_conflict(body)))


def _changes_since(services: WorkbenchServices, person: str, body: Body) -> Json:
    saved, last = queries.changes_since(services.database, person, _pass(body), reading.whole(body, "label_id", high=2**53))
    status = projects.pass_status(services.database, person, _pass(body))
    news = {"state": status.state, "holder": status.holder, "guessed_at": status.guessed_at}
    return {"saved": [label_json(label) for label in saved], "label_id": last, **news}


def _history(services: WorkbenchServices, person: str, body: Body) -> Json:
    past = projects.history_of_label(services.database, person, _pass(body), reading.whole(body, "art_mesh_id", high=2**53))
    return {"labels": [{**label_json(each.label), "user": each.user, "at": each.at, "act": each.act} for each in past]}


def _submit(services: WorkbenchServices, person: str, body: Body) -> Json:
    reviews.submit(services.database, person, _pass(body))
    return {"state": PassState.SUBMITTED}


def _accept(services: WorkbenchServices, person: str, body: Body) -> Json:
    reviews.accept(services.database, person, _pass(body), reading.text(body, "comment", default=""))
    return {"state": PassState.ACCEPTED}


def _send_back(services: WorkbenchServices, person: str, body: Body) -> Json:
    reviews.send_back(services.database, person, _pass(body), reading.text(body, "comment", default=""))
    return {"state": PassState.REJECTED}


def _describe(services: WorkbenchServices, person: str, body: Body) -> Json:
    version = reviews.describe_model(
        services.database,
        person,
        reading.whole(body, "model_id"),
        reading.whole(body, "version"),
        valid=reading.flag(body, "valid"),
        incomplete=reading.flag(body, "incomplete"),
        comment=reading.text(body, "comment", default=""),
    )
    return {"version": version}


def _differences(services: WorkbenchServices, person: str, body: Body) -> Json:
    found = queries.differences(services.database, person, reading.whole(body, "model_id"))
    return {
        "differences": [
            {
                "art_mesh_id": each.art_mesh_id,
                "predicted": each.predicted,
                "before": value_json(each.before),
                "now": value_json(each.now),
                "second": value_json(each.second),
            }
            for each in found
        ]
    }


def _progress(services: WorkbenchServices, person: str, body: Body) -> Json:
    project_id = reading.whole(body, "project_id")
    projects.name_of_project(services.database, person, project_id)
    states = progress.progress_of_project(services.database, person, project_id)
    done = progress.progress_of_people(services.database, person, project_id)
    agreement = progress.agreement_of_project(services.database, person, project_id)
    return {
        "states": [
            {"state": state, "models": num, "labelled": labelled, "fragments": fragments}
            for state, (num, labelled, fragments) in states.items()
        ],
        "people": [
            {"name": each.name, "labels": each.num_labels, "passes": each.num_passes, "seconds_per_label": each.seconds_per_label}
            for each in done
        ],
        "agreement": {
            "num_pairs": agreement.num_pairs,
            "observed": agreement.observed,
            "kappa": agreement.kappa,
            "confusion": [{"first": one, "second": other, "num": num} for (one, other), num in agreement.confusion.items()],
        },
    }


def _second_passes(services: WorkbenchServices, person: str, body: Body) -> Json:
    share = reading.number(body, "share")
    return {"num": reviews.request_second_passes(services.database, person, reading.whole(body, "project_id"), share)}


def _people(services: WorkbenchServices, person: str, _: Body) -> Json:
    return {"people": [{"name": name, "role": role} for name, role in people.list_people(services.database, person)]}


def _set_role(services: WorkbenchServices, person: str, body: Body) -> Json:
    set_user(services.database, person, reading.text(body, "name"), reading.word(body, "role", Role))
    return {}


def _create_project(services: WorkbenchServices, person: str, body: Body) -> Json:
    return {"id": create_project(services.database, person, reading.text(body, "name"))}


def _similar(services: WorkbenchServices, person: str, body: Body) -> Json:
    found = similar.similar_models(services.database, person, _pass(body))
    return {
        "models": [
            {"pass_id": each.pass_id, "name": each.name, "project": each.project, "score": each.score, "num_matched": each.num_matched}
            for each in found
        ]
    }


def _copy_labels_preview(services: WorkbenchServices, person: str, body: Body) -> Json:
    copied = similar.copied_labels(services.database, person, _pass(body), reading.whole(body, "from_pass_id"))
    return {
        "changes": [{**label_json(each.label), "score": each.score, "reason": each.reason, "recheck": each.recheck} for each in copied],
        "num_recheck": sum(each.recheck for each in copied),
    }


def _import_start(services: WorkbenchServices, person: str, body: Body) -> Json:
    if body.get("kind") != "synthetic":
        raise InputError("Only synthetic characters are imported without files; files are uploaded.")
    project, count = reading.text(body, "project"), checked_count(reading.whole(body, "count", default=1))
    create_project(services.database, person, project)  # who may not is told now, not by the job
    job = services.jobs.prepare(person, "import")
    services.jobs.start(job, import_drawn(services, person, project.strip(), count))
    return {"job": job.id}


def _export_start(services: WorkbenchServices, person: str, body: Body) -> Json:
    project, kind = reading.text(body, "project"), reading.word(body, "format", ExportFormat)
    everything = reading.flag(body, "everything", default=False)
    people.demand(services.database, person, Role.ANNOTATOR)
    job = services.jobs.prepare(person, "export")
    services.jobs.start(job, export_project(services, person, project, kind, everything=everything, keep=job.keep))
    return {"job": job.id}


def _guess_start(services: WorkbenchServices, person: str, body: Body) -> Json:
    """Of one model (``pass_id``), or of all in a project that nobody has accepted yet (``project``)."""
    people.demand(services.database, person, Role.ANNOTATOR)
    if body.get("pass_id") is not None:
        models = [guessing.model_of_pass(services.database, person, _pass(body))]
    else:
        models = guessing.models_to_guess(services.database, person, reading.text(body, "project"))
    job = services.jobs.prepare(person, "guess")
    services.jobs.start(job, guess_models(services, person, models))
    return {"job": job.id}


def _guesses(services: WorkbenchServices, person: str, body: Body) -> Json:
    """What machines say about the model of a pass, for a page that has it open."""
    return {"guesses": guesses_json(queries.guesses_of_pass(services.database, person, _pass(body)))}


def _job(services: WorkbenchServices, person: str, body: Body) -> Json:
    return services.jobs.get(reading.text(body, "job"), person).as_json()


def _jobs(services: WorkbenchServices, person: str, _: Body) -> Json:
    return {"jobs": [job.as_json() for job in services.jobs.of(person)]}


def _job_cancel(services: WorkbenchServices, person: str, body: Body) -> Json:
    services.jobs.get(reading.text(body, "job"), person).cancel.cancel()
    return {}


def _pass(body: Mapping[str, Any]) -> int:
    return reading.whole(body, "pass_id")


def _on_conflict(body: Body) -> OnConflict:
    return reading.word(body, "on_conflict", OnConflict, default=OnConflict.REFUSE)


FUNCTIONS: Mapping[str, Function] = {
    "session": _session,
    "queue": _queue,
    "open": _open,
    "claim": _claim,
    "heartbeat": _heartbeat,
    "release": _release,
    "take_over": _take_over,
    "claim_events": _claim_events,
    "relabel": _relabel,
    "undo": _undo,
    "redo": _redo,
    "changes_since": _changes_since,
    "history": _history,
    "submit": _submit,
    "accept": _accept,
    "send_back": _send_back,
    "describe": _describe,
    "differences": _differences,
    "progress": _progress,
    "second_passes": _second_passes,
    "people": _people,
    "set_role": _set_role,
    "create_project": _create_project,
    "similar": _similar,
    "copy_labels_preview": _copy_labels_preview,
    "import_start": _import_start,
    "export_start": _export_start,
    "guess_start": _guess_start,
    "guesses": _guesses,
    "job": _job,
    "jobs": _jobs,
    "job_cancel": _job_cancel,
}
"""Name in the URL to function."""
