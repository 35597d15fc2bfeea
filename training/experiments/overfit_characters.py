"""``python -m training.experiments.overfit_characters OUT``: can the character model learn eight characters by heart?

Draws eight characters, trains a VAE with its transparency networks on their parts and goes on with these alone, then the part diffusion,
a part at a time and all parts jointly, and measures with what it has learnt, through the inference pipeline: every part of the way from a
dataset to layers has to be right for this to come out. The same command goes on where it was stopped. ``OUT/figures.json`` and
``OUT/figures.png`` say what was reached and when.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from data_tools.manifests import encode_document
from liwi.command_line import errors_for_people
from training.experiments.characters import BEFORE_STAGE_2, DECODER, STAGE_1, STAGE_2, VAE, Scale, draw_characters, stage_2_job
from training.experiments.figures import evaluations_of
from training.experiments.trainings import train_wholly

DICE_LOSS, PSNR = 0.15, 25.0
"""What is to be reached: mask Dice loss at most, and dB at least."""

_DEFAULT = Scale()


def run(out: Path, scale: Scale, *, device: str = "auto") -> dict[str, Any]:
    """Do what is left to do, and write the figures.

    Args:
        out: folder; what lies there is gone on with.
        scale: how large.
        device: "auto", "cpu" or "cuda".

    Returns:
        The content of ``figures.json``.
    """
    draw_characters(out, scale)
    for name, make in (*BEFORE_STAGE_2.items(), (STAGE_2, stage_2_job)):
        train_wholly(make(out, scale, device), out / name)
    return write_figures(out)


def write_figures(out: Path) -> dict[str, Any]:
    """What the logs say so far: ``figures.json`` and ``figures.png``."""
    figures: dict[str, Any] = {"wanted": {"dice_loss": DICE_LOSS, "psnr": PSNR}, **evaluations_of(out, (*BEFORE_STAGE_2, STAGE_2))}
    reached = [line for line in figures.get(STAGE_2, {}).get("evaluations", []) if line["dice_loss"] <= DICE_LOSS and line["psnr"] >= PSNR]
    figures["reached"] = reached[0] if reached else None
    (out / "figures.json").write_bytes(encode_document(figures))
    _draw(figures, out / "figures.png")
    return figures


def _draw(figures: dict[str, Any], path: Path) -> None:
    from training.experiments.plots import Line, draw_lines

    titles = {VAE: "VAE and alpha alone", DECODER: "alpha, latents fixed", STAGE_1: "a part at a time", STAGE_2: "all jointly"}
    runs = {title: figures[name]["evaluations"] for name, title in titles.items() if figures.get(name, {}).get("evaluations")}
    if not runs:
        return
    panels = {}
    for metric, title, wanted in (("dice_loss", "mask Dice loss", DICE_LOSS), ("psnr", "PSNR in dB", PSNR)):
        lines = [Line(name, [line["step"] for line in found], [line[metric] for line in found]) for name, found in runs.items()]
        panels[title] = (lines, wanted)
    draw_lines(panels, path, across="steps")


def main(
    out: Annotated[Path, typer.Argument(help="A new folder, or one that the same command began.")],
    vae_steps: Annotated[int, typer.Option(min=2, help="Steps of the VAE and the transparency networks.")] = _DEFAULT.vae_steps,
    decoder_steps: Annotated[int, typer.Option(min=2, help="Steps of the transparency networks alone.")] = _DEFAULT.decoder_steps,
    first_steps: Annotated[int, typer.Option(min=2, help="Steps of stage 1.")] = _DEFAULT.first_steps,
    steps: Annotated[int, typer.Option(min=2, help="Steps of stage 2.")] = _DEFAULT.steps,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    figures_only: Annotated[bool, typer.Option("--figures", help="Only write down what was reached so far.")] = False,
) -> None:
    """Learn eight characters by heart, and measure that through the inference pipeline."""
    with errors_for_people():
        scale = Scale(vae_steps=vae_steps, decoder_steps=decoder_steps, first_steps=first_steps, steps=steps)
        figures = write_figures(out) if figures_only else run(out, scale, device=device)
    typer.echo(json.dumps(figures["reached"] or (figures.get(STAGE_2, {}).get("evaluations") or ["nothing measured yet"])[-1], indent=1))


if __name__ == "__main__":
    typer.run(main)
