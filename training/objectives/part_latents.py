"""Latents of views, encoded once before training and kept on disk.

Of pages and parts mean and deviation are kept, so that each step draws its own. What a character lacks is not kept with it: what is empty
has one latent for all.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from numpy.typing import NDArray
from torch import Tensor, nn

from data_tools.manifests import digest
from liwi.seethrough.transparency import TransparentVAE
from training.caches import TensorCache, fingerprint, own_share_first
from training.objectives.part_pictures import argb_of, opaque, padded
from training.objectives.part_views import PartViews, Plan

Entry = dict[str, Tensor]
UInt8 = NDArray[np.uint8]

PAGE, FIGURE, EMPTY = "page", "figure", "empty"
MEAN, DEVIATION, PLACED = "mean", "deviation", "placed"
_TOGETHER = 8


class LatentStore:
    """Entries by view.

    Args:
        cache: where entries are kept.
        make: the entry of a view.
        empty: the entry of what is not there.
        decoded: whether all that was read stays in memory.
    """

    def __init__(self, cache: TensorCache, make: Callable[[Plan], Entry], empty: Callable[[], Entry], *, decoded: bool) -> None:
        self._cache, self._make = cache, make
        self._memory: dict[str, Entry] | None = {} if decoded else None
        self.empty = cache.obtain(EMPTY, empty)

    def fill(self, plans: Sequence[Plan]) -> int:
        """Encode what is missing; returns how many this process encoded."""
        encoded = 0
        for plan in own_share_first(plans):
            if self._cache.read(_key(plan)) is None:
                self._cache.write(_key(plan), self._make(plan))
                encoded += 1
        return encoded

    def read(self, plan: Plan) -> Entry:
        """The entry of a view."""
        key = _key(plan)
        if self._memory is not None and key in self._memory:
            return self._memory[key]
        entry = self._cache.obtain(key, lambda: self._make(plan))
        if self._memory is not None:
            self._memory[key] = entry
        return entry

    def latent(self, plan: Plan, what: str, kind: str) -> Tensor:
        """(C, h, w), of what is empty where the view has no ``what``."""
        entry, name = self.read(plan), f"{what}.{kind}"
        return entry[name] if name in entry else self.empty[f"{EMPTY}.{kind}"]


def part_latents(
    views: PartViews, vae: AutoencoderKL, transparency: TransparentVAE, cache: Path, settings: Mapping[str, object], *, decoded: bool
) -> LatentStore:
    """Latents for the part diffusion: ``WHAT.mean``, ``WHAT.deviation`` and ``WHAT.placed`` (with the offset), (C, h, w) float16 each, not
    scaled; WHAT is "page", "figure" or the tag of a part that is there.

    Args:
        views: of the dataset.
        vae, transparency: frozen.
        cache: folder to keep entries in.
        settings: whatever else decides what an entry holds: version and resolution.
        decoded: whether all that was read stays in memory.
    """

    def make(plan: Plan) -> Entry:
        view = views.read(plan)
        return encode({PAGE: view.page, FIGURE: opaque(view.figure), **view.layers})

    @torch.no_grad()
    def encode(pictures: dict[str, UInt8]) -> Entry:
        entry: Entry = {}
        names = list(pictures)
        for start in range(0, len(names), _TOGETHER):
            some = names[start : start + _TOGETHER]
            argb = padded(torch.stack([argb_of(pictures[name]) for name in some]).to(vae.device))
            drawn = vae.encode(((argb[:, 1:] * 2 - 1) * argb[:, :1]).to(vae.dtype), return_dict=False)[0]
            placed = transparency.encode(vae, argb, use_offset=True)
            for number, name in enumerate(some):
                for what, values in ((MEAN, drawn.mean), (DEVIATION, drawn.std), (PLACED, placed)):
                    entry[f"{name}.{what}"] = values[number].half().cpu()
        return entry

    nothing = np.zeros((views.side, views.side, 4), np.uint8)
    kept = TensorCache(cache, encoder=fingerprint(nn.ModuleList([vae, transparency])), settings={"parts": 1, **settings})
    return LatentStore(kept, make, lambda: encode({EMPTY: nothing}), decoded=decoded)


def _key(plan: Plan) -> str:
    return digest(f"{plan.content} {plan.group} {plan.mirrored}".encode())
