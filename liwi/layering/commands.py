"""The command line of the layered model: ``python -m liwi layering fits | adopt | costs | schedules``. torch is imported when asked."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from liwi.checkpoint_commands import publish_adopted

app = typer.Typer(help="The layered diffusion model: what fits here, what it costs, and the published one.", no_args_is_help=True)

BaseArgument = Annotated[str, typer.Argument(metavar="BASE", help="A folder or hub id in the layout of Qwen/Qwen-Image-Layered.")]


@app.command()
def fits(base: BaseArgument = "", resolution: Annotated[int, typer.Option(help="640 or 1024.")] = 640) -> None:
    """Say how the full model would be placed on this computer. Loads nothing; without BASE the published model's sizes are taken."""
    from liwi.layering.families import check_folder
    from liwi.layering.loading import find_base, measure_sizes
    from liwi.layering.placement import PUBLISHED_SIZES, explain
    from liwi.placement import measure_machine

    sizes = PUBLISHED_SIZES
    if base:
        check_folder(find_base(base))
        sizes = measure_sizes(find_base(base))
    machine = measure_machine()
    typer.echo(f"{sizes.transformer / 1e9:.2f} billion weights")
    for line in explain(machine, sizes, resolution):
        typer.echo(line)


@app.command()
def adopt(
    base: BaseArgument,
    file: Annotated[str, typer.Option(help="A GGUF or .safetensors file that holds its transformer instead, e.g. quantised.")] = "",
    licence: Annotated[str, typer.Option(help="Under which the weights may be used.")] = "Apache-2.0",
    registry: Annotated[Path | None, typer.Option(help="The registry's folder; as LIWI_CHECKPOINTS says where not given.")] = None,
) -> None:
    """Make a published model, which lies on this computer already, a checkpoint that can be promoted. Copies nothing large."""
    from liwi.layering.checkpoint import CARD, save_checkpoint
    from liwi.layering.loading import PUBLISHED_CARD

    local = str(Path(base).resolve()) if Path(base).is_dir() else base
    card = replace(PUBLISHED_CARD, base=local, file=str(Path(file).resolve()) if file else "")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "adopted"
        save_checkpoint(folder, card)
        publish_adopted(folder, "layering", base, CARD, licence=licence, registry=registry)


@app.command()
def costs(
    most: Annotated[int, typer.Option(min=1, max=7, help="Most foregrounds.")] = 4,
) -> None:
    """Print what calls of the full transformer cost, counted by torch on tensors without storage. Takes minutes, no GPU, no weights."""
    from liwi.layering import costs as counted

    typer.echo(counted.HEADER)
    for row in counted.table(most=most):
        typer.echo(counted.as_markdown(row))
    for resolution in (640, 1024):
        cost = counted.measure_vae(resolution)
        encoding = f"{cost.encode_flops / 1e12:.1f} TFLOP, {cost.encode_memory:.2f} GiB"
        decoding = f"{cost.decode_flops / 1e12:.1f} TFLOP, {cost.decode_memory:.2f} GiB"
        typer.echo(f"The VAE at {resolution}: {encoding} to encode a picture, {decoding} to decode one.")


@app.command()
def schedules(
    checkpoint: Annotated[Path, typer.Argument(help="Folder of a checkpoint, or in the layout of Qwen/Qwen-Image-Layered.")],
    pictures: Annotated[list[Path], typer.Argument(help="Pictures to compare on.")],
    steps: Annotated[int, typer.Option(min=2, help="Steps of the schedule that the others are compared with.")] = 50,
) -> None:
    """Measure what fewer steps and caches save, and by how much the layers then differ from those of the full schedule."""
    from liwi.imaging.io import load_picture
    from liwi.layering.loading import load_model
    from liwi.layering.schedules import HEADER, as_markdown, compare

    images = [load_picture(path).rgb for path in pictures]
    typer.echo(HEADER)
    for line in compare(load_model(checkpoint, say=lambda what: typer.echo(what, err=True)), images, steps=steps):
        typer.echo(as_markdown(line))
