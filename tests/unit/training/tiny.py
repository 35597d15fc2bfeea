"""The smallest job that does everything, and samples for it."""

from pathlib import Path
from typing import Any

from data_tools.matting.dataset import OBJECTS, finish, write_objects, write_shard
from data_tools.matting.objects import Purpose, drawn
from training.job import Job, parse_job


def make_samples(folder: Path, num_training: int, num_evaluation: int) -> Path:
    """A dataset of objects drawn by code; half of the training samples have a prior."""
    write_objects(folder / OBJECTS, list(drawn(30, 3)), [])
    counts = {Purpose.TRAIN: (num_training, 0.5), Purpose.EVALUATION: (num_evaluation, 1.0)}
    names = [write_shard(folder, purpose, 0, count, seed=3, prior_share=share) for purpose, (count, share) in counts.items()]
    finish(folder, names, {"seed": 3})
    return folder


def tiny_job(samples: Path, **tables: dict[str, Any]) -> Job:
    """A job of eight steps for a network of a few thousand weights; keyword arguments go over its tables."""
    document: dict[str, Any] = {
        "model": {"widths": [32], "blocks": [1], "attentions": [0], "details": 4},
        "data": {"repeat_prior": 2},
        "optimizer": {},
        "schedule": {"steps": 8, "batch_size": 2, "accumulate": 2, "warm_up": 2, "device": "cpu", "threads": 1},
        "evaluate": {"every": 4},
        "checkpoints": {"every": 2, "keep_last": 2},
        "memory": {},
        "record": {},
    }
    merged = {name: {**values, **tables.get(name, {})} for name, values in document.items()}
    return parse_job({"objective": "matting", "dataset": str(samples), **merged})
