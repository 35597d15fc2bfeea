"""Bucketed batches: never of mixed shapes, every sample as often as any other, and the same wherever one begins."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.batches import BatchOrder, Shape, aspect_sizes, bucket_numbers, nearest_size
from training.order import DataOrder

BUCKETS = st.lists(st.integers(0, 4), min_size=1, max_size=40).map(lambda each: np.array(each, np.int64))


@given(buckets=BUCKETS, size=st.integers(1, 7), seed=st.integers(0, 99), begin=st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_no_batch_mixes_buckets_and_where_one_begins_does_not_matter(buckets: np.ndarray, size: int, seed: int, begin: int) -> None:
    order = BatchOrder(buckets, size, seed)
    for number in range(begin + 5):
        indices = order.take(number)
        assert len(indices) == size
        assert len(set(buckets[indices])) == 1
    fresh = BatchOrder(buckets, size, seed)
    assert np.array_equal(fresh.take(begin), order.take(begin))


@given(buckets=BUCKETS, size=st.integers(1, 7), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_every_sample_comes_as_often_as_any_other(buckets: np.ndarray, size: int, seed: int) -> None:
    order, epochs = BatchOrder(buckets, size, seed), 40
    seen = Counter(int(index) for number in range(epochs * len(buckets) // size) for index in order.take(number))
    slack = 2 * size + 1  # of each bucket a rest is always still to come
    assert all(abs(seen[sample] - epochs) <= slack + slack * len(set(buckets)) for sample in range(len(buckets)))
    for bucket in set(buckets):
        counts = [seen[int(sample)] for sample in np.flatnonzero(buckets == bucket)]
        assert max(counts) - min(counts) <= 1


def test_one_bucket_is_the_order_of_the_data_itself() -> None:
    order, plain = BatchOrder(np.zeros(11, np.int64), 4, seed=3), DataOrder(11, seed=3)
    assert [list(order.take(number)) for number in range(20)] == [list(plain.take(4 * number, 4)) for number in range(20)]


def test_seeds_give_other_batches() -> None:
    buckets = np.arange(30) % 3
    first, second = ([tuple(BatchOrder(buckets, 2, seed).take(number)) for number in range(10)] for seed in (1, 2))
    assert first != second


def test_no_sample_is_no_dataset() -> None:
    with pytest.raises(ValueError, match="at least one"):
        BatchOrder(np.zeros(0, np.int64), 2, seed=0)


def test_buckets_follow_from_shapes_and_not_from_their_order() -> None:
    shapes = [Shape(64, 32), Shape(32, 64, 2), Shape(64, 32, 2), Shape(64, 32)]
    numbers = bucket_numbers(shapes)
    assert numbers[0] == numbers[3]
    assert len(set(numbers)) == 3
    assert list(bucket_numbers(shapes[::-1])) == list(numbers[::-1])


def test_sizes_hold_to_their_limits_and_come_upright_and_lying() -> None:
    sizes = aspect_sizes(512 * 512, 64, max_ratio=2.0)
    assert (512, 512) in sizes
    assert all(width * height <= 512 * 512 and width % 64 == height % 64 == 0 for width, height in sizes)
    assert all(0.5 <= width / height <= 2 for width, height in sizes)
    assert {(height, width) for width, height in sizes} == set(sizes)
    with pytest.raises(ValueError, match="No size"):
        aspect_sizes(100, 64)


@pytest.mark.parametrize(("picture", "expected"), [((3000, 3000), (512, 512)), ((100, 50), (704, 320)), ((10, 1000), (320, 704))])
def test_a_picture_goes_to_the_size_most_like_it(picture: tuple[int, int], expected: tuple[int, int]) -> None:
    assert nearest_size(*picture, aspect_sizes(512 * 512, 64, max_ratio=2.25)) == expected
