"""``python -m data_tools scenes`` and ``degradations``: layered scenes drawn by code, and what their foregrounds look like degraded."""

from pathlib import Path
from typing import Annotated

import typer

from data_tools.dataset import write_dataset
from data_tools.scenes import SceneSettings, draw_scenes
from liwi.command_line import errors_for_people
from liwi.errors import InputError

LEAST_SIDE, LARGEST_SIDE = 32, 1024


def scenes(
    out: Annotated[Path, typer.Argument(help="A new folder.")],
    count: Annotated[int, typer.Option(min=1, help="How many.")] = 256,
    size: Annotated[
        list[str] | None, typer.Option(help="WIDTHxHEIGHT in pixels; repeat for more, each scene takes one. 64x64 if not given.")
    ] = None,
    layers: Annotated[str, typer.Option(help="How often a scene has 1, 2, ... objects, in proportion, with commas.")] = "89,8,2,1",
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives other scenes.")] = 0,
) -> None:
    """Layered scenes drawn by code, with cast shadows: several objects, every layer and every shadow known."""
    with errors_for_people():
        settings = SceneSettings(sizes=tuple(_size(each) for each in size or ["64x64"]), foregrounds=_shares(layers))
        manifest = write_dataset(out, draw_scenes(count, settings, seed=seed), {"split": "scenes", "seed": seed})
    typer.echo(f"{out}: {len(manifest['samples'])} scenes")


def degradations(out: Annotated[Path, typer.Argument(help="A .webp, .png or .jpg.")]) -> None:
    """A sheet of the degraded foregrounds that the layered model learns to mend."""
    from data_tools.degradation_sheet import write_sheet

    with errors_for_people():
        write_sheet(out)
    typer.echo(str(out))


def _size(text: str) -> tuple[int, int]:
    width, separator, height = text.partition("x")
    if not separator or not (width.isascii() and width.isdigit() and height.isascii() and height.isdigit()):
        raise InputError(f"--size takes WIDTHxHEIGHT, for example 96x64, got {text!r}.")
    sides = int(width[:6]), int(height[:6])
    if not all(LEAST_SIDE <= side <= LARGEST_SIDE for side in sides):
        raise InputError(f"Scenes are {LEAST_SIDE} to {LARGEST_SIDE} pixels wide and high, got {text!r}.")
    return sides


def _shares(text: str) -> tuple[float, ...]:
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError:
        shares = ()
    if not 1 <= len(shares) <= 7 or not all(0 <= share < 1e6 for share in shares) or sum(shares) <= 0:
        raise InputError(f"--layers takes one to seven proportions with commas, for example 89,8,2,1, got {text!r}.")
    return shares
