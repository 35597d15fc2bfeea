"""What a network is trained for. The loop knows an objective only by this protocol; a new one is a file here and a line in the table."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from training.errors import JobError
from training.job import Job

Batch = dict[str, Tensor]


class Objective(Protocol):
    """What the loop needs to know of what it trains."""

    kind: str
    """What its checkpoints serve as, or become a part of: a key of `liwi.checkpoint_kinds.KINDS`."""

    metric: str
    """The metric that decides what is best, unless the job names another."""

    lower_is_better: frozenset[str]
    """Metrics of which less is better."""

    @property
    def num_samples(self) -> int:
        """Training samples."""
        ...

    def build(self) -> nn.Module:
        """A fresh network; the loop has seeded PyTorch."""
        ...

    def batch(self, indices: NDArray[np.int64], rng: np.random.Generator) -> Batch:
        """The training samples ``indices``, augmented by ``rng`` alone; on the CPU, and called by several threads at once."""
        ...

    def loss(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Scalars: ``"loss"``, which is minimised, and its parts, which are logged."""
        ...

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Metrics on held-out data; ``model`` is in evaluation mode."""
        ...

    def export(self, model: nn.Module, folder: Path, facts: Mapping[str, object]) -> None:
        """Write what the product loads; ``facts`` say where it comes from."""
        ...


@runtime_checkable
class ShowsPictures(Protocol):
    """An objective that offers pictures of what the network does."""

    def pictures(self, model: nn.Module) -> dict[str, NDArray[np.uint8]]:
        """By name (lower-case letters, digits and ``_``) an (H, W, 3) uint8 picture; ``model`` is in evaluation mode."""
        ...


@runtime_checkable
class HasBuckets(Protocol):
    """An objective whose samples are of different shapes: those of one bucket fit into one batch."""

    @property
    def buckets(self) -> NDArray[np.int64]:
        """(num_samples,): the bucket of each training sample, see `training.batches.bucket_numbers`."""
        ...


@runtime_checkable
class HasRemarks(Protocol):
    """An objective that has something to say about its data before anything is learned."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """A sentence each; they stand in the run's log as events ``remark``."""
        ...


@runtime_checkable
class MakesCheckpoint(Protocol):
    """An objective whose export is a folder of folders, as published: what the registry takes is made from it."""

    @staticmethod
    def make_checkpoint(exported: Path, folder: Path) -> None:
        """Write the checkpoint of what was exported, files alone, into ``folder``."""
        ...


OBJECTIVES: dict[str, str] = {
    "layering": "training.objectives.layering:LayeringObjective",
    "matting": "training.objectives.matting:MattingObjective",
    "part_segmentation": "training.objectives.part_segmentation:PartSegmentationObjective",
    "part_diffusion": "training.objectives.part_diffusion:PartDiffusionObjective",
    "pseudo_depth": "training.objectives.pseudo_depth:PseudoDepthObjective",
    "rgba_vae": "training.objectives.rgba_vae:RgbaVaeObjective",
    "transparency": "training.objectives.transparency:TransparencyObjective",
}
"""Name -> ``"module:class"``; the class is called with the job."""


def create_objective(job: Job) -> Objective:
    """Build the objective that a job names.

    Raises:
        JobError: there is none of that name, or it does not understand the job.
        DatasetError: its dataset is missing or damaged.
    """
    objective: Objective = objective_class(job.objective)(job)
    return objective


def objective_class(name: str) -> Any:
    """The class of an objective, called with a job; its `kind`, `metric` and `lower_is_better` can be read without a dataset.

    Raises:
        JobError: there is none of that name.
    """
    if name not in OBJECTIVES:
        raise JobError(f"The key 'objective' is {name!r}; known: {', '.join(OBJECTIVES)}.")
    module, _, attribute = OBJECTIVES[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def tables_of(job: Job) -> Mapping[str, tuple[type, ...]]:
    """The dataclasses that say what a job's objective understands in ``[model]`` and ``[data]``, for forms; none where it does not say.

    An objective says it with a static method ``tables``, called with the table ``[model]``. What a value means stands in the docstring of
    its dataclass, what it may be in its annotation (`liwi.limits`).

    Raises:
        JobError: there is no objective of that name.
    """
    tables = getattr(objective_class(job.objective), "tables", None)
    found: Mapping[str, tuple[type, ...]] = tables(job.model) if tables else {}
    return found
