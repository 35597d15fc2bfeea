"""The command line of the character model: ``python -m liwi seethrough fits | adopt``. torch is imported when asked."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from liwi.checkpoint_commands import publish_adopted

app = typer.Typer(help="The character model (See-through): what fits here, and the published one.", no_args_is_help=True)

PartsArgument = Annotated[str, typer.Argument(metavar="PARTS", help="The part diffusion: a folder or hub id in the published layout.")]
RegistryOption = Annotated[Path | None, typer.Option(help="The registry's folder; as LIWI_CHECKPOINTS says where not given.")]


@app.command()
def fits(parts: PartsArgument = "", resolution: Annotated[int, typer.Option(help="Side that the networks see, in pixels.")] = 1280) -> None:
    """Say how the full model would be placed on this computer. Loads nothing; without PARTS the published model's sizes are taken."""
    from liwi.placement import measure_machine
    from liwi.seethrough.families import SIZE_PARTS, check_parts_folder, count_weights, is_in_four_bits
    from liwi.seethrough.loading import find_base
    from liwi.seethrough.placement import PUBLISHED_SIZES, Sizes, explain

    sizes = PUBLISHED_SIZES
    if parts:
        settings = check_parts_folder(find_base(parts, SIZE_PARTS))
        sizes = Sizes(count_weights(settings), sizes.depth, sizes.pictures, is_in_four_bits(settings))
    machine = measure_machine(metal=True)
    typer.echo(f"{(sizes.parts + sizes.depth) / 1e9:.2f} billion weights")
    for line in explain(machine, sizes, resolution):
        typer.echo(line)


@app.command()
def adopt(
    parts: PartsArgument = "",
    depth: Annotated[str, typer.Option(help="The pseudo-depth: a folder or hub id in the published layout.")] = "",
    licence: Annotated[str, typer.Option(help="Under which the weights may be used.")] = "",
    registry: RegistryOption = None,
) -> None:
    """Make published models, which lie on this computer already, checkpoints that can be promoted. Copies nothing large.

    Their text encoders are asked once, here, and are not needed afterwards.
    """
    from liwi.errors import InputError
    from liwi.seethrough.readiness import DEPTH, PARTS

    if not parts and not depth:
        raise InputError("Name the part diffusion, or the pseudo-depth with --depth.")
    for kind, name, write in ((PARTS, parts, _write_parts), (DEPTH, depth, _write_depth)):
        if not name:
            continue
        local = str(Path(name).resolve()) if Path(name).is_dir() else name
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "adopted"
            write(folder, local)
            publish_adopted(folder, kind, name, f"{kind}.json", licence=licence, registry=registry)


def _write_parts(folder: Path, base: str) -> None:
    from liwi.seethrough.checkpoint import PartCard, save_parts
    from liwi.seethrough.class_embeddings import load_class_embeddings
    from liwi.seethrough.families import SIZE_PARTS, check_parts_folder
    from liwi.seethrough.loading import find_base
    from liwi.seethrough.part_pipeline import groups_of
    from liwi.seethrough.published_settings import RESOLUTION, RESOLUTION_V2

    found = find_base(base, SIZE_PARTS)
    version = str(check_parts_folder(found, texts=True).get("tag_version") or "v2")
    typer.echo("Asking its text encoders what the body parts are called", err=True)
    classes = load_class_embeddings(found, [group.tags for group in groups_of(version)])
    save_parts(folder, PartCard(resolution=RESOLUTION_V2 if version == "v2" else RESOLUTION, base=base), classes=classes)


def _write_depth(folder: Path, base: str) -> None:
    from liwi.seethrough.checkpoint import DepthCard, save_depth
    from liwi.seethrough.class_embeddings import load_empty_text
    from liwi.seethrough.families import SIZE_DEPTH, check_depth_folder
    from liwi.seethrough.loading import find_base

    found = find_base(base, SIZE_DEPTH)
    check_depth_folder(found, texts=True)
    save_depth(folder, DepthCard(base=base), nothing=load_empty_text(found))
