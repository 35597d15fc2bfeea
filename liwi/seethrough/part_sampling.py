"""The part diffusion's sampler: DPM-Solver++ of second order with noise at each step ("DPM++ 2M SDE"; paper 2, appendix C).

    page ─► latent ─┐
    noise ─► parts ─┴─► U-Net, told the classes ─► a little less noise ─► again, 30 times ─► latents of all parts

Letters at the end of names: F parts, C channels, h and w sides of latents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from torch import Tensor

from liwi.progress import CancelToken, Progress, ReportProgress, ignore_progress
from liwi.seethrough.class_embeddings import ClassEmbeddings
from liwi.seethrough.part_noise import PartNoise
from liwi.seethrough.part_unet import PartUNet
from liwi.seethrough.published_settings import PART_SCHEDULER, PART_STEPS


@dataclass(frozen=True, slots=True)
class PartGroup:
    """The parts of one pass.

    Attributes:
        tags: all of them in the network's order.
        index: of the group embeddings; None where the network has none.
        stage: what a person is told while they are made.
    """

    tags: tuple[str, ...]
    index: int | None
    stage: str


@dataclass(frozen=True, slots=True)
class Sampler:
    """How noise becomes parts, how long it takes, and who is told.

    Attributes:
        steps: of the sampler.
        settings: of `DPMSolverMultistepScheduler`: those that the network was trained with.
        report: told of each step.
        cancel: looked at before each step.
    """

    steps: int = PART_STEPS
    settings: Mapping[str, Any] = field(default_factory=lambda: PART_SCHEDULER)
    report: ReportProgress = ignore_progress
    cancel: CancelToken = field(default_factory=CancelToken)


@torch.inference_mode()
def sample_parts(
    unet: PartUNet,
    page_Chw: Tensor,  # noqa: N803 (shape suffixes)
    classes: ClassEmbeddings,
    group: PartGroup,
    tags: Sequence[str],
    noise: PartNoise,
    *,
    side: int,
    sampler: Sampler | None = None,
) -> Tensor:
    """Make parts jointly.

    Args:
        unet: the network.
        page_Chw: (4, h, w), the page's latent, scaled.
        classes: what the tags mean.
        group: all parts of the pass.
        tags: which of them are made.
        noise: asked for once at the beginning, and once a step.
        side: of the page in pixels, which the network is told.
        sampler: settings, steps, progress, cancelling.

    Returns:
        (F, 4, h, w), scaled latents of ``tags``.

    Raises:
        Cancelled: as asked.
    """
    sampler = sampler or Sampler()
    device, dtype, num_parts = unet.device, unet.dtype, len(tags)
    scheduler = DPMSolverMultistepScheduler(**sampler.settings)
    scheduler.set_timesteps(sampler.steps, device=device)
    places = None if group.index is None else [group.tags.index(tag) for tag in tags]
    tokens, pooled = unet.tell_places(*classes.to(device, dtype).of(tags), num_parts, group.index, places)
    times = torch.tensor([[side, side, 0, 0, side, side]], device=device, dtype=dtype).expand(num_parts, -1)
    pages = page_Chw.to(device, dtype).expand(1, num_parts, *page_Chw.shape)
    shape = page_Chw.shape
    latents = noise.begin(group.tags, tags, shape, dtype).to(device) * scheduler.init_noise_sigma
    for number, time in enumerate(scheduler.timesteps):
        sampler.cancel.check()
        sampler.report(Progress(group.stage, number, sampler.steps))
        predicted = unet(
            torch.cat([scheduler.scale_model_input(latents, time), pages], 2),
            time,
            tokens,
            added_cond_kwargs={"text_embeds": pooled, "time_ids": times},
            places_told=True,
        )
        added = noise.step(group.tags, tags, shape)
        latents = scheduler.step(predicted, time, latents, variance_noise=added, return_dict=False)[0]
    return latents[0]


def pass_over(group: PartGroup, noise: PartNoise, vae: AutoencoderKL, side: int, steps: int, dtype: torch.dtype) -> None:
    """Draw the noise of a pass that is not made, so that the one after it is what it would have been."""
    length = side // latent_stride(vae)
    shape = (int(vae.config["latent_channels"]), length, length)
    torch.randn((1, *shape), generator=noise.stream, device=noise.device, dtype=vae.dtype)
    noise.begin(group.tags, (), shape, dtype)
    for _ in range(steps):
        noise.step(group.tags, (), shape)


def latent_stride(vae: AutoencoderKL) -> int:
    """Pixels along the side of a latent pixel."""
    return int(2 ** (len(vae.config["block_out_channels"]) - 1))
