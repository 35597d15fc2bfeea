"""A small latent diffusion, to see that the loop carries one: pictures of two proportions, encoded once; a U-Net that removes noise."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DModel
from numpy.typing import NDArray
from torch import Tensor, nn

from data_tools.manifests import digest
from training.batches import Shape, bucket_numbers
from training.caches import TensorCache, fingerprint
from training.job import Job

SIZES = [(16, 16), (32, 16), (16, 16), (32, 16), (16, 16)]


class LatentObjective:
    """`training.objectives.Objective` with buckets and pictures; ``job.dataset`` is the folder of the cache."""

    kind = "latents"
    metric = "error"
    lower_is_better = frozenset({"error"})

    def __init__(self, job: Job) -> None:
        torch.manual_seed(0)
        self.encoder = AutoencoderKL(block_out_channels=(8,), norm_num_groups=4, latent_channels=2, sample_size=16).eval()
        self.num_encoded = 0
        rng = np.random.default_rng(0)
        pictures = [rng.integers(0, 256, (height, width, 3)).astype(np.uint8) for width, height in SIZES]
        names = [digest(picture.tobytes()) for picture in pictures]
        cache = TensorCache(Path(job.dataset), encoder=fingerprint(self.encoder), settings={"scale": 1.0})
        self.latents = [
            cache.obtain(name, lambda each=picture: self._encode(each))["latents"] for name, picture in zip(names, pictures, strict=True)
        ]
        self.shapes = [Shape(width, height) for width, height in SIZES]

    @torch.no_grad()
    def _encode(self, picture: NDArray[np.uint8]) -> dict[str, Tensor]:
        self.num_encoded += 1
        pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
        return {"latents": self.encoder.encode(pixels).latent_dist.mode()[0]}

    @property
    def num_samples(self) -> int:
        return len(self.latents)

    @property
    def buckets(self) -> NDArray[np.int64]:
        return bucket_numbers(self.shapes)

    def build(self) -> nn.Module:
        return UNet2DModel(
            in_channels=2,
            out_channels=2,
            block_out_channels=(8, 8),
            layers_per_block=1,
            norm_num_groups=4,
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        )

    def batch(self, indices: NDArray[np.int64], rng: np.random.Generator) -> dict[str, Tensor]:
        return {"latents": torch.stack([self.latents[index] for index in indices]), "sigma": torch.from_numpy(rng.random(len(indices)))}

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        sigma = batch["sigma"].float().view(-1, 1, 1, 1)
        noise = torch.randn_like(batch["latents"])
        answer = model(batch["latents"] * (1 - sigma) + noise * sigma, sigma.flatten() * 1000).sample
        return {"loss": (answer - noise).square().mean()}

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        return {"error": float(model(self.latents[0][None], 0).sample.square().mean())}

    @torch.no_grad()
    def pictures(self, model: nn.Module) -> dict[str, NDArray[np.uint8]]:
        pixels = self.encoder.decode(model(self.latents[1][None], 0).sample.float()).sample[0]
        return {"first": ((pixels.permute(1, 2, 0) + 1) * 127.5).clamp(0, 255).to(torch.uint8).numpy()}

    def export(self, model: nn.Module, folder: Path, facts: Mapping[str, object]) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "facts.json").write_text(json.dumps({**facts, "weights": fingerprint(model)}))
