"""A character model on disk: flat folders that the registry publishes, one kind for the part diffusion and one for the pseudo-depth.

    part_diffusion.json     `PartCard`                           pseudo_depth.json     `DepthCard`
    classes.safetensors     the tags, encoded once               text.safetensors      the empty text, encoded once
    unet.safetensors vae.safetensors trans_vae.safetensors       unet.safetensors vae.safetensors

A *base* is a folder or a hub id in the published layout (`published_folders`), which lends the networks; then only what is encoded lies
in the checkpoint, and nobody needs the text encoders any more.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from torch import nn

from liwi.checkpoint_files import read_plain
from liwi.checkpoint_tensors import load_strictly, save_tensors
from liwi.model_folders import CheckpointMismatch
from liwi.registry_errors import CheckpointRefused
from liwi.seethrough.class_embeddings import ClassEmbeddings
from liwi.seethrough.depth_pipeline import DepthPipeline
from liwi.seethrough.part_pipeline import PartPipeline
from liwi.seethrough.part_unet import PartUNet, empty_part_unet
from liwi.seethrough.published_folders import check_depth_scheduler, check_part_scheduler
from liwi.seethrough.published_settings import DEPTH_RESOLUTION, DEPTH_SCHEDULER, DEPTH_STEPS, PART_SCHEDULER, PART_STEPS, RESOLUTION
from liwi.seethrough.readiness import DEPTH, DEPTH_CARD, PARTS, PARTS_CARD
from liwi.seethrough.transparency import TransparencySettings, TransparentVAE

VERSION = 1
MAX_CARD_BYTES = 2**20
MAX_CLASS_NUMBERS = 2**26
"""Most numbers that the encoded tags may have; SDXL's are 4 million."""

Settings = Mapping[str, Any]
C = TypeVar("C", bound="_Card")


@dataclass(frozen=True, slots=True)
class _Card:
    """What both cards say.

    Attributes:
        resolution: side of the square that the networks see, in pixels.
        steps: of the sampler.
        base: a folder or a hub id that lends the networks; empty where they lie in the checkpoint.
        networks: settings of those that lie in it, by the name of their file.
        scheduler: settings of its sampler; a base's own count where there is one.
    """

    resolution: int
    steps: int
    base: str = ""
    networks: Mapping[str, Settings] = field(default_factory=dict)
    scheduler: Settings = field(default_factory=dict)

    def check(self) -> None:
        """Raise `ValueError` for numbers that no model has."""
        whole = isinstance(self.resolution, int) and isinstance(self.steps, int)
        if not whole or not 8 <= self.resolution <= 4096 or not 1 <= self.steps <= 1000:
            raise ValueError(f"resolution {str(self.resolution)[:20]}, steps {str(self.steps)[:20]}")
        if not isinstance(self.base, str) or not all(isinstance(each, Mapping) for each in (*self.networks.values(), self.scheduler)):
            raise ValueError("base, networks or scheduler")


@dataclass(frozen=True, slots=True)
class PartCard(_Card):
    """What a part diffusion was trained for.

    Attributes:
        shared_noise: whether all parts begin with the same noise.
        classes: the encoded tags' names ("tags"), and the shapes of "tokens" and "pooled".
    """

    resolution: int = RESOLUTION
    steps: int = PART_STEPS
    scheduler: Settings = field(default_factory=lambda: dict(PART_SCHEDULER))
    shared_noise: bool = True
    classes: Settings = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DepthCard(_Card):
    """What a pseudo-depth was trained for.

    Attributes:
        text: the shape of what was said of the empty text.
    """

    resolution: int = DEPTH_RESOLUTION
    steps: int = DEPTH_STEPS
    scheduler: Settings = field(default_factory=lambda: dict(DEPTH_SCHEDULER))
    text: tuple[int, ...] = ()


class _Tensors(nn.Module):
    """Named tensors, to be saved and loaded as a network's are."""

    def __init__(self, **tensors: torch.Tensor) -> None:
        super().__init__()
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor)

    def __getitem__(self, name: str) -> torch.Tensor:
        return self.get_buffer(name)


def save_parts(folder: Path, card: PartCard, pipeline: PartPipeline | None = None, *, classes: ClassEmbeddings | None = None) -> None:
    """Write a part diffusion as the registry publishes it.

    Args:
        folder: made where it does not exist.
        card: its ``networks`` and ``classes`` are filled in here, and the sampler's settings of ``pipeline``.
        pipeline: whose networks go into the checkpoint; None where the card names a base.
        classes: the encoded tags of the base.

    Raises:
        ValueError: there are neither networks nor a base.
        CheckpointDamaged: a weight is NaN.
    """
    known = classes if pipeline is None else pipeline.classes
    if known is None or (pipeline is None) == (not card.base):
        raise ValueError("A part diffusion has networks, or a base and what its text encoders say of the tags")
    networks: dict[str, Settings] = {}
    folder.mkdir(parents=True, exist_ok=True)
    if pipeline is not None:
        networks = {"unet": _settings_of(pipeline.unet), "vae": _settings_of(pipeline.vae)}
        networks["trans_vae"] = asdict(pipeline.transparency.settings)
        for name, network in (("unet", pipeline.unet), ("vae", pipeline.vae), ("trans_vae", pipeline.transparency)):
            save_tensors(network, folder / f"{name}.safetensors")
    save_tensors(_Tensors(tokens=known.tokens, pooled=known.pooled), folder / "classes.safetensors")
    shapes = {"tags": list(known.tags), "tokens": list(known.tokens.shape), "pooled": list(known.pooled.shape)}
    scheduler = dict(card.scheduler if pipeline is None else pipeline.scheduler)
    made = PartCard(card.resolution, card.steps, card.base, networks, scheduler, card.shared_noise, shapes)
    _write_card(folder / PARTS_CARD, PARTS, made)


def save_depth(folder: Path, card: DepthCard, pipeline: DepthPipeline | None = None, *, nothing: torch.Tensor | None = None) -> None:
    """Write a pseudo-depth as the registry publishes it.

    Args:
        folder: made where it does not exist.
        card: its ``networks`` and ``text`` are filled in here, and the sampler's settings of ``pipeline``.
        pipeline: whose networks go into the checkpoint; None where the card names a base.
        nothing: what the base's text encoder says of an empty text.

    Raises:
        ValueError: there are neither networks nor a base.
        CheckpointDamaged: a weight is NaN.
    """
    said = nothing if pipeline is None else pipeline.nothing
    if said is None or (pipeline is None) == (not card.base):
        raise ValueError("A pseudo-depth has networks, or a base and what its text encoder says of nothing")
    networks: dict[str, Settings] = {}
    folder.mkdir(parents=True, exist_ok=True)
    if pipeline is not None:
        networks = {"unet": _settings_of(pipeline.unet), "vae": _settings_of(pipeline.vae)}
        save_tensors(pipeline.unet, folder / "unet.safetensors")
        save_tensors(pipeline.vae, folder / "vae.safetensors")
    save_tensors(_Tensors(nothing=said), folder / "text.safetensors")
    scheduler = card.scheduler if pipeline is None else pipeline.scheduler
    _write_card(folder / DEPTH_CARD, DEPTH, DepthCard(card.resolution, card.steps, card.base, networks, dict(scheduler), tuple(said.shape)))


def read_part_card(folder: Path) -> PartCard:
    """What a part diffusion says of itself; loads no weights.

    Raises:
        CheckpointMismatch: there is no card, or it makes no sense.
        CheckpointDamaged: its sampler is none.
    """
    card = _read_card(folder / PARTS_CARD, PARTS, PartCard)
    return replace(card, scheduler=check_part_scheduler(card.scheduler, PARTS_CARD))


def read_depth_card(folder: Path) -> DepthCard:
    """What a pseudo-depth says of itself; loads no weights. Raises as `read_part_card`."""
    card = _read_card(folder / DEPTH_CARD, DEPTH, DepthCard)
    check_depth_scheduler(card.scheduler, DEPTH_CARD)
    return card


def read_classes(folder: Path, card: PartCard) -> ClassEmbeddings:
    """The encoded tags of a checkpoint.

    Raises:
        CheckpointMismatch: the card does not say what they are.
        CheckpointDamaged: they are not what the card says.
    """
    tags = card.classes.get("tags")
    shapes = {name: _shape(card.classes.get(name), PARTS_CARD) for name in ("tokens", "pooled")}
    if (
        not isinstance(tags, list)
        or any(not isinstance(tag, str) for tag in tags)
        or any(shape[0] != len(tags) for shape in shapes.values())
    ):
        raise CheckpointMismatch(f"{PARTS_CARD} does not say which tags were encoded. Export it again from its run.")
    found = _read_tensors(folder / "classes.safetensors", shapes)
    return ClassEmbeddings(tuple(tags), found["tokens"], found["pooled"])


def read_nothing(folder: Path, card: DepthCard) -> torch.Tensor:
    """What a checkpoint keeps of the empty text. Raises as `read_classes`."""
    return _read_tensors(folder / "text.safetensors", {"nothing": _shape(list(card.text), DEPTH_CARD)})["nothing"]


def load_own_parts(folder: Path, card: PartCard, device: str) -> PartPipeline:
    """The part diffusion whose networks lie in a checkpoint, in the precision of its files.

    Raises:
        CheckpointMismatch: a network is missing, or its settings make none.
        CheckpointDamaged: a tensor is missing, unexpected, of another shape, or not finite; names it.
    """
    settings: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in _own(card, "trans_vae", PARTS_CARD).items()
    }
    try:
        sizes = TransparencySettings(**settings)
    except TypeError as error:
        raise CheckpointMismatch(f"{PARTS_CARD} describes no transparency networks ({str(error)[:100]}).") from error
    with torch.device("meta"):
        transparency = TransparentVAE(sizes)
    return PartPipeline(
        _load_unet(folder, card, PARTS_CARD, 2).to(device),
        _load_vae(folder, card, PARTS_CARD).to(device),
        _filled(transparency, folder / "trans_vae.safetensors").to(device),
        read_classes(folder, card),
        card.scheduler,
    )


def load_own_depth(folder: Path, card: DepthCard, device: str) -> DepthPipeline:
    """The pseudo-depth whose networks lie in a checkpoint. Raises as `load_own_parts`."""
    unet = _load_unet(folder, card, DEPTH_CARD, 3).to(device)
    return DepthPipeline(unet, _load_vae(folder, card, DEPTH_CARD).to(device), read_nothing(folder, card), card.scheduler)


def _own(card: _Card, name: str, where: str) -> Settings:
    if name not in card.networks:
        raise CheckpointMismatch(f"{where} names no base and lacks the network {name!r}. Export it again from its run.")
    return card.networks[name]


def check_channels(found: object, latents: int, where: str, *, latent_channels: object = 4) -> None:
    """Whether a U-Net takes what its pipeline gives it.

    Args:
        found: its ``in_channels``.
        latents: 2 for parts (noise, page), 3 for depth (page, part, noise).
        where: for the message.
        latent_channels: of one of them, as the VAE's settings say.

    Raises:
        CheckpointMismatch: it takes another number of channels.
    """
    wanted = latents * latent_channels if type(latent_channels) is int else 0
    if found != wanted or not wanted:
        meant = {2: "noise and page", 3: "page, part and noise"}[latents]
        raise CheckpointMismatch(
            f"{where}: this U-Net takes {str(found)[:20]} channels, See-through's takes {wanted} ({meant}): it is of another model."
        )


def _load_unet(folder: Path, card: _Card, where: str, latents: int) -> PartUNet:
    settings = _own(card, "unet", where)
    latent_channels = _own(card, "vae", where).get("latent_channels", 4)
    check_channels(settings.get("in_channels"), latents, where, latent_channels=latent_channels)
    unet: PartUNet = empty_part_unet(settings)
    return _filled(unet, folder / "unet.safetensors")


def _load_vae(folder: Path, card: _Card, where: str) -> AutoencoderKL:
    try:
        with torch.device("meta"):
            vae = AutoencoderKL(**_own(card, "vae", where))
    except (TypeError, ValueError, IndexError, KeyError, RuntimeError, ZeroDivisionError) as error:
        raise CheckpointMismatch(f"{where} describes a VAE that cannot be built ({str(error)[:100]}).") from error
    return _filled(vae, folder / "vae.safetensors")


N = TypeVar("N", bound=nn.Module)


def _filled(network: N, path: Path) -> N:
    load_strictly(network, path, assign=True)
    return network.eval().requires_grad_(False)


def _settings_of(network: Any) -> dict[str, Any]:
    return {name: value for name, value in dict(network.config).items() if not name.startswith("_")}


def _shape(found: object, where: str) -> tuple[int, ...]:
    shape = tuple(found) if isinstance(found, list) else ()
    size = 1
    for each in shape:
        size *= each if type(each) is int and each > 0 else MAX_CLASS_NUMBERS + 1
    if not 1 < len(shape) <= 3 or size > MAX_CLASS_NUMBERS:
        raise CheckpointMismatch(f"{where} does not say how large its texts are, got {str(found)[:60]}. Export it again from its run.")
    return shape


def _read_tensors(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> _Tensors:
    tensors = _Tensors(**{name: torch.empty(shape, device="meta") for name, shape in shapes.items()})
    load_strictly(tensors, path, assign=True)
    return tensors


def _write_card(path: Path, kind: str, card: _Card) -> None:
    document = {"format": f"liwi-{kind}", "version": VERSION, **asdict(card)}
    path.write_text(json.dumps(document, indent=2, default=list) + "\n", "utf-8")


def _read_card(path: Path, kind: str, card: type[C]) -> C:
    try:
        content = read_plain(path, MAX_CARD_BYTES)
        if len(content) > MAX_CARD_BYTES:
            raise CheckpointMismatch(f"{path.name} has more than {MAX_CARD_BYTES // 2**20} MB, too much for a description.")
    except (OSError, CheckpointRefused) as error:
        raise CheckpointMismatch(
            f"{path.parent.name!r} is no checkpoint of the kind {kind!r}: {path.name} is missing or unreadable."
        ) from error
    try:
        found = json.loads(content)
        if found.pop("format") != f"liwi-{kind}" or found.pop("version") != VERSION:
            raise ValueError("another format or version")
        if unknown := sorted(set(found) - {each.name for each in fields(card)}):
            raise ValueError(f"unknown: {unknown[0][:40]}")
        if "text" in found:
            found["text"] = tuple(found["text"])
        made = card(**found)
        made.check()
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise CheckpointMismatch(f"{path.name} describes no {kind} ({str(error)[:100]}). Export it again from its run.") from error
    return made
