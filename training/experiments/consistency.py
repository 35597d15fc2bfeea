"""``python -m training.experiments.consistency OUT``: what the Body Part Consistency Module is worth (paper 2, table 1, its last two rows).

Trains VAE and stage 1 on characters drawn by code, then stage 2 twice from there, as long and with the same batches: with attention among
the parts, and without, each part by itself. Both are measured on characters that nobody has learned, through the inference pipeline, after
the last step, whichever was the best. The same command goes on where it was stopped; ``OUT/table.json``, ``OUT/table.md`` and
``OUT/figure.png`` say what came out, with intervals of 95 % over characters.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from data_tools.manifests import encode_document
from liwi.command_line import errors_for_people
from training.errors import JobError
from training.experiments.characters import BEFORE_STAGE_2, STAGE_2, Scale, draw_characters, stage_2_job
from training.experiments.intervals import interval
from training.experiments.trainings import train_wholly
from training.job import Job

ROWS = {"alone": "without the consistency module", STAGE_2: "with it"}
METRICS = {"dice_loss": "mask Dice loss (less is better)", "alpha_iou": "alpha soft IoU", "psnr": "PSNR in dB"}

_DEFAULT = Scale(train=64, held_out=16, vae_steps=4000, decoder_steps=3000, first_steps=3000, steps=4000, evaluations=1, characters=16)


def run(out: Path, scale: Scale, *, device: str = "auto", say: Any = print) -> dict[str, Any]:
    """Do what is left to do, and write the table.

    Args:
        out: folder; what lies there is gone on with.
        scale: how large.
        device: "auto", "cpu" or "cuda".
        say: told of each training before it begins.

    Returns:
        The content of ``table.json``.

    Raises:
        JobError: the folder holds an experiment of another scale.
    """
    _keep_scale(out, scale)
    draw_characters(out, scale)
    jobs = {
        **{name: make(out, scale, device) for name, make in BEFORE_STAGE_2.items()},
        "alone": stage_2_job(out, scale, device, part_attention=False),
        STAGE_2: stage_2_job(out, scale, device),
    }
    for name, job in jobs.items():
        if (out / f"{name}.json").is_file():
            continue
        say(f"{name}: {job.schedule.steps} steps")
        train_wholly(job, out / name)
        if name in ROWS:
            (out / f"{name}.json").write_bytes(encode_document({"characters": _measure(job, out / name)}))
    return write_table(out)


def write_table(out: Path) -> dict[str, Any]:
    """Write the table of the rows that are there."""
    from training.experiments.plots import Interval, draw_intervals

    found = {name: json.loads((out / f"{name}.json").read_text("utf-8"))["characters"] for name in ROWS if (out / f"{name}.json").is_file()}
    rows = {name: {metric: interval([each[metric] for each in scores]) for metric in METRICS} for name, scores in found.items()}
    table: dict[str, Any] = {"scale": json.loads((out / "scale.json").read_text("utf-8")), "rows": rows}
    if len(found) == len(ROWS):
        pairs = list(zip(found[STAGE_2], found["alone"], strict=True))
        table["gain"] = {metric: interval([full[metric] - alone[metric] for full, alone in pairs]) for metric in METRICS}
    (out / "table.json").write_bytes(encode_document(table))
    (out / "table.md").write_text(_markdown(table), "utf-8")
    if rows:
        panels = {title: [Interval(ROWS[name], *row[metric]) for name, row in rows.items()] for metric, title in METRICS.items()}
        draw_intervals(panels, out / "figure.png")
    return table


def _measure(job: Job, folder: Path) -> list[dict[str, float]]:
    """Metrics of each held-out character, with the weights after the last step."""
    from training.checkpoints import list_checkpoints, load_checkpoint
    from training.objectives.part_diffusion import PartDiffusionObjective
    from training.objectives.part_scores import PartScores

    objective = PartDiffusionObjective(job)
    model, found = objective.build(), load_checkpoint(list_checkpoints(folder)[-1])
    model.load_state_dict(found.average or found.model)
    scores = []
    for result in objective.measure(model.eval()).results:
        own = PartScores()
        own.add(result.found, result.truth, scale=job.data["resolution"] / max(result.page.shape[:2]))
        scores.append(own.metrics())
    return scores


def _keep_scale(out: Path, scale: Scale) -> None:
    path, own = out / "scale.json", encode_document(asdict(scale))
    if path.is_file() and path.read_bytes() != own:
        raise JobError(f"{out} holds an experiment of another scale. Name another folder, or give the numbers that it was begun with.")
    out.mkdir(parents=True, exist_ok=True)
    path.write_bytes(own)


def _markdown(table: dict[str, Any]) -> str:
    lines = [f"| row | {' | '.join(METRICS.values())} |", "|---" * (len(METRICS) + 1) + "|"]
    for name, row in table["rows"].items():
        lines.append(f"| {ROWS[name]} | {' | '.join(_cell(row[metric]) for metric in METRICS)} |")
    if "gain" in table:
        lines.append(f"| difference, character by character | {' | '.join(_cell(table['gain'][metric], '+') for metric in METRICS)} |")
    return "\n".join(lines) + "\n"


def _cell(values: tuple[float, float, float], sign: str = "") -> str:
    mean, low, high = values
    verdict = "" if not sign else ", undecided" if low <= 0 <= high else ", decided"
    return f"{mean:{sign}.4f} ({low:{sign}.4f} to {high:{sign}.4f}){verdict}"


def main(
    out: Annotated[Path, typer.Argument(help="A new folder, or one that the same command began.")],
    train_characters: Annotated[int, typer.Option(min=1, help="Characters to train with.")] = _DEFAULT.train,
    test_characters: Annotated[int, typer.Option(min=1, help="Characters to measure with.")] = _DEFAULT.held_out,
    vae_steps: Annotated[int, typer.Option(min=2, help="Steps of the VAE that both rows share.")] = _DEFAULT.vae_steps,
    decoder_steps: Annotated[int, typer.Option(min=2, help="Steps of the transparency networks alone.")] = _DEFAULT.decoder_steps,
    first_steps: Annotated[int, typer.Option(min=2, help="Steps of stage 1, which they share, too.")] = _DEFAULT.first_steps,
    steps: Annotated[int, typer.Option(min=2, help="Steps of stage 2, of each row.")] = _DEFAULT.steps,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    table_only: Annotated[bool, typer.Option("--table", help="Only write the table of what is there.")] = False,
) -> None:
    """Train stage 2 with and without attention among the parts, and write what came out on other characters."""
    with errors_for_people():
        scale = replace(_DEFAULT, vae_steps=vae_steps, decoder_steps=decoder_steps, first_steps=first_steps, steps=steps)
        scale = replace(scale, train=train_characters, held_out=test_characters, characters=test_characters)
        if table_only:
            write_table(out)
        else:
            run(out, scale, device=device, say=typer.echo)
    typer.echo((out / "table.md").read_text("utf-8"))


if __name__ == "__main__":
    typer.run(main)
