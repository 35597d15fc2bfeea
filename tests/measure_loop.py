"""Whether corrected labels make better labels: `python -m tests.measure_loop OUT [--seeds 0 1 2] [--models 50] [--steps 400]`.

For each seed, in a workbench of its own, with characters whose ArtMeshes, parts and parameters are only numbered:

1. A scripted annotator labels ten characters; a compact part network learns from their export and is promoted.
2. It guesses the labels of fifty more; the annotator puts right what is wrong, which is counted. All sixty are exported, training goes on
   from the promoted checkpoint, and what it makes is promoted. As a control, training goes on for as many steps on the first ten alone.
3. Eight characters that nobody has labelled stand in another project: their guesses are counted before and after ("Guess again"), and
   the mean IoU of their part pictures is measured for the three networks.

Everything is kept in OUT: the same command goes on where it stopped. `report.json` and `report.md` are written after every stage.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from annotator.guessing import guess_again, models_to_guess
from data_tools.character_dataset import Split
from data_tools.parts.commands import make
from data_tools.parts.dataset import read_pictures
from liwi.experts.part_checkpoint import load
from tests.label_loop import (
    ANNOTATOR,
    Guessed,
    Truth,
    bring_in,
    correct,
    draw_for,
    draw_models,
    hand_over,
    job_on,
    look,
    open_workbench,
    train_and_promote,
)
from training.loop import train
from training.part_measuring import measure_parts

FIRST, NEW = {Split.TRAIN: 9, Split.VALIDATION: 1}, "new characters"
HELD_OUT = range(800_000, 800_008)
LABELLED = "labelled characters"
MEASURED_SIDE = 192
"""Of the pictures that IoU is measured on, in pixels: as in use, the network sees the whole, then the head."""

JOB: dict[str, Any] = {
    "model": {"kind": "compact", "widths": [32, 64], "blocks": [1, 1], "attentions": [0, 1], "details": 8, "side": 64},
    "data": {"entropy": 10.0, "exclusive": 1.0, "behind": 0.0},
    "optimizer": {"learning_rate": 3e-3, "average": 0.99},
    "schedule": {"batch_size": 8, "warm_up": 20, "device": "cpu", "threads": 1, "precision": "no", "loaders": 0},
    "checkpoints": {"every": 100},
    "record": {"pictures": False},
}


class Stages:
    """What was done for a seed, on disk: a stage that is there is not done again."""

    def __init__(self, path: Path, on_stage: Callable[[], None]) -> None:
        self._path, self._on_stage = path, on_stage
        self.done: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}

    def run(self, name: str, work: Callable[[], Any]) -> Any:
        """What a stage gave, now or before."""
        if name not in self.done:
            started = time.monotonic()
            self.done[name] = work()
            self.done.setdefault("seconds", {})[name] = round(time.monotonic() - started, 1)
            self._path.write_text(json.dumps(self.done, indent=1))
            print(f"{self._path.parent.name}: {name} {self.done[name]} in {self.done['seconds'][name]} s", flush=True)
            self._on_stage()
        return self.done[name]


def measure_seed(
    out: Path, seed: int, models: int, first_steps: int, steps: int, on_stage: Callable[[], None], *, with_control: bool
) -> None:
    """All stages of one seed; the control, which takes as long as the training, comes when it is asked for."""
    folder = out / f"seed_{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    stages = Stages(folder / "stages.json", on_stage)
    base = 600_000 + 1000 * seed
    first, truth = draw_for(out / "characters", count(base), FIRST)
    more, truth_of_more = draw_models(out / "characters", range(base + 500, base + 500 + models))
    new, truth_of_new = draw_models(out / "new_characters", HELD_OUT)
    make(out / "new_pictures", [], 0, labelled=[(out / "new_characters", None)], heads=1, side=MEASURED_SIDE)

    def learn(name: str, start: str | None, steps: int) -> str:
        dataset, run = folder / f"export_{name}", folder / f"run_{name}"
        if not dataset.is_dir():
            hand_over(workbench, LABELLED, dataset)
        return train_and_promote(workbench, dataset, folder / f"pictures_{name}", run, _job(seed, steps), start=start)

    def look_at_new() -> dict[str, Any]:
        bring_in(workbench, NEW, new)
        return _counts(look(workbench, NEW, truth_of_new))

    def look_again() -> dict[str, Any]:
        found = models_to_guess(workbench.database, ANNOTATOR, NEW)
        assert not guess_again(workbench.database, workbench.stores, ANNOTATOR, found, workbench.registry).problems
        return _counts(look(workbench, NEW, truth_of_new))

    def control() -> dict[str, float]:
        start = workbench.registry.folder(stages.done["learn from the first"])
        train(job_on(folder / "pictures_first", _job(seed, steps), start), folder / "run_control")
        return _iou(out, folder / "run_control")

    def label(paths: Sequence[Path], known: Truth) -> dict[str, Any]:
        bring_in(workbench, LABELLED, paths)
        return _counts(correct(workbench, LABELLED, known))

    with open_workbench(folder) as workbench:
        stages.run("label the first", lambda: label(first, truth))
        begun = stages.run("learn from the first", lambda: learn("first", None, first_steps))
        stages.run("IoU before", lambda: _iou(out, folder / "run_first"))
        stages.run("guesses before", look_at_new)
        stages.run("correct more", lambda: label(more, truth_of_more))
        stages.run("learn from all", lambda: learn("all", begun, steps))
        stages.run("IoU after", lambda: _iou(out, folder / "run_all"))
        stages.run("guesses after", look_again)
        if with_control:
            stages.run("IoU of the control", control)


def _job(seed: int, steps: int) -> dict[str, Any]:
    return {**JOB, "schedule": {**JOB["schedule"], "steps": steps, "seed": seed}, "evaluate": {"every": steps // 2}}


def _counts(guessed: Guessed) -> dict[str, Any]:
    return {"fragments": guessed.num, "right": round(guessed.share_right, 4), "corrected": guessed.num_corrected}


def _iou(out: Path, run: Path) -> dict[str, float]:
    """Of a run's best network, as it would serve, on the pictures of the new characters."""
    found = measure_parts(load(run / "export"), read_pictures(out / "new_pictures", None, decoded=False))
    return {name: round(value, 4) for name, value in found.items() if name in ("mean_iou", "figure_iou", "head_iou")}


def report(out: Path, seeds: Sequence[int]) -> None:
    """Write what is known by now as `report.json` and `report.md`."""
    found = {seed: json.loads(path.read_text()) for seed in seeds if (path := out / f"seed_{seed}" / "stages.json").is_file()}
    (out / "report.json").write_text(json.dumps({"job": JOB, "seeds": found}, indent=1))
    columns: dict[str, Callable[[dict[str, Any]], float]] = {
        "corrections among fragments of the models": lambda done: done["correct more"]["corrected"],
        "their guesses right": lambda done: done["correct more"]["right"],
        "mean IoU before": lambda done: done["IoU before"]["mean_iou"],
        "after": lambda done: done["IoU after"]["mean_iou"],
        "control": lambda done: done["IoU of the control"]["mean_iou"],
        "new guesses right before": lambda done: done["guesses before"]["right"],
        "right after": lambda done: done["guesses after"]["right"],
        "to be corrected before": lambda done: done["guesses before"]["corrected"],
        "to be corrected after": lambda done: done["guesses after"]["corrected"],
    }
    lines = ["| seed | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    rows: dict[str, list[float]] = {name: [] for name in columns}
    for seed, done in found.items():
        cells = []
        for name, value in columns.items():
            try:
                rows[name].append(value(done))
                cells.append(f"{rows[name][-1]:g}")
            except KeyError:  # not measured yet
                cells.append("")
        lines.append(f"| {seed} | " + " | ".join(cells) + " |")
    lines.append("| mean | " + " | ".join(f"{sum(row) / len(row):.4g}" if row else "" for row in rows.values()) + " |")
    (out / "report.md").write_text("\n".join(lines) + "\n")


def main() -> None:
    """Measure, or go on measuring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--models", type=int, default=50, help="how many are corrected")
    parser.add_argument("--first-steps", type=int, default=300, help="of the checkpoint that the loop begins with")
    parser.add_argument("--steps", type=int, default=400, help="of the further training")
    wanted = parser.parse_args()
    for with_control in (False, True):
        for seed in wanted.seeds:
            told = partial(report, wanted.out, wanted.seeds)
            measure_seed(wanted.out, seed, wanted.models, wanted.first_steps, wanted.steps, told, with_control=with_control)
    print((wanted.out / "report.md").read_text())


if __name__ == "__main__":
    main()
