"""Batches whose samples have one shape: pictures of other proportions or with another number of layers do not fit into one tensor.

Which samples a batch holds follows from seed and number alone (`training.order`), so that a resumed run goes on with the batches that an
uninterrupted one would have had. Every bucket is gone through like a dataset of its own, and comes as often as it has samples: where they
are no multiple of the batch size, the rest waits for the next time instead of being left out or repeated.
"""

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from training.order import DataOrder

Int64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True, order=True)
class Shape:
    """What samples need in common to be in one batch.

    Attributes:
        width, height: pixels, after fitting.
        num_layers: layers, the background among them.
    """

    width: int
    height: int
    num_layers: int = 1


def aspect_sizes(max_pixels: int, multiple: int, *, max_ratio: float = 2.0) -> tuple[tuple[int, int], ...]:
    """The sizes that pictures are fitted to: (width, height), each as tall as its width allows.

    Args:
        max_pixels: largest width * height.
        multiple: both sides are multiples of it.
        max_ratio: of the longer side to the shorter.

    Raises:
        ValueError: there is no such size.
    """
    found = set()
    for width in range(multiple, math.isqrt(int(max_pixels * max_ratio)) + 1, multiple):
        height = max_pixels // width // multiple * multiple
        for size in ((width, height), (height, width)):
            if height > 0 and 1 / max_ratio <= size[0] / size[1] <= max_ratio:
                found.add(size)
    if not found:
        raise ValueError(f"No size has at most {max_pixels} pixels and sides that are multiples of {multiple}")
    return tuple(sorted(found))


def nearest_size(width: int, height: int, sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The size whose proportions are closest to those of a picture; of several, the largest."""
    return min(sizes, key=lambda size: (abs(math.log(size[0] / size[1] * height / width)), -size[0] * size[1]))


def bucket_numbers(shapes: Sequence[Shape]) -> Int64:
    """The bucket of each sample: (n,) int64; samples of one shape share one, and the order of the samples changes no number."""
    numbers = {shape: number for number, shape in enumerate(sorted(set(shapes)))}
    return np.array([numbers[shape] for shape in shapes], np.int64)


class BatchOrder:
    """The endless order of a run's batches.

    Args:
        buckets: (num_samples,) int64, the bucket of each sample.
        batch_size: samples per batch.
        seed: of the run.

    Raises:
        ValueError: there is no sample.
    """

    def __init__(self, buckets: Int64, batch_size: int, seed: int) -> None:
        if len(buckets) == 0:
            raise ValueError("A dataset needs at least one sample, got 0")
        self._seed, self._size = seed, batch_size
        self._members = [np.flatnonzero(buckets == bucket) for bucket in np.unique(buckets)]
        self._orders = [DataOrder(len(members), seed, stream) for stream, members in enumerate(self._members)]
        self._counts = np.array([len(members) for members in self._members], np.int64)
        # Where each bucket's rest begins: not all at once, or small buckets would come together.
        self._offsets = np.random.default_rng([seed, 5]).integers(0, batch_size, len(self._members))
        self._round = lru_cache(maxsize=2)(self._shuffle)

    def take(self, number: int) -> Int64:
        """The samples of batch ``number`` (from 0): (batch_size,) int64, all of one bucket."""
        most = 2 + (number + len(self._members) + 1) * self._size // int(self._counts.sum())
        turn = bisect.bisect_right(range(most), number, key=lambda each: int(self._before(each).sum())) - 1
        before = self._before(turn)
        place, buckets = number - int(before.sum()), self._round(turn)
        bucket = int(buckets[place])
        done = int(before[bucket]) + int(np.count_nonzero(buckets[:place] == bucket))
        return self._members[bucket][self._orders[bucket].take(done * self._size, self._size)]

    def _before(self, turn: int) -> Int64:
        """Batches of each bucket before round ``turn``: a round is about once through all samples."""
        return (turn * self._counts + self._offsets) // self._size

    def _shuffle(self, turn: int) -> Int64:
        """The buckets of the batches of a round, in their order."""
        buckets = np.repeat(np.arange(len(self._members)), self._before(turn + 1) - self._before(turn))
        return np.random.default_rng([self._seed, 6, turn]).permutation(buckets)
