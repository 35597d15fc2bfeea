"""``python -m annotator``: bring models in, hand verified labels over."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from annotator.access import ensure_local_user
from annotator.database import open_database
from annotator.export_formats import ExportFormat
from annotator.exports import export_labels
from annotator.imports import import_models
from annotator.stores import Stores
from liwi.command_line import errors_for_people
from liwi.progress import Progress
from liwi.registry_reading import RegistryReader

app = typer.Typer(help="Verify the body parts of Live2D models.", no_args_is_help=True, pretty_exceptions_enable=False)

Data = Annotated[
    Path, typer.Option(envvar="LIWI_DATA", help="Folder with the pictures and, unless --database names another, the database.")
]
DatabaseUrl = Annotated[
    str, typer.Option("--database", envvar="LIWI_DATABASE", help="E.g. postgresql://user:password@host/name.", show_default=False)
]
Project = Annotated[str, typer.Option(help="Which project.")]
User = Annotated[str, typer.Option("--as", help="Who acts; the local user, who may do everything, if not given.", show_default=False)]

Checkpoints = Annotated[
    Path | None,
    typer.Option(envvar="LIWI_CHECKPOINTS", help="The checkpoint registry, whose part segmenter guesses; in the data if not given."),
]

DEFAULT_DATA = Path("out/annotations")


@app.command("import")
def import_command(
    paths: Annotated[list[Path], typer.Argument(help="Models, ZIPs of models, and folders that are searched for both.")],
    labels: Annotated[
        Path | None, typer.Option(help="Folder with MODEL.json, or MODEL/labels.json, or See-through's MODEL/body_parsing.json.")
    ] = None,
    checkpoints: Checkpoints = None,
    project: Project = "default",
    data: Data = DEFAULT_DATA,
    database: DatabaseUrl = "",
    user: User = "",
) -> None:
    """Import models; those that are there already are recognised."""
    with errors_for_people(), closing(open_database(database or data / "annotations.db")) as opened:
        actor = user or ensure_local_user(opened)
        serving = RegistryReader(checkpoints or data / "checkpoints")
        done = import_models(opened, Stores.below(data), actor, project, paths, labels=labels, checkpoints=serving, report=_tell)
    for name, problem in done.problems:
        typer.echo(f"{name}: {problem}", err=True)
    typer.echo(f"{len(done.imported)} imported, {len(done.duplicates)} there already, {sum(done.num_labels)} labels changed.")
    if done.problems and not done.imported and not done.duplicates:
        raise typer.Exit(1)


@app.command("export")
def export_command(
    out: Annotated[Path, typer.Argument(help="A new folder.")],
    kind: Annotated[
        ExportFormat,
        typer.Option("--format", help="Dataset: labels and models, for 'data_tools live2d samples'; labels: the former alone."),
    ] = ExportFormat.LABELS,
    everything: Annotated[bool, typer.Option("--all", help="Also models that no reviewer has accepted.")] = False,
    project: Project = "default",
    data: Data = DEFAULT_DATA,
    database: DatabaseUrl = "",
    user: User = "",
) -> None:
    """Export the labels of accepted models."""
    with errors_for_people(), closing(open_database(database or data / "annotations.db")) as opened:
        actor = user or ensure_local_user(opened)
        done = export_labels(opened, Stores.below(data), actor, project, out, kind=kind, only_accepted=not everything)
    typer.echo(f"{out}: {done.num_labels} labels of {done.num_models} models, hash {done.sha256}")
    if done.pieces_left_out:
        typer.echo(f"{done.pieces_left_out} pieces of fragments were left out: this format cannot say them.")


def _tell(progress: Progress) -> None:
    typer.echo(f"[{progress.done}/{progress.total}] {progress.stage}", err=True)


if __name__ == "__main__":
    app(prog_name="python -m annotator")
