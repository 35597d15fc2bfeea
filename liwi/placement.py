"""What this computer has, and which of several ways to place a large model fits into it: said before anything is loaded.

Each model has presets of its own, see `liwi.layering.placement` and `liwi.seethrough.placement`. GiB throughout: 2**30 bytes.
"""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from liwi.errors import EngineUnavailable

GIB = 2**30

RESERVE = 0.8
"""GiB for CUDA itself and for what its allocator cannot use."""


class Weights(StrEnum):
    """How a network's weights are kept."""

    BFLOAT16 = "bfloat16"
    FP8 = "fp8"
    FOUR_BITS = "4 bits"


BYTES = {Weights.BFLOAT16: 2.0, Weights.FP8: 1.0, Weights.FOUR_BITS: 0.57}
"""Per weight; 4 bits with their scales, and with what stays in bfloat16."""


class TooLittleMemory(EngineUnavailable):
    """A model does not fit into this computer, however it is placed."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What this computer has.

    Attributes:
        gpu: GiB of the GPU's memory; 0 without one.
        host: GiB of the computer's own memory that are free.
        name: of the GPU.
        device: what torch calls it.
    """

    gpu: float
    host: float
    name: str = ""
    device: str = "cuda"


class NamedPreset(Protocol):
    """A way to place a model, as a person is told of it."""

    @property
    def name(self) -> str:
        """What a person asks for."""
        ...

    @property
    def words(self) -> str:
        """What it does."""
        ...


P = TypeVar("P", bound=NamedPreset)


def shortages(machine: Machine, *, gpu: float, host: float, package: str = "") -> list[str]:
    """What a preset lacks here, in words.

    Args:
        machine: what there is.
        gpu, host: GiB that it needs on the GPU and of the computer's own memory.
        package: what has to be installed for it; empty for nothing.
    """
    problems = []
    if gpu > machine.gpu:
        problems.append(f"needs {gpu:.1f} GiB on the GPU, there are {machine.gpu:.1f}")
    if host > machine.host:
        problems.append(f"needs {host:.1f} GiB of memory, {machine.host:.1f} are free")
    if package and importlib.util.find_spec(package) is None:
        problems.append(f"needs the package {package} (pip install {package})")
    return problems


def first_that_fits(machine: Machine, presets: Sequence[P], why_not: Callable[[P], str], *, model: str, advice: str) -> P:
    """The best preset against which nothing stands.

    Args:
        machine: what there is.
        presets: best first.
        why_not: what stands against one, in words; empty for nothing.
        model: what does not fit where none does, e.g. "The layered model".
        advice: what a person can do then.

    Raises:
        TooLittleMemory: none fits; says what each lacks.
    """
    for preset in presets:
        if not why_not(preset):
            return preset
    here, *each = describe(machine, presets, why_not)
    raise TooLittleMemory(f"{model} does not fit here. {here}. {' '.join(f'{line}.' for line in each)} {advice}")


def describe(machine: Machine, presets: Sequence[P], why_not: Callable[[P], str]) -> list[str]:
    """What there is, and for each preset whether it fits, in words, without loading anything; arguments as for `first_that_fits`."""
    gpu = f"{machine.name or 'the GPU'} has {machine.gpu:.1f} GiB" if machine.gpu else "there is no GPU"
    lines = [f"{preset.name} ({preset.words}): {why_not(preset) or 'fits'}" for preset in presets]
    return [f"{gpu[0].upper()}{gpu[1:]}, {machine.host:.1f} GiB of memory are free", *lines]


def measure_machine(*, metal: bool = False) -> Machine:
    """What this computer has now.

    Args:
        metal: whether an Apple GPU counts as one.
    """
    import gc

    import psutil
    import torch

    host = psutil.virtual_memory().available / GIB
    if torch.cuda.is_available():
        gc.collect()  # what a model left behind that is served no more
        torch.cuda.empty_cache()
        free, _ = torch.cuda.mem_get_info()
        return Machine(free / GIB, host, torch.cuda.get_device_name())
    if metal and torch.backends.mps.is_available():
        return Machine(min(host, torch.mps.recommended_max_memory() / GIB), host, "the Apple GPU", "mps")
    return Machine(0.0, host, device="cpu")
