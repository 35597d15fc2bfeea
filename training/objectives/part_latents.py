"""Latents of pages and parts, encoded once before training and kept on disk: mean and deviation, so that each step draws its own.

Parts that a character lacks are not kept with it: what is empty has one latent for all.
"""

from collections.abc import Sequence
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


class PartLatents:
    """Entries by view.

    Args:
        views: of the dataset.
        vae, transparency: frozen.
        cache: folder to keep entries in.
        settings: whatever else decides what an entry holds: version and resolution.
        decoded: whether all that was read stays in memory.
    """

    def __init__(
        self, views: PartViews, vae: AutoencoderKL, transparency: TransparentVAE, cache: Path, settings: dict[str, object], *, decoded: bool
    ) -> None:
        self._views, self._vae, self._transparency = views, vae, transparency
        self._cache = TensorCache(cache, encoder=fingerprint(nn.ModuleList([vae, transparency])), settings={"parts": 1, **settings})
        self._memory: dict[str, Entry] | None = {} if decoded else None
        side = int(str(settings["resolution"]))
        self.empty = self._cache.obtain(EMPTY, lambda: self._encode({EMPTY: np.zeros((side, side, 4), np.uint8)}))

    def fill(self, plans: Sequence[Plan]) -> int:
        """Encode what is missing; returns how many this process encoded."""
        encoded = 0
        for plan in own_share_first(plans):
            if self._cache.read(_key(plan)) is None:
                self._cache.write(_key(plan), self._make(plan))
                encoded += 1
        return encoded

    def read(self, plan: Plan) -> Entry:
        """``WHAT.mean``, ``WHAT.deviation`` and ``WHAT.placed`` (with the offset), (C, h, w) float16 each, not scaled; WHAT is "page",
        "figure" or the tag of a part that is there."""
        if self._memory is not None and _key(plan) in self._memory:
            return self._memory[_key(plan)]
        entry = self._cache.obtain(_key(plan), lambda: self._make(plan))
        if self._memory is not None:
            self._memory[_key(plan)] = entry
        return entry

    def _make(self, plan: Plan) -> Entry:
        view = self._views.read(plan)
        return self._encode({PAGE: view.page, FIGURE: opaque(view.figure), **view.layers})

    @torch.no_grad()
    def _encode(self, pictures: dict[str, UInt8]) -> Entry:
        entry: Entry = {}
        names = list(pictures)
        for start in range(0, len(names), _TOGETHER):
            some = names[start : start + _TOGETHER]
            argb = padded(torch.stack([argb_of(pictures[name]) for name in some]).to(self._vae.device))
            drawn = self._vae.encode(((argb[:, 1:] * 2 - 1) * argb[:, :1]).to(self._vae.dtype), return_dict=False)[0]
            placed = self._transparency.encode(self._vae, argb, use_offset=True)
            for number, name in enumerate(some):
                for what, values in ((MEAN, drawn.mean), (DEVIATION, drawn.std), (PLACED, placed)):
                    entry[f"{name}.{what}"] = values[number].half().cpu()
        return entry


def _key(plan: Plan) -> str:
    return digest(f"{plan.content} {plan.group} {plan.mirrored}".encode())
