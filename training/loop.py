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
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import InitProcessGroupKwargs
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from liwi.heap import kept_heap
from training.batches import BatchOrder
from training.checkpoints import list_checkpoints, load_checkpoint, prune, save_checkpoint
from training.errors import JobError, TrainingStopped
from training.job import Job
from training.learner import create_learner
from training.loading import BatchLoader
from training.objectives import HasBuckets, HasRemarks, Objective, ShowsPictures, create_objective
from training.order import generator_for, torch_seed
from training.publishing import export_best, find_best
from training.readings import Readings
from training.recording import Recorder
from training.run_folder import hold, open_run
from training.schedule import rate_at
from training.sharding import whole
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


@kept_heap()
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
        buckets = objective.buckets if isinstance(objective, HasBuckets) else np.zeros(objective.num_samples, np.int64)
        self.order = BatchOrder(buckets, job.schedule.batch_size, job.schedule.seed)
        self.readings: Readings[_Step] = Readings(accelerator.device)
        self.told_to_stop, self.began = False, time.monotonic()
        folders = list_checkpoints(folder)
        found = load_checkpoint(folders[-1]) if folders else None
        self.step = 0 if found is None else found.step
        best = find_best(folder, self.metric, less_is_better=self.sign < 0)
        self.best_step = None if best is None else best.step
        self.best = None if best is None else best.metrics[self.metric]
        self.main: bool = accelerator.is_main_process
        torch.manual_seed(job.schedule.seed)
        self.learner = create_learner(job, objective.build(), accelerator, found)
        self.recorder = Recorder(folder, self.step, tensorboard=job.record.tensorboard) if self.main else None

    def go(self) -> Outcome:
        """All steps that are left."""
        job, steps, saved = self.job, self.job.schedule.steps, self.step
        with stop_signals() as stop, self._batches() as batches, nullcontext() if self.recorder is None else closing(self.recorder):
            if self.step == 0 and isinstance(self.objective, HasRemarks):
                for remark in self.objective.remarks:
                    self._write("remark", {"reason": remark})
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
        indices = self.order.take(step * schedule.accumulate * self.accelerator.num_processes + part)
        return self.objective.batch(indices, generator_for(schedule.seed, step, part))

    def _part(self, place: int) -> int:
        """Number of this process's pass ``place`` among all passes of a step, over processes."""
        return place * self.accelerator.num_processes + self.accelerator.process_index

    def _update(self, batches: BatchLoader, stop: Stop) -> None:
        """One update of the weights; the mean of each loss over its passes and the gradient's norm are sent on their way."""
        job, accelerator, learner = self.job, self.accelerator, self.learner
        rate = rate_at(self.step, job.schedule) * job.optimizer.learning_rate
        for group in learner.optimizer.param_groups:
            group["lr"] = rate
        learner.optimizer.zero_grad(set_to_none=True)
        sums: dict[str, Tensor] = {}
        waited = 0.0
        for place in range(job.schedule.accumulate):
            before = time.monotonic()
            batch = batches.take()
            waited += time.monotonic() - before
            exchanging = learner.divided or place + 1 == job.schedule.accumulate  # divided gradients are kept divided
            with nullcontext() if exchanging else accelerator.no_sync(learner.network):
                losses = self._pass(batch, place)
                (losses["loss"] / job.schedule.accumulate).backward()  # type: ignore[no-untyped-call]
            for name, value in losses.items():
                share = value.detach().float() / job.schedule.accumulate
                sums[name] = sums[name] + share if name in sums else share
        norm = whole(clip_grad_norm_(learner.bare.parameters(), job.optimizer.clip or math.inf)).float()
        learner.optimizer.step()
        if learner.average is not None:
            learner.average.update(self.step)
        asked = torch.full((), float(stop.asked), device=accelerator.device)
        numbers = accelerator.reduce(torch.stack([*sums.values(), norm, asked]), "mean")
        self.readings.put(numbers, _Step(self.step + 1, (*sums, "gradient_norm"), rate, waited))

    def _pass(self, batch: dict[str, Tensor], place: int) -> dict[str, Tensor]:
        """Losses of one pass."""
        schedule, device = self.job.schedule, self.accelerator.device
        moved = {name: value.to(device, non_blocking=True) for name, value in batch.items()}
        _seed(device, torch_seed(schedule.seed, self.step, self._part(place)))
        return self.objective.loss(self.learner.network, moved)

    def _look(self, *, everything: bool) -> None:
        """Read what has arrived of the last steps, and write it down; stop where it is no number."""
        for numbers, step in self.readings.take(everything=everything):
            *values, asked = numbers
            self.told_to_stop |= asked > 0
            found = dict(zip(step.names, values, strict=True))
            for name, value in found.items():
                if not math.isfinite(value):
                    self._give_up(step.number - 1, f"the {name.replace('_', ' ')} of step {step.number} is {value}")
            now = time.monotonic()
            clock = {"seconds": now - self.began, "data_seconds": step.waited, "memory_mib": _memory(self.accelerator.device)}
            self.began = now
            self._write("step", {**found, "rate": step.rate, **clock}, step.number)

    def _evaluate(self) -> dict[str, float]:
        """Metrics of the averaged weights, and whether they are the best so far; the other processes only give their shares."""
        started = time.monotonic()
        with self.learner.averaged(self.objective.build, self.accelerator.device, keep=self.main) as model, self.accelerator.autocast():
            if model is None or self.recorder is None:
                return {}
            metrics = self.objective.evaluate(model)
            shows = self.job.record.pictures and isinstance(self.objective, ShowsPictures)
            pictures = cast(ShowsPictures, self.objective).pictures(model) if shows else {}
        if self.metric not in metrics:
            raise JobError(f"The key 'evaluate.metric' is {self.metric!r}; this objective measures {', '.join(metrics)}.")
        for name, value in metrics.items():
            if not math.isfinite(value):
                self._give_up(self.step, f"the metric {name!r} at step {self.step} is {value}")
        if self.best is None or self.sign * metrics[self.metric] > self.sign * self.best:
            self.best_step, self.best = self.step, metrics[self.metric]
        if pictures:
            self.recorder.show(self.step, pictures)
        self._write("evaluation", {**metrics, "best_step": self.best_step, "seconds": time.monotonic() - started})
        return metrics

    def _save(self, metrics: dict[str, float]) -> None:
        learned = self.learner.learned(keep=self.main)
        if self.main:
            save_checkpoint(self.folder, self.step, learned, metrics)
            prune(self.folder, self.job.checkpoints.keep_last, self.best_step)
        self.accelerator.wait_for_everyone()

    def _export(self) -> None:
        """Hand what the best checkpoint holds to the objective."""
        if self.main:
            export_best(self.folder, self.job, self.objective)

    def _write(self, event: str, values: dict[str, Any], step: int | None = None) -> None:
        if self.recorder is not None:
            self.recorder.write(event, {"step": self.step if step is None else step, **values})

    def _give_up(self, step: int, reason: str) -> None:
        self._write("stopped", {"reason": reason}, step)
        saved = list_checkpoints(self.folder)
        intact = f"The checkpoint {saved[-1].name} is intact." if saved else "There was no checkpoint yet."
        raise TrainingStopped(f"Training stopped: {reason}. {intact} Try a lower optimizer.learning_rate, in a new run.")


def _accelerator(job: Job) -> Accelerator:
    schedule = job.schedule
    if schedule.device == "cuda" and not torch.cuda.is_available():
        raise JobError('The key \'schedule.device\' is "cuda", and this computer has no GPU that PyTorch can use. Set it to "auto".')
    for way in ("FSDP", "DEEPSPEED"):
        if os.environ.get(f"ACCELERATE_USE_{way}", "false").lower() == "true":
            raise JobError(
                f"accelerate was started with {way}. Networks are divided by the job: start it with training/jobs/accelerate/gpus.yaml and "
                'set the key \'memory.shard\' to "gradients" (as ZeRO 2) or "weights" (as ZeRO 3 or FSDP).'
            )
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
    if not torch.distributed.is_initialized():  # accelerate remembers device and precision of an earlier run in this process
        AcceleratorState._reset_state(reset_partial_state=True)
    patient = InitProcessGroupKwargs(timeout=timedelta(hours=6))  # while the first process measures, the others wait
    return Accelerator(cpu=cpu, mixed_precision=precision, kwargs_handlers=[patient])


def _seed(device: torch.device, seed: int) -> None:
    """As `torch.manual_seed`, which takes longer than a small step: it looks for every kind of device."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)


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
