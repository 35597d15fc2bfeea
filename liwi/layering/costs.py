"""What a transformer call costs: floating-point operations and memory, from torch's own counters, without a GPU and without weights.

Networks and tensors are fake (`torch._subclasses.FakeTensorMode`): shapes and dtypes of the full model, no storage. Attention counts as the
kernels that keep no matrix of scores.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from liwi.layering.attention import attention_arguments
from liwi.layering.components import FULL_TRANSFORMER, FULL_VAE, Settings, build_transformer, build_vae
from liwi.layering.layout import Frame0, TokenLayout
from liwi.layering.sampling import Sampling

NUM_TEXT = 256
"""Text tokens of a usual caption."""

GIB = 2**30

_ATTENTION = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu


@dataclass(frozen=True, slots=True)
class CallCost:
    """One call of the transformer for one sample, in bfloat16.

    Attributes:
        tokens: image tokens.
        flops: floating-point operations, a multiplication and an addition counting two.
        weights: GiB of the weights.
        activations: GiB beside them at the peak, gradients not counted.
    """

    tokens: int
    flops: float
    weights: float
    activations: float


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table.

    Attributes:
        resolution: side of the square picture.
        num_foregrounds: layers besides the background.
        frame0: what frame 0 carries.
        degraded: whether every foreground has a degraded frame, as in training.
        cost: of one call.
    """

    resolution: int
    num_foregrounds: int
    frame0: Frame0
    degraded: bool
    cost: CallCost


def measure_call(layout: TokenLayout, settings: Settings = FULL_TRANSFORMER, num_text: int = NUM_TEXT) -> CallCost:
    """Count one call without gradients: of one block and of two, continued to as many as there are, since blocks are alike.

    Args:
        layout: which frames there are.
        settings: of the transformer.
        num_text: text tokens.
    """
    blocks = settings["num_layers"]
    one = _count(layout, {**settings, "num_layers": 1}, num_text)
    if blocks == 1:
        return one
    two = _count(layout, {**settings, "num_layers": 2}, num_text)
    return CallCost(
        layout.num_tokens,
        one.flops + (blocks - 1) * (two.flops - one.flops),
        one.weights + (blocks - 1) * (two.weights - one.weights),
        two.activations,
    )


def _count(layout: TokenLayout, settings: Settings, num_text: int) -> CallCost:
    """What torch counts of a call, all blocks and no continuing."""
    with FakeTensorMode(), torch.no_grad():
        transformer = _in_bfloat16(lambda: build_transformer(settings).eval())
        given: dict[str, Any] = {
            "hidden_states": torch.empty(1, layout.num_tokens, transformer.config.in_channels, dtype=torch.bfloat16),
            "encoder_hidden_states": torch.empty(1, num_text, transformer.config.joint_attention_dim, dtype=torch.bfloat16),
            "timestep": torch.empty(1, dtype=torch.bfloat16),
            "additional_t_cond": torch.zeros(1, dtype=torch.long),
            "img_shapes": layout.img_shapes(1),
            "attention_kwargs": attention_arguments(layout),
        }
        weights = sum(weight.numel() * weight.element_size() for weight in transformer.parameters())
        tracker, counter = MemTracker(), FlopCounterMode(display=False, custom_mapping={_ATTENTION: _attention_flops})
        tracker.track_external(transformer)
        with tracker, counter:
            transformer(**given, return_dict=False)
        peak = sum(device["Total"] for device in tracker.get_tracker_snapshot("peak").values())
    return CallCost(layout.num_tokens, float(counter.get_total_flops()), weights / GIB, (peak - weights) / GIB)


@dataclass(frozen=True, slots=True)
class PictureCost:
    """The VAE's work on one picture, in bfloat16: floating-point operations and GiB at the peak, to encode it and to decode it."""

    encode_flops: float
    encode_memory: float
    decode_flops: float
    decode_memory: float


def measure_vae(resolution: int, settings: Settings = FULL_VAE) -> PictureCost:
    """Count what encoding and decoding one square picture costs."""
    found: list[float] = []
    with FakeTensorMode(), torch.no_grad():
        vae = _in_bfloat16(lambda: build_vae(settings).eval())
        factor, channels = 2 ** len(vae.config.temperal_downsample), vae.config.z_dim
        weights = sum(weight.numel() * weight.element_size() for weight in vae.parameters())
        side = resolution // factor
        for work, shape in ((vae.encode, (4, 1, resolution, resolution)), (vae.decode, (channels, 1, side, side))):
            tracker, counter = MemTracker(), FlopCounterMode(display=False)
            tracker.track_external(vae)
            with tracker, counter:
                work(torch.empty(1, *shape, dtype=torch.bfloat16))
            peak = sum(device["Total"] for device in tracker.get_tracker_snapshot("peak").values())
            found += [float(counter.get_total_flops()), (peak - weights) / GIB]
    return PictureCost(*found)


def _attention_flops(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    """torch's own formula; it counts the kernels of GPUs by itself, and leaves out the one that fake tensors on a CPU take."""
    return int(sdpa_flop_count(query, key, value))  # type: ignore[no-untyped-call]  # so is torch there


def _in_bfloat16(build: Callable[[], Any]) -> Any:
    """What ``build`` builds, with weights in bfloat16: fake ones cannot be converted, so they are made so."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        return build()
    finally:
        torch.set_default_dtype(before)


def table(resolutions: tuple[int, ...] = (640, 1024), most: int = 4, settings: Settings = FULL_TRANSFORMER) -> Iterator[Row]:
    """The rows: each resolution, 1 to ``most`` foregrounds; with frame 0, without it, and with degraded frames."""
    for resolution in resolutions:
        for count in range(1, most + 1):
            for frame0, degraded in ((Frame0.SHADOW_PIXEL, False), (Frame0.NONE, False), (Frame0.SHADOW_PIXEL, True)):
                places = tuple(range(count)) if degraded else ()
                layout = TokenLayout(resolution // 16, resolution // 16, count, frame0, degraded=places)
                yield Row(resolution, count, frame0, degraded, measure_call(layout, settings))


HEADER = (
    "| size | foregrounds | frames | image tokens | TFLOP per call | PFLOP per picture | GiB beside the weights |\n"
    "|---|---|---|---|---|---|---|"
)


def as_markdown(row: Row, sampling: Sampling | None = None) -> str:
    """A line of the table; a picture is every step of ``sampling``, twice with guidance."""
    sampling = sampling or Sampling()
    calls = sampling.steps * (2 if sampling.guidance > 1 else 1)
    frames = "without frame 0" if row.frame0 is Frame0.NONE else "with frame 0"
    kind = f"{frames}, all foregrounds degraded too" if row.degraded else frames
    picture = "(training)" if row.degraded else f"{row.cost.flops * calls / 1e15:.1f}"
    cells = (f"{row.resolution}", f"{row.num_foregrounds}", kind, f"{row.cost.tokens:,}", f"{row.cost.flops / 1e12:.0f}", picture)
    return f"| {' | '.join(cells)} | {row.cost.activations:.2f} |"
