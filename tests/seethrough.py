"""The character model at sizes that run in milliseconds, as checkpoints: for what does not depend on what it has learned."""

from pathlib import Path

import torch

from liwi.registry import DatasetReference, JobReference, Registry
from liwi.registry_reading import SHIPPED
from liwi.seethrough.checkpoint import DepthCard, PartCard, save_depth, save_parts
from liwi.seethrough.depth_pipeline import DepthPipeline
from liwi.seethrough.loading import DepthModel, PartModel
from liwi.seethrough.part_unet import PartUNet
from tests.unit.seethrough.tiny_networks import DEPTH, stirred, tiny_part_pipeline, tiny_vae

PARTS, DEPTHS = PartCard(resolution=32, steps=2), DepthCard(resolution=32, steps=1)


def tiny_depth_pipeline() -> DepthPipeline:
    """A pseudo-depth that was never trained."""
    torch.manual_seed(0)
    return DepthPipeline(stirred(PartUNet(**DEPTH)), tiny_vae(), torch.randn(1, 2, 20))


def tiny_models(version: str = "v3") -> tuple[PartModel, DepthModel]:
    """Both, as if they had been loaded."""
    return PartModel(tiny_part_pipeline(version), PARTS, "here"), DepthModel(tiny_depth_pipeline(), DEPTHS, "here")


def write_parts(folder: Path, version: str = "v3") -> Path:
    """Save an untrained part diffusion as a checkpoint of ours into a new folder, and return that."""
    save_parts(folder, PARTS, tiny_part_pipeline(version))
    return folder


def write_depth(folder: Path) -> Path:
    """The same for an untrained pseudo-depth."""
    save_depth(folder, DEPTHS, tiny_depth_pipeline())
    return folder


def serve_untrained(root: Path, folder: Path, kind: str) -> str:
    """Publish and promote a checkpoint in a registry; returns its id. Starts a process for each smoke test."""
    registry = Registry(root, shipped=SHIPPED)
    nothing = DatasetReference("nothing", "0" * 64)
    record = registry.publish(folder, kind=kind, job=JobReference("tests", "0" * 64), dataset=nothing, metrics={}, who="tests")
    registry.promote(record.id, reason="for a test", who="tests")
    return record.id
