"""Latents and text embeddings of layered samples, encoded once before training and kept on disk.

An entry holds all that one variant needs, so that a step reads one small file per sample. Several processes of a run share the work: each
begins at another place and passes over what is there by the time it comes to it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKLQwenImage
from torch import Tensor

from data_tools.dataset import read_sample
from data_tools.manifests import digest
from liwi.layering.latents import LatentCodec
from liwi.layering.shadow_target import Frame0Target
from liwi.layering.text import TextConditioning
from training.caches import TensorCache, fingerprint, own_share_first
from training.objectives.layering_samples import Plan, Variant, VariantSettings, make_variant, to_pixels

Entry = dict[str, Tensor]

FRAME0, LAYERS, SOURCE, PROMPT, DEGRADED = "frame0", "layers", "source", "prompt", "degraded"
TEXT = "text"


@dataclass(frozen=True, eq=False)
class Encoders:
    """The frozen networks.

    Attributes:
        vae: of 4 channels, on the device that it shall compute on.
        text: captions -> embeddings.
        text_name: tells one text encoder from others.
    """

    vae: AutoencoderKLQwenImage
    text: TextConditioning
    text_name: str


class LatentStore:
    """Entries by variant.

    Args:
        dataset: folder of the samples.
        settings: how variants are made.
        target: what frame 0 holds.
        encoders: see there.
        cache: folder to keep entries in.
        decoded: whether all entries that were read stay in memory.
    """

    def __init__(
        self, dataset: Path, settings: VariantSettings, target: Frame0Target, encoders: Encoders, cache: Path, *, decoded: bool
    ) -> None:
        self._dataset, self._settings, self._target, self._encoders = dataset, settings, target, encoders
        described = {key: value for key, value in asdict(settings).items() if key != "variants"}
        frame0 = {"kind": target.kind.value, "gain": target.gain}
        self._latents = TensorCache(cache, encoder=fingerprint(encoders.vae), settings={"variants": described, "frame0": frame0})
        self._texts = TensorCache(cache, encoder=encoders.text_name, settings={"texts": 1})
        self._memory: dict[str, Entry] | None = {} if decoded else None
        self.no_text = self._embed("")

    def fill(self, plans: Sequence[Plan]) -> int:
        """Encode what is missing; returns how many this process encoded."""
        encoded = 0
        for plan in own_share_first(plans):
            if not self._latents.path(plan.key).is_file() or self._latents.read(plan.key) is None:
                self._latents.write(plan.key, self._encode(plan))
                encoded += 1
        return encoded

    def read(self, plan: Plan) -> Entry:
        """``layers`` (L, C, h, w), ``source`` (1, C, h, w), ``degraded`` (K, C, h, w), where there are such ``frame0`` and ``prompt``
        (1, C, h, w), and ``text`` (T, D)."""
        if self._memory is not None and plan.key in self._memory:
            return self._memory[plan.key]
        entry = self._latents.obtain(plan.key, lambda: self._encode(plan))
        if self._memory is not None:
            self._memory[plan.key] = entry
        return entry

    def variant(self, plan: Plan) -> Variant:
        """The pictures of an entry."""
        return make_variant(read_sample(self._dataset, plan.sample), plan, self._settings)

    @torch.no_grad()
    def _encode(self, plan: Plan) -> Entry:
        variant, codec = self.variant(plan), LatentCodec(self._encoders.vae)
        device = self._encoders.vae.device
        layers = torch.stack([to_pixels(each) for each in (variant.background, *variant.foregrounds)]).to(device)
        source = to_pixels(variant.source)[None].to(device)
        entry = {LAYERS: codec.encode(layers), SOURCE: codec.encode(source)}
        entry[DEGRADED] = codec.encode(torch.stack([to_pixels(each) for each in variant.degraded]).to(device))
        frame0 = self._target.latents(codec, source, layers[None])
        if frame0 is not None:
            entry[FRAME0] = frame0
        if variant.prompt is not None:
            entry[PROMPT] = codec.encode(to_pixels(variant.prompt)[None].to(device))
        entry[TEXT] = self._embed(variant.caption)
        return {name: value.cpu() for name, value in entry.items()}

    def _embed(self, caption: str) -> Tensor:
        """(T, D) of one text."""
        name = digest(caption.encode())
        return self._texts.obtain(name, lambda: {TEXT: self._encoders.text.encode([caption]).embeddings[0].float().cpu()})[TEXT]
