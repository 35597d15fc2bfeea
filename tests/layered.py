"""The layered diffusion model at its tiny configuration, drawn at random: for what does not depend on what it has learned."""

from pathlib import Path

import torch

from liwi.layering.checkpoint import ModelCard, save_checkpoint
from liwi.layering.components import build_transformer, build_vae
from liwi.layering.layout import Frame0
from liwi.layering.sampling import Sampling
from liwi.layering.shadow_target import Frame0Target

CARD = ModelCard(Frame0Target(Frame0.SHADOW_PIXEL), True, Sampling(steps=2, guidance=1.0, resolution=64), max_layers=3)


def write_checkpoint(folder: Path) -> Path:
    """Save an untrained model as a checkpoint of ours into a new folder, and return that."""
    torch.manual_seed(0)
    save_checkpoint(folder, CARD, transformer=build_transformer(), vae=build_vae())
    return folder
