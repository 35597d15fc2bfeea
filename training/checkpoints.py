"""Checkpoints: folders of safetensors that appear whole or not at all, with the hash of every file; nothing in them is ever unpickled.

::

    checkpoints/step_00000500/
      model.safetensors  average.safetensors  optimizer.safetensors
      checkpoint.json                          step, metrics, sha256 of the files above
"""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from data_tools.manifests import digest_file, encode_document
from liwi.export.atomic import new_folder
from training.errors import CheckpointError
from training.sharding import scatter

FOLDER = "checkpoints"
FORMAT, VERSION = "liwi-checkpoint", 1
MODEL, AVERAGE, OPTIMIZER, DESCRIPTION = "model.safetensors", "average.safetensors", "optimizer.safetensors", "checkpoint.json"

_NAME = re.compile(r"step_([0-9]{8})")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What is read back.

    Attributes:
        step: steps done.
        metrics: of the evaluation at this step; empty where there was none.
        model, average, optimizer: tensors by name; ``average`` is empty where none is kept.
    """

    step: int
    metrics: Mapping[str, float]
    model: dict[str, Tensor]
    average: dict[str, Tensor]
    optimizer: dict[str, Tensor]


def save_checkpoint(
    run: Path,
    step: int,
    tensors: tuple[Mapping[str, Tensor], Mapping[str, Tensor], Mapping[str, Tensor]],
    metrics: Mapping[str, float],
) -> Path:
    """Write a checkpoint and return its folder.

    Args:
        run: its folder.
        step: steps done.
        tensors: of the model, of the average (or none), and of the optimiser as `flatten_optimizer` gives them.
        metrics: of the evaluation at this step, if there was one.

    Raises:
        ExportError: the system refuses to write; what was there before is untouched.
    """
    target = run / FOLDER / f"step_{step:08d}"
    with new_folder(target) as folder:
        parts = dict(zip((MODEL, AVERAGE, OPTIMIZER), tensors, strict=True))
        for name, part in parts.items():
            try:
                save_file({key: value.detach().cpu().contiguous() for key, value in part.items()}, folder / name)
            except SafetensorError as error:
                raise OSError(str(error)) from error
        facts = {"format": FORMAT, "version": VERSION, "step": step, "metrics": dict(metrics)}
        (folder / DESCRIPTION).write_bytes(encode_document({**facts, "sha256": {name: digest_file(folder / name) for name in parts}}))
    return target


def list_checkpoints(run: Path) -> list[Path]:
    """Checkpoint folders of a run, oldest first."""
    folder = run / FOLDER
    found = [path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path.is_dir()] if folder.is_dir() else []
    return sorted(found)


def describe_checkpoint(folder: Path) -> dict[str, Any]:
    """The description of a checkpoint: step, metrics, hashes.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    try:
        facts = json.loads((folder / DESCRIPTION).read_text("utf-8"))
        right = (facts["format"], facts["version"]) == (FORMAT, VERSION) and isinstance(facts["step"], int)
        if not right or set(facts["sha256"]) != {MODEL, AVERAGE, OPTIMIZER} or not isinstance(facts["metrics"], dict):
            raise ValueError("it is not of this program's format")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(f"The checkpoint {folder} is damaged ({str(error)[:100]}). {_REMEDY}") from error
    return dict(facts)


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint after comparing every file with its hash.

    Raises:
        CheckpointError: a file is missing, or is not what was written.
    """
    facts = describe_checkpoint(folder)
    tensors: dict[str, dict[str, Tensor]] = {}
    for name, expected in facts["sha256"].items():
        path = folder / name
        if not path.is_file():
            raise CheckpointError(f"The checkpoint {folder} lacks the file {name}. {_REMEDY}")
        if digest_file(path) != expected:
            raise CheckpointError(f"The file {name} of the checkpoint {folder} is not what training wrote. {_REMEDY}")
        tensors[name] = load_file(path)
    return Checkpoint(facts["step"], facts["metrics"], tensors[MODEL], tensors[AVERAGE], tensors[OPTIMIZER])


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give a fresh optimizer over the same parameters the saved state. Rates and decays come from the job."""
    state: dict[int, dict[str, Tensor]] = {}
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        like = parameters[int(number)]
        state.setdefault(int(number), {})[name] = _laid_out(value, like) if value.shape == like.shape else value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _laid_out(value: Tensor, like: Tensor) -> Tensor:
    """``value`` as ``like`` lies in memory: divided among processes, or with its channels last."""
    divided = scatter(value, like)
    return divided if divided is not value else torch.empty_like(like, device=value.device).copy_(value)


def prune(run: Path, keep_last: int, best: int | None) -> None:
    """Delete all checkpoints but the newest ``keep_last`` and the one of step ``best``."""
    for folder in list_checkpoints(run)[:-keep_last]:
        if folder.name != f"step_{-1 if best is None else best:08d}":
            shutil.rmtree(folder, ignore_errors=True)


def flatten_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimizer's state as tensors by number of the parameter and name."""
    state = optimizer.state_dict()["state"]
    return {f"{number}.{name}": torch.as_tensor(value) for number, values in state.items() for name, value in values.items()}


_REMEDY = "Delete that folder to go on from the checkpoint before it, or start a new run."
