"""Which samples a step sees: a function of seed and step alone, so that a resumed run sees what an uninterrupted one would have."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


class DataOrder:
    """Every sample once per epoch, in another order each time.

    Args:
        num_samples: in the dataset.
        seed: of the run.
        stream: distinguishes orders of the same seed.
    """

    def __init__(self, num_samples: int, seed: int, stream: int = 0) -> None:
        if num_samples < 1:
            raise ValueError(f"A dataset needs at least one sample, got {num_samples}")
        self.num_samples = num_samples
        self._seeds = (seed, 1) if stream == 0 else (seed, 4, stream)
        self._epoch = lru_cache(maxsize=2)(self._permute)

    def take(self, first: int, count: int) -> NDArray[np.int64]:
        """The samples at the places ``first`` to ``first + count`` of the endless order: (count,) int64."""
        places = np.arange(first, first + count)
        epochs, positions = np.divmod(places, self.num_samples)
        return np.array([self._epoch(int(epoch))[position] for epoch, position in zip(epochs, positions, strict=True)], np.int64)

    def _permute(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng([*self._seeds, epoch]).permutation(self.num_samples)


def generator_for(seed: int, step: int, part: int) -> np.random.Generator:
    """Chance for one pass of one step: augmentation and whatever else an objective draws."""
    return np.random.default_rng([seed, 2, step, part])


def torch_seed(seed: int, step: int, part: int) -> int:
    """Seed of PyTorch's own generator for one pass of one step."""
    return int(np.random.default_rng([seed, 3, step, part]).integers(2**63))
