"""What of the model goes where, decided and said before anything is loaded.

    80 GB   bfloat16, everything stays on the GPU
    48 GB   transformer kept in fp8, calculated in bfloat16
    24 GB   transformer in 4 bits; the text model visits the GPU part by part
    16 GB   the same, at 640 only
    12 GB   the transformer visits the GPU block by block, from the computer's own memory, at 640 only

Built from diffusers' quantisation, layer-wise casting and group offload. What each needs is counted from the number of weights and from
`ACTIVATIONS`, which ``python -m liwi layering costs`` measures. GiB throughout: 2**30 bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from liwi.placement import BYTES, GIB, RESERVE, Machine, Weights, describe, first_that_fits, shortages

ACTIVATIONS = {640: 2.0, 1024: 5.0}
"""GiB beside the weights while sampling, by resolution: see the table of costs; decoding a picture of that size needs less."""

TEXT_PART = 2.4
"""GiB of the largest part of the text model that visits the GPU at once: its table of words, and its output."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large a model is, in weights.

    Attributes:
        transformer, text, vae: number of weights.
        largest_block: weights of the largest block of the transformer.
    """

    transformer: int
    text: int
    vae: int
    largest_block: int


PUBLISHED_SIZES = Sizes(transformer=20_430_407_232, text=8_292_166_656, vae=126_900_000, largest_block=339_831_296)
"""Of Qwen-Image-Layered; the transformer's are counted in the tests."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One way to place the model.

    Attributes:
        name: what a person asks for.
        weights: how the transformer is kept.
        by_blocks: whether the transformer visits the GPU block by block.
        text_stays: whether the text model stays on the GPU.
        resolution: largest that fits.
        package: what has to be installed for it; empty for nothing.
        words: for a person.
    """

    name: str
    weights: Weights
    by_blocks: bool
    text_stays: bool
    resolution: int
    package: str
    words: str

    def gpu_needed(self, sizes: Sizes, resolution: int) -> float:
        """GiB on the GPU."""
        per_weight = BYTES[self.weights]
        # One block works while the next one arrives.
        transformer = (2 * sizes.largest_block * BYTES[Weights.BFLOAT16] if self.by_blocks else sizes.transformer * per_weight) / GIB
        text = sizes.text * 2 / GIB
        fixed = sizes.vae * 2 / GIB + RESERVE
        working = transformer + activations(resolution)
        needed = working + text if self.text_stays else max(working, transformer + TEXT_PART)
        if self.weights is Weights.FP8 and not self.by_blocks:
            needed = max(needed, sizes.transformer * BYTES[Weights.BFLOAT16] / GIB)  # it arrives in bfloat16
        return fixed + needed

    def host_needed(self, sizes: Sizes) -> float:
        """GiB of the computer's own memory, while loading and after."""
        kept = (sizes.transformer * BYTES[self.weights] if self.by_blocks else 0) + (0 if self.text_stays else sizes.text * 2)
        arriving = sizes.transformer * BYTES[Weights.BFLOAT16] if self.by_blocks else 0
        return max(kept, arriving) / GIB + 4


PRESETS = (
    Preset("80 GB", Weights.BFLOAT16, False, True, 1024, "", "everything in bfloat16 on the GPU"),
    Preset("48 GB", Weights.FP8, False, True, 1024, "", "transformer kept in fp8, everything on the GPU"),
    Preset("24 GB", Weights.FOUR_BITS, False, False, 1024, "bitsandbytes", "transformer in 4 bits, text model part by part"),
    Preset("16 GB", Weights.FOUR_BITS, False, False, 640, "bitsandbytes", "transformer in 4 bits, text model part by part, 640 only"),
    Preset("12 GB", Weights.FP8, True, False, 640, "", "transformer block by block from the computer's memory, kept in fp8; slow"),
)
"""Best first."""


def activations(resolution: int) -> float:
    """GiB beside the weights while sampling at ``resolution``."""
    return next((needed for size, needed in sorted(ACTIVATIONS.items()) if resolution <= size), max(ACTIVATIONS.values()))


def why_not(preset: Preset, machine: Machine, sizes: Sizes, resolution: int) -> str:
    """What stands against a preset, in words; empty where nothing does."""
    problems = []
    if resolution > preset.resolution:
        problems.append(f"works at {preset.resolution} at most, {resolution} was asked for")
    gpu, host = preset.gpu_needed(sizes, min(resolution, preset.resolution)), preset.host_needed(sizes)
    return "; ".join([*problems, *shortages(machine, gpu=gpu, host=host, package=preset.package)])


def choose_preset(machine: Machine, sizes: Sizes, resolution: int, presets: Sequence[Preset] = PRESETS) -> Preset:
    """The best preset that fits.

    Raises:
        TooLittleMemory: none does; says what each lacks.
    """
    return first_that_fits(
        machine,
        presets,
        lambda preset: why_not(preset, machine, sizes, resolution),
        model="The layered model",
        advice="Free memory, take a smaller resolution (640), or use the engine 'embedded', which needs no GPU.",
    )


def explain(machine: Machine, sizes: Sizes, resolution: int, presets: Sequence[Preset] = PRESETS) -> list[str]:
    """`liwi.placement.describe` of this model: what there is, and whether each preset fits."""
    return describe(machine, presets, lambda preset: why_not(preset, machine, sizes, resolution))
