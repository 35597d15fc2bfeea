"""The checkpoint registry as JSON for the page: what is served, what could be, where each comes from, and what was done."""

from typing import Any

from liwi.checkpoints import CheckpointRecord
from liwi.registry import Act
from liwi.registry_serving import served_in
from training.ui.services import TrainingServices

Json = dict[str, Any]

MAX_ACTS = 50


def registry_json(services: TrainingServices) -> Json:
    """The kinds with their checkpoints, newest first, and the last acts."""
    registry = services.registry
    acts, records = registry.acts(), registry.records()
    state = registry.state()
    kinds = [
        {
            "kind": kind,
            "description": entry.description,
            "served": state.serving(kind),
            "before": state.before(kind),
            "promoted_here": bool(state.stacks.get(kind)),
            "problem": served_in(registry.root, kind).status.problem,
            "records": [_record_json(services, record) for record in reversed(records) if record.kind == kind],
        }
        for kind, entry in registry.kinds.items()
    ]
    unreadable = [each for each in state.published if each not in {record.id for record in records}]
    findings = [{"checkpoint": each, "problem": "Its record cannot be read."} for each in unreadable]
    return {"kinds": kinds, "acts": [_act_json(act) for act in reversed(acts[-MAX_ACTS:])], "damaged": findings}


def _record_json(services: TrainingServices, record: CheckpointRecord) -> Json:
    comparison = services.registry.compare(record.id)
    names = [*record.metrics, *(name for name in comparison.metrics if name not in record.metrics)]  # its own order: the telling ones first
    return {
        "id": record.id,
        "status": record.status,
        "ships": services.registry.came_with_the_program(record.id),
        "created": record.created,
        "licence": record.licence,
        "run": record.job.name,
        "provenance": [*record.provenance, *([("parent", record.parent)] if record.parent else [])],
        "metrics": {name: list(comparison.metrics[name]) for name in names},
        "same_data": comparison.same_data,
        "recorded": services.recorded_exports().get(record.dataset.labels_sha256, "") if record.dataset.labels_sha256 else "",
    }


def _act_json(act: Act) -> Json:
    return {name: getattr(act, name) for name in ("act", "kind", "checkpoint", "previous", "who", "at", "reason")}
