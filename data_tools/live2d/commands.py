"""``python -m data_tools live2d``: look into Live2D models and render them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from data_tools.live2d.model import ArtMesh, BlendMode, Live2DModel, Offscreen
from liwi.command_line import errors_for_people
from liwi.errors import InputError
from liwi.export.names import printable
from liwi.progress import Progress
from liwi.protocols import PartSegmenter

app = typer.Typer(help="Read, pose and render Live2D characters.", no_args_is_help=True, pretty_exceptions_enable=False)

ModelPath = Annotated[Path, typer.Argument(help="A .model3.json, the folder with it, or a ZIP of the folder.")]


@app.command()
def info(model: ModelPath, as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False) -> None:
    """What a model is made of: parts, ArtMeshes, parameters, textures, and which poses it can take."""
    from data_tools.live2d.poses import NINE_DIRECTIONS, Pose, pose_parameters
    from data_tools.live2d.reader import open_model
    from data_tools.live2d.writing import describe_mesh, describe_model, json_text

    with errors_for_people():
        with open_model(model) as character:
            read = character.model
        if as_json:
            document = {**describe_model(read), "art_meshes": [describe_mesh(mesh) for mesh in read.art_meshes]}
            typer.echo(json_text(document))
            return
        for line in _summary(read):
            typer.echo(line)
        poses = (*NINE_DIRECTIONS, Pose(eyes_open=False), Pose(mouth_open=True))
        missing = sorted({what for pose in poses for what in pose_parameters(read, pose).missing})
        typer.echo("poses: " + ("all" if not missing else "no parameter for " + ", ".join(missing)))


@app.command()
def render(
    model: ModelPath,
    out: Annotated[Path, typer.Argument(help="A new folder, or one that an earlier render wrote.")],
    size: Annotated[int, typer.Option(min=1, max=4096, help="Side of the square picture, in pixels.")] = 1024,
    figure: Annotated[bool, typer.Option("--figure", help="Show what is drawn of the character, not the whole canvas.")] = False,
    pose: Annotated[str, typer.Option(help="E.g. angle-left, or angle-up+eyes-closed+mouth-open.")] = "rest",
    set_: Annotated[list[str] | None, typer.Option("--set", help="ID=VALUE of a parameter; may be repeated; goes over --pose.")] = None,
) -> None:
    """Draw a pose: the character, every ArtMesh complete on its own, and what stays visible of it."""
    from data_tools.live2d.poses import Pose, pose_parameters
    from data_tools.live2d.reader import open_model
    from data_tools.live2d.rendering import render as draw
    from data_tools.live2d.view import View
    from data_tools.live2d.writing import write_character

    with errors_for_people():
        wanted, changes = Pose.parse(pose), dict(map(_assignment, set_ or []))
        with open_model(model) as character:
            parameters = pose_parameters(character.model, wanted)
            for what in parameters.missing:
                typer.echo(f"The model has no parameter for {what}; that part of the pose is left out.", err=True)
            posed = character.pose(parameters.values | changes)
            view = View.figure(posed, size) if figure else View.square(posed, size)
            drawn = draw(posed, character.pyramid, view, report=_show)
            write_character(out, drawn, pose=wanted.name)
        typer.echo(f"{out}: {len(drawn.meshes)} of {len(posed.art_meshes)} ArtMeshes have pixels at {size} x {size}")


@app.command()
def synthesize(
    out: Annotated[Path, typer.Argument(help="A folder; each character gets one of its own in it.")],
    count: Annotated[int, typer.Option(min=1, help="How many.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="Of the first character; the others follow. The same seed gives the same files.")] = 0,
    texture_size: Annotated[int, typer.Option(min=256, max=4096, help="Side of each texture, in pixels.")] = 2048,
    interleaved: Annotated[bool, typer.Option(help="Whether parts may lie before and behind others, as hair does.")] = True,
    nameless: Annotated[bool, typer.Option("--nameless", help="ArtMeshes, parts and parameters are only numbered.")] = False,
    sheet: Annotated[Path | None, typer.Option(help="Also draw them side by side: a .webp, .png or .jpg.")] = None,
) -> None:
    """Draw characters by code and write them as Live2D models that belong to nobody, with the true label of every ArtMesh."""
    from data_tools.live2d.synthetic.export import synthesize as draw
    from data_tools.live2d.synthetic.export import write_model

    with errors_for_people():
        paths = []
        with typer.progressbar(range(seed, seed + count), label="Drawing") as seeds:
            for number in seeds:
                model = draw(number, texture_size=texture_size, interleaved=interleaved, nameless=nameless)
                paths.append(write_model(model, out / model.name))
        if sheet:
            from data_tools.live2d.synthetic.sheet import write_sheet

            write_sheet(paths, sheet)
        typer.echo(f"{out}: {count} characters, labels beside each in labels.json")


@app.command()
def label(
    models: Annotated[Path, typer.Argument(help="A model; with --check also a folder of models that have labels.json beside them.")],
    out: Annotated[Path | None, typer.Option(help="A .json file for the predictions; printed if not given.")] = None,
    check_: Annotated[bool, typer.Option("--check", help="Measure against the labels that lie beside each model.")] = False,
    checkpoint: Annotated[
        Path | None, typer.Option(help="A part segmenter that looks, too: a folder in liwi/shipped or in the registry, or a run's export.")
    ] = None,
) -> None:
    """Guess the body part of every ArtMesh from names, motion, place and neighbours, each with its score and source."""
    from data_tools.labeling.combining import label_by_all
    from data_tools.labeling.files import check_folder, describe_predictions, write_predictions
    from data_tools.live2d.reader import open_model
    from data_tools.live2d.writing import json_text

    with errors_for_people():
        segmenter = _segmenter(checkpoint)
        if check_:
            for line in check_folder(models, segmenter).lines():
                typer.echo(line)
            return
        with open_model(models) as character:
            predictions = label_by_all(character, segmenter)
            if out:
                write_predictions(out, character.model, predictions)
                typer.echo(f"{out}: {len(predictions)} ArtMeshes, {sum(guess.score > 0 for guess in predictions)} with a guess")
            else:
                typer.echo(json_text(describe_predictions(character.model, predictions)))


def _segmenter(checkpoint: Path | None) -> PartSegmenter | None:
    if checkpoint is None:
        return None
    from liwi.experts.part_checkpoint import load

    return load(checkpoint)


def _assignment(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise InputError(f"--set takes ID=VALUE, for example ParamAngleX=30, got {text!r}.") from None


def _show(progress: Progress) -> None:
    if progress.stage.startswith("Compiling"):
        typer.echo(progress.stage + " ...", err=True)


def _summary(model: Live2DModel) -> Iterator[str]:
    width, height = model.canvas_size
    drawn = sum(mesh.drawn for mesh in model.art_meshes)
    clipped = sum(bool(mesh.clipped_by) for mesh in model.art_meshes)
    yield f"{model.name}: moc3 version {model.moc_version}, canvas {width:g} x {height:g}"
    yield f"{len(model.art_meshes)} ArtMeshes ({drawn} drawn at rest, {clipped} clipped), {len(model.parts)} parts, " + (
        f"{len(model.parameters)} parameters"
    )
    yield "textures: " + ", ".join(f"{printable(texture.name)} ({texture.size[0]} x {texture.size[1]})" for texture in model.textures)
    items: tuple[ArtMesh | Offscreen, ...] = (*model.art_meshes, *model.offscreens)
    extended = sorted({item.blend_name for item in items if item.blend is BlendMode.EXTENDED})
    if model.offscreens or extended:
        yield f"Cubism 5.3: {len(model.offscreens)} offscreen parts; blend modes: " + ("; ".join(extended) or "none")
    yield from _tree(model, None, 0)


def _tree(model: Live2DModel, parent: int | None, depth: int) -> Iterator[str]:
    for index, part in enumerate(model.parts):
        if part.parent == parent:
            count = sum(mesh.part == index for mesh in model.art_meshes)
            named = f" {part.name}" if part.name != part.id else ""
            yield f"{'  ' * depth}- {part.id}{named}: {count} ArtMeshes" + (", hidden" if part.opacity == 0 else "")
            yield from _tree(model, index, depth + 1)
