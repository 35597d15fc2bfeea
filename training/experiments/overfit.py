"""``python -m training.experiments.overfit OUT``: can the layered model learn eight scenes by heart?

Draws eight scenes, trains an RGBA VAE on them, then a small transformer from noise, with and without the box prompt, and measures with
what it has learnt, through the inference pipeline: every part of the way from a dataset to layers has to be right for this to come out.
The same command goes on where it was stopped. ``OUT/figures.json`` and ``OUT/figures.png`` say what was reached and when.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from data_tools.dataset import write_dataset
from data_tools.manifests import MANIFEST, encode_document
from data_tools.scenes import SceneSettings, draw_scenes
from liwi.command_line import errors_for_people
from training.experiments.figures import evaluations_of
from training.experiments.trainings import train_wholly
from training.job import Job, parse_job

ALPHA_IOU, RGB_L1 = 0.9, 0.05
"""What is to be reached, with and without the prompt."""

VAE_RATE, RATE = 1e-3, 1e-3
"""Learning rates at their highest."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the experiment is; the same for a folder as at first.

    Attributes:
        scenes: how many are learnt.
        side: of them, in pixels.
        variants: of each, with other boxes and degradations.
        base_dim: of the VAE.
        vae_steps, steps: of both trainings.
        num_layers, num_heads: of the transformer.
        sampling_steps: of a measurement.
    """

    scenes: int = 8
    side: int = 64
    variants: int = 8
    base_dim: int = 16
    vae_steps: int = 4000
    steps: int = 5000
    num_layers: int = 4
    num_heads: int = 4
    sampling_steps: int = 20

    @property
    def data(self) -> dict[str, Any]:
        """The table ``[data]`` of both jobs."""
        fixed = {"multiple": 16, "held_out": 0.0, "decoded": True, "evaluation_samples": self.scenes}
        return {**fixed, "variants": self.variants, "max_pixels": self.side**2, "evaluation_steps": self.sampling_steps}


def vae_job(out: Path, scale: Scale, device: str) -> Job:
    """The job that trains the VAE."""
    return parse_job(
        {
            "objective": "rgba_vae",
            "dataset": str(out / "scenes"),
            "model": {"base_dim": scale.base_dim, "dim_mult": [1, 2, 4], "z_dim": 16},
            "data": scale.data,
            "optimizer": {"learning_rate": VAE_RATE, "weight_decay": 0.0, "average": 0.99},
            "schedule": {**_schedule(scale.vae_steps, device), "batch_size": 8},
            "evaluate": {"every": max(1, scale.vae_steps // 10)},
            "checkpoints": {"every": 50},
        }
    )


def layering_job(out: Path, scale: Scale, device: str) -> Job:
    """The job that trains the transformer: LiWi's own frame 0, and its auxiliary path."""
    model = {"num_layers": scale.num_layers, "num_heads": scale.num_heads, "head_dim": 32, "auxiliary": 0.5}
    return parse_job(
        {
            "objective": "layering",
            "dataset": str(out / "scenes"),
            "model": {"vae": str(out / "vae" / "export" / "vae"), **model},
            "data": {**scale.data, "cache": str(out / "cache")},
            "optimizer": {"learning_rate": RATE, "weight_decay": 0.0, "average": 0.995},
            "schedule": {**_schedule(scale.steps, device), "batch_size": 8},
            "evaluate": {"every": max(1, scale.steps // 20)},
            "checkpoints": {"every": 100},
        }
    )


def run(out: Path, scale: Scale, *, device: str = "auto") -> dict[str, Any]:
    """Do what is left to do, and write the figures.

    Args:
        out: folder; what lies there is gone on with.
        scale: how large.
        device: "auto", "cpu" or "cuda".

    Returns:
        The content of ``figures.json``.
    """
    if not (out / "scenes" / MANIFEST).is_file():
        settings = SceneSettings(sizes=((scale.side, scale.side),), foregrounds=(3.0, 1.0), heights=(0.7, 0.95))
        write_dataset(out / "scenes", draw_scenes(scale.scenes, settings, seed=1), {"split": "scenes", "seed": 1})
    train_wholly(vae_job(out, scale, device), out / "vae")
    train_wholly(layering_job(out, scale, device), out / "layering")
    return write_figures(out)


def _schedule(steps: int, device: str) -> dict[str, Any]:
    return {"steps": steps, "warm_up": min(50, steps // 10), "precision": "no", "device": device, "threads": 1}


def write_figures(out: Path) -> dict[str, Any]:
    """What both logs say so far: ``figures.json`` and ``figures.png``."""
    figures: dict[str, Any] = {"wanted": {"alpha_iou": ALPHA_IOU, "rgb_l1": RGB_L1}, **evaluations_of(out, ("vae", "layering"))}
    best = [line for line in figures.get("layering", {}).get("evaluations", []) if _reached(line)]
    figures["reached"] = {"step": best[0]["step"], **best[0]} if best else None
    (out / "figures.json").write_bytes(encode_document(figures))
    _draw(figures, out / "figures.png")
    return figures


def _reached(line: dict[str, Any]) -> bool:
    both = ("", "prompted_")
    return all(line.get(f"{each}alpha_iou", 0) >= ALPHA_IOU and line.get(f"{each}rgb_l1", 1) <= RGB_L1 for each in both)


def _draw(figures: dict[str, Any], path: Path) -> None:
    from training.experiments.plots import Line, draw_lines

    evaluations = figures.get("layering", {}).get("evaluations", [])
    if not evaluations:
        return
    steps = [line["step"] for line in evaluations]
    names = {"alpha_iou": "alpha soft IoU", "prompted_alpha_iou": "with a box", "rgb_l1": "RGB L1", "prompted_rgb_l1": "with a box"}
    lines = [Line(title, steps, [line.get(name, 0.0) for line in evaluations]) for name, title in names.items()]
    draw_lines({"alpha soft IoU": (lines[:2], ALPHA_IOU), "RGB L1": (lines[2:], RGB_L1)}, path, across="steps")


def main(
    out: Annotated[Path, typer.Argument(help="A new folder, or one that the same command began.")],
    vae_steps: Annotated[int, typer.Option(min=2, help="Steps of the VAE.")] = 4000,
    steps: Annotated[int, typer.Option(min=2, help="Steps of the transformer.")] = 5000,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    figures_only: Annotated[bool, typer.Option("--figures", help="Only write down what was reached so far.")] = False,
) -> None:
    """Learn eight scenes by heart, and measure that through the inference pipeline."""
    with errors_for_people():
        figures = write_figures(out) if figures_only else run(out, Scale(vae_steps=vae_steps, steps=steps), device=device)
    typer.echo(json.dumps(figures["reached"] or (figures.get("layering", {}).get("evaluations") or ["nothing measured yet"])[-1], indent=1))


if __name__ == "__main__":
    typer.run(main)
