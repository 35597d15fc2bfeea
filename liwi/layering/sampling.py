"""How a result is sampled: number of steps, guidance, size, and what may be left out to be faster. Numbers only, no tensor."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from liwi.errors import InputError, LiwiError

RESOLUTIONS = (640, 1024)
"""Square roots of the areas that Qwen-Image-Layered was trained on; 640 is what its authors recommend."""

MAX_STEPS = 200


class SamplingFailed(LiwiError):
    """The network's output is no picture."""


class Cache(StrEnum):
    """What is computed in one step and used again in later ones (diffusers' hooks)."""

    NONE = "none"
    FIRST_BLOCK = "first_block"
    """The blocks after the first are left out where the first one's answer hardly changed."""
    TAYLOR = "taylor"
    """Every few steps only; in between, the blocks' answers are extrapolated."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a result is sampled. Every field can be changed without training anew.

    Attributes:
        steps: transformer evaluations, each twice with guidance.
        guidance: how much the caption counts; 1 turns it off and halves the work.
        normalize_guidance: whether the guided output is brought back to the length of the unguided one, token by token.
        resolution: square root of the area that is worked at, in pixels.
        cache: what is used again.
    """

    steps: int = 50
    guidance: float = 4.0
    normalize_guidance: bool = False
    resolution: int = 640
    cache: Cache = Cache.NONE

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= MAX_STEPS:
            raise InputError(f"{self.steps} steps were asked for; expected 1 to {MAX_STEPS}, 50 for the best result, 8 for a quick look.")
        if not 1 <= self.guidance <= 20:
            raise InputError(f"Guidance {self.guidance:g} was asked for; expected 1 (off) to 20, usually 4.")
        if not 32 <= self.resolution <= max(RESOLUTIONS):
            raise InputError(f"Resolution {self.resolution} was asked for; expected 32 to {max(RESOLUTIONS)}, usually 640.")

    def with_steps(self, steps: int | None) -> "Sampling":
        """The same with another number of steps; itself for None."""
        return self if steps is None else replace(self, steps=steps)


QUICK = Sampling(steps=8, guidance=1.0)
"""Few steps and no guidance: 8 evaluations instead of 100."""


def working_size(size: tuple[int, int], resolution: int, multiple: int = 32) -> tuple[int, int]:
    """The size a picture is worked at: the area of ``resolution`` squared, its own proportions, sides rounded.

    Args:
        size: ``(width, height)`` of the picture.
        resolution: square root of the area.
        multiple: of what the sides are multiples, 4 pixels of the latent picture.

    Raises:
        InputError: the picture is so long and thin that a side would vanish.
    """
    ratio = size[0] / size[1]
    width = math.sqrt(resolution * resolution * ratio)
    height = width / ratio
    rounded = round(width / multiple) * multiple, round(height / multiple) * multiple
    if min(rounded) < multiple:
        raise InputError(f"A picture of {size[0]} x {size[1]} pixels is too long and thin to be taken apart. Crop it first.")
    return rounded
