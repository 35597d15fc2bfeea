"""Characters of five ellipses as a dataset, networks for them that nobody trained, and the smallest jobs of the character model."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data_tools.character_dataset import Split, begin, finish, write_sample
from data_tools.samples import SAMPLE_TAGS, ArtMeshLabel, CharacterSample, PartLayer
from liwi.imaging.compositing import composite, over, to_float, to_uint8
from liwi.prompts import BoundingBox
from liwi.seethrough.body_parts import BodyPart
from training.job import Job, parse_job
from training.objectives.transparency_networks import TransparencyModel, build_networks

UInt8 = NDArray[np.uint8]

BACK_TO_FRONT: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "back hair": ((0.5, 0.35), (0.3, 0.28)),
    "topwear": ((0.5, 0.8), (0.25, 0.2)),
    "face": ((0.5, 0.4), (0.2, 0.2)),
    "irides": ((0.5, 0.42), (0.12, 0.06)),
    "front hair": ((0.5, 0.25), (0.22, 0.12)),
}
"""Tags with centre and radii, as shares of the side."""


def draw_character(name: str, seed: int, side: int = 32) -> CharacterSample:
    """A character that is drawn at once; the seed moves and colours it."""
    rng = np.random.default_rng(seed)
    fine = {tag: _ellipse(*place, rng, side) for tag, place in BACK_TO_FRONT.items()}
    together = {"hair": _over(fine["back hair"], fine["front hair"]), "eyes": fine["irides"]}
    numbers = {tag: number for number, tag in enumerate(fine)}
    of = {**{tag: (tag,) for tag in fine}, "hair": ("back hair", "front hair"), "eyes": ("irides",)}
    layers = {**fine, **together}
    figure = to_uint8(composite([to_float(rgba) for rgba in fine.values()]))
    ground = np.full((side, side, 4), (*rng.integers(0, 255, 3), 255), np.uint8)
    meshes = tuple(
        ArtMeshLabel(number, tag, BodyPart(tag), None, number / 4, number / 4, float(fine[tag][..., 3].sum()) / 255)
        for tag, number in numbers.items()
    )
    return CharacterSample(
        name,
        to_uint8(over(to_float(figure), to_float(ground)))[..., :3],
        figure,
        tuple(_layer(tag, layers[tag], [(numbers[each], fine[each]) for each in of[tag]]) for tag in SAMPLE_TAGS if tag in layers),
        meshes,
    )


def make_characters(folder: Path, *, train: int = 3, validation: int = 1, side: int = 32) -> Path:
    """A dataset of drawn characters."""
    begin(folder, {"drawn": "here"})
    splits = [Split.TRAIN] * train + [Split.VALIDATION] * validation
    samples = [(f"character{number}", split) for number, split in enumerate(splits)]
    for number, (name, _) in enumerate(samples):
        write_sample(folder, draw_character(name, number, side))
    finish(folder, samples, [], {})
    return folder


def make_networks(folder: Path) -> Path:
    """``vae`` and ``trans_vae`` that nobody trained; 2 pixels per latent pixel."""
    torch.manual_seed(0)
    networks = build_networks(TransparencyModel(**VAE), torch.rand(2, 4, 16, 16)).eval()
    networks.vae.save_pretrained(folder / "vae")
    networks.transparency.save_pretrained(folder / "trans_vae")
    return folder


VAE: dict[str, Any] = {
    "vae_widths": (8, 8),
    "widths": (4, 8),
    "layers": 1,
    "attention_from": 2,
    "offset_widths": (4, 8),
    "discriminator": (4, 8),
}
UNET: dict[str, Any] = {"widths": [8, 16], "heads": [1, 2], "text_width": 8}


def character_job(folder: Path, objective: str, model: dict[str, Any], **tables: dict[str, Any]) -> Job:
    """A job of four steps on ``folder / "characters"``; keyword arguments go over its tables."""
    data: dict[str, Any] = {"resolution": 32, "evaluation_samples": 1}
    if objective != "transparency":
        data |= {"cache": str(folder / "cache"), "evaluation_steps": 2}
    document: dict[str, dict[str, Any]] = {
        "data": data,
        "optimizer": {"average": 0.9},
        "schedule": {"steps": 4, "batch_size": 2, "warm_up": 1, "device": "cpu", "threads": 1, "precision": "no"},
        "evaluate": {"every": 4},
        "checkpoints": {"every": 2, "keep_last": 9},
    }
    merged = {name: {**values, **tables.get(name, {})} for name, values in document.items()}
    listed = {key: list(value) if isinstance(value, tuple) else value for key, value in model.items()}
    return parse_job({"objective": objective, "dataset": str(folder / "characters"), "model": listed, **merged})


def _ellipse(centre: tuple[float, float], radii: tuple[float, float], rng: np.random.Generator, side: int) -> UInt8:
    y, x = (np.mgrid[:side, :side] + 0.5) / side
    place = np.array(centre) + rng.uniform(-0.03, 0.03, 2)
    inside = (1 - np.hypot((x - place[0]) / radii[0], (y - place[1]) / radii[1])) * min(radii) * side
    rgba = np.zeros((side, side, 4), np.uint8)
    rgba[..., 3] = np.rint(np.clip(inside + 0.5, 0, 1) * 255)
    rgba[rgba[..., 3] > 0, :3] = rng.integers(0, 255, 3)
    return rgba


def _over(back: UInt8, front: UInt8) -> UInt8:
    return to_uint8(composite([to_float(back), to_float(front)]))


def _layer(tag: str, rgba: UInt8, members: list[tuple[int, UInt8]]) -> PartLayer:
    box = BoundingBox.around(rgba[..., 3])
    assert box is not None
    fragments = np.zeros(rgba.shape[:2], np.uint16)
    for number, own in members:
        fragments[own[..., 3] > 0] = number + 1
    return PartLayer(tag, box, rgba[box.slices], np.zeros((box.height, box.width), np.uint8), fragments[box.slices])
