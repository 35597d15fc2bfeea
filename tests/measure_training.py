"""How training stands up to being killed, and what the loop costs beside the network itself.

python -m tests.measure_training kills    [--runs 10] [--seed 0]
python -m tests.measure_training overhead [--turns 24]
"""

import argparse
import multiprocessing
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from tests.unit.training.tiny import make_samples, tiny_job
from training.job import Job, encode_job, parse_job, read_job
from training.run_folder import read_log

CLOCK = {"seconds", "data_seconds", "memory_mib"}
COMPACT = Path(__file__).parents[1] / "training" / "jobs" / "matting_compact.toml"


def run(job: str, folder: str) -> None:
    """Train as ``python -m training run`` does."""
    from training.job import read_job
    from training.loop import train

    train(read_job(Path(job)), Path(folder))


def result(folder: Path) -> list[Any]:
    """What must be the same, bit for bit: the log without what depends on the clock, and the hashes of the last checkpoint's files."""
    from training.checkpoints import describe_checkpoint, list_checkpoints

    log = [{key: value for key, value in line.items() if key not in CLOCK} for line in read_log(folder)]
    return [log, [describe_checkpoint(path)["sha256"] for path in list_checkpoints(folder)[-1:]]]


def kills(work: Path, num_runs: int, seed: int) -> None:
    """Kill -9 each run at a random moment, twice, let the same command finish it, and compare with a run that nobody killed."""
    chance = random.Random(seed)
    path = work / "job.toml"
    path.write_text(encode_job(tiny_job(make_samples(work / "samples", 16, 6), schedule={"steps": 24, "accumulate": 1})))
    context = multiprocessing.get_context("forkserver")  # a fresh process each time, without importing PyTorch each time
    context.set_forkserver_preload(["training.loop", "training.objectives.matting"])

    def start(folder: Path) -> Any:
        process = context.Process(target=run, args=(str(path), str(folder)))
        process.start()
        return process

    start(work / "warm").join()
    began = time.monotonic()
    start(work / "whole").join()
    whole = time.monotonic() - began
    expected, same, moments = result(work / "whole"), 0, []
    for number in range(num_runs):
        folder = work / f"run_{number}"
        for _ in range(2):
            process = start(folder)
            process.join(chance.uniform(0, whole))
            killed = process.is_alive()
            process.kill()
            process.join()
            steps = max((line["step"] for line in read_log(folder) if line["event"] == "step"), default=0)
            moments.append(f"step {steps}" if killed else "after its end")
        process = start(folder)
        process.join()
        equal = process.exitcode == 0 and result(folder) == expected and not list(folder.rglob("*.partial"))
        same += equal
        print(
            f"run {number}: killed at {moments[-2]}, {moments[-1]}; {'the same losses and weights' if equal else 'OTHER ONES'}", flush=True
        )
        shutil.rmtree(folder)
    print(f"{same} of {num_runs} runs of 24 steps, each killed twice at random moments, came to the same losses and weights, bit for bit")


@dataclass(frozen=True)
class Cost:
    """What a step took: seconds by the clock, seconds of the processor in this thread, seconds of waiting for a batch."""

    wall: float
    processor: float
    waited: float = 0.0


def timed(step: Callable[[], object]) -> Cost:
    """Do a step."""
    wall, processor = time.monotonic(), time.thread_time()
    step()
    return Cost(time.monotonic() - wall, time.thread_time() - processor)


def overhead(work: Path, num_turns: int) -> None:
    """Time steps of the loop and of a bare one in turns, in one process, on the same network and batches."""
    samples = str(make_samples(work / "samples", 64, 4))
    fixed = {"device": "cpu", "threads": 1, "warm_up": 1, "batch_size": 4}
    tiny = tiny_job(Path(samples), schedule={**fixed, "steps": 4 * num_turns, "accumulate": 1})
    model = dict(read_job(COMPACT).model)
    compact = parse_job({"objective": "matting", "dataset": samples, "model": model, "schedule": {**fixed, "steps": num_turns}})
    for name, job in (("the smallest network", tiny), ("that of matting_compact", compact)):
        loop, bare = steps_in_turns(job, work / name)
        walls, processors = (median(getattr(each, part) for each in loop) for part in ("wall", "processor"))
        bare_wall, bare_processor = (median(getattr(each, part) for each in bare) for part in ("wall", "processor"))
        print(
            f"{name}, {len(loop)} steps each: loop {walls * 1e3:.1f} ms, bare loop {bare_wall * 1e3:.1f} ms; of the processor "
            f"{processors * 1e3:.1f} and {bare_processor * 1e3:.1f} ms, ratio {processors / bare_processor:.3f}; "
            f"waiting for batches {median(each.waited for each in loop) * 1e3:.2f} ms, making one {making(job) * 1e3:.1f} ms",
            flush=True,
        )


def steps_in_turns(job: Job, folder: Path) -> tuple[list[Cost], list[Cost]]:
    """Costs of steps of the loop and of a bare one; the first of each do not count."""
    from training.loop import _accelerator, _Run
    from training.objectives import create_objective
    from training.run_folder import hold, open_run
    from training.stopping import Stop

    objective = create_objective(job)
    loop: list[Cost] = []
    bare: list[Cost] = []
    with hold(folder):
        open_run(folder, job)
        run, by_hand = _Run(job, folder, objective, _accelerator(job)), bare_loop(job)

        def step() -> None:
            run._update(batches, Stop())
            run.step += 1
            run._look(everything=False)

        with run._batches() as batches:
            for number in range(job.schedule.steps):
                pair = [(loop, step), (bare, by_hand.__next__)]
                for costs, each in pair if number % 2 else pair[::-1]:
                    costs.append(timed(each))
    waits = [line["data_seconds"] for line in read_log(folder) if line["event"] == "step"]
    return [replace(cost, waited=waited) for cost, waited in zip(loop, waits, strict=True)][3:], bare[3:]


def bare_loop(job: Job) -> Iterator[None]:
    """What one would write by hand: the same network, batches (which lie ready), precision, clipping, AdamW, average; step by step."""
    import torch
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    from training.objectives import create_objective

    objective = create_objective(job)
    batches = [objective.batch(*drawn) for drawn in draws(job, objective.num_samples)]
    torch.manual_seed(job.schedule.seed)
    model = objective.build().train()
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(job.optimizer.average))
    adam = torch.optim.AdamW(model.parameters(), lr=job.optimizer.learning_rate)
    mixed = torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    for batch in batches:
        adam.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            losses = objective.loss(model, batch)
        losses["loss"].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), job.optimizer.clip)
        adam.step()
        average.update_parameters(model)
        losses["loss"].item()
        yield


def making(job: Job) -> float:
    """Median seconds of the processor for making a batch."""
    from training.objectives import create_objective

    objective = create_objective(job)
    return median(timed(partial(objective.batch, *drawn)).processor for drawn in draws(job, objective.num_samples))


def draws(job: Job, num_samples: int) -> list[tuple[Any, Any]]:
    """Indices and chance of every batch of a job."""
    from training.batches import BatchOrder
    from training.order import generator_for

    order = BatchOrder(np.zeros(num_samples, np.int64), job.schedule.batch_size, job.schedule.seed)
    return [(order.take(step), generator_for(job.schedule.seed, step, 0)) for step in range(job.schedule.steps)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    killing = commands.add_parser("kills")
    killing.add_argument("--runs", type=int, default=10)
    killing.add_argument("--seed", type=int, default=0)
    timing = commands.add_parser("overhead")
    timing.add_argument("--turns", type=int, default=24)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        if arguments.command == "kills":
            kills(Path(work), arguments.runs, arguments.seed)
        else:
            overhead(Path(work), arguments.turns)


if __name__ == "__main__":
    main()
