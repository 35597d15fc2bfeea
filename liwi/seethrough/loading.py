"""From a checkpoint to pipelines: our own (`liwi.seethrough.checkpoint`), the published layout, and its files in 4 bits.

Everything that can be said before a weight is read is said before: whether the files are whole and See-through's, and which preset of
`liwi.seethrough.placement` fits. Nothing is downloaded here: 14 GB are a person's decision.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers.hooks import apply_group_offloading

from liwi.checkpoint_folders import read_config
from liwi.model_folders import CheckpointMismatch, find_folder
from liwi.placement import Machine, Weights, measure_machine
from liwi.seethrough.checkpoint import (
    DepthCard,
    PartCard,
    load_own_depth,
    load_own_parts,
    read_classes,
    read_depth_card,
    read_nothing,
    read_part_card,
)
from liwi.seethrough.class_embeddings import ClassEmbeddings
from liwi.seethrough.depth_pipeline import DepthPipeline
from liwi.seethrough.families import (
    MOVED,
    SIZE_DEPTH,
    SIZE_PARTS,
    check_depth_folder,
    check_parts_folder,
    count_weights,
    is_in_four_bits,
)
from liwi.seethrough.four_bits import fill_in_four_bits
from liwi.seethrough.part_pipeline import PartPipeline
from liwi.seethrough.part_unet import PartUNet, empty_part_unet
from liwi.seethrough.placement import PIXELS_AT_ONCE, PUBLISHED_SIZES, Preset, Sizes, choose_preset
from liwi.seethrough.published_folders import load_vae, read_depth_scheduler, read_part_scheduler
from liwi.seethrough.transparency import TransparentVAE

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class PartModel:
    """A loaded part diffusion.

    Attributes:
        pipeline: answers.
        card: what it was trained for.
        placed: how it was placed, in words.
        preset: by which it was placed; None for a small one that is wherever it runs best.
    """

    pipeline: PartPipeline
    card: PartCard
    placed: str
    preset: Preset | None = None


@dataclass(frozen=True, eq=False)
class DepthModel:
    """A loaded pseudo-depth; attributes as those of `PartModel`."""

    pipeline: DepthPipeline
    card: DepthCard
    placed: str


def load_part_model(folder: Path, *, machine: Machine | None = None, say: Say = lambda _: None) -> PartModel:
    """Load a part diffusion.

    Args:
        folder: a checkpoint of ours, its networks in it or lent by the base that it names.
        machine: what there is; measured where None.
        say: told what is about to happen, before it does.

    Raises:
        CheckpointMismatch: files are missing, or of another family; names what.
        CheckpointDamaged: a tensor is not what it should be; names it.
        TooLittleMemory: nothing fits; says what each preset lacks.
    """
    card = read_part_card(folder)
    machine = machine or measure_machine(metal=True)
    if not card.base:
        say("Loading the part diffusion")
        return PartModel(load_own_parts(folder, card, _small_device(machine)), card, f"on the {_small_device(machine).upper()}")
    base = find_base(card.base, SIZE_PARTS)
    settings = check_parts_folder(base)
    sizes = Sizes(count_weights(settings), PUBLISHED_SIZES.depth, PUBLISHED_SIZES.pictures, is_in_four_bits(settings))
    preset = choose_preset(machine, sizes, card.resolution)
    say(f"Loading {sizes.parts / 1e9:.1f} billion weights: {preset.words}")
    pipeline = load_placed_parts(base, read_classes(folder, card), preset, machine.device)
    return PartModel(pipeline, card, preset.words, preset)


def load_depth_model(
    folder: Path, *, preset: Preset | None = None, machine: Machine | None = None, say: Say = lambda _: None
) -> DepthModel:
    """Load a pseudo-depth.

    Args:
        folder: a checkpoint of ours, its networks in it or lent by the base that it names.
        preset: of the part diffusion beside it; chosen where None.
        machine, say: as for `load_part_model`, whose errors these are.
    """
    card = read_depth_card(folder)
    machine = machine or measure_machine(metal=True)
    if not card.base:
        say("Loading the pseudo-depth")
        return DepthModel(load_own_depth(folder, card, _small_device(machine)), card, f"on the {_small_device(machine).upper()}")
    base = find_base(card.base, SIZE_DEPTH)
    settings = check_depth_folder(base)
    sizes = Sizes(0, count_weights(settings), PUBLISHED_SIZES.pictures, is_in_four_bits(settings))
    preset = preset or choose_preset(machine, sizes, card.resolution)
    say(f"Loading the pseudo-depth: {preset.words}")
    return DepthModel(load_placed_depth(base, read_nothing(folder, card), preset, machine.device), card, preset.words)


def find_base(name: str, size: str) -> Path:
    """The local folder of a base, also under the other hub id that it has.

    Raises:
        CheckpointMismatch: it is not on this computer.
    """
    try:
        return find_folder(name, size)
    except CheckpointMismatch as missing:
        try:
            return find_folder(MOVED.get(name, name), size)
        except CheckpointMismatch:
            raise missing from None  # it speaks of the name that was asked for


def load_placed_parts(base: Path, classes: ClassEmbeddings, preset: Preset, device: str) -> PartPipeline:
    """The networks of a published part diffusion, where a preset wants them.

    Args:
        base: in the published layout.
        classes: what its text encoders say of the tags.
        preset: see `liwi.seethrough.placement`.
        device: the GPU, or "cpu".
    """
    where = device if preset.on_gpu else "cpu"
    unet = _placed_unet(base, preset, where)
    vae = load_vae(base / "vae", dtype=torch.bfloat16, device=where)
    transparency = TransparentVAE.from_pretrained(base, subfolder="trans_vae", dtype=torch.bfloat16, device=where)
    return PartPipeline(unet, vae, transparency, classes, read_part_scheduler(base))


def load_placed_depth(base: Path, nothing: torch.Tensor, preset: Preset, device: str) -> DepthPipeline:
    """The networks of a published pseudo-depth, as `load_placed_parts`; ``nothing`` is what its text encoder says of an empty text."""
    where = device if preset.on_gpu else "cpu"
    vae = load_vae(base / "vae", dtype=torch.bfloat16, device=where)
    return DepthPipeline(_placed_unet(base, preset, where), vae, nothing, read_depth_scheduler(base))


def _placed_unet(base: Path, preset: Preset, device: str) -> PartUNet:
    folder = base / "unet"
    settings = read_config(folder)
    if is_in_four_bits(settings) or preset.weights is Weights.FOUR_BITS:
        unet: PartUNet = empty_part_unet({name: value for name, value in settings.items() if name != "quantization_config"})
        fill_in_four_bits(unet, folder, dtype=torch.bfloat16, device=device)
        unet.eval().requires_grad_(False)
    else:
        unet = PartUNet.from_pretrained(folder, dtype=torch.bfloat16, device="cpu" if preset.by_pieces else device)
    return place_unet(unet, preset, device)


def place_unet(unet: PartUNet, preset: Preset, device: str) -> PartUNet:
    """Let a loaded U-Net work as a preset wants it to.

    Args:
        unet: where its weights are to stay.
        preset: see `liwi.seethrough.placement`.
        device: where it works.
    """
    unet.limit_memory(parts_at_once=preset.parts_at_once, pixels_at_once=None if preset.parts_at_once is None else PIXELS_AT_ONCE)
    if preset.by_pieces:
        apply_group_offloading(
            unet,
            onload_device=torch.device(device),
            offload_device=torch.device("cpu"),
            offload_type="leaf_level",
            use_stream=device == "cuda",
            low_cpu_mem_usage=True,
        )
    return unet


def _small_device(machine: Machine) -> str:
    """Where a model that fits anywhere runs best."""
    return "cuda" if machine.gpu and machine.device == "cuda" else "cpu"
