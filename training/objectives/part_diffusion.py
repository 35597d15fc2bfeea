"""The part diffusion objective (paper 2, section 4.1.2): complete body parts from noise, told their classes and shown the page.

Stage 1 learns one part at a time (equation 2), stage 2 all parts of a view jointly (equation 3), with the Body Part Consistency Module,
from where stage 1 ended. The network predicts noise, or velocity where the job says so; a view has one time for all its parts, and,
unless the job says otherwise, each part noise of its own. What the network is given is what `liwi.seethrough.part_sampling` gives it:
noisy parts first, then the page, times and classes.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from numpy.typing import NDArray
from torch import Tensor, nn

from data_tools.character_dataset import Split
from liwi.checkpoint_folders import read_config
from liwi.seethrough.checkpoint import PartCard, save_parts
from liwi.seethrough.class_embeddings import load_class_embeddings
from liwi.seethrough.part_pipeline import PartPipeline
from liwi.seethrough.part_unet import PartUNet
from liwi.seethrough.published_folders import load_part_pipeline, read_part_scheduler
from liwi.seethrough.published_settings import PART_SCHEDULER, ZERO_SNR_SCHEDULER
from liwi.seethrough.transparency import TransparentVAE
from training.errors import JobError
from training.job import Job, read_table
from training.objectives.diffusion_noise import NoiseSchedule
from training.objectives.part_diffusion_data import PartDiffusionData, PartDiffusionModel
from training.objectives.part_latents import DEVIATION, FIGURE, MEAN, PAGE, PLACED, part_latents
from training.objectives.part_measuring import Measured, draw_parts, measure_parts
from training.objectives.part_networks import (
    PART_ENCODERS,
    SAMPLING,
    SCRATCH,
    build_unet,
    copy_encoders,
    encoders_folder,
    read_frozen,
    write_index,
    write_scheduler,
)
from training.objectives.part_views import PartViews, Plan

FOLDER = "part_diffusion"
"""In the export."""


class PartDiffusionObjective:
    """`training.objectives.Objective` for the part diffusion, either stage."""

    kind = "part_diffusion"
    metric = "dice_loss"
    lower_is_better = frozenset({"dice_loss", "dice_loss_all", "extra"})

    @staticmethod
    def tables(model: Mapping[str, Any]) -> Mapping[str, tuple[type, ...]]:  # noqa: ARG004 (the same for all)
        """See `training.objectives.tables_of`."""
        return {"model": (PartDiffusionModel,), "data": (PartDiffusionData,)}

    def __init__(self, job: Job) -> None:
        self._settings = settings = read_table(PartDiffusionModel, job.model, "model")
        self._data = data = read_table(PartDiffusionData, job.data, "data")
        self._views = PartViews(Path(job.dataset), data.version, data.resolution)
        self._plans = self._views.plan(Split.TRAIN, mirrored=data.mirror)
        measured = self._plans if data.measure == "train" else self._views.plan(Split.VALIDATION)
        self._measured = list(dict.fromkeys(plan.sample for plan in measured))[: data.evaluation_samples]
        self._folder = encoders_folder(settings.start_from, Path(data.cache), PART_ENCODERS, settings.text_width)
        device = torch.device("cuda" if job.schedule.device != "cpu" and torch.cuda.is_available() else "cpu")
        place, key = (settings.networks, "model.networks") if settings.networks else (settings.start_from, "model.start_from")
        self._vae: AutoencoderKL = read_frozen(AutoencoderKL, place, "vae", key).to(device)
        self._transparency: TransparentVAE = read_frozen(TransparentVAE, place, "trans_vae", key).to(device)
        self._check_resolution()
        kept: dict[str, object] = {"version": data.version, "resolution": data.resolution}
        self._latents = part_latents(self._views, self._vae, self._transparency, Path(data.cache), kept, decoded=data.decoded)
        self._latents.fill(self._plans)
        self._classes = load_class_embeddings(self._folder, [group.tags for group in self._views.groups]).to(device, torch.float32)
        fresh = {"published": PART_SCHEDULER, "zero_snr": ZERO_SNR_SCHEDULER}[settings.noise_schedule]
        self._scheduler = fresh if settings.start_from == SCRATCH else read_part_scheduler(Path(settings.start_from))
        self._noise = NoiseSchedule(self._scheduler)
        if self._scheduler.get("rescale_betas_zero_snr") and settings.gamma and not settings.least_snr:
            raise JobError("The key 'model.least_snr' must be above 0 for this network: where it sees noise alone, nothing would count.")

    def _check_resolution(self) -> None:
        """What the pipeline would refuse after the training is refused before it."""
        levels = len(self._settings.widths) if self._settings.start_from == SCRATCH else 3
        stride = 2 ** (len(self._vae.config["block_out_channels"]) - 1 + levels - 1)
        multiple = max(stride, self._transparency.settings.multiple)
        if self._data.resolution % multiple:
            raise JobError(f"The key 'data.resolution' must be a multiple of {multiple} for these networks, got {self._data.resolution}.")

    @property
    def num_samples(self) -> int:
        """Views to train with."""
        return len(self._plans)

    @property
    def buckets(self) -> NDArray[np.int64]:
        """Views of one pass have the same parts."""
        return np.array([plan.group for plan in self._plans], np.int64)

    def build(self) -> nn.Module:
        """See `build_unet`."""
        return build_unet(self._settings.start(self._data.version, int(self._vae.config["latent_channels"])))

    def batch(self, indices: NDArray[np.int64], rng: np.random.Generator) -> dict[str, Tensor]:
        """``mean`` and ``deviation`` (B, F, C, h, w) of parts, ``page_mean`` and ``page_deviation`` (B, C, h, w), ``classes`` (B, F) and
        ``group`` (B,) int64. In stage 1 F is 1."""
        plans = [self._plans[int(index)] for index in indices]
        made = [self._one(plan, rng) for plan in plans]
        batch = {name: torch.stack([each[name] for each in made]) for name in made[0]}
        return {**batch, "group": torch.tensor([plan.group for plan in plans])}

    def _one(self, plan: Plan, rng: np.random.Generator) -> dict[str, Tensor]:
        entry, group = self._latents.read(plan), self._views.groups[plan.group]
        page = {"both": (PAGE, FIGURE)[int(rng.integers(2))], "picture": PAGE, "figure": FIGURE}[self._data.page]
        tags = list(group.tags)
        if self._settings.stage == 1:
            own = [tag for tag in tags if f"{tag}.{MEAN}" in entry]
            from_these = own if own and rng.random() < self._settings.present else tags
            tags = [from_these[int(rng.integers(len(from_these)))]]
        placed = rng.random() < self._settings.offset
        means = torch.stack([self._latents.latent(plan, tag, PLACED if placed else MEAN) for tag in tags])
        deviations = torch.zeros_like(means) if placed else torch.stack([self._latents.latent(plan, tag, DEVIATION) for tag in tags])
        return {
            "mean": means,
            "deviation": deviations,
            "page_mean": entry[f"{page}.{MEAN}"],
            "page_deviation": entry[f"{page}.{DEVIATION}"],
            "classes": torch.tensor([self._classes.tags.index(tag) for tag in tags]),
        }

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Weighted squared error of noise or velocity; ``plain`` is the same without weights."""
        scale = float(self._vae.config["scaling_factor"])
        clean = (batch["mean"].float() + batch["deviation"].float() * torch.randn_like(batch["mean"].float())) * scale
        pages = batch["page_mean"].float() + batch["page_deviation"].float() * torch.randn_like(batch["page_mean"].float())
        num_views, num_parts = clean.shape[:2]
        noise = torch.randn_like(clean[:, :1]).expand_as(clean) if self._settings.shared_noise else torch.randn_like(clean)
        times = self._noise.draw_times(num_views, clean.device, last=self._settings.last_time)
        noisy = self._noise.noised(clean, noise, times)
        side = self._data.resolution
        classes = batch["classes"].flatten()
        answer = model(
            torch.cat([noisy, (pages * scale)[:, None].expand_as(clean)], 2),
            times,
            self._classes.tokens[classes],
            added_cond_kwargs={
                "text_embeds": self._classes.pooled[classes],
                "time_ids": torch.tensor([[side, side, 0, 0, side, side]], device=clean.device).expand(num_views * num_parts, -1),
            },
            group_index=int(batch["group"][0]),
        )
        errors = (answer.float() - self._noise.target(clean, noise, times)).square().mean(dim=(1, 2, 3, 4))
        weights = self._noise.min_snr_weights(times, self._settings.gamma, self._settings.least_snr)
        return {"loss": (weights * errors).mean(), "plain": errors.detach().mean()}

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """`PartScores.metrics` of measured characters, through the inference pipeline."""
        return self.measure(model).scores.metrics()

    @torch.no_grad()
    def measure(self, model: nn.Module, *, most: int | None = None) -> Measured:
        """Take the characters to measure with apart; at most ``most`` of them."""
        pipeline = PartPipeline(cast(PartUNet, model), self._vae, self._transparency, self._classes, self._scheduler)
        return measure_parts(
            pipeline,
            self._views,
            self._measured[:most],
            alone=self._data.page == "figure",
            resolution=self._data.resolution,
            steps=self._data.evaluation_steps,
            shared_noise=self._settings.shared_noise,
        )

    @torch.no_grad()
    def pictures(self, model: nn.Module) -> dict[str, NDArray[np.uint8]]:
        """Some measured characters: the page, then truth and answer of each part, one below the other."""
        return {"measured": draw_parts(self.measure(model, most=2))}

    def export(self, model: nn.Module, folder: Path, facts: Mapping[str, object]) -> None:  # noqa: ARG002 (the run keeps them)
        """All networks in the published layout, as `liwi.seethrough.published_folders.load_part_pipeline` reads them."""
        target = folder / FOLDER
        cast(PartUNet, model).save_pretrained(target / "unet")
        self._vae.save_pretrained(target / "vae")
        self._transparency.save_pretrained(target / "trans_vae")
        copy_encoders(self._folder, target, PART_ENCODERS)
        sampling = {
            "resolution": self._data.resolution,
            "steps": self._data.evaluation_steps,
            "shared_noise": self._settings.shared_noise,
        }
        write_scheduler(target, DPMSolverMultistepScheduler.__name__, self._scheduler)
        write_index(target, "KDiffusionStableDiffusionXLPipeline", sampling)

    @staticmethod
    def make_checkpoint(exported: Path, folder: Path) -> None:
        """See `training.objectives.MakesCheckpoint`: the tags are encoded once, here."""
        source = exported / FOLDER
        save_parts(folder, PartCard(**read_config(source, SAMPLING)), load_part_pipeline(source))
