"""Checkpoints: folders of safetensors that appear whole or not at all, with the hash of every file; nothing in them is ever unpickled.

::

    checkpoints/step_00000500/
      model.safetensors  average.safetensors  optimizer.safetensors
      checkpoint.json                          step, metrics, sha256 of the files above and below
    checkpoints/frozen.safetensors             weights that do not learn, where there are such: written once, not at every step
"""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from data_tools.manifests import digest_file, encode_document
from liwi.export.atomic import new_file, new_folder
from training.errors import CheckpointError
from training.sharding import scatter

FOLDER = "checkpoints"
FORMAT, VERSION = "liwi-checkpoint", 1
MODEL, AVERAGE, OPTIMIZER, DESCRIPTION = "model.safetensors", "average.safetensors", "optimizer.safetensors", "checkpoint.json"
FROZEN = "frozen.safetensors"

_NAME = re.compile(r"step_([0-9]{8})")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What is read back.

    Attributes:
        step: steps done.
        metrics: of the evaluation at this step; empty where there was none.
        model, average, optimizer: tensors by name, those that do not learn among them; ``average`` is empty where none is kept.
        has_frozen: whether those that do not learn lie in a file of their own.
    """

    step: int
    metrics: Mapping[str, float]
    model: dict[str, Tensor]
    average: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    has_frozen: bool = False


@dataclass(frozen=True, eq=False)
class Learned:
    """What is to be saved.

    Attributes:
        model: tensors that learn, and buffers.
        average: of the same names, or empty.
        optimizer: as `flatten_optimizer` gives them.
        frozen: weights that do not learn; empty where the run's first checkpoint has them already.
    """

    model: Mapping[str, Tensor]
    average: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]
    frozen: Mapping[str, Tensor]


def save_checkpoint(run: Path, step: int, learned: Learned, metrics: Mapping[str, float]) -> Path:
    """Write a checkpoint and return its folder.

    Args:
        run: its folder.
        step: steps done.
        learned: on any device.
        metrics: of the evaluation at this step, if there was one.

    Raises:
        ExportError: the system refuses to write; what was there before is untouched.
    """
    frozen = run / FOLDER / FROZEN
    if learned.frozen:
        with new_file(frozen) as path:
            _write(path, learned.frozen)
    target = run / FOLDER / f"step_{step:08d}"
    with new_folder(target) as folder:
        parts = {MODEL: learned.model, AVERAGE: learned.average, OPTIMIZER: learned.optimizer}
        for name, part in parts.items():
            _write(folder / name, part)
        facts = {"format": FORMAT, "version": VERSION, "step": step, "metrics": dict(metrics)}
        hashes = {"sha256": {name: digest_file(folder / name) for name in parts}}
        beside = {"frozen": _hash_of(frozen, frozen.stat().st_mtime_ns)} if frozen.is_file() else {}
        (folder / DESCRIPTION).write_bytes(encode_document({**facts, **hashes, **beside}))
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
        right &= set(facts["sha256"]) == {MODEL, AVERAGE, OPTIMIZER} and isinstance(facts.get("frozen", ""), str)
        if not right or not isinstance(facts["metrics"], dict):
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
    tensors = {name: _read(folder / name, expected, folder) for name, expected in facts["sha256"].items()}
    frozen = _read(folder.parent / FROZEN, facts["frozen"], folder) if "frozen" in facts else {}
    model, average = tensors[MODEL] | frozen, tensors[AVERAGE] and tensors[AVERAGE] | frozen
    return Checkpoint(facts["step"], facts["metrics"], model, average, tensors[OPTIMIZER], "frozen" in facts)


def _write(path: Path, tensors: Mapping[str, Tensor]) -> None:
    try:
        save_file({key: value.detach().cpu().contiguous() for key, value in tensors.items()}, path)
    except SafetensorError as error:
        raise OSError(str(error)) from error


def _read(path: Path, expected: str, folder: Path) -> dict[str, Tensor]:
    """A file of the checkpoint ``folder``, after comparing it with its hash."""
    if not path.is_file():
        raise CheckpointError(f"The checkpoint {folder} lacks the file {path.name}. {_REMEDY}")
    if digest_file(path) != expected:
        raise CheckpointError(f"The file {path.name} of the checkpoint {folder} is not what training wrote. {_REMEDY}")
    return load_file(path)


@lru_cache(maxsize=4)
def _hash_of(path: Path, changed: int) -> str:  # noqa: ARG001 (part of the key)
    """SHA-256 of a large file that is written once, worked out once."""
    return digest_file(path)


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
