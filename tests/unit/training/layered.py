"""Scenes of 32 pixels, a VAE that nobody trained, and the smallest jobs for both objectives that learn from layered samples."""

from pathlib import Path
from typing import Any

import torch

from data_tools.dataset import write_dataset
from data_tools.scenes import SceneSettings, draw_scenes
from liwi.layering.components import build_vae
from training.job import Job, parse_job


def make_scenes(folder: Path, count: int = 6) -> Path:
    """Scenes of one and of two objects, in two proportions."""
    settings = SceneSettings(sizes=((32, 32), (48, 32)), foregrounds=(1.0, 1.0), heights=(0.6, 0.9))
    write_dataset(folder, draw_scenes(count, settings, seed=2), {"split": "scenes", "seed": 2})
    return folder


def make_vae(folder: Path) -> Path:
    torch.manual_seed(5)
    build_vae().save_pretrained(folder)
    return folder


def layered_job(scenes: Path, cache: Path, objective: str, model: dict[str, Any], **tables: dict[str, Any]) -> Job:
    document: dict[str, dict[str, Any]] = {
        "data": {"variants": 3, "held_out": 0.0, "evaluation_samples": 2, "evaluation_steps": 2, "multiple": 16, "cache": str(cache)},
        "schedule": {"steps": 4, "batch_size": 2, "warm_up": 1, "device": "cpu", "threads": 1, "precision": "no", "loaders": 0},
        "evaluate": {"every": 2},
        "checkpoints": {"every": 2},
    }
    merged = {name: {**values, **tables.get(name, {})} for name, values in document.items()}
    return parse_job({"objective": objective, "dataset": str(scenes), "model": model, **merged})
