"""Figures of four shapes with exact labels, for tests that need part pictures and no drawn characters."""

from pathlib import Path

import numpy as np

from data_tools.character_dataset import PLAN, Split
from data_tools.manifests import digest_file
from data_tools.parts.dataset import NOTHING, PartPicture, finish, write_shard
from liwi.seethrough.body_parts import CoarseBodyPart

SIDE = 64

PARTS = (CoarseBodyPart.HAIR, CoarseBodyPart.FACE, CoarseBodyPart.TOPWEAR, CoarseBodyPart.LEGWEAR)


def draw_figure(seed: int, split: Split = Split.TRAIN, *, side: int = SIDE) -> PartPicture:
    """Hair above a face above a shirt above legs, in colours and at a place of its own."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    x, y = x - rng.uniform(0.4, 0.6), y - rng.uniform(0, 0.1)
    shapes = {
        CoarseBodyPart.LEGWEAR: (abs(abs(x) - 0.07) < 0.05) & (y > 0.55) & (y < 0.9),
        CoarseBodyPart.TOPWEAR: (abs(x) < 0.15) & (y > 0.35) & (y < 0.6),
        CoarseBodyPart.HAIR: x**2 + (y - 0.22) ** 2 < 0.15**2,
        CoarseBodyPart.FACE: x**2 + (y - 0.27) ** 2 < 0.1**2,
    }
    labels = np.full((side, side), NOTHING, np.uint8)
    rgba = np.zeros((side, side, 4), np.uint8)
    for part, mask in shapes.items():
        labels[mask] = part.class_index
        rgba[mask] = (*rng.integers(0, 256, 3), 255)
    return PartPicture(rgba, labels, f"figure{seed}", split, "figure" if seed % 2 else "bust")


def write_figures(folder: Path, *, train: int = 12, validation: int = 4, test: int = 2, first: int = 0) -> Path:
    """A dataset of such figures in two shards; ``first`` is the seed of the first."""
    splits = [Split.TRAIN] * train + [Split.VALIDATION] * validation + [Split.TEST] * test
    pictures = [draw_figure(seed, split) for seed, split in enumerate(splits, first)]
    (folder / PLAN).parent.mkdir(parents=True, exist_ok=True)
    (folder / PLAN).write_text("{}")
    names = [write_shard(folder, 0, pictures[: train // 2]), write_shard(folder, 1, pictures[train // 2 :])]
    finish(folder, names, SIDE, {"licence": "free", "plan": digest_file(folder / PLAN)})
    return folder
