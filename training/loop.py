"""The one training loop, on accelerate: a job and its objective in, checkpoints and a log out.

Killed at any moment, the same command goes on to the same losses: which samples a step sees and what chance does in it follow from seed and
step alone (`training.order`), and a checkpoint holds everything else, the weights, their average and the optimiser's state. Work after the
last checkpoint is done again, and the log is rewound to it.

Nothing in a step waits for a GPU: batches are made and copied ahead (`training.loading`), and losses are read when they have arrived
(`training.readings`). What was not looked at yet is looked at before anything is saved.
"""

import math
import os
import resource
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from training.checkpoints import (
    Checkpoint,
    list_checkpoints,
    load_checkpoint,
    prune,
    restore_optimizer,
    save_checkpoint,
)
from training.errors import JobError, TrainingStopped
from training.job import Job
from training.loading import BatchLoader
from training.objectives import Objective, create_objective
from training.order import DataOrder, generator_for, torch_seed
from training.publishing import export_best, find_best
from training.readings import Readings
from training.run_folder import RunLog, hold, open_run
from training.schedule import WeightAverage, parameter_groups, rate_at
from training.stopping import Stop, stop_signals


@dataclass(frozen=True)
class Outcome:
    """How a call of `train` ended.

    Attributes:
        step: steps done by now.
        finished: False where it was asked to stop before its last step.
        best_step, best: the best evaluation so far.
    """

    step: int
    finished: bool
    best_step: int | None
    best: float | None


def train(job: Job, folder: Path) -> Outcome:
    """Begin the run in ``folder``, or go on with it.

    SIGTERM and SIGINT end it gently: after the current step, with a checkpoint.

    Raises:
        JobError: the job cannot run here.
        RunError: the folder cannot be used; `CheckpointError` where its newest checkpoint is damaged.
        TrainingStopped: the loss is no number any more.
        LiwiError: the dataset is missing or damaged, or the disk is full.
    """
    accelerator = _accelerator(job)
    objective = create_objective(job)
    with hold(folder) if accelerator.is_main_process else nullcontext():
        if accelerator.is_main_process:
            open_run(folder, job)
        accelerator.wait_for_everyone()
        return _Run(job, folder, objective, accelerator).go()


class _Run:
    """The state of a run between its steps."""

    def __init__(self, job: Job, folder: Path, objective: Objective, accelerator: Accelerator) -> None:
        self.job, self.folder, self.objective, self.accelerator = job, folder, objective, accelerator
        self.metric = job.evaluate.metric or objective.metric
        self.sign = -1.0 if self.metric in objective.lower_is_better else 1.0
        self.order = DataOrder(objective.num_samples, job.schedule.seed)
        self.log = RunLog(folder)
        self.step = 0
        self.best_step: int | None = None
        self.best: float | None = None
        self.readings: Readings[_Step] = Readings(accelerator.device)
        self.told_to_stop, self.began = False, time.monotonic()
        found = self._resume_from()
        torch.manual_seed(job.schedule.seed)
        network = objective.build()
        if found is not None:
            network.load_state_dict(found.model)
        if job.schedule.channels_last:
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        groups = parameter_groups(network.named_parameters(), job.optimizer.weight_decay)
        fused = True if accelerator.device.type == "cuda" else None
        adam = torch.optim.AdamW(groups, lr=job.optimizer.learning_rate, betas=_pair(job.optimizer.betas), fused=fused)
        self.network, self.optimizer = accelerator.prepare(network, adam)
        self.bare: nn.Module = accelerator.unwrap_model(self.network)
        self.average = WeightAverage(self.bare, job.optimizer.average) if job.optimizer.average else None
        if found is not None:
            restore_optimizer(self.optimizer, found.optimizer)
            if self.average is not None:
                self.average.load(found.average)

    def go(self) -> Outcome:
        """All steps that are left."""
        job, steps, saved = self.job, self.job.schedule.steps, self.step
        self.network.train()
        with stop_signals() as stop, self._batches() as batches:
            self.began = time.monotonic()
            alone = self.accelerator.num_processes == 1
            while self.step < steps and not (stop.asked if alone else self.told_to_stop):  # several end after the same step
                self._update(batches, stop)
                self.step += 1
                measured = self.step % job.evaluate.every == 0 or self.step == steps
                saving = measured or self.step % job.checkpoints.every == 0
                self._look(everything=saving)
                metrics = self._evaluate() if measured else {}
                if saving:
                    self._save(metrics)
                    saved = self.step
                    self.began = time.monotonic()
            if saved != self.step:
                self._look(everything=True)
                self._save({})
        if self.step == steps:
            self._export()
        self._write("done" if self.step == steps else "stopped", {"reason": "all steps done" if self.step == steps else "asked to stop"})
        return Outcome(self.step, self.step == steps, self.best_step, self.best)

    def _batches(self) -> BatchLoader:
        """The batches of all passes that are left."""
        schedule = self.job.schedule
        first, last = self.step * schedule.accumulate, schedule.steps * schedule.accumulate
        return BatchLoader(self._make, first, last, threads=schedule.loaders, pinned=self.accelerator.device.type == "cuda")

    def _make(self, number: int) -> dict[str, Tensor]:
        """The batch of pass ``number``, counted from the first of the run."""
        schedule = self.job.schedule
        step, place = divmod(number, schedule.accumulate)
        part = self._part(place)
        first = (step * schedule.accumulate * self.accelerator.num_processes + part) * schedule.batch_size
        return self.objective.batch(self.order.take(first, schedule.batch_size), generator_for(schedule.seed, step, part))

    def _part(self, place: int) -> int:
        """Number of this process's pass ``place`` among all passes of a step, over processes."""
        return place * self.accelerator.num_processes + self.accelerator.process_index

    def _update(self, batches: BatchLoader, stop: Stop) -> None:
        """One update of the weights; the mean of each loss over its passes and the gradient's norm are sent on their way."""
        job, accelerator = self.job, self.accelerator
        rate = rate_at(self.step, job.schedule) * job.optimizer.learning_rate
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        sums: dict[str, Tensor] = {}
        waited = 0.0
        for place in range(job.schedule.accumulate):
            before = time.monotonic()
            batch = batches.take()
            waited += time.monotonic() - before
            last = place + 1 == job.schedule.accumulate
            with nullcontext() if last else accelerator.no_sync(self.network):
                losses = self._pass(batch, place)
                accelerator.backward(losses["loss"] / job.schedule.accumulate)
            for name, value in losses.items():
                share = value.detach().float() / job.schedule.accumulate
                sums[name] = sums[name] + share if name in sums else share
        norm = accelerator.clip_grad_norm_(self.network.parameters(), job.optimizer.clip or math.inf)
        self.optimizer.step()
        if self.average is not None:
            self.average.update(self.step)
        asked = torch.full((), float(stop.asked), device=accelerator.device)
        numbers = accelerator.reduce(torch.stack([*sums.values(), norm, asked]), "mean")
        self.readings.put(numbers, _Step(self.step + 1, (*sums, "gradient_norm"), rate, waited))

    def _pass(self, batch: dict[str, Tensor], place: int) -> dict[str, Tensor]:
        """Losses of one pass."""
        schedule, device = self.job.schedule, self.accelerator.device
        moved = {name: value.to(device, non_blocking=True) for name, value in batch.items()}
        torch.manual_seed(torch_seed(schedule.seed, self.step, self._part(place)))
        return self.objective.loss(self.network, moved)

    def _look(self, *, everything: bool) -> None:
        """Read what has arrived of the last steps, and write it down; stop where it is no number."""
        for numbers, step in self.readings.take(everything=everything):
            *values, asked = numbers
            self.told_to_stop |= asked > 0
            found = dict(zip(step.names, values, strict=True))
            for name, what in (("loss", "loss"), ("gradient_norm", "gradient")):
                if not math.isfinite(found[name]):
                    self._give_up(step.number, f"the {what} of step {step.number} is {found[name]}")
            now = time.monotonic()
            clock = {"seconds": now - self.began, "data_seconds": step.waited, "memory_mib": _memory(self.accelerator.device)}
            self.began = now
            self._write("step", {**found, "rate": step.rate, **clock}, step.number)

    def _evaluate(self) -> dict[str, float]:
        """Metrics of the averaged weights, and whether they are the best so far."""
        if not self.accelerator.is_main_process:
            return {}
        started = time.monotonic()
        model = self._averaged()
        with self.accelerator.autocast():
            metrics = self.objective.evaluate(model.eval())
        if self.metric not in metrics:
            raise JobError(f"The key 'evaluate.metric' is {self.metric!r}; this objective measures {', '.join(metrics)}.")
        if self.best is None or self.sign * metrics[self.metric] > self.sign * self.best:
            self.best_step, self.best = self.step, metrics[self.metric]
        self._write("evaluation", {**metrics, "best_step": self.best_step, "seconds": time.monotonic() - started})
        return metrics

    def _averaged(self) -> nn.Module:
        """A copy of the network with the averaged weights, or as it is where there is no average."""
        model = self.objective.build().to(self.accelerator.device)
        model.load_state_dict(self.bare.state_dict() if self.average is None else self.average.values)
        return model

    def _save(self, metrics: dict[str, float]) -> None:
        if self.accelerator.is_main_process:
            average = {} if self.average is None else self.average.values
            optimizer = getattr(self.optimizer, "optimizer", self.optimizer)
            save_checkpoint(self.folder, self.step, self.bare, average, optimizer, metrics)
            prune(self.folder, self.job.checkpoints.keep_last, self.best_step)
        self.accelerator.wait_for_everyone()

    def _export(self) -> None:
        """Hand what the best checkpoint holds to the objective."""
        if self.accelerator.is_main_process:
            export_best(self.folder, self.job, self.objective)

    def _resume_from(self) -> Checkpoint | None:
        """The newest checkpoint, and what is known of the best one; the log forgets what came after."""
        folders = list_checkpoints(self.folder)
        found = load_checkpoint(folders[-1]) if folders else None
        self.step = 0 if found is None else found.step
        best = find_best(self.folder, self.metric, less_is_better=self.sign < 0)
        if best is not None:
            self.best_step, self.best = best.step, best.metrics[self.metric]
        if self.accelerator.is_main_process:
            self.log.rewind(self.step)
        return found

    def _write(self, event: str, values: dict[str, Any], step: int | None = None) -> None:
        if self.accelerator.is_main_process:
            self.log.write(event, {"step": self.step if step is None else step, **values})

    def _give_up(self, step: int, reason: str) -> None:
        self._write("stopped", {"reason": reason}, step - 1)
        saved = list_checkpoints(self.folder)
        intact = f"The checkpoint {saved[-1].name} is intact." if saved else "There was no checkpoint yet."
        raise TrainingStopped(f"Training stopped: {reason}. {intact} Try a lower optimizer.learning_rate, in a new run.")


def _accelerator(job: Job) -> Accelerator:
    schedule = job.schedule
    if schedule.device == "cuda" and not torch.cuda.is_available():
        raise JobError('The key \'schedule.device\' is "cuda", and this computer has no GPU that PyTorch can use. Set it to "auto".')
    if schedule.threads:
        torch.set_num_threads(schedule.threads)
    cpu = schedule.device == "cpu" or not torch.cuda.is_available()
    has_bf16 = torch.backends.cpu.get_cpu_capability().startswith("AVX512") if cpu else torch.cuda.is_bf16_supported()
    precision = ("bf16" if has_bf16 else "no") if schedule.precision == "auto" else schedule.precision
    if not cpu:
        torch.set_float32_matmul_precision("highest" if schedule.precision == "no" else "high")
        torch.backends.cudnn.allow_tf32 = schedule.precision != "no"
    if schedule.deterministic and not cpu:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return Accelerator(cpu=cpu, mixed_precision=precision)


def _pair(values: tuple[float, ...]) -> tuple[float, float]:
    return values[0], values[1]


def _memory(device: torch.device) -> int:
    """Most memory that was in use so far, in MiB: of the GPU, or of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) // 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**10


@dataclass(frozen=True)
class _Step:
    """What is known of a step before its numbers arrive: its number from 1, their names, the rate, seconds of waiting for batches."""

    number: int
    names: tuple[str, ...]
    rate: float
    waited: float
