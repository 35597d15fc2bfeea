"""``python -m data_tools``: make samples."""

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from data_tools.character_dataset import FORMAT as CHARACTERS
from data_tools.character_dataset import PLAN, verify_characters
from data_tools.composites import DEFAULT_COUNT, generate
from data_tools.dataset import verify_dataset, write_dataset
from data_tools.live2d.sample_commands import app as live2d
from data_tools.manifests import MANIFEST, read_document
from data_tools.matting.commands import matting
from data_tools.packages import default_cache
from data_tools.parts.commands import parts
from data_tools.parts.dataset import FORMAT as PARTS
from data_tools.parts.dataset import verify_parts
from data_tools.photographs import collect_photographs
from data_tools.scene_commands import degradations, scenes
from data_tools.sources import Split, gather, locate_packages
from liwi.command_line import errors_for_people

app = typer.Typer(help="Make samples to measure and to train with.", no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(live2d, name="live2d")
app.command()(matting)
app.command()(parts)
app.command()(scenes)
app.command()(degradations)


class Splits(StrEnum):
    """What to make."""

    TEST = "test"
    DEVELOPMENT = "development"
    BOTH = "both"


@app.callback()
def main() -> None:
    """Keeps the subcommands' names in the command line while there are few of them."""


@app.command()
def composites(
    out: Annotated[Path, typer.Argument(help="A new folder; with --split both it holds the folders 'test' and 'development'.")],
    split: Annotated[Splits, typer.Option(help="Test: of reserved pictures alone; development: of none of them.")] = Splits.TEST,
    count: Annotated[int | None, typer.Option(min=1, help="How many; 64 for test and 96 for development if not given.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives other composites.")] = 0,
    packages: Annotated[Path | None, typer.Option(help="Folder with the .deb files; missing ones are downloaded into it.")] = None,
) -> None:
    """Layered samples with exact truth: cut-outs over photographs, with cast shadows."""
    with errors_for_people():
        roots = locate_packages(packages or default_cache())
        for which in [Split.TEST, Split.DEVELOPMENT] if split is Splits.BOTH else [Split(split.value)]:
            folder = out / which.value if split is Splits.BOTH else out
            samples = generate(gather(which, roots), which, count=count or DEFAULT_COUNT[which], seed=seed)
            manifest = write_dataset(folder, samples, {"split": which.value, "seed": seed})
            kinds = Counter(entry["kind"] for entry in manifest["samples"])
            typer.echo(f"{folder}: {len(manifest['samples'])} composites (" + ", ".join(f"{n} {kind}" for kind, n in kinds.items()) + ")")


@app.command()
def photographs(
    out: Annotated[Path, typer.Argument(help="A folder for the pictures and their boxes.json.")],
    packages: Annotated[Path | None, typer.Option(help="Folder with the .deb files; missing ones are downloaded into it.")] = None,
) -> None:
    """Ten real photographs with boxes drawn by hand, to look at before and after."""
    with errors_for_people():
        names = collect_photographs(out, packages or default_cache())
    typer.echo(f"{out}: {', '.join(names)}")


@app.command()
def verify(folder: Annotated[Path, typer.Argument(help="A folder made by this program.")]) -> None:
    """Compare every file of a dataset with the hash in its manifest."""
    verifiers = {CHARACTERS: verify_characters, PARTS: verify_parts}
    with errors_for_people():
        complaints = verifiers.get(_format(folder), verify_dataset)(folder)
    for line in complaints:
        typer.echo(line)
    if complaints:
        raise typer.Exit(1)
    typer.echo(f"{folder}: every file is as it was written.")


def _format(folder: Path) -> str:
    """Also of a set that is unfinished; whatever else is wrong with a folder, its reader says."""
    for name in (MANIFEST, PLAN):
        try:
            return str(read_document(folder / name).get("format"))
        except FileNotFoundError:
            continue
    return ""


if __name__ == "__main__":
    app()
