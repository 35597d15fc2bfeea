"""``python -m training run | stop | list | show | measure | publish | promote | rollback``.

The first also works as ``accelerate launch -m training run``; the last two are those of ``python -m liwi checkpoints``.
"""

import os
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from liwi import checkpoint_commands
from liwi.command_line import errors_for_people, name_on_this_computer

app = typer.Typer(help="Make checkpoints: a job and a dataset in, a run folder out.", no_args_is_help=True, pretty_exceptions_enable=False)

RUNS = Path("out/runs")
"""Where run folders are made unless ``--out`` says otherwise."""


@app.command()
def run(
    job: Annotated[Path, typer.Argument(help="A job file; those of the project lie in training/jobs.")],
    out: Annotated[
        Path | None, typer.Option(help="The run folder; out/runs/<name of the job> if not given. The same again goes on.")
    ] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE over the job's own, e.g. schedule.steps=100; repeat.")] = None,
    echo: Annotated[bool, typer.Option(help="Also print every line of the log, for those who only see the output.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait while another run has the device, also one of the app; else it is an error.")] = True,
) -> None:
    """Train, or go on with a run that was interrupted: the same command does both."""
    from training.devices import device_for
    from training.job import read_job
    from training.loop import train
    from training.run_folder import echoing

    folder, what = out or RUNS / job.stem, read_job(job, set_ or [])
    with device_for(what, folder, wait=wait, say=partial(typer.echo, err=True)), echoing(folder) if echo else nullcontext():
        outcome = train(what, folder)
    best = "" if outcome.best is None else f"; best {outcome.best:.4f} at step {outcome.best_step}"
    typer.echo(f"{folder}: step {outcome.step}, {'finished' if outcome.finished else 'stopped; the same command goes on'}{best}")


@app.command()
def stop(
    folder: Annotated[Path, typer.Argument(help="A run folder.")],
    hard: Annotated[bool, typer.Option("--hard", help="At once; what came after the last checkpoint is done again later.")] = False,
) -> None:
    """End a run after its step, with a checkpoint; take it out of the queue where it waits."""
    from liwi.settings import Settings
    from training.launch import Launcher
    from training.run_here import ThisMachine
    from training.run_on_hub import HuggingFaceJobs

    settings = replace(Settings.from_environment(os.environ), runs=folder.resolve().parent)
    hub = HuggingFaceJobs.from_settings(settings)
    Launcher(settings.runs, [ThisMachine(settings.runs), *([hub] if hub else [])]).stop(folder.resolve().name, hard=hard)
    typer.echo(f"{folder}: {'ended' if hard else 'asked to stop'}.")


@app.command("list")
def list_(folder: Annotated[Path, typer.Argument(help="Folder of run folders.")] = RUNS) -> None:
    """All runs below a folder: how far each is, and its last evaluation."""
    from training.launch import run_folders

    found = run_folders(folder)
    for path in found:
        typer.echo(_summary(path))
    if not found:
        typer.echo(f"No run lies in {folder}.")


@app.command()
def show(folder: Annotated[Path, typer.Argument(help="A run folder.")]) -> None:
    """One run: its job, its evaluations, its checkpoints, its last losses."""
    from training.checkpoints import list_checkpoints
    from training.job import encode_job
    from training.run_folder import read_log, read_run_job

    typer.echo(encode_job(read_run_job(folder)))
    lines = read_log(folder)
    for line in lines:
        if line["event"] == "evaluation":
            typer.echo(_values(line))
    for line in [line for line in lines if line["event"] == "step"][-3:]:
        typer.echo(_values(line))
    typer.echo("checkpoints: " + (", ".join(path.name for path in list_checkpoints(folder)) or "none"))
    typer.echo(_summary(folder))


@app.command()
def publish(
    folder: Annotated[Path, typer.Argument(help="A run folder; the run need not be finished.")],
    licence: Annotated[str, typer.Option(help="Under which the weights may be used.")],
    who: Annotated[str, typer.Option(help="Who does it; your name on this computer where not given.")] = "",
    registry: Annotated[Path | None, typer.Option(help="The registry's folder; as LIWI_CHECKPOINTS says where not given.")] = None,
) -> None:
    """Publish a run's best checkpoint as a candidate; `python -m liwi checkpoints promote` lets it serve."""
    from liwi.checkpoint_commands import open_registry
    from training.publishing import publish as hand_over

    record = hand_over(folder, open_registry(registry), licence=licence, who=who or name_on_this_computer())
    typer.echo(f"{record.id} is a candidate. Let it serve with: python -m liwi checkpoints promote {record.id} --reason ...")


@app.command()
def measure(
    folder: Annotated[Path, typer.Argument(help="A run folder; of body parts also exported weights.")],
    benchmark: Annotated[Path, typer.Option(help="A folder of `python -m data_tools composites`, `photographs` or `parts`.")],
    out: Annotated[Path, typer.Option(help="Folder for report.json and, of matting, index.html.")],
    clicks: Annotated[bool, typer.Option(help="Of matting: also measure what three simulated clicks mend.")] = False,
) -> None:
    """Measure a run's best network as it would serve: inside its engine, or on characters that it has never seen."""
    from training.run_folder import JOB, read_run_job

    if not (folder / JOB).is_file() or read_run_job(folder).objective == "part_segmentation":
        _measure_parts(folder, benchmark, out)
        return
    from liwi.evaluation.benchmarks import open_benchmark
    from liwi.evaluation.clicks import measure_clicks
    from liwi.evaluation.report import evaluate
    from training.measuring import engine_of

    engine = engine_of(folder)
    summary = evaluate(engine, benchmark, out)
    for name, value in summary["overall"].items():
        if value is not None:
            typer.echo(f"{name:28} {value:.4f}")
    done = measure_clicks(engine, open_benchmark(benchmark)) if clicks else []
    if done:
        means = [sum(column) / len(done) for column in zip(*(case.ious for case in done), strict=True)]
        typer.echo(f"{'clicks, mean of ' + str(len(done)):28} " + "  ".join(f"{mean:.3f}" for mean in means))


def _measure_parts(folder: Path, benchmark: Path, out: Path) -> None:
    from data_tools.manifests import encode_document
    from liwi.export.atomic import new_file
    from training.part_measuring import measure_folder

    metrics = measure_folder(folder, benchmark)
    with new_file(out / "report.json") as place:
        place.write_bytes(encode_document({"benchmark": benchmark.name, "overall": metrics}))
    for name, value in metrics.items():
        typer.echo(f"{name:28} {value:.4f}")


app.command()(checkpoint_commands.promote)
app.command()(checkpoint_commands.rollback)


def _summary(folder: Path) -> str:
    from training.run_state import describe_run

    view = describe_run(folder)
    what = f"{view.objective}, step {view.step} of {view.steps}, {view.state}" if view.objective else str(view.state)
    measured = f"; {_values({'event': 'evaluation', **view.metrics})}" if view.metrics else ""
    return f"{folder}: {what}{measured}" + (f"; {view.problem}" if view.problem else "")


def _values(line: dict[str, Any]) -> str:
    shown = [f"{key} {value:.5g}" if isinstance(value, float) else f"{key} {value}" for key, value in line.items() if key != "event"]
    return f"{line['event']}: " + ", ".join(shown)


def main() -> None:
    """Run the command; an error meant for a person is one line, without a traceback."""
    with errors_for_people(status=2):
        app()


if __name__ == "__main__":
    main()
