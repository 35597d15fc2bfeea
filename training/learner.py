"""What learns in a run: the network, its optimiser and the average of its weights, on one device or divided among processes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from training.checkpoints import Checkpoint, Learned, flatten_optimizer, restore_optimizer
from training.errors import JobError
from training.job import Job
from training.schedule import WeightAverage, learning, parameter_groups
from training.sharding import gather, shard_network


@dataclass(eq=False)
class Learner:
    """See the module's text.

    Attributes:
        network: to be called and trained.
        bare: the same without what accelerate put around it.
        optimizer: AdamW itself; accelerate would put nothing around it but what half precision (float16) needs.
        average: None where the job keeps none.
        divided: whether every process has only a share.
        kept_frozen: whether weights that do not learn are already in the run folder.
    """

    network: nn.Module
    bare: nn.Module
    optimizer: torch.optim.AdamW
    average: WeightAverage | None
    divided: bool
    kept_frozen: bool

    def learned(self, *, keep: bool) -> Learned:
        """What is to be saved; called by every process, empty where ``keep`` is not set."""
        state, model = self.bare.state_dict(), learning(self.bare)
        average = {} if self.average is None else self.average.values
        frozen = {} if self.kept_frozen else {name: value for name, value in state.items() if name not in model}
        self.kept_frozen = True
        parts: tuple[Mapping[str, Tensor], ...] = (model, average, flatten_optimizer(self.optimizer), frozen)
        return Learned(*(gather(part, keep=keep) for part in parts))

    @contextmanager
    def averaged(self, build: Callable[[], nn.Module], device: torch.device, *, keep: bool) -> Iterator[nn.Module | None]:
        """The network with the averaged weights, or as it is, to be measured; called by every process, None where ``keep`` is not set.

        A network that lies whole on this device lends itself: only what learns is exchanged meanwhile, and nothing is loaded again.
        """
        if self.divided:
            weights = gather(self.bare.state_dict() | ({} if self.average is None else self.average.values), keep=keep)
            whole = None
            if keep:
                whole = build()
                whole.load_state_dict(weights)
                whole = whole.to(device).eval()
            yield whole
            return
        if not keep:
            yield None
            return
        live = learning(self.bare)
        own = {} if self.average is None else {name: live[name].clone() for name in self.average.values}
        try:
            with torch.no_grad():
                for name in own:
                    live[name].copy_(self.average.values[name])  # type: ignore[union-attr]
            yield self.bare.eval()
        finally:
            with torch.no_grad():
                for name, value in own.items():
                    live[name].copy_(value)
            self.network.train()


def create_learner(job: Job, network: nn.Module, accelerator: Any, found: Checkpoint | None) -> Learner:
    """Put a fresh network and its optimiser where they will learn, with what a checkpoint holds.

    Args:
        job: says how.
        network: of the objective, on the CPU.
        accelerator: accelerate's.
        found: where to go on from.

    Raises:
        JobError: the network cannot do what the job asks.
    """
    device, divided = accelerator.device, job.memory.shard != "no" and accelerator.num_processes > 1
    if job.memory.gradient_checkpointing:
        _recompute(network)
    if found is not None:
        network.load_state_dict(found.model)
    if job.schedule.channels_last:
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if divided:
        shard_network(network, device, accelerator.num_processes, keep_weights=job.memory.shard == "gradients")
    # A divided network must not be wrapped for exchanging gradients as well: it does that itself.
    prepared = accelerator.prepare_model(network, evaluation_mode=divided)
    bare = accelerator.unwrap_model(prepared)
    groups = parameter_groups(bare.named_parameters(), job.optimizer.weight_decay)
    betas = (job.optimizer.betas[0], job.optimizer.betas[1])
    adam = torch.optim.AdamW(groups, lr=job.optimizer.learning_rate, betas=betas, fused=True if device.type == "cuda" else None)
    average = WeightAverage(bare, job.optimizer.average) if job.optimizer.average else None
    if found is not None:
        restore_optimizer(adam, found.optimizer)
        if average is not None:
            average.load(found.average)
    kept = found is not None and found.has_frozen
    return Learner(prepared.train(), bare, adam, average, divided, kept)


def _recompute(network: nn.Module) -> None:
    """Turn gradient checkpointing on, as networks of diffusers and transformers, and those built like them, understand it."""
    for name in ("enable_gradient_checkpointing", "gradient_checkpointing_enable"):
        enable = getattr(network, name, None)
        if callable(enable):
            try:
                enable()
                return
            except ValueError:  # diffusers: this class cannot
                break
    raise JobError(
        f"The key 'memory.gradient_checkpointing' is true, and the network {type(network).__name__} cannot compute parts of itself twice. "
        "Set it to false, or make schedule.batch_size smaller and schedule.accumulate larger."
    )
