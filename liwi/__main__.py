"""The command line: ``python -m liwi decompose | engines | evaluate | password | checkpoints | layering | seethrough``."""

from pathlib import Path
from typing import Annotated

import typer

from liwi.checkpoint_commands import app as checkpoint_commands
from liwi.command_line import errors_for_people
from liwi.layering.commands import app as layering_commands
from liwi.progress import Progress
from liwi.seethrough.commands import app as seethrough_commands

app = typer.Typer(help="Take a picture apart into complete, editable layers.", no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(checkpoint_commands, name="checkpoints")
app.add_typer(layering_commands, name="layering")
app.add_typer(seethrough_commands, name="seethrough")


@app.command()
def decompose(
    image: Annotated[Path, typer.Argument(help="The picture: PNG, JPEG, WebP, TIFF, BMP, GIF or AVIF.")],
    out: Annotated[Path, typer.Option(help="Where to write: a name ending in .psd, .ora, .pptx or .zip, or a folder.")],
    box: Annotated[list[str] | None, typer.Option(help="LEFT,TOP,RIGHT,BOTTOM in pixels; repeat for more objects.")] = None,
    keep: Annotated[
        list[str] | None, typer.Option(help="X,Y of a point on the object; 'X,Y X,Y ...' is a stroke; repeat for more.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="X,Y of a point beside the object; repeat for more.")] = None,
    name: Annotated[list[str] | None, typer.Option(help="Name of a layer, in the order of the boxes.")] = None,
    engine: Annotated[str, typer.Option(help="An engine from `python -m liwi engines`.")] = "auto",
    shadow: Annotated[bool, typer.Option(help="Whether the object's shadow leaves the background.")] = True,
    max_foregrounds: Annotated[int, typer.Option(min=1, max=20, help="Most subjects proposed when there is no box.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Makes the result repeatable.")] = 0,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of an engine that samples; its own number where not given.")] = None,
    text: Annotated[str, typer.Option(help="What the whole picture shows, also behind things; for engines that read.")] = "",
    part: Annotated[list[str] | None, typer.Option(help="Engine seethrough: a body part to make, e.g. 'front hair'; repeat.")] = None,
    head_pass: Annotated[bool, typer.Option(help="Engine seethrough: look at the head again, enlarged.")] = True,
    strata: Annotated[str, typer.Option(help="Engine seethrough: strata that a part is cut into by depth, 1 to 4, or auto.")] = "2",
    footwear: Annotated[bool, typer.Option(help="Engine seethrough: whether shoes are cut by depth too.")] = False,
) -> None:
    """Cut objects out of IMAGE and write layers that add up to it again."""
    import liwi
    from liwi.errors import InputError
    from liwi.export import check_target, export
    from liwi.seethrough.options import parse_options
    from liwi.types import BoundingBox, Hint

    check_target(out)
    character = parse_options(part or [], head_pass=head_pass, strata=strata, footwear=footwear)
    if character is not None and engine != "seethrough":
        raise InputError(f"--part, --no-head-pass, --strata and --footwear are for --engine seethrough, not {engine!r}.")
    hints = [Hint.parse("keep", text) for text in keep or []] + [Hint.parse("drop", text) for text in drop or []]
    result = liwi.decompose(
        image,
        [BoundingBox.parse(text) for text in box or []],
        hints=hints,
        names=name or [],
        engine=engine,
        extract_shadow=shadow,
        max_foregrounds=max_foregrounds,
        seed=seed,
        steps=steps,
        text=text,
        character=character,
        report=_print_progress,
    )
    written = export(result, out)
    for note in result.provenance.notes:
        typer.echo(f"Note: {note}", err=True)
    typer.echo(f"{written}: {len(result.stack)} layers by the engine {result.provenance.engine!r} in {result.provenance.seconds:.1f} s")


@app.command()
def password(
    name: Annotated[str, typer.Argument(help="Who may log in.")],
    file: Annotated[Path, typer.Option(help="The password file; made if there is none.")] = Path("passwords.txt"),
) -> None:
    """Let NAME log in to the app with a password, or change it; asks for it twice."""
    from liwi.accounts import set_password

    set_password(file, name, typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    typer.echo(f"{name} can log in: python app.py --passwords {file}")


@app.command()
def engines() -> None:
    """List the engines, and what each lacks here."""
    from liwi.engines import ENGINES, choose_engine, missing_needs

    for name, entry in ENGINES.items():
        missing = missing_needs(name)
        typer.echo(f"{name:12} {entry.description}")
        typer.echo(f"{'':12} {'missing: ' + ', '.join(missing) if missing else 'ready'}")
    choice = choose_engine()
    typer.echo(f"auto         -> {choice.name}: {choice.reason}")


@app.command()
def evaluate(
    benchmark: Annotated[
        Path, typer.Option(help="A folder of `python -m data_tools composites` or `photographs`, or one with boxes.json.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for report.json and index.html.")],
    engine: Annotated[str, typer.Option(help="An engine from `python -m liwi engines`.")] = "auto",
    baselines: Annotated[bool, typer.Option(help="Also measure GrabCut, and a perfect mask, on the same pictures.")] = False,
) -> None:
    """Measure an engine on pictures with known layers, and write a report."""
    from liwi.engines import create_engine
    from liwi.evaluation.baselines import GrabCutBaseline, OracleBaseline
    from liwi.evaluation.report import evaluate as measure

    chosen = create_engine(engine)
    references = [GrabCutBaseline(), OracleBaseline(benchmark)] if baselines else []
    summary = measure(chosen, benchmark, out, report_progress=_print_progress, baselines=references)
    for name, value in summary["overall"].items():
        if value is not None:
            typer.echo(f"{name:28} {value:.4f}")
    typer.echo(f"{summary['num_cases']} pictures, {summary['num_failed']} failed: {out / 'index.html'}")


@app.command()
def clicks(
    benchmark: Annotated[Path, typer.Option(help="A folder of `python -m data_tools composites`.")],
    engine: Annotated[str, typer.Option(help="An engine from `python -m liwi engines`.")] = "auto",
    count: Annotated[int, typer.Option(min=1, max=50, help="Clicks per picture.")] = 3,
    below: Annotated[float, typer.Option(min=0, max=1, help="Only pictures that start below this alpha soft IoU are corrected.")] = 0.9,
) -> None:
    """Measure what simulated clicks mend: the mean alpha soft IoU before the first click and after each."""
    from liwi.engines import create_engine
    from liwi.evaluation.benchmarks import open_benchmark
    from liwi.evaluation.clicks import measure_clicks

    done = measure_clicks(create_engine(engine), open_benchmark(benchmark), num_clicks=count, good_enough=below, report=_print_progress)
    for case in done:
        typer.echo(f"{case.name:24} {case.kind:10} " + "  ".join(f"{iou:.3f}" for iou in case.ious))
    if done:
        means = [sum(column) / len(done) for column in zip(*(case.ious for case in done), strict=True)]
        typer.echo(f"{'mean of ' + str(len(done)):24} {'':10} " + "  ".join(f"{mean:.3f}" for mean in means))
    else:
        typer.echo(f"No picture starts below {below}.")


def _print_progress(progress: Progress) -> None:
    typer.echo(f"[{progress.done}/{progress.total}] {progress.stage}", err=True)


def main() -> None:
    """Run the command; an error meant for a person is one line, without a traceback."""
    with errors_for_people(status=2):
        app()


if __name__ == "__main__":
    main()
