"""The one training loop, on accelerate: a job and its objective in, checkpoints and a log out.

Killed at any moment, the same command goes on to the same losses: which samples a step sees and what chance does in it follow from seed and
step alone (`training.order`), and a checkpoint holds everything else, the weights, their average and the optimiser's state. Work after the
last checkpoint is done again, and the log is rewound to it.
"""

import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
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
from training.objectives import Objective, create_objective
from training.order import DataOrder, generator_for, torch_seed
from training.publishing import export_best, find_best
from training.run_folder import RunLog, hold, open_run
from training.schedule import WeightAverage, parameter_groups, rate_at


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
        found = self._resume_from()
        torch.manual_seed(job.schedule.seed)
        network = objective.build()
        if found is not None:
            network.load_state_dict(found.model)
        groups = parameter_groups(network.named_parameters(), job.optimizer.weight_decay)
        adam = torch.optim.AdamW(groups, lr=job.optimizer.learning_rate, betas=_pair(job.optimizer.betas))
        self.network, self.optimizer = accelerator.prepare(network, adam)
        self.average = WeightAverage(self.bare, job.optimizer.average) if job.optimizer.average else None
        if found is not None:
            restore_optimizer(self.optimizer, found.optimizer)
            if self.average is not None:
                self.average.load(found.average)

    @property
    def bare(self) -> nn.Module:
        """The network as its objective built it."""
        unwrapped: nn.Module = self.accelerator.unwrap_model(self.network)
        return unwrapped

    def go(self) -> Outcome:
        """All steps that are left."""
        job, steps, saved = self.job, self.job.schedule.steps, self.step
        with _stop_signals() as stop:
            while self.step < steps and not self._asked(stop):
                started = time.monotonic()
                losses, norm, rate = self._update()
                self.step += 1
                self._write("step", {**losses, "gradient_norm": norm, "rate": rate, "seconds": time.monotonic() - started})
                measured = self.step % job.evaluate.every == 0 or self.step == steps
                metrics = self._evaluate() if measured else {}
                if measured or self.step % job.checkpoints.every == 0:
                    self._save(metrics)
                    saved = self.step
            if saved != self.step:
                self._save({})
        if self.step == steps:
            self._export()
        self._write("done" if self.step == steps else "stopped", {"reason": "all steps done" if self.step == steps else "asked to stop"})
        return Outcome(self.step, self.step == steps, self.best_step, self.best)

    def _asked(self, stop: "_Stop") -> bool:
        """Whether any process was asked to stop; all end after the same step."""
        if self.accelerator.num_processes == 1:
            return stop.asked
        return float(self.accelerator.reduce(torch.tensor(float(stop.asked), device=self.accelerator.device), "sum")) > 0

    def _update(self) -> tuple[dict[str, float], float, float]:
        """One update of the weights; the mean of each loss over its passes, the gradient's norm, and the learning rate."""
        job, accelerator = self.job, self.accelerator
        rate = rate_at(self.step, job.schedule) * job.optimizer.learning_rate
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.network.train()
        self.optimizer.zero_grad(set_to_none=True)
        sums: dict[str, float] = {}
        for number in range(job.schedule.accumulate):
            last = number + 1 == job.schedule.accumulate
            with nullcontext() if last else accelerator.no_sync(self.network):
                losses = self._pass(number)
                accelerator.backward(losses["loss"] / job.schedule.accumulate)
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + float(accelerator.reduce(value.detach(), "mean")) / job.schedule.accumulate
        if not math.isfinite(sums["loss"]):
            self._give_up(f"the loss of step {self.step + 1} is {sums['loss']}")
        limit = job.optimizer.clip or math.inf
        norm = float(accelerator.clip_grad_norm_(self.network.parameters(), limit))
        if not math.isfinite(norm):
            self._give_up(f"the gradient of step {self.step + 1} is {norm}")
        self.optimizer.step()
        if self.average is not None:
            self.average.update(self.bare, self.step)
        return sums, norm, rate

    def _pass(self, number: int) -> dict[str, Tensor]:
        """Loss of one pass; part ``part`` of all that the step consists of, over processes and passes."""
        schedule, accelerator = self.job.schedule, self.accelerator
        parts = schedule.accumulate * accelerator.num_processes
        part = number * accelerator.num_processes + accelerator.process_index
        indices = self.order.take((self.step * parts + part) * schedule.batch_size, schedule.batch_size)
        batch = self.objective.batch(indices, generator_for(schedule.seed, self.step, part))
        torch.manual_seed(torch_seed(schedule.seed, self.step, part))
        return self.objective.loss(self.network, {name: value.to(accelerator.device) for name, value in batch.items()})

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

    def _write(self, event: str, values: dict[str, Any]) -> None:
        if self.accelerator.is_main_process:
            self.log.write(event, {"step": self.step, **values})

    def _give_up(self, reason: str) -> None:
        self._write("stopped", {"reason": reason})
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
    return Accelerator(cpu=cpu, mixed_precision=precision)


def _pair(values: tuple[float, ...]) -> tuple[float, float]:
    return values[0], values[1]


class _Stop:
    """Whether somebody asked to stop."""

    asked = False


@contextmanager
def _stop_signals() -> Iterator[_Stop]:
    """Turn SIGTERM and SIGINT into a request, as far as this thread may."""
    stop = _Stop()

    def ask(number: int, frame: object) -> None:  # noqa: ARG001 (the signature of signal handlers)
        stop.asked = True

    before = {}
    for each in (signal.SIGTERM, signal.SIGINT):
        try:
            before[each] = signal.signal(each, ask)
        except ValueError:  # not the main thread: whoever runs this there stops it otherwise
            break
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
