"""The character model at sizes that run in milliseconds, as checkpoints: for what does not depend on what it has learned."""

from pathlib import Path
from typing import Any

import torch

from liwi.checkpoints import CheckpointRecord, DatasetReference, JobReference
from liwi.registry_reading import RegistryReader
from liwi.registry_serving import Holding, Served
from liwi.seethrough.checkpoint import DepthCard, PartCard, save_depth, save_parts
from liwi.seethrough.depth_pipeline import DepthPipeline
from liwi.seethrough.loading import DepthModel, PartModel
from liwi.seethrough.part_unet import PartUNet
from liwi.seethrough.readiness import PARTS as PARTS_KIND
from liwi.seethrough.serving import load_depth, load_parts
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


class ServedFolder(Served[Any]):
    """What a registry serves where a checkpoint was promoted, without the minute that its smoke runs take."""

    def __init__(self, folder: Path, kind: str) -> None:
        super().__init__(RegistryReader(folder.parent, shipped=None), kind)
        job, data = JobReference("tests", "0" * 64), DatasetReference("tests", "0" * 64)
        record = CheckpointRecord(f"{kind}-{'0' * 12}", kind, None, job, data, {}, {}, "2026-11-22")
        self._there: Holding[Any] = Holding(record, (load_parts if kind == PARTS_KIND else load_depth)(folder))

    def get(self) -> Holding[Any]:
        return self._there

    @property
    def available(self) -> bool:
        return True
