"""What the workbench knows of labels that were handed over, for those who meet them elsewhere by their hash."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import select

from annotator.database import Database
from annotator.schema import Export, Project, User


def recorded_exports(database: Database) -> Mapping[str, str]:
    """SHA-256 of exported labels to a sentence about the last export of them: which project, how much, by whom, when."""
    query = select(Export, Project.name, User.name).join(Project, Project.id == Export.project_id).join(User, User.id == Export.user_id)
    with database.read() as session:
        return {export.sha256: _sentence(export, project, person) for export, project, person in session.execute(query.order_by(Export.at))}


def _sentence(export: Export, project: str, person: str) -> str:
    when = datetime.fromtimestamp(export.at / 1000, UTC).date().isoformat()
    accepted = "accepted labels" if export.only_accepted else "labels"
    return f"{project}: {export.num_labels} {accepted} of {export.num_models} models, exported by {person} on {when}"
