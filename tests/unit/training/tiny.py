"""The smallest job that does everything."""

from pathlib import Path
from typing import Any

from training.job import Job, parse_job


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
