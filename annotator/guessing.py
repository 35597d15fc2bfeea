"""Guess again: what machines say about models that are in the workbench already, after another checkpoint was promoted.

What people have said is not touched; only the guesses beside it are new.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import exists, select

from annotator.access import acting_user, existing, model_of
from annotator.database import Database
from annotator.errors import AccessDenied, DatabaseUnusable, NotFound
from annotator.first_labels import predict_first_labels, serving_segmenter
from annotator.schema import Model, Pass, Project
from annotator.stores import Stores
from annotator.values import PassState, Role, Round
from data_tools.live2d.reader import open_model
from liwi.errors import LiwiError
from liwi.progress import CancelToken, Progress, ReportProgress, ignore_progress
from liwi.registry_reading import RegistryReader


@dataclass(frozen=True, slots=True)
class GuessReport:
    """What became of every model.

    Attributes:
        answered_by: the checkpoint whose segmenter looked; empty for the rules alone.
        done: ids of the models with new guesses.
        num_changed: of how many fragments the best guess is of another class now.
        problems: name of the model, and what could not be done.
    """

    answered_by: str
    done: list[int] = field(default_factory=list)
    num_changed: list[int] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)


def model_of_pass(database: Database, actor: str, pass_id: int) -> int:
    """The model that a pass goes over; `NotFound` if there is no such pass."""
    with database.read() as session:
        acting_user(session, actor, Role.ANNOTATOR)
        return existing(session.get(Pass, pass_id)).model_id


def models_to_guess(database: Database, actor: str, project: str) -> list[int]:
    """The models of a project that may still be labelled: those whose first pass nobody has accepted, in the order of their import.

    Raises:
        NotFound: there is no such project.
        AccessDenied: the person is no annotator.
    """
    with database.read() as session:
        acting_user(session, actor, Role.ANNOTATOR)
        project_id = session.scalar(select(Project.id).where(Project.name == project))
        if project_id is None:
            raise NotFound(f"There is no project {project[:60]!r}.")
        done = exists().where(Pass.model_id == Model.id, Pass.round == int(Round.FIRST), Pass.state == PassState.ACCEPTED)
        return list(session.scalars(select(Model.id).where(Model.project_id == project_id, ~done).order_by(Model.id)))


def guess_again(
    database: Database,
    stores: Stores,
    actor: str,
    model_ids: Sequence[int],
    checkpoints: RegistryReader | None,
    *,
    report: ReportProgress = ignore_progress,
    cancel: CancelToken | None = None,
) -> GuessReport:
    """Let machines say anew what they think of models. One that cannot be opened is reported, and the rest go on.

    Args:
        database: open.
        stores: where the models' own files are.
        actor: at least an annotator.
        model_ids: which models.
        checkpoints: what serves the segmenter that sees body parts; one checkpoint answers for all models, whatever is promoted meanwhile.
        report: hears of every model.
        cancel: stops between two models; those before it keep their new guesses.

    Raises:
        AccessDenied, DatabaseUnusable, Cancelled: nothing further is guessed.
    """
    with database.read() as session:
        acting_user(session, actor, Role.ANNOTATOR)
        known = {model_id: (model_of(session, model_id).name, model_of(session, model_id).sha256) for model_id in model_ids}
    answer = serving_segmenter(checkpoints)
    done = GuessReport(answer.record.id if answer is not None else "")
    for index, (model_id, (name, sha256)) in enumerate(known.items()):
        if cancel is not None:
            cancel.check()
        report(Progress(f"Guessing {name[:60]}", index, len(known)))
        try:
            with open_model(stores.models.path(sha256)) as character:
                changed = predict_first_labels(database, actor, model_id, character, answer)
            done.done.append(model_id)
            done.num_changed.append(changed)
        except (AccessDenied, DatabaseUnusable):
            raise
        except LiwiError as error:
            done.problems.append((name, str(error)))
    report(Progress("Guessed", len(known), len(known)))
    return done
