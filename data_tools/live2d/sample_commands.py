"""``python -m data_tools live2d samples`` and ``check``: labelled models to training samples, and whether these add up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from data_tools.live2d.commands import app as app
from data_tools.live2d.poses import NINE_DIRECTIONS, Pose
from data_tools.live2d.sampling import Expressions, SampleOptions, write_samples
from data_tools.manifests import labels_of_export
from data_tools.shards import SAMPLES_PER_SHARD
from liwi.command_line import errors_for_people
from liwi.errors import InputError
from liwi.progress import Progress, ReportProgress
from liwi.seethrough.body_parts import TaxonomyVersion


@app.command()
def samples(
    models: Annotated[Path, typer.Argument(help="A folder with Live2D models, as folders or ZIPs; or one model.")],
    labels: Annotated[Path, typer.Argument(help="A folder with MODEL.json for each; or MODELS again, where labels.json lies beside each.")],
    out: Annotated[Path, typer.Argument(help="A new folder, or one of an interrupted run of the same command.")],
    size: Annotated[int, typer.Option(min=64, max=4096, help="Side of the square pictures, in pixels.")] = 1024,
    pose: Annotated[
        list[str] | None, typer.Option(help="E.g. angle-left+eyes-closed; may be repeated. Nine directions if not given.")
    ] = None,
    expressions: Annotated[
        Expressions, typer.Option(help="Eyes and mouth: as the poses say, by chance, or all four ways.")
    ] = Expressions.REST,
    backgrounds: Annotated[Path | None, typer.Option(help="A folder with pictures to stand before, beside those drawn by code.")] = None,
    backgrounds_per_pose: Annotated[int, typer.Option(min=1, max=100, help="Samples of each pose.")] = 1,
    samples_per_shard: Annotated[int, typer.Option(min=0, help="Of the WebDataset shards; 0 for none.")] = SAMPLES_PER_SHARD,
    seed: Annotated[int, typer.Option(min=0, help="Of backgrounds and expressions.")] = 0,
) -> None:
    """Training samples of labelled models: picture, complete part layers, visible masks, pseudo-depth. Split by model."""
    from data_tools.live2d.backgrounds import Backgrounds
    from data_tools.live2d.labels import find_models

    with errors_for_people(), _told_when_stopped("Stopped. Start the same command again; it goes on from here."):
        poses = tuple(dict.fromkeys(Pose.parse(text) for text in pose)) if pose else NINE_DIRECTIONS
        options = SampleOptions(
            size=size,
            poses=poses,
            expressions=expressions,
            backgrounds_per_pose=backgrounds_per_pose,
            samples_per_shard=samples_per_shard,
            seed=seed,
        )
        behind = Backgrounds(backgrounds)
        with _progress_bar() as report:
            found, exported = list(find_models(models, labels)), labels_of_export(labels)
            manifest = write_samples(found, out, options, behind, labels_sha256=exported, report=report)
        for skipped in manifest["skipped"]:
            typer.echo(f"Left out: {skipped['name']}: {skipped['reason']}", err=True)
        typer.echo(_summary(out, manifest))


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="A folder that 'samples' wrote.")],
    taxonomy: Annotated[TaxonomyVersion, typer.Option(help="Which layers: the 19 classes (v2) or the 23 (v3).")] = TaxonomyVersion.V2,
    minimum: Annotated[float | None, typer.Option(help="PSNR in dB that every sample must reach with one depth per part.")] = None,
) -> None:
    """Put every character back together from its part layers by pseudo-depth, and say how much is lost (PSNR on white)."""
    from data_tools.character_dataset import read_character, read_character_manifest
    from data_tools.reconstruction import Reconstruction, measure

    with errors_for_people(), _told_when_stopped("Stopped."):
        names = [entry["name"] for entry in read_character_manifest(folder)["samples"]]
        by_model: dict[str, list[Reconstruction]] = {}
        with _progress_bar() as report:
            for done, name in enumerate(names, start=1):
                sample = read_character(folder, name)
                model = sample.facts.get("model")
                title = str(model.get("name")) if isinstance(model, dict) else name
                by_model.setdefault(title, []).append(measure(sample, taxonomy))
                report(Progress("Measuring", done, len(names)))
        if not by_model:
            raise InputError(f"The set {folder} holds no samples.")
        for title, results in by_model.items():
            typer.echo(f"{title}: {_figures(results)}")
        everything = [result for results in by_model.values() for result in results]
        typer.echo(f"all {len(everything)} samples, {taxonomy.value}: {_figures(everything)}")
        if minimum is not None and min(result.part for result in everything) < minimum:
            raise InputError(f"With one depth per part a sample lies below {minimum:g} dB.")


def _figures(results: list[Any]) -> str:
    words = []
    for name, what in (("part", "one depth per part"), ("pixel", "per pixel")):
        values = sorted(getattr(result, name) for result in results)
        words.append(f"{what} {values[0]:.1f} dB at worst, {values[len(values) // 2]:.1f} in the middle")
    return "; ".join(words)


def _summary(out: Path, manifest: dict[str, Any]) -> str:
    splits: dict[str, int] = {}
    for entry in manifest["samples"]:
        splits[entry["split"]] = splits.get(entry["split"], 0) + 1
    shown = ", ".join(f"{count} {split}" for split, count in sorted(splits.items())) or "none"
    return f"{out}: {len(manifest['samples'])} samples of {len(manifest['models'])} models ({shown}), {len(manifest['shards'])} shards"


@contextmanager
def _told_when_stopped(stopped: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(stopped, err=True)
        raise typer.Exit(130) from None


@contextmanager
def _progress_bar() -> Iterator[ReportProgress]:
    """A bar that follows what is reported, over one stage after another."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _following(bar.add_task("Opening", total=None), bar.update)


def _following(task: Any, update: Callable[..., None]) -> ReportProgress:
    from rich.markup import escape

    def report(progress: Progress) -> None:
        update(task, description=escape(progress.stage[:40]), completed=progress.done, total=progress.total)

    return report
