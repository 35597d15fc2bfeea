"""Small kinds of checkpoints for the registry's tests, and how to make checkpoints of them; no torch, for its import takes seconds."""

import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from liwi.checkpoint_kinds import KindEntry
from liwi.checkpoints import CheckpointRecord
from liwi.registry import DatasetReference, JobReference, Registry

HERE = "tests.unit.registry_kinds"
NETWORKS = "tests.unit.registry_networks"


def load_vector(folder: Path) -> NDArray[np.float32]:
    vector: NDArray[np.float32] = load_file(folder / "model.safetensors")["vector"]
    if vector[0] < 0:
        raise ValueError("a vector must not begin below zero")
    return vector


def use_vector(vector: NDArray[np.float32]) -> None:
    assert np.isfinite(vector).all(), "the answer is no number"


def use_slowly(_: object) -> None:
    time.sleep(1.0)


def hang(_: object) -> None:
    time.sleep(600)


def crash(_: object) -> None:
    os.abort()


def hoard(_: object) -> None:
    np.ones(2**31)  # 16 GB


def chat_and_fail(_: object) -> None:
    print("{}\nnot an answer")
    os.system("echo neither")
    raise RuntimeError("no luck")


KINDS = {
    "vector": KindEntry(f"{HERE}:load_vector", f"{HERE}:use_vector", "A vector."),
    "slow": KindEntry(f"{HERE}:load_vector", f"{HERE}:use_slowly", "A vector that takes a second."),
    "network": KindEntry(f"{NETWORKS}:load_network", f"{NETWORKS}:use_network", "A convolution."),
    "hanging": KindEntry(f"{HERE}:load_vector", f"{HERE}:hang", "Never ends.", smoke_seconds=4),
    "crashing": KindEntry(f"{HERE}:load_vector", f"{HERE}:crash", "Ends at once."),
    "hoarding": KindEntry(f"{HERE}:load_vector", f"{HERE}:hoard", "Wants it all.", smoke_megabytes=1024),
    "chatty": KindEntry(f"{HERE}:load_vector", f"{HERE}:chat_and_fail", "Prints much."),
    "missing": KindEntry("liwi.no_such_module:load", f"{HERE}:use_vector", "Has no loader."),
}
JOB = JobReference("matting_tiny", "1" * 64)
DATASET = DatasetReference("composites", "2" * 64, "3" * 64)


def open_registry(root: Path, *, shipped: Path | None = None) -> Registry:
    return Registry(root, shipped=shipped, kinds=KINDS)


def vector_folder(folder: Path, *values: float) -> Path:
    folder.mkdir(parents=True)
    save_file({"vector": np.array(values, np.float32)}, folder / "model.safetensors")
    (folder / "job.json").write_text('{"objective": "vector"}')
    return folder


def publish_vector(registry: Registry, *values: float, kind: str = "vector", parent: str | None = None) -> CheckpointRecord:
    """Publish a vector whose first value is also its metric."""
    folder = vector_folder(registry.root.parent / "runs" / "-".join(map(str, (kind, *values))), *values)
    metrics = {"iou": values[0], "loss": 1.0}
    return registry.publish(folder, kind=kind, job=JOB, dataset=DATASET, metrics=metrics, who="Ada", parent=parent, licence="CC0-1.0")
