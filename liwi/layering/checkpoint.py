"""A layered model of our own on disk: the flat folder that the registry publishes as the kind ``layering``.

    layering.json               what it was trained for (`ModelCard`), and the settings of the networks that lie beside it
    transformer.safetensors     the whole transformer, or
    lora.safetensors            what a LoRA adds to that of the base
    vae.safetensors             the VAE, where it is not the base's

A *base* is a checkpoint in the layout of Qwen/Qwen-Image-Layered that lends what is not in the folder. Without one everything is in it, and
texts are read by `liwi.layering.text.WordHashing`. A folder of a base alone holds ``lora.safetensors`` without a tensor.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import torch
from torch import nn

from liwi.checkpoint_tensors import load_strictly, save_tensors
from liwi.layering.layout import Frame0
from liwi.layering.readiness import CARD as CARD
from liwi.layering.sampling import Cache, Sampling
from liwi.layering.shadow_target import Frame0Target
from liwi.model_folders import CheckpointMismatch

TRANSFORMER = "transformer.safetensors"
VAE = "vae.safetensors"
LORA = "lora.safetensors"

FORMAT, VERSION = "liwi-layering", 1

LORA_TARGETS = (
    *("to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out"),
    *("img_mlp.net.2", "img_mod.1", "txt_mlp.net.2", "txt_mod.1"),
)
"""The transformer's layers that a LoRA changes, as peft takes them."""

MAX_CARD_BYTES = 2**20

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model was trained for: whoever samples from it has to know.

    Attributes:
        frame0: what it puts into frame 0.
        prompted: whether it was trained with the box prompt as a context frame.
        sampling: what it samples best with.
        max_layers: most layers that it was trained on, the background included.
        base: a hub id or a local folder in the layout of Qwen/Qwen-Image-Layered; empty where everything lies in the checkpoint.
        file: a GGUF or .safetensors file that holds the base's transformer, e.g. quantised; empty where the base's own is taken.
        transformer, vae: settings of the networks that lie in the checkpoint; None for those that the base lends.
    """

    frame0: Frame0Target
    prompted: bool
    sampling: Sampling
    max_layers: int = 5
    base: str = ""
    file: str = ""
    transformer: Settings | None = None
    vae: Settings | None = None

    def to_json(self) -> str:
        """The content of `CARD`."""
        sampling = self.sampling
        document = {
            "format": FORMAT,
            "version": VERSION,
            "frame0": self.frame0.kind.value,
            "gain": self.frame0.gain,
            "prompted": self.prompted,
            "max_layers": self.max_layers,
            "base": self.base,
            "file": self.file,
            "sampling": {
                "steps": sampling.steps,
                "guidance": sampling.guidance,
                "normalize_guidance": sampling.normalize_guidance,
                "resolution": sampling.resolution,
                "cache": sampling.cache.value,
            },
            "transformer": None if self.transformer is None else dict(self.transformer),
            "vae": None if self.vae is None else dict(self.vae),
        }
        return json.dumps(document, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the content of `CARD`.

        Raises:
            CheckpointMismatch: it is none.
        """
        try:
            found = json.loads(text)
            if found["format"] != FORMAT or found["version"] != VERSION:
                raise ValueError(f"format {str(found['format'])[:40]!r} version {str(found['version'])[:10]}")
            sampling = dict(found["sampling"])
            return cls(
                Frame0Target(Frame0(found["frame0"]), float(found["gain"])),
                bool(found["prompted"]),
                Sampling(**{**sampling, "cache": Cache(sampling["cache"])}),
                int(found["max_layers"]),
                str(found["base"]),
                str(found["file"]),
                None if found["transformer"] is None else dict(found["transformer"]),
                None if found["vae"] is None else dict(found["vae"]),
            )
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise CheckpointMismatch(
                f"{CARD} does not describe a layered model ({str(error)[:100]}). Export it again from its run."
            ) from error


def settings_of(network: Any) -> dict[str, Any]:
    """The settings with which a diffusers network was built, as they go into a card."""
    return {name: value for name, value in dict(network.config).items() if not name.startswith("_")}


def save_checkpoint(folder: Path, card: ModelCard, *, transformer: Any = None, vae: Any = None, lora: Any = None) -> None:
    """Write a checkpoint.

    Args:
        folder: made where it does not exist.
        card: its ``transformer`` and ``vae`` are filled in here, of what is given.
        transformer, vae: networks that go into the checkpoint whole; None for those that the base lends.
        lora: a transformer with a peft adapter called "default", of which only the adapter is written.

    Raises:
        ValueError: something is neither given nor lent.
        CheckpointDamaged: a weight is NaN.
    """
    if not card.base and (transformer is None or vae is None):
        raise ValueError("A checkpoint without a base holds both a transformer and a VAE")
    folder.mkdir(parents=True, exist_ok=True)
    if transformer is not None:
        save_tensors(transformer, folder / TRANSFORMER)
    if vae is not None:
        save_tensors(vae, folder / VAE)
    if lora is not None:
        lora.save_lora_adapter(folder, weight_name=LORA, safe_serialization=True)
    elif transformer is None:
        save_tensors(nn.Module(), folder / LORA)
    described = replace(
        card,
        transformer=None if transformer is None else settings_of(transformer),
        vae=None if vae is None else settings_of(vae),
    )
    (folder / CARD).write_text(described.to_json(), "utf-8")


def read_card(folder: Path) -> ModelCard:
    """What a checkpoint says of itself; loads no weights.

    Raises:
        CheckpointMismatch: there is no card, or it makes no sense.
    """
    path = folder / CARD
    try:
        if path.stat().st_size > MAX_CARD_BYTES:
            raise CheckpointMismatch(f"{CARD} has more than {MAX_CARD_BYTES // 2**20} MB, too much for a description.")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointMismatch(f"{folder.name!r} is no layered checkpoint: {CARD} is missing or unreadable.") from error
    return ModelCard.from_json(text)


def load_own_transformer(folder: Path, settings: Settings, dtype: torch.dtype) -> Any:
    """The transformer that lies in a checkpoint, in evaluation mode.

    Raises:
        CheckpointMismatch: its settings are those of another family.
        CheckpointDamaged: a tensor is missing, unexpected, of another shape, or not finite; names it.
    """
    from liwi.layering.components import build_empty_transformer
    from liwi.layering.families import check_transformer

    check_transformer(settings, CARD)
    try:
        transformer = build_empty_transformer(settings)
    except (TypeError, ValueError, RuntimeError) as error:
        raise CheckpointMismatch(f"{CARD} describes a transformer that cannot be built ({str(error)[:100]}).") from error
    load_strictly(transformer, folder / TRANSFORMER, assign=True)
    return _cast(transformer, dtype).eval().requires_grad_(False)


def load_own_vae(folder: Path, settings: Settings, dtype: torch.dtype) -> Any:
    """The VAE that lies in a checkpoint, in evaluation mode, quick with pictures. Raises as `load_own_transformer`."""
    from liwi.layering.components import build_vae
    from liwi.layering.families import check_vae
    from liwi.layering.single_frame import quicken

    check_vae(settings, CARD)
    try:
        vae = build_vae(settings)
    except (TypeError, ValueError, RuntimeError) as error:
        raise CheckpointMismatch(f"{CARD} describes a VAE that cannot be built ({str(error)[:100]}).") from error
    load_strictly(vae, folder / VAE)
    return quicken(_cast(vae, dtype).eval().requires_grad_(False))


def _cast(network: Any, dtype: torch.dtype) -> Any:
    """The network in a dtype; diffusers logs a warning of casts that change nothing, too."""
    return network if all(weight.dtype == dtype for weight in network.parameters()) else network.to(dtype)
