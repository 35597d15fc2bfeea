"""The layering objective (paper 1, section 4): layers and S from noise, and degraded foregrounds back to sound ones, in one transformer.

Main path: frame 0, background and foregrounds from noise. Auxiliary path: each foreground from its degraded self with noise, seeing the
source and itself alone. Loss: equation 3. Signs, sigma and the shift by resolution belong to `liwi.layering.flow`; which token is which to
`liwi.layering.layout`. The paper does not say whether both paths share their noise; here they do not.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from liwi.layering import flow
from liwi.layering.attention import attention_arguments
from liwi.layering.checkpoint import ModelCard, save_checkpoint
from liwi.layering.flow import SigmaDistribution
from liwi.layering.latents import LatentCodec, pack
from liwi.layering.layout import TokenLayout
from liwi.layering.sampling import Sampling
from training.batches import Shape, bucket_numbers
from training.job import Job, read_table
from training.objectives.layering_data import LayeredData, LayeringModel
from training.objectives.layering_latents import DEGRADED, FRAME0, LAYERS, PROMPT, SOURCE, TEXT, LatentStore
from training.objectives.layering_measuring import draw_results, measure_layers
from training.objectives.layering_networks import SCRATCH, build_network, load_encoders
from training.objectives.layering_samples import Plan, plan_variants

_MASK = "text_mask"


class LayeringObjective:
    """`training.objectives.Objective` for the layered diffusion model."""

    kind = "layering"
    metric = "alpha_iou"
    lower_is_better = frozenset({"rgb_l1", "foreground_l1", "shadow_l1", "prompted_rgb_l1"})

    @staticmethod
    def tables(model: Mapping[str, Any]) -> Mapping[str, tuple[type, ...]]:  # noqa: ARG004 (the same for all)
        """See `training.objectives.tables_of`."""
        return {"model": (LayeringModel,), "data": (LayeredData,)}

    def __init__(self, job: Job) -> None:
        self._settings = read_table(LayeringModel, job.model, "model")
        self._data = read_table(LayeredData, job.data, "data")
        dataset, variants = Path(job.dataset), self._data.variant_settings
        self._plans = plan_variants(dataset, variants, held_out=self._data.held_out, purpose="train")
        measured = plan_variants(dataset, variants, held_out=self._data.held_out, purpose="measure")
        self._measured = measured[: self._data.evaluation_samples * (2 if self._data.prompted > 0 else 1)]
        device = torch.device("cuda" if job.schedule.device != "cpu" and torch.cuda.is_available() else "cpu")
        self._encoders = load_encoders(self._settings, device)
        self._channels = LatentCodec(self._encoders.vae).channels
        self._target = self._settings.frame0_target
        self._store = LatentStore(dataset, variants, self._target, self._encoders, Path(self._data.cache), decoded=self._data.decoded)
        self._store.fill(self._plans)

    @property
    def num_samples(self) -> int:
        """Variants to train with."""
        return len(self._plans)

    @property
    def buckets(self) -> NDArray[np.int64]:
        """By size and number of layers, and whether there is a prompt: samples of one layout."""
        return _buckets(self._plans)

    def build(self) -> nn.Module:
        """The transformer, fresh or as published."""
        return build_network(self._settings, self._channels)

    def batch(self, indices: NDArray[np.int64], rng: np.random.Generator) -> dict[str, Tensor]:
        """Latents as in `LatentStore.read`, stacked, and texts, some dropped: (B, T, D), with a mask where they differ in length."""
        entries = [self._store.read(self._plans[int(index)]) for index in indices]
        names = [name for name in (FRAME0, LAYERS, SOURCE, PROMPT, DEGRADED) if name in entries[0]]
        stacked = {name: torch.stack([entry[name] for entry in entries]) for name in names}
        dropped = rng.random(len(indices)) < self._settings.drop_text
        texts = [self._store.no_text if drop else entry[TEXT] for drop, entry in zip(dropped, entries, strict=True)]
        return {**stacked, **_padded(texts)}

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Equation 3; ``main`` and ``auxiliary`` are its two terms, ``frame0`` the main path's error in that frame alone."""
        clean = batch[LAYERS].float() if FRAME0 not in batch else torch.cat([batch[FRAME0], batch[LAYERS]], dim=1).float()
        layout = self._layout(batch)
        count, device = len(clean), clean.device
        sigma = flow.sample_sigmas(count, layout.frame_tokens, distribution=cast(SigmaDistribution, self._settings.sigmas), device=device)
        # 1. Main path: a straight line from noise to the clean frames (equation 1).
        x0 = pack(clean)
        noise = torch.randn_like(x0)
        tokens, targets = [flow.noised(x0, noise, sigma)], [flow.target(x0, noise)]
        # 2. Clean frames: prompt, source.
        tokens.append(pack(torch.cat([batch[name] for name in (PROMPT, SOURCE) if name in batch], dim=1).float()))
        # 3. Auxiliary path: from degraded foregrounds with noise to sound ones (equation 2).
        if layout.degraded:
            sound = pack(batch[LAYERS][:, 1:].float())
            start = pack(batch[DEGRADED].float())
            start = start + torch.randn_like(start)
            tokens.append(flow.noised(sound, start, sigma))
            targets.append(flow.target(sound, start))
        answer = model(
            hidden_states=torch.cat(tokens, dim=1),
            timestep=sigma,
            encoder_hidden_states=batch[TEXT],
            encoder_hidden_states_mask=batch.get(_MASK),
            img_shapes=layout.img_shapes(count),
            additional_t_cond=torch.zeros(count, dtype=torch.long, device=device),
            attention_kwargs=attention_arguments(layout),
            return_dict=False,
        )[0]
        main, rest = answer[:, layout.predicted], answer[:, layout.auxiliary]
        total = flow.loss(main, targets[0], rest, targets[1] if layout.degraded else None, self._settings.auxiliary)
        losses = {"loss": total, "main": nn.functional.mse_loss(main.detach().float(), targets[0])}
        if layout.degraded:
            losses["auxiliary"] = nn.functional.mse_loss(rest.detach().float(), targets[1])
        if layout.has_frame0:
            first = slice(0, layout.frame_tokens)
            losses["frame0"] = nn.functional.mse_loss(main[:, first].detach().float(), targets[0][:, first])
        return losses

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """`measure_layers` of the samples to measure with, through the inference pipeline; see there for the metrics."""
        return measure_layers(model, self._encoders, self._target, self._store, self._measured, steps=self._data.evaluation_steps).metrics

    @torch.no_grad()
    def pictures(self, model: nn.Module) -> dict[str, NDArray[np.uint8]]:
        """Some measured samples, one below the other: source, prompt, truth and answer of every layer."""
        shape, prompted = self._measured[0].shape, self._measured[0].prompted
        alike = [plan for plan in self._measured if (plan.shape, plan.prompted) == (shape, prompted)][:6]
        found = measure_layers(model, self._encoders, self._target, self._store, alike, steps=self._data.evaluation_steps)
        return {"measured": draw_results(found.results)}

    def export(self, model: nn.Module, folder: Path, facts: Mapping[str, object]) -> None:  # noqa: ARG002 (the run keeps them)
        """A layered checkpoint as `liwi.layering.checkpoint` reads it: whole, or the LoRA alone where there is one."""
        base = "" if self._settings.start_from == SCRATCH else self._settings.start_from
        largest = max(plan.shape.width * plan.shape.height for plan in self._plans)
        card = ModelCard(
            self._target,
            self._data.prompted > 0,
            Sampling(steps=self._data.evaluation_steps, guidance=1.0, resolution=round(largest**0.5)),
            max(plan.shape.num_layers for plan in self._plans),
            base,
        )
        vae = self._encoders.vae if self._settings.vae else None
        if self._settings.lora:
            save_checkpoint(folder, card, vae=vae, lora=model)
        else:
            save_checkpoint(folder, card, transformer=model, vae=vae)

    def _layout(self, batch: Mapping[str, Tensor]) -> TokenLayout:
        """Which token of this batch is which."""
        _, num_layers, _, height, width = batch[LAYERS].shape
        degraded = tuple(range(num_layers - 1)) if self._settings.auxiliary > 0 else ()
        return TokenLayout(height // 2, width // 2, num_layers - 1, self._target.kind, int(PROMPT in batch), degraded)


def _buckets(plans: list[Plan]) -> NDArray[np.int64]:
    """Numbers of the buckets; those with a prompt are apart."""
    apart = [Shape(plan.shape.width, plan.shape.height, 2 * plan.shape.num_layers + plan.prompted) for plan in plans]
    return bucket_numbers(apart)


def _padded(texts: list[Tensor]) -> dict[str, Tensor]:
    """Texts of (T_i, D) as (B, T, D), and what of it is text, where not all of it is."""
    longest = max(len(each) for each in texts)
    padded = torch.stack([nn.functional.pad(each, (0, 0, 0, longest - len(each))) for each in texts])
    if all(len(each) == longest for each in texts):
        return {TEXT: padded}
    return {TEXT: padded, _MASK: torch.tensor([[place < len(each) for place in range(longest)] for each in texts])}
