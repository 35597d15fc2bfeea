"""Where the part diffusion's chance comes from: one seed, and a seed of its own for a part that is to be made anew.

As published, all parts begin with the same noise, and two streams run from one seed: one for these beginnings, one for everything else
in the order in which it is needed (the page's latent, then the noise of each step for all parts). Noise is always drawn for the whole
group and then picked, so that a part's own does not depend on which others are made.
"""

from collections.abc import Mapping, Sequence

import torch
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor


class PartNoise:
    """Streams of noise for one picture, body pass and head pass one after the other.

    Args:
        seed: of both streams.
        device: where noise is drawn: numbers differ between kinds of devices.
        shared: all parts begin with the same noise, as published; else each with its own, as in training.
        own: seeds of single parts, by tag.
    """

    def __init__(self, seed: int, device: torch.device | str = "cpu", *, shared: bool = True, own: Mapping[str, int] | None = None) -> None:
        self.device, self.shared = torch.device(device), shared
        self._beginnings = torch.Generator(device).manual_seed(seed)
        self.stream = torch.Generator(device).manual_seed(seed)
        self._own = {tag: torch.Generator(device).manual_seed(each) for tag, each in (own or {}).items()}

    def begin(self, group: Sequence[str], tags: Sequence[str], shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """The noise that parts begin with.

        Args:
            group: all tags of the pass.
            tags: those that are made.
            shape: (C, h, w) of a part.
            dtype: in which it is drawn.

        Returns:
            (1, F, C, h, w) for the F ``tags``.
        """
        drawn = randn_tensor((1, 1 if self.shared else len(group), *shape), generator=self._beginnings, device=self.device, dtype=dtype)
        return self._pick(drawn.expand(-1, len(group), -1, -1, -1), group, tags)

    def step(self, group: Sequence[str], tags: Sequence[str], shape: Sequence[int]) -> Tensor:
        """The noise that a step adds, as for `begin`; single precision."""
        drawn = randn_tensor((1, len(group), *shape), generator=self.stream, device=self.device, dtype=torch.float32)
        return self._pick(drawn, group, tags)

    def _pick(self, drawn: Tensor, group: Sequence[str], tags: Sequence[str]) -> Tensor:
        picked = drawn[:, [group.index(tag) for tag in tags]]
        for place, tag in enumerate(tags):
            if tag in self._own:
                picked[:, place] = randn_tensor(drawn[:, 0].shape, generator=self._own[tag], device=self.device, dtype=drawn.dtype)
        return picked
