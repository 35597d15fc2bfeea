"""What of the model goes where, decided and said before anything is loaded.

    80 GB   bfloat16, everything stays on the GPU
    48 GB   transformer kept in fp8, calculated in bfloat16
    24 GB   transformer in 4 bits; the text model visits the GPU part by part
    16 GB   the same, at 640 only
    12 GB   the transformer visits the GPU block by block, from the computer's own memory, at 640 only

Built from diffusers' quantisation, layer-wise casting and group offload. What each needs is counted from the number of weights and from
`ACTIVATIONS`, which ``python -m liwi layering costs`` measures. GiB throughout: 2**30 bytes.
"""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from liwi.layering.problems import TooLittleMemory

GIB = 2**30

ACTIVATIONS = {640: 2.0, 1024: 5.0}
"""GiB beside the weights while sampling, by resolution: see the table of costs; decoding a picture of that size needs less."""

RESERVE = 0.8
"""GiB for CUDA itself and for what its allocator cannot use."""

TEXT_PART = 2.4
"""GiB of the largest part of the text model that visits the GPU at once: its table of words, and its output."""


class Weights(StrEnum):
    """How the transformer's weights are kept."""

    BFLOAT16 = "bfloat16"
    FP8 = "fp8"
    FOUR_BITS = "4 bits"


BYTES = {Weights.BFLOAT16: 2.0, Weights.FP8: 1.0, Weights.FOUR_BITS: 0.57}
"""Per weight; 4 bits with their scales, and with what stays in bfloat16."""


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
class Machine:
    """What this computer has.

    Attributes:
        gpu: GiB of the GPU's memory; 0 without one.
        host: GiB of the computer's own memory that are free.
        name: of the GPU.
    """

    gpu: float
    host: float
    name: str = ""


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
    if gpu > machine.gpu:
        problems.append(f"needs {gpu:.1f} GiB on the GPU, there are {machine.gpu:.1f}")
    if host > machine.host:
        problems.append(f"needs {host:.1f} GiB of memory, {machine.host:.1f} are free")
    if preset.package and importlib.util.find_spec(preset.package) is None:
        problems.append(f"needs the package {preset.package} (pip install {preset.package})")
    return "; ".join(problems)


def choose_preset(machine: Machine, sizes: Sizes, resolution: int, presets: Sequence[Preset] = PRESETS) -> Preset:
    """The best preset that fits.

    Raises:
        TooLittleMemory: none does; says what each lacks.
    """
    for preset in presets:
        if not why_not(preset, machine, sizes, resolution):
            return preset
    raise TooLittleMemory(
        f"The layered model does not fit here. {explain(machine, sizes, resolution, presets)} "
        "Free memory, take a smaller resolution (640), or use the engine 'embedded', which needs no GPU."
    )


def explain(machine: Machine, sizes: Sizes, resolution: int, presets: Sequence[Preset] = PRESETS) -> str:
    """What fits and what does not, in words, without loading anything."""
    gpu = f"{machine.name or 'the GPU'} has {machine.gpu:.1f} GiB" if machine.gpu else "there is no GPU"
    lines = [f"{gpu[0].upper()}{gpu[1:]}, {machine.host:.1f} GiB of memory are free."]
    for preset in presets:
        problem = why_not(preset, machine, sizes, resolution)
        lines.append(f"{preset.name} ({preset.words}): {problem or 'fits'}.")
    return " ".join(lines)


def measure_machine() -> Machine:
    """What this computer has now."""
    import gc

    import psutil
    import torch

    host = psutil.virtual_memory().available / GIB
    if not torch.cuda.is_available():
        return Machine(0.0, host)
    gc.collect()  # what a model left behind that is served no more
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info()
    return Machine(free / GIB, host, torch.cuda.get_device_name())
