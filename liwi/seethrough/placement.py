"""What of the character model goes where, decided and said before anything is loaded.

    24 GB   everything on the GPU in bfloat16, all parts at once
    16 GB   the same; four parts at a time attend to their own pixels
    12 GB   the networks visit the GPU piece by piece from the computer's own memory (diffusers' group offload), four parts at a time
    8 GB    U-Nets in 4 bits (`four_bits`), one part at a time
    no GPU  everything on the CPU

Fewer parts at a time take nothing from what parts know of each other: attention among the parts sees all of them, a few pixels at a time
(`PartUNet.limit_memory`). Only 4 bits change the picture. An Apple GPU takes the presets without pieces, of what memory it is lent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from liwi.placement import BYTES, GIB, RESERVE, Machine, Weights, describe, first_that_fits, shortages
from liwi.seethrough.published_settings import RESOLUTION

PIXELS_AT_ONCE = 1600
"""Pixels whose parts attend to each other at a time, where memory is scarce."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large a character model is, in weights.

    Attributes:
        parts: of the part diffusion's U-Net.
        depth: of the pseudo-depth's U-Net; also where there is none yet, so that one fits when it is promoted.
        pictures: of the VAEs and the transparency networks, which are never made smaller.
        in_four_bits: whether the files hold the U-Nets in 4 bits already.
    """

    parts: int
    depth: int
    pictures: int
    in_four_bits: bool = False


PUBLISHED_SIZES = Sizes(parts=4_071_291_140, depth=1_213_176_964, pictures=2 * 83_653_863 + 105_286_568)
"""Of See-through's V3 and its Marigold; counted in the tests."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One way to place the model.

    Attributes:
        name: what a person asks for.
        weights: how the U-Nets are kept.
        on_gpu: whether there is a GPU.
        by_pieces: whether they visit it piece by piece.
        parts_at_once: parts whose pixels attend to each other at a time; None for all.
        words: for a person.
    """

    name: str
    weights: Weights
    on_gpu: bool
    by_pieces: bool
    parts_at_once: int | None
    words: str

    def gpu_needed(self, sizes: Sizes, resolution: int) -> float:
        """GiB on the GPU."""
        if not self.on_gpu:
            return 0
        networks = PIECE if self.by_pieces else (sizes.parts + sizes.depth) * BYTES[self.weights] / GIB
        return networks + sizes.pictures * 2 / GIB + activations(resolution, self.parts_at_once) + RESERVE

    def host_needed(self, sizes: Sizes, resolution: int) -> float:
        """GiB of the computer's own memory, while loading and after."""
        kept = (sizes.parts + sizes.depth) * BYTES[self.weights] / GIB
        if not self.on_gpu:
            return (
                kept + sizes.pictures * 2 / GIB + 2 * activations(resolution, self.parts_at_once)
            )  # 16 bits are padded to 32 here and there
        return 3 + (kept if self.by_pieces else 0)


PIECE = 0.4
"""GiB of the pieces on the GPU at a time: one that works, and the next ones that arrive."""

PRESETS = (
    Preset("24 GB", Weights.BFLOAT16, True, False, None, "everything in bfloat16 on the GPU, all parts at once"),
    Preset("16 GB", Weights.BFLOAT16, True, False, 4, "everything in bfloat16 on the GPU, four parts at a time"),
    Preset("12 GB", Weights.BFLOAT16, True, True, 4, "networks visit the GPU piece by piece, four parts at a time; slower"),
    Preset("8 GB", Weights.FOUR_BITS, True, False, 1, "networks in 4 bits on the GPU, one part at a time"),
    Preset("no GPU", Weights.BFLOAT16, False, False, 1, "everything on the CPU, one part at a time; takes hours"),
)
"""Best first."""

ALL_AT_ONCE, SOME_AT_ONCE = 3.2, 2.4
"""GiB beside the weights at `RESOLUTION`, as torch's memory tracker counts them for the full networks in bfloat16: of 13 parts at once, and
of four, which the decoding of one part then exceeds."""


def activations(resolution: int, parts_at_once: int | None) -> float:
    """GiB beside the weights while parts are made; they grow with the picture's area."""
    return (ALL_AT_ONCE if parts_at_once is None else SOME_AT_ONCE) * (resolution / RESOLUTION) ** 2


def why_not(preset: Preset, machine: Machine, sizes: Sizes, resolution: int) -> str:
    """What stands against a preset, in words; empty where nothing does."""
    problems = []
    if preset.on_gpu and not machine.gpu:
        return "there is no GPU"
    if not preset.on_gpu and machine.gpu:
        problems.append("there is a GPU")
    if preset.by_pieces and machine.device != "cuda":
        problems.append("pieces visit NVIDIA's and AMD's GPUs only")
    if sizes.in_four_bits and preset.on_gpu and preset.weights is not Weights.FOUR_BITS:
        problems.append("the files hold 4 bits only")
    gpu, host = preset.gpu_needed(sizes, resolution), preset.host_needed(sizes, resolution)
    return "; ".join([*problems, *shortages(machine, gpu=gpu, host=host)])


def choose_preset(machine: Machine, sizes: Sizes, resolution: int, presets: Sequence[Preset] = PRESETS) -> Preset:
    """The best preset that fits.

    Raises:
        TooLittleMemory: none does; says what each lacks.
    """
    return first_that_fits(
        machine,
        presets,
        lambda preset: why_not(preset, machine, sizes, resolution),
        model="The character model",
        advice="Free memory, or use the engine 'character', which needs no GPU.",
    )


def explain(machine: Machine, sizes: Sizes, resolution: int, presets: Sequence[Preset] = PRESETS) -> list[str]:
    """`liwi.placement.describe` of this model: what there is, and whether each preset fits."""
    return describe(machine, presets, lambda preset: why_not(preset, machine, sizes, resolution))
