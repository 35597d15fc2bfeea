"""What one step computes and later ones use again: diffusers' hooks, put on for one sampling and taken off after it."""

from collections.abc import Iterator
from contextlib import contextmanager

from diffusers import FirstBlockCacheConfig, QwenImageTransformer2DModel, TaylorSeerCacheConfig

from liwi.layering.sampling import Cache, Sampling

FIRST_BLOCK_THRESHOLD = 0.1
"""Relative change of the first block's answer below which the other blocks are left out."""

TAYLOR_INTERVAL = 4
"""Every so many steps are computed in full once the first ones are done."""


@contextmanager
def step_cache(transformer: QwenImageTransformer2DModel, sampling: Sampling) -> Iterator[None]:
    """Let ``transformer`` use again what `Sampling.cache` says, inside of the block."""
    match sampling.cache:
        case Cache.NONE:
            yield
            return
        case Cache.FIRST_BLOCK:
            config = FirstBlockCacheConfig(threshold=FIRST_BLOCK_THRESHOLD)
        case Cache.TAYLOR:
            warm = max(1, min(3, sampling.steps // 4))
            config = TaylorSeerCacheConfig(cache_interval=TAYLOR_INTERVAL, disable_cache_before_step=warm, max_order=1)
    transformer.enable_cache(config)
    try:
        yield
    finally:
        transformer.disable_cache()
