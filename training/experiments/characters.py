"""What the experiments with characters share: characters drawn by code, and the jobs of a small See-through, from VAE to stage 2."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from data_tools.character_dataset import Split, split_of
from data_tools.live2d.backgrounds import Backgrounds
from data_tools.live2d.labels import find_models, identify
from data_tools.live2d.poses import NINE_DIRECTIONS
from data_tools.live2d.sampling import SampleOptions, write_samples
from data_tools.live2d.synthetic.export import synthesize, write_model
from data_tools.manifests import MANIFEST
from training.job import Job, parse_job

VAE_RATE, DECODER_RATE, RATE = 1.2e-3, 6e-4, 1e-3
"""Learning rates at their highest."""

LAST_TIME = 0.6
"""Share of the part diffusion's views that are noise alone: what it makes of a page is decided there."""

MODELS, CHARACTERS, VAE, DECODER, STAGE_1, STAGE_2 = "models", "characters", "vae", "decoder", "stage_1", "stage_2"
"""Folders of an experiment."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large an experiment is; the same for a folder as at first.

    Attributes:
        train, held_out: characters that are learned, and others.
        poses: pictures of each.
        side: of the pictures and views, in pixels.
        vae_widths, widths: channels of the VAE, and of the part diffusion's U-Net.
        latent_channels: of the VAE.
        vae_steps: of the VAE with the transparency networks.
        decoder_steps: of the transparency networks alone, in the latent space that stands by then.
        first_steps, steps: of stage 1 and of stage 2.
        sampling_steps: of a measurement.
        evaluations: of each stage.
        characters: measured at each.
        seed: of the trainings.
    """

    train: int = 8
    held_out: int = 0
    poses: int = 1
    side: int = 64
    vae_widths: tuple[int, ...] = (16, 32, 32)
    latent_channels: int = 16
    widths: tuple[int, ...] = (48, 64, 96)
    vae_steps: int = 5000
    decoder_steps: int = 3000
    first_steps: int = 8000
    steps: int = 2000
    sampling_steps: int = 20
    evaluations: int = 8
    characters: int = 8
    seed: int = 0

    @property
    def measured(self) -> str:
        """Which samples are measured: those that nobody has learned, where there are any."""
        return "validation" if self.held_out else "train"


def draw_characters(out: Path, scale: Scale) -> Path:
    """Characters drawn by code as a dataset, as many of each split as ``scale`` says; what is there already is not drawn again."""
    folder, models = out / CHARACTERS, out / MODELS
    if (folder / MANIFEST).is_file():
        return folder
    wanted = {Split.TRAIN: scale.train, Split.VALIDATION: scale.held_out}
    for seed in count():
        if not any(wanted.values()):
            break
        name = f"character_{seed:04d}"
        if not (models / name / f"{name}.model3.json").is_file():
            write_model(synthesize(seed, texture_size=512), models / name)
        split = split_of(identify(models / name / f"{name}.model3.json").moc_sha256)
        if wanted.get(split, 0):
            wanted[split] -= 1
    chosen, left = [], {Split.TRAIN: scale.train, Split.VALIDATION: scale.held_out}
    for model in find_models(models, models):
        split = split_of(getattr(model, "moc_sha256", ""))
        if left.get(split, 0):
            left[split] -= 1
            chosen.append(model)
    options = SampleOptions(size=scale.side, poses=NINE_DIRECTIONS[: scale.poses], samples_per_shard=0)
    write_samples(chosen, folder, options, Backgrounds())
    return folder


def vae_job(out: Path, scale: Scale, device: str) -> Job:
    """The job that trains VAE and transparency networks together."""
    return _transparency_job(out, scale, {}, VAE_RATE, {**_schedule(scale.vae_steps, device, scale.seed), "batch_size": 2})


def decoder_job(out: Path, scale: Scale, device: str) -> Job:
    """The job that goes on with the transparency networks alone, as the paper trains them: the latents stay what they are."""
    start = {"vae": str(out / VAE / "export" / "vae"), "start_from": str(out / VAE / "export" / "trans_vae")}
    return _transparency_job(out, scale, start, DECODER_RATE, {**_schedule(scale.decoder_steps, device, scale.seed), "batch_size": 2})


def _transparency_job(out: Path, scale: Scale, start: Mapping[str, Any], rate: float, schedule: Mapping[str, Any]) -> Job:
    levels = len(scale.vae_widths)
    return parse_job(
        {
            "objective": "transparency",
            "dataset": str(out / CHARACTERS),
            "model": {
                "vae_widths": list(scale.vae_widths),
                "latent_channels": scale.latent_channels,
                "widths": [*scale.vae_widths, 32],
                "layers": 1,
                "attention_from": levels + 1,
                "offset_widths": [8 * 2**level for level in range(levels)],
                "discriminator": [16, 32],
                "offset": 0.0,
                "unseen": 0.1,
                **start,
            },
            "data": {"resolution": scale.side, "measure": scale.measured, "evaluation_samples": scale.characters},
            "optimizer": {"learning_rate": rate, "weight_decay": 0.0, "average": 0.99},
            "schedule": dict(schedule),
            "evaluate": {"every": max(1, schedule["steps"] // 6)},
            "checkpoints": {"every": 100},
        }
    )


def stage_1_job(out: Path, scale: Scale, device: str) -> Job:
    """The job that trains a part at a time."""
    return _part_job(
        out,
        scale,
        {
            "stage": 1,
            "networks": str(out / VAE / "export"),  # of which it needs the latents
            "widths": list(scale.widths),
            "heads": [2 * (level + 1) for level in range(len(scale.widths))],
            "transformer_layers": [1] * len(scale.widths),
            "present": 0.75,
        },
        {**_schedule(scale.first_steps, device, scale.seed), "batch_size": 16},
        every=max(1, scale.first_steps // scale.evaluations),
    )


def stage_2_job(out: Path, scale: Scale, device: str, *, part_attention: bool = True) -> Job:
    """The job that trains all parts jointly, from where stage 1 ended."""
    return _part_job(
        out,
        scale,
        {
            "stage": 2,
            "start_from": str(out / STAGE_1 / "export" / "part_diffusion"),
            "networks": str(out / DECODER / "export"),
            "part_attention": part_attention,
        },
        {**_schedule(scale.steps, device, scale.seed), "batch_size": 2},
        every=max(1, scale.steps // scale.evaluations),
    )


BEFORE_STAGE_2 = {VAE: vae_job, DECODER: decoder_job, STAGE_1: stage_1_job}
"""Jobs in their order, by folder: what each takes (the experiment's folder, scale, device) is what the ones before it have left there."""


def _part_job(out: Path, scale: Scale, model: Mapping[str, Any], schedule: Mapping[str, Any], *, every: int) -> Job:
    return parse_job(
        {
            "objective": "part_diffusion",
            "dataset": str(out / CHARACTERS),
            "model": {"offset": 0.0, "least_snr": 1.0, "noise_schedule": "zero_snr", "last_time": LAST_TIME, **model},
            "data": {
                "resolution": scale.side,
                "page": "figure",
                "measure": scale.measured,
                "evaluation_samples": scale.characters,
                "evaluation_steps": scale.sampling_steps,
                "cache": str(out / "cache"),
                "decoded": True,
            },
            "optimizer": {"learning_rate": RATE, "weight_decay": 0.0, "average": 0.995},
            "schedule": dict(schedule),
            "evaluate": {"every": every},
            "checkpoints": {"every": 50},
        }
    )


def _schedule(steps: int, device: str, seed: int) -> dict[str, Any]:
    return {"steps": steps, "warm_up": min(50, steps // 10), "precision": "no", "device": device, "threads": 1, "loaders": 1, "seed": seed}
