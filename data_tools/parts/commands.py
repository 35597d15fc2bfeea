"""``python -m data_tools parts``: the pictures that part segmentation is trained with, of labelled models, samples and drawn characters."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from data_tools.character_dataset import PLAN, Split, begin, read_character, read_character_manifest
from data_tools.live2d.labels import LabelledModel
from data_tools.manifests import MANIFEST, digest_file, labels_of_all, number_of
from data_tools.parts.characters import POSES, draw_characters, draw_labelled, find_labelled, labels_place
from data_tools.parts.dataset import FORMAT, MAX_SIDE, MIN_SIDE, VERSION, PartPicture, characters_of, finish, shard_name, write_shard
from data_tools.parts.pictures import Frame, choose_frames, picture_of_sample
from liwi.command_line import errors_for_people
from liwi.errors import InputError
from liwi.progress import Progress, ReportProgress, ignore_progress
from liwi.seethrough.body_parts import CoarseBodyPart
from liwi.types import BoundingBox

LICENCE = "Characters drawn by this program: Apache-2.0, as the program. Those of --samples and --labelled: as whoever made them says."

_PER_SHARD = 32
"""Characters, or samples, of a shard: what an interrupted run does again."""


def parts(
    out: Annotated[Path, typer.Argument(help="A new folder, or one that the same command began.")],
    samples: Annotated[list[Path] | None, typer.Option(help="A folder that 'live2d samples' wrote; repeat for more.")] = None,
    labelled: Annotated[
        list[Path] | None,
        typer.Option(help="A dataset that the workbench exported, or a folder of models with labels beside them; repeat for more."),
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="For --labelled: the labels, where they lie elsewhere.")] = None,
    characters: Annotated[int, typer.Option(min=0, help="How many characters are drawn by code for it.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of the first character drawn; the others follow.")] = 0,
    heads: Annotated[int, typer.Option(min=0, max=8, help="Busts and heads beside each picture of a whole figure.")] = 1,
    poses: Annotated[int, typer.Option(min=1, max=100, help="Of each model; the first of a labelled one is at rest.")] = POSES,
    side: Annotated[int, typer.Option(min=MIN_SIDE, max=MAX_SIDE, help="Side of the square pictures, in pixels.")] = 320,
) -> None:
    """Pictures of whole figures, busts and heads with the body part that each pixel shows, to train part segmentation with."""
    with errors_for_people():
        if not samples and not labelled and not characters:
            raise InputError(
                "There is nothing to make pictures of. Give --labelled or --samples and a folder, or --characters and how many."
            )
        found = [(folder, labels) for folder in labelled or []]
        manifest = make(out, samples or [], characters, labelled=found, seed=seed, heads=heads, poses=poses, side=side, report=_report)
    for name, reason in manifest.get("skipped", {}).items():
        typer.echo(f"{name} was left out: {reason}", err=True)
    counts = ", ".join(f"{count} {split}" for split, count in manifest["pictures"].items())
    size = sum(path.stat().st_size for path in out.iterdir()) / 2**20
    typer.echo(f"{out}: {counts} pictures of {sum(manifest['characters'].values())} characters, {size:.1f} MB")


def make(
    out: Path,
    samples: Sequence[Path],
    characters: int,
    *,
    labelled: Sequence[tuple[Path, Path | None]] = (),
    seed: int = 0,
    heads: int,
    poses: int = POSES,
    side: int,
    report: ReportProgress = ignore_progress,
) -> dict[str, Any]:
    """Write a set of part pictures, or go on with one that the same arguments began.

    Args:
        out: a new or empty folder, or one that this function began.
        samples: folders of character samples.
        characters: how many are drawn by code.
        labelled: folders of labelled models and their labels, see `characters.find_labelled`.
        seed: of the first character drawn.
        heads: busts and heads beside each whole figure.
        poses: of each labelled model, and of each character drawn.
        side: of the pictures, in pixels.
        report: hears of every shard.

    Returns:
        The manifest. Its ``skipped`` says which labelled models gave no pictures, and why.

    Raises:
        InputError: a folder holds no samples, or no labelled models, or ``out`` holds other things.
    """
    found = [find_labelled(folder, labels) for folder, labels in labelled]
    models = list({model.id: model for usable, _ in found for model in usable}.values())
    plan = {
        "format": FORMAT,
        "version": VERSION,
        "samples": {folder.resolve().name: digest_file(folder / MANIFEST) for folder in samples if read_character_manifest(folder)},
        "drawn": {"characters": characters, "seed": seed},
        "heads": heads,
        "side": side,
        **({"labelled": {model.id: model.labels.sha256 for model in models}} if models else {}),
        **({"poses": poses} if poses != POSES else {}),
    }
    begin(out, plan)
    jobs = list(_jobs(samples, models, range(seed, seed + characters), heads=heads, poses=poses, side=side))
    names = []
    for number, job in enumerate(jobs):
        name = shard_name(number)
        if not (out / f"{name}.json").is_file():
            write_shard(out, number, list(job))
        names.append(name)
        report(Progress("Making pictures", number + 1, len(jobs)))
    skipped = {model.name: model.reason for _, left_out in found for model in left_out}
    shown = characters_of(out, names)
    skipped |= {
        model.name: "Nothing of it can be drawn, or no part of it is labelled." for model in models if model.moc_sha256[:16] not in shown
    }
    said = labels_of_all(samples, [labels or labels_place(folder) for folder, labels in labelled])
    return finish(
        out, names, side, {"plan": digest_file(out / PLAN), "licence": LICENCE, **({"skipped": skipped} if skipped else {}), **said}
    )


def _jobs(
    samples: Sequence[Path], models: Sequence[LabelledModel], seeds: range, *, heads: int, poses: int, side: int
) -> Iterator[Iterator[PartPicture]]:
    """What makes each shard; nothing is made before it is asked for."""
    named = [(folder, str(entry["name"])) for folder in samples for entry in read_character_manifest(folder)["samples"]]
    for first in range(0, len(named), _PER_SHARD):
        yield _of_samples(named[first : first + _PER_SHARD], heads=heads, side=side)
    for first in range(0, len(models), _PER_SHARD):
        yield draw_labelled(models[first : first + _PER_SHARD], poses=poses, heads=heads, side=side)
    for first in range(0, len(seeds), _PER_SHARD):
        yield draw_characters(seeds[first : first + _PER_SHARD], poses=poses, heads=heads, side=side)


def _of_samples(named: list[tuple[Path, str]], *, heads: int, side: int) -> Iterator[PartPicture]:
    for folder, name in named:
        sample = read_character(folder, name)
        rng = np.random.default_rng([number_of(name), number_of(FORMAT)])
        face = next((layer.box for layer in sample.layers if layer.tag == CoarseBodyPart.FACE.value), None)
        whole = BoundingBox.around(sample.figure[..., 3])
        frames: Iterator[Frame] = choose_frames(whole, face, rng, heads=heads) if whole is not None else iter(())
        for frame in frames:
            rgba, labels = picture_of_sample(sample, frame, side)
            model, split = sample.facts.get("model", {}), sample.facts.get("split")
            yield PartPicture(rgba, labels, str(model.get("moc_sha256", name))[:16], Split(str(split)), frame.name)


def _report(progress: Progress) -> None:
    typer.echo(f"[{progress.done}/{progress.total}] {progress.stage}", err=True)
