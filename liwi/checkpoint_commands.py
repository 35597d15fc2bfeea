"""The command line of the checkpoint registry: ``python -m liwi checkpoints list | show | verify | promote | rollback | retire``."""

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from liwi.command_line import name_on_this_computer

if TYPE_CHECKING:
    from liwi.registry import Act, Registry

app = typer.Typer(help="See, promote and roll back what training made.", no_args_is_help=True)

RegistryOption = Annotated[Path | None, typer.Option("--registry", help="The registry's folder; as LIWI_CHECKPOINTS says where not given.")]
ReasonOption = Annotated[str, typer.Option(help="Why; kept in the log.")]
WhoOption = Annotated[str, typer.Option(help="Who does it; your name on this computer where not given.")]
CheckpointArgument = Annotated[str, typer.Argument(metavar="ID", help="From `python -m liwi checkpoints list`.")]


@app.command("list")
def list_checkpoints(
    kind: Annotated[str, typer.Option(help="Only this kind.")] = "",
    registry: RegistryOption = None,
) -> None:
    """List the checkpoints: what is served, what could be, and what was."""
    opened = open_registry(registry)
    records = [record for record in opened.records() if kind in ("", record.kind)]
    for record in records:
        metrics = "  ".join(f"{name} {value:.4g}" for name, value in list(record.metrics.items())[:4])
        ships = "  (ships with the app)" if opened.came_with_the_program(record.id) else ""
        typer.echo(f"{record.id:32} {record.status:10} {record.created[:16]:17} {record.job.name[:30]:30} {metrics}{ships}")
    if not records:
        typer.echo("No checkpoint was published yet.")


@app.command()
def show(checkpoint: CheckpointArgument, registry: RegistryOption = None) -> None:
    """Show where a checkpoint comes from, what it measures beside what is served, and what was done with it."""
    opened = open_registry(registry)
    record, comparison = opened.record(checkpoint), opened.compare(checkpoint)
    ships = ", ships with the app" if opened.came_with_the_program(checkpoint) else ""
    typer.echo(f"{record.id}: {record.status}, published {record.created}{ships}")
    typer.echo(f"licence     {record.licence or 'not stated'}")
    for what, which in record.provenance[1:]:
        typer.echo(f"{what:11} {which}")
    for ancestor in opened.lineage(checkpoint)[1:]:
        typer.echo(f"parent      {ancestor.id}")
    for name, digest in record.files.items():
        typer.echo(f"file        {name} {digest}")
    typer.echo(f"served now  {comparison.served or 'nothing'}")
    _echo_metrics(comparison.metrics)
    if comparison.served and not comparison.same_data:
        typer.echo("The two were trained on different exports: the numbers may be of different held-out parts.")
    for act in opened.acts():
        if checkpoint in (act.checkpoint, act.previous) and act.kind == record.kind:
            typer.echo(f"{act.at}  {act.act} {act.checkpoint or 'nothing'} by {act.who}{': ' + act.reason if act.reason else ''}")


@app.command()
def verify(registry: RegistryOption = None) -> None:
    """Compare every byte of every checkpoint with what was published."""
    opened = open_registry(registry)
    findings = opened.verify()
    for finding in findings:
        typer.echo(f"{finding.checkpoint}: {finding.problem}", err=True)
    if findings:
        sys.exit(1)
    typer.echo(f"{len(opened.records())} checkpoints, all as they were published.")


@app.command()
def promote(checkpoint: CheckpointArgument, reason: ReasonOption, who: WhoOption = "", registry: RegistryOption = None) -> None:
    """Let a checkpoint serve, after its smoke test; the app takes it up without a restart."""
    opened = open_registry(registry)
    act = opened.promote(checkpoint, reason=reason, who=who or name_on_this_computer())
    _echo_metrics(act.metrics)
    typer.echo(f"{_served(act)} Undo: python -m liwi checkpoints rollback {act.kind} --reason ...")


@app.command()
def rollback(
    kind: Annotated[str, typer.Argument(help="Of checkpoint, as `list` shows it before the dash.")],
    reason: ReasonOption,
    who: WhoOption = "",
    registry: RegistryOption = None,
) -> None:
    """Serve again what was served before."""
    typer.echo(_served(open_registry(registry).rollback(kind, reason=reason, who=who or name_on_this_computer())))


@app.command()
def retire(checkpoint: CheckpointArgument, reason: ReasonOption, who: WhoOption = "", registry: RegistryOption = None) -> None:
    """Take a checkpoint out for good: it is never served again."""
    act = open_registry(registry).retire(checkpoint, reason=reason, who=who or name_on_this_computer())
    typer.echo(f"{act.checkpoint} is retired. Its files stay.")


def publish_adopted(folder: Path, kind: str, name: str, card: str, *, licence: str, registry: Path | None) -> None:
    """Publish what leans on a model that others published, and say how it is promoted.

    Args:
        folder: a checkpoint of ours, without what its base lends it.
        kind: of it.
        name: of the base.
        card: file in ``folder`` that names it.
        licence: under which the base's weights may be used.
        registry: see `open_registry`.
    """
    from liwi.registry import DatasetReference, JobReference

    record = open_registry(registry).publish(
        folder,
        kind=kind,
        job=JobReference(f"adopted {name}"[:200], hashlib.sha256((folder / card).read_bytes()).hexdigest()),
        dataset=DatasetReference("see the card of the model", hashlib.sha256(b"").hexdigest()),
        metrics={},
        who=name_on_this_computer(),
        licence=licence,
    )
    typer.echo(f"{record.id}: now python -m liwi checkpoints promote {record.id} --reason '...'")


def open_registry(folder: Path | None) -> "Registry":
    """The registry in a folder, or the one that LIWI_CHECKPOINTS names."""
    from liwi.registry import Registry
    from liwi.settings import Settings

    return Registry(folder or Settings.from_environment(os.environ).checkpoint_registry)


def _served(act: "Act") -> str:
    return f"Served as {act.kind!r}: {act.checkpoint or 'nothing'}, before: {act.previous or 'nothing'}."


def _echo_metrics(metrics: Mapping[str, tuple[float | None, float | None]]) -> None:
    for name, (before, after) in metrics.items():
        both = f"{after - before:+.4f}" if before is not None and after is not None else ""
        typer.echo(f"  {name:28} {_number(before):>10} -> {_number(after):>10} {both}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
