"""The pseudo-depth objective (paper 2, section 4.2.1): how near each pixel of each part is, from noise, shown the part and the page.

Stage 1 learns a frame at a time, stage 2 all 20 jointly, with the Body Part Consistency Module, from where stage 1 ended, so that all share
one scale. The network predicts velocity; the noise has large structures that fade with it (Marigold's multi-resolution noise, annealed).
What the network is given is what `liwi.seethrough.depth_pipeline` gives it: the page, the part, then noisy depth, and an empty text.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from numpy.typing import NDArray
from torch import Tensor, nn

from data_tools.character_dataset import Split
from liwi.checkpoint_folders import read_config
from liwi.seethrough.checkpoint import DepthCard, save_depth
from liwi.seethrough.class_embeddings import load_empty_text
from liwi.seethrough.depth_pipeline import DepthPipeline, encode_view
from liwi.seethrough.part_unet import PartUNet
from liwi.seethrough.published_folders import load_depth_pipeline
from liwi.seethrough.published_settings import DEPTH_LATENT_SCALE, DEPTH_SCHEDULER
from training.caches import TensorCache, fingerprint
from training.errors import JobError
from training.job import Job, read_table
from training.objectives.depth_measuring import measure_depth
from training.objectives.depth_views import FAR, depth_view, near_maps
from training.objectives.diffusion_noise import NoiseSchedule
from training.objectives.multi_resolution_noise import multi_resolution_noise
from training.objectives.part_latents import EMPTY, Entry, LatentStore
from training.objectives.part_networks import (
    DEPTH_ENCODERS,
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
from training.objectives.pseudo_depth_data import PseudoDepthData, PseudoDepthModel

FOLDER = "pseudo_depth"
"""In the export."""

NUM_FRAMES = 20
PART, DEPTH = "part", "depth"


class PseudoDepthObjective:
    """`training.objectives.Objective` for the pseudo-depth, either stage."""

    kind = "pseudo_depth"
    metric = "delta_1"
    lower_is_better = frozenset({"abs_rel"})

    @staticmethod
    def tables(model: Mapping[str, Any]) -> Mapping[str, tuple[type, ...]]:  # noqa: ARG004 (the same for all)
        """See `training.objectives.tables_of`."""
        return {"model": (PseudoDepthModel,), "data": (PseudoDepthData,)}

    def __init__(self, job: Job) -> None:
        self._settings = settings = read_table(PseudoDepthModel, job.model, "model")
        self._data = data = read_table(PseudoDepthData, job.data, "data")
        self._views = PartViews(Path(job.dataset), "v2", data.resolution)
        self._plans = self._views.plan(Split.TRAIN, mirrored=data.mirror)
        measured = self._plans if data.measure == "train" else self._views.plan(Split.VALIDATION)
        self._measured = list(dict.fromkeys(plan.sample for plan in measured))[: data.evaluation_samples]
        self._folder = encoders_folder(settings.start_from, Path(data.cache), DEPTH_ENCODERS, settings.text_width)
        device = torch.device("cuda" if job.schedule.device != "cpu" and torch.cuda.is_available() else "cpu")
        place, key = (settings.networks, "model.networks") if settings.networks else (settings.start_from, "model.start_from")
        self._vae: AutoencoderKL = read_frozen(AutoencoderKL, place, "vae", key).to(device)
        levels = len(settings.widths) if settings.start_from == SCRATCH else 4
        multiple = max(8, 2 ** (len(self._vae.config["block_out_channels"]) - 1 + levels - 1))
        if data.resolution % multiple:
            raise JobError(f"The key 'data.resolution' must be a multiple of {multiple} for these networks, got {data.resolution}.")
        kept = TensorCache(Path(data.cache), encoder=fingerprint(self._vae), settings={"depth": data.depth, "resolution": data.resolution})
        self._latents = LatentStore(kept, self._make, self._make_empty, decoded=data.decoded)
        self._latents.fill(self._plans)
        self._nothing = load_empty_text(self._folder).to(device, torch.float32).clone()
        self._noise = NoiseSchedule(DEPTH_SCHEDULER)

    @property
    def num_samples(self) -> int:
        """Views to train with."""
        return len(self._plans)

    def build(self) -> nn.Module:
        """See `build_unet`."""
        return build_unet(self._settings.start(int(self._vae.config["latent_channels"])))

    def batch(self, indices: NDArray[np.int64], rng: np.random.Generator) -> dict[str, Tensor]:
        """``page`` (B, C, h, w); ``part`` and ``depth`` (B, F, C, h, w), scaled. In stage 1 F is 1."""
        plans = [self._plans[int(index)] for index in indices]
        chosen = [self._frames(plan, rng) for plan in plans]
        batch = {"page": torch.stack([self._latents.latent(plan, f"{NUM_FRAMES - 1}", PART) for plan in plans])}
        for kind in (PART, DEPTH):
            rows = [
                torch.stack([self._latents.latent(plan, f"{frame}", kind) for frame in frames])
                for plan, frames in zip(plans, chosen, strict=True)
            ]
            batch[kind] = torch.stack(rows)
        return batch

    def _frames(self, plan: Plan, rng: np.random.Generator) -> list[int]:
        if self._settings.stage == 2:
            return list(range(NUM_FRAMES))
        own = [frame for frame in range(NUM_FRAMES) if f"{frame}.{PART}" in self._latents.read(plan)]
        some = own if rng.random() < self._data.present else list(range(NUM_FRAMES))
        return [some[int(rng.integers(len(some)))]]

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Squared error of the velocity."""
        clean, parts = batch[DEPTH].float(), batch[PART].float()
        pages = batch["page"].float()[:, None].expand_as(parts)
        num_views, num_parts = clean.shape[:2]
        times = self._noise.draw_times(num_views, clean.device)
        noise = multi_resolution_noise(clean, self._settings.coarse_noise * times / self._noise.num_times)
        noisy = self._noise.noised(clean, noise, times)
        tokens = self._nothing.expand(num_views * num_parts, -1, -1)
        answer = model(torch.cat([pages, parts, noisy], 2), times, tokens)
        return {"loss": nn.functional.mse_loss(answer.float(), self._noise.target(clean, noise, times))}

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """`measure_depth` of measured characters, through the inference pipeline, given their true parts."""
        return self._measure(model, self._measured)[0]

    @torch.no_grad()
    def pictures(self, model: nn.Module) -> dict[str, NDArray[np.uint8]]:
        """The true depth of the parts of one measured character above, what was found below; white is near, black is not the part."""
        name = self._measured[0]
        truth = near_maps(self._views.character(name), self._data.depth)
        (found,) = self._measure(model, [name])[1]
        rows = [[np.where(np.isnan(near), 0, source[tag]) for tag, near in truth.items()] for source in (truth, found)]
        grey = np.concatenate([np.concatenate(row, axis=1) for row in rows])
        return {"measured": np.repeat((grey * 255).round().astype(np.uint8)[..., None], 3, axis=2)}

    def export(self, model: nn.Module, folder: Path, facts: Mapping[str, object]) -> None:  # noqa: ARG002 (the run keeps them)
        """All networks in the published layout, as `liwi.seethrough.published_folders.load_depth_pipeline` reads them."""
        target = folder / FOLDER
        cast(PartUNet, model).save_pretrained(target / "unet")
        self._vae.save_pretrained(target / "vae")
        copy_encoders(self._folder, target, DEPTH_ENCODERS)
        write_scheduler(target, "DDIMScheduler", DEPTH_SCHEDULER)
        write_index(target, "MarigoldDepthPipeline", {"resolution": self._data.resolution, "steps": self._data.evaluation_steps})

    @staticmethod
    def make_checkpoint(exported: Path, folder: Path) -> None:
        """See `training.objectives.MakesCheckpoint`."""
        source = exported / FOLDER
        save_depth(folder, DepthCard(**read_config(source, SAMPLING)), load_depth_pipeline(source))

    def _measure(self, model: nn.Module, names: list[str]) -> tuple[dict[str, float], list[dict[str, NDArray[np.float32]]]]:
        pipeline = DepthPipeline(cast(PartUNet, model), self._vae, self._nothing)
        samples = [self._views.character(name) for name in names]
        return measure_depth(pipeline, samples, self._data.depth, resolution=self._data.resolution, steps=self._data.evaluation_steps)

    @torch.no_grad()
    def _make(self, plan: Plan) -> Entry:
        view = depth_view(self._views.character(plan.sample), self._data.resolution, self._data.depth, mirrored=plan.mirrored)
        entry: Entry = {}
        for number, (frame, depth) in enumerate(zip(view.frames, view.depths, strict=True)):
            if frame is not None and depth is not None:
                entry[f"{number}.{PART}"] = encode_view(self._vae, frame)[0].cpu()
                entry[f"{number}.{DEPTH}"] = self._encode_depth(depth)
        return entry

    @torch.no_grad()
    def _make_empty(self) -> Entry:
        side = self._data.resolution
        empty = encode_view(self._vae, np.zeros((side, side, 4), np.uint8))[0].cpu()
        return {f"{EMPTY}.{PART}": empty, f"{EMPTY}.{DEPTH}": self._encode_depth(np.full((side, side), FAR))}

    def _encode_depth(self, depth: NDArray[np.float32]) -> Tensor:
        picture = torch.from_numpy(depth).to(self._vae.device)[None, None].expand(1, 3, -1, -1) * 2 - 1
        latent: Tensor = self._vae.encode(picture, return_dict=False)[0].mean[0].cpu() * DEPTH_LATENT_SCALE
        return latent
