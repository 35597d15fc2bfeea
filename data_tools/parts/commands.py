"""``python -m data_tools parts``: the pictures that part segmentation is trained with."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from data_tools.character_dataset import PLAN, Split, begin, read_character, read_character_manifest, split_of
from data_tools.manifests import MANIFEST, digest_file, labels_of_all, number_of
from data_tools.parts.dataset import FORMAT, MAX_SIDE, MIN_SIDE, VERSION, PartPicture, finish, shard_name, write_shard
from data_tools.parts.pictures import Frame, choose_frames, labels_of_render, picture_of_sample, vary_pose
from liwi.command_line import errors_for_people
from liwi.errors import InputError
from liwi.progress import Progress, ReportProgress
from liwi.seethrough.body_parts import BodyPart, CoarseBodyPart
from liwi.types import BoundingBox

LICENCE = "Characters drawn by this program: Apache-2.0, as the program. Those of --samples: as whoever made them says."

_PER_SHARD = 32
"""Characters, or samples, of a shard: what an interrupted run does again."""

_TEXTURE = 1024
_BODIES = 2
"""Poses of a character drawn as a whole; around each stand busts and heads."""


def parts(
    out: Annotated[Path, typer.Argument(help="A new folder, or one that the same command began.")],
    samples: Annotated[list[Path] | None, typer.Option(help="A folder that 'live2d samples' wrote; repeat for more.")] = None,
    characters: Annotated[int, typer.Option(min=0, help="How many characters are drawn by code for it.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of the first character drawn; the others follow.")] = 0,
    heads: Annotated[int, typer.Option(min=0, max=8, help="Busts and heads beside each picture of a whole figure.")] = 1,
    side: Annotated[int, typer.Option(min=MIN_SIDE, max=MAX_SIDE, help="Side of the square pictures, in pixels.")] = 320,
) -> None:
    """Pictures of whole figures, busts and heads with the body part that each pixel shows, to train part segmentation with."""
    with errors_for_people():
        if not samples and not characters:
            raise InputError("There is nothing to make pictures of. Give --samples FOLDER, or --characters and how many.")
        manifest = make(out, samples or [], characters, seed=seed, heads=heads, side=side, report=_report)
    counts = ", ".join(f"{count} {split}" for split, count in manifest["pictures"].items())
    size = sum(path.stat().st_size for path in out.iterdir()) / 2**20
    typer.echo(f"{out}: {counts} pictures of {sum(manifest['characters'].values())} characters, {size:.1f} MB")


def make(
    out: Path, samples: list[Path], characters: int, *, seed: int, heads: int, side: int, report: ReportProgress = lambda _: None
) -> dict[str, Any]:
    """Write a set of part pictures, or go on with one that the same arguments began.

    Args:
        out: a new or empty folder, or one that this function began.
        samples: folders of character samples.
        characters: how many are drawn by code.
        seed: of the first of these.
        heads: busts and heads beside each whole figure.
        side: of the pictures, in pixels.
        report: hears of every shard.

    Returns:
        The manifest.

    Raises:
        InputError: a folder holds no samples, or ``out`` holds other things.
    """
    sources = {folder.resolve().name: digest_file(folder / MANIFEST) for folder in samples if read_character_manifest(folder)}
    plan = {
        "format": FORMAT,
        "version": VERSION,
        "samples": sources,
        "drawn": {"characters": characters, "seed": seed},
        "heads": heads,
        "side": side,
    }
    begin(out, plan)
    named = [(folder, str(entry["name"])) for folder in samples for entry in read_character_manifest(folder)["samples"]]
    jobs: list[list[tuple[Path, str]] | range] = [named[first : first + _PER_SHARD] for first in range(0, len(named), _PER_SHARD)]
    jobs += [range(seed + first, seed + min(characters, first + _PER_SHARD)) for first in range(0, characters, _PER_SHARD)]
    names = []
    for number, job in enumerate(jobs):
        name = shard_name(number)
        if not (out / f"{name}.json").is_file():
            made = draw_characters(job, heads=heads, side=side) if isinstance(job, range) else _of_samples(job, heads=heads, side=side)
            write_shard(out, number, list(made))
        names.append(name)
        report(Progress("Making pictures", number + 1, len(jobs)))
    return finish(out, names, side, {"plan": digest_file(out / PLAN), "licence": LICENCE, **labels_of_all(samples)})


def draw_characters(seeds: range, *, heads: int, side: int) -> Iterator[PartPicture]:
    """Pictures of characters drawn by code, each in some chance poses."""
    from data_tools.live2d.labels import OWN_LABELS, identify, read_labels
    from data_tools.live2d.reader import open_model
    from data_tools.live2d.rendering import render
    from data_tools.live2d.synthetic.export import synthesize, write_model
    from data_tools.live2d.view import View

    for seed in seeds:
        rng = np.random.default_rng([seed, number_of(FORMAT)])
        with tempfile.TemporaryDirectory() as folder:
            path = write_model(synthesize(seed, texture_size=_TEXTURE), Path(folder))
            tags = {name: part for name, (part, _) in read_labels(path.parent / OWN_LABELS).parts.items()}
            identity = identify(path)
            with open_model(path) as character:
                for _ in range(_BODIES):
                    posed = character.pose(vary_pose(character.model, rng))
                    boxes = {mesh.id: _box(mesh.vertices) for mesh in posed.art_meshes if mesh.drawn and not mesh.clipped_by}
                    face = _around([box for name, box in boxes.items() if tags.get(name) is BodyPart.FACE])
                    whole = _around([box for name, box in boxes.items() if tags.get(name) is not None])
                    if whole is None:
                        continue
                    for frame in choose_frames(whole, face, rng, heads=heads):
                        view = View((side, side), side / frame.side, frame.left, frame.top)
                        drawn = render(posed, character.pyramid, view)
                        split = split_of(identity.moc_sha256)
                        yield PartPicture(drawn.rgba, labels_of_render(drawn, tags), identity.moc_sha256[:16], split, frame.name)


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


def _box(points: np.ndarray[Any, Any]) -> BoundingBox:
    (left, top), (right, bottom) = np.floor(points.min(axis=0)), np.ceil(points.max(axis=0))
    return BoundingBox(int(left), int(top), int(right) + 1, int(bottom) + 1)


def _around(boxes: list[BoundingBox]) -> BoundingBox | None:
    """The smallest box around all."""
    if not boxes:
        return None
    return BoundingBox(
        min(box.left for box in boxes), min(box.top for box in boxes), max(box.right for box in boxes), max(box.bottom for box in boxes)
    )


def _report(progress: Progress) -> None:
    typer.echo(f"[{progress.done}/{progress.total}] {progress.stage}", err=True)
