"""``python -m training.experiments.ablation OUT``: the five rows of paper 1's table 4, from scratch, at a scale that a CPU can do.

Scenes drawn by code, whose cast shadows are known; one RGBA VAE for all; then, for each row and seed, a small transformer from noise.
Every transformer has the same size, batches, steps and scenes; what differs is the row alone. Measured with scenes that none has seen,
through the inference pipeline. A run that was stopped goes on; runs that are done are not done again. ``OUT/table.md``, ``OUT/table.json``
and ``OUT/figure.png`` say what came out, whatever it is.

What this is not: the paper fine-tunes a model of 20 billion weights on photographs. At this scale a difference between rows may lie in
chance, and the table says where it does: each row is compared with the one before it, seed by seed, with an interval of 95 %.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from data_tools.dataset import write_dataset
from data_tools.manifests import MANIFEST, encode_document
from data_tools.scenes import SceneSettings, draw_scenes
from liwi.command_line import errors_for_people
from training.errors import JobError
from training.experiments.intervals import interval
from training.experiments.trainings import train_wholly
from training.job import Job, parse_job

METRICS = ("alpha_iou", "rgb_l1", "foreground_l1")
MORE_IS_BETTER = frozenset({"alpha_iou"})


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table.

    Attributes:
        name: as in the paper.
        frame0: what frame 0 holds.
        auxiliary: lambda of the degradation-restoration objective.
        before: the row that it is compared with.
    """

    name: str
    frame0: str
    auxiliary: float
    before: str


ROWS: dict[str, Row] = {
    "sft": Row("SFT: reconstructs the source", "source", 0.0, ""),
    "no_source": Row("- source reconstruction", "none", 0.0, "sft"),
    "shadow_latent": Row("+ shadow in latent space", "shadow_latent", 0.0, "no_source"),
    "shadow_pixel": Row("+ shadow in pixel space", "shadow_pixel", 0.0, "no_source"),
    "restoration": Row("+ degradation-restoration", "shadow_pixel", 1.0, "shadow_pixel"),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the experiment is.

    Attributes:
        side: of the scenes, in pixels.
        train, test: scenes.
        vae_steps, steps: of the trainings.
        batch_size: of both.
        num_layers, num_heads: of the transformer.
        sampling_steps: of a measurement.
        seeds: how many trainings per row.
    """

    side: int = 64
    train: int = 512
    test: int = 64
    vae_steps: int = 3000
    steps: int = 6000
    batch_size: int = 16
    num_layers: int = 6
    num_heads: int = 4
    sampling_steps: int = 20
    seeds: int = 3

    def __post_init__(self) -> None:
        if self.side % 16 or not 32 <= self.side <= 256:
            raise JobError(f"Scenes are 32 to 256 pixels wide, a multiple of 16, got {self.side}.")
        if min(self.train, self.test, self.batch_size, self.num_layers, self.num_heads, self.sampling_steps, self.seeds) < 1:
            raise JobError("All numbers of the experiment must be 1 or more.")
        if min(self.vae_steps, self.steps) < 2:
            raise JobError("Trainings have two steps or more.")


def vae_job(out: Path, scale: Scale, device: str) -> Job:
    """The job of the VAE that all rows share."""
    return parse_job(
        {
            "objective": "rgba_vae",
            "dataset": str(out / "train"),
            "model": {"base_dim": 16, "dim_mult": [1, 2, 4], "z_dim": 16},
            "data": _data(out, scale, held_out=min(0.5, 8 / scale.train)),
            "optimizer": {"learning_rate": 1e-3, "weight_decay": 0.0, "average": 0.998},
            "schedule": {**_schedule(scale, device), "steps": scale.vae_steps},
            "evaluate": {"every": max(1, scale.vae_steps // 4)},
        }
    )


def row_job(out: Path, scale: Scale, row: Row, seed: int, device: str) -> Job:
    """The job of one training."""
    return parse_job(
        {
            "objective": "layering",
            "dataset": str(out / "train"),
            "model": {
                "vae": str(out / "vae" / "export" / "vae"),
                "num_layers": scale.num_layers,
                "num_heads": scale.num_heads,
                "head_dim": 32,
                "frame0": row.frame0,
                "auxiliary": row.auxiliary,
            },
            "data": _data(out, scale, held_out=min(0.5, 8 / scale.train)),
            "optimizer": {"learning_rate": 1e-3, "weight_decay": 0.0, "average": 0.998},
            "schedule": {**_schedule(scale, device), "steps": scale.steps, "seed": seed},
            "evaluate": {"every": max(1, scale.steps // 2)},
            "checkpoints": {"every": max(50, scale.steps // 20)},
        }
    )


def _schedule(scale: Scale, device: str) -> dict[str, Any]:
    return {"batch_size": scale.batch_size, "warm_up": 1, "precision": "no", "device": device}


def _data(out: Path, scale: Scale, *, held_out: float) -> dict[str, Any]:
    return {
        "variants": 2,
        "prompted": 0.0,
        "max_pixels": scale.side**2,
        "multiple": 16,
        "held_out": held_out,
        "evaluation_samples": 8,
        "evaluation_steps": scale.sampling_steps,
        "cache": str(out / "cache"),
        "decoded": True,
    }


def run(out: Path, scale: Scale, *, device: str = "auto", rows: Sequence[str] = tuple(ROWS), say: Any = print) -> dict[str, Any]:
    """Do what is left to do, seed after seed, and write the table after each.

    Args:
        out: folder; what lies there is gone on with.
        scale: the same for a folder as at first.
        device: "auto", "cpu" or "cuda".
        rows: names of `ROWS` to train.
        say: told what begins.

    Returns:
        The content of ``table.json``.

    Raises:
        JobError: the folder holds an experiment of another scale, or there is no such row.
    """
    unknown = [name for name in rows if name not in ROWS]
    if unknown:
        raise JobError(f"There is no row {unknown[0]!r}; there are {', '.join(ROWS)}.")
    _keep_scale(out, scale)
    settings = SceneSettings(sizes=((scale.side, scale.side),), foregrounds=(0.89, 0.11), heights=(0.45, 0.8))
    for name, count, seed in (("train", scale.train, 10), ("test", scale.test, 11)):
        if not (out / name / MANIFEST).is_file():
            say(f"drawing {count} scenes ({name})")
            write_dataset(out / name, draw_scenes(count, settings, seed=seed), {"split": name, "seed": seed})
    say("the VAE")
    train_wholly(vae_job(out, scale, device), out / "vae")
    for seed in range(scale.seeds):
        for name in rows:
            result = out / "results" / f"{name}_{seed}.json"
            if result.is_file():
                continue
            say(f"{ROWS[name].name}, seed {seed}")
            job = row_job(out, scale, ROWS[name], seed, device)
            folder = out / "runs" / f"{name}_{seed}"
            train_wholly(job, folder)
            result.parent.mkdir(exist_ok=True)
            result.write_bytes(encode_document(_measure(out, scale, job, folder)))
        write_table(out)
    return write_table(out)


def _measure(out: Path, scale: Scale, job: Job, folder: Path) -> dict[str, Any]:
    """The metrics of a run's last weights on the test scenes, each scene's own among them."""
    import torch

    from training.checkpoints import list_checkpoints, load_checkpoint
    from training.objectives.layering import LayeringObjective

    measured = LayeringObjective(_on_test(out, scale, job))
    found = load_checkpoint(list_checkpoints(folder)[-1])
    model = measured.build()
    model.load_state_dict(found.average or found.model)
    device = "cuda" if job.schedule.device != "cpu" and torch.cuda.is_available() else "cpu"
    with torch.no_grad():
        return {"metrics": measured.evaluate(model.to(device).eval())}


def _on_test(out: Path, scale: Scale, job: Job) -> Job:
    """The job of a run, to measure with all test scenes."""
    from dataclasses import replace

    data = {**job.data, "held_out": 0.0, "variants": 1, "evaluation_samples": scale.test}
    return replace(job, dataset=str(out / "test"), data=data)


def _keep_scale(out: Path, scale: Scale) -> None:
    path = out / "scale.json"
    if path.is_file():
        found = json.loads(path.read_text("utf-8"))
        if {**found, "seeds": 0} != {**asdict(scale), "seeds": 0}:
            raise JobError(f"{out} holds an experiment of another scale ({found}). Name another folder; only --seeds may grow.")
    out.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_document(asdict(scale)))


def write_table(out: Path) -> dict[str, Any]:
    """Write ``table.json``, ``table.md`` and ``figure.png`` of the results that there are."""
    from training.experiments.plots import Interval, draw_intervals

    results = {name: _results(out, name) for name in ROWS}
    rows: dict[str, Any] = {}
    for name, row in ROWS.items():
        if not results[name]:
            continue
        figures: dict[str, Any] = {"name": row.name, "seeds": len(results[name])}
        for metric in METRICS:
            figures[metric] = interval([each[metric] for each in results[name].values()])
            both = sorted(results[name].keys() & results.get(row.before, {}).keys())
            if both:
                figures[f"{metric}_against_{row.before}"] = interval(
                    [results[name][seed][metric] - results[row.before][seed][metric] for seed in both]
                )
        rows[name] = figures
    table = {"scale": json.loads((out / "scale.json").read_text("utf-8")), "rows": rows}
    (out / "table.json").write_bytes(encode_document(table))
    (out / "table.md").write_text(_markdown(rows), "utf-8")
    if rows:
        panels = {metric: [Interval(each["name"], *each[metric]) for each in rows.values()] for metric in METRICS}
        draw_intervals(panels, out / "figure.png")
    return table


def _results(out: Path, name: str) -> dict[int, dict[str, float]]:
    """Metrics by seed."""
    found = {}
    for path in sorted((out / "results").glob(f"{name}_[0-9]*.json")):
        found[int(path.stem.rpartition("_")[2])] = dict(json.loads(path.read_text("utf-8"))["metrics"])
    return found


def _markdown(rows: dict[str, Any]) -> str:
    """The table, with what differs from the row before and whether chance may explain it."""
    lines = ["| row | seeds | alpha soft IoU | RGB L1 | foreground RGB L1 | against |", "|---|---|---|---|---|---|"]
    for name, figures in rows.items():
        cells = [f"{figures[metric][0]:.4f} ({figures[metric][1]:.4f} to {figures[metric][2]:.4f})" for metric in METRICS]
        lines.append(f"| {figures['name']} | {figures['seeds']} | {' | '.join(cells)} | {_verdict(figures, ROWS[name].before)} |")
    return "\n".join(lines) + "\n"


def _verdict(figures: dict[str, Any], before: str) -> str:
    """Differences from the row before, in words."""
    words = []
    for metric in METRICS:
        key = f"{metric}_against_{before}"
        if key not in figures:
            continue
        mean, low, high = figures[key]
        if figures["seeds"] < 2 or low <= 0 <= high:
            kind = "undecided"
        else:
            kind = "better" if (mean > 0) == (metric in MORE_IS_BETTER) else "worse"
        words.append(f"{metric} {mean:+.4f}, {kind}")
    return f"{ROWS[before].name}: {'; '.join(words)}" if words else ""


def main(
    out: Annotated[Path, typer.Argument(help="A new folder, or one that the same command began.")],
    side: Annotated[int, typer.Option(help="Of the scenes, in pixels; a multiple of 16.")] = 64,
    train_scenes: Annotated[int, typer.Option(help="Scenes to train with.")] = 512,
    test_scenes: Annotated[int, typer.Option(help="Scenes to measure with.")] = 64,
    vae_steps: Annotated[int, typer.Option(help="Steps of the VAE that all rows share.")] = 3000,
    steps: Annotated[int, typer.Option(help="Steps of each transformer.")] = 6000,
    batch_size: Annotated[int, typer.Option(help="Scenes per step.")] = 16,
    num_layers: Annotated[int, typer.Option(help="Of each transformer.")] = 6,
    seeds: Annotated[int, typer.Option(help="Trainings per row.")] = 3,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    table_only: Annotated[bool, typer.Option("--table", help="Only write the table of what is there.")] = False,
) -> None:
    """Train the five rows of the paper's table 4 from scratch, and write what came out."""
    with errors_for_people():
        scale = Scale(side, train_scenes, test_scenes, vae_steps, steps, batch_size, num_layers, seeds=seeds)
        if table_only:
            write_table(out)
        else:
            run(out, scale, device=device, say=typer.echo)
    typer.echo((out / "table.md").read_text("utf-8"))


if __name__ == "__main__":
    typer.run(main)
