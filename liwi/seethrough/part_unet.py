"""The part diffusion's U-Net: diffusers' `UNet2DConditionModel` with the Body Part Consistency Module in it (paper 2, section 4.1.2).

One class for the published networks: the part diffusion on SDXL (V2 with 19 parts at once, V3 with group embeddings for 13 and 11) and
the pseudo-depth on Marigold. Tensors, settings and files are those of the published checkpoints; a small one differs by settings alone.

Everything but the parts is the library's own code: the parts of a character are pictures of one batch to it, and `PartTransformer`
takes the place of its spatial transformers where the settings say so.

Letters at the end of names: B characters, F parts of each, C channels, H height, W width, T tokens, D their width.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any, Self, cast

import torch
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.models.upsampling import Upsample2D
from torch import Tensor, nn

from liwi.checkpoint_folders import fill_network, read_config, write_network
from liwi.errors import InputError
from liwi.seethrough.consistency import NUM_PARTS, GroupEmbedding, PartBlock, PartTransformer

PUBLISHED_NAME = "UNetFrameConditionModel"
"""What the published files call this class."""

STOCK_BLOCKS: Mapping[str, str] = {
    "CrossFrameAttnDownBlock": "CrossAttnDownBlock2D",
    "UNetMidBlockCrossFrameAttn": "UNetMidBlock2DCrossAttn",
    "CrossFrameAttnUpBlock": "CrossAttnUpBlock2D",
}
"""Blocks with attention among the parts, as settings name them, to the library's blocks that they are made of."""

MAX_COUNT = 64
"""No block has more layers, no network more blocks, no group more parts."""

_COUNTS = ("layers_per_block", "transformer_layers_per_block", "group_embedding_num", "down_block_types", "up_block_types")
_BLOCK_SETTINGS = ("down_block_types", "mid_block_type", "up_block_types")
_KNOWN = frozenset(signature(UNet2DConditionModel.__init__).parameters) - {"self"}


class PartUNet(UNet2DConditionModel):  # type: ignore[misc]  # of unknown type to mypy
    """See the module's text.

    Args:
        group_embedding: whether classes are added what was learned of their place in a group (V3).
        group_embedding_num: parts of each group.
        tag_version: "v2" (19 parts at once) or "v3" (a body and a head pass).
        settings: those of `UNet2DConditionModel`; block types may be the keys of `STOCK_BLOCKS`. What it does not know is left out.
    """

    def __init__(
        self,
        *,
        group_embedding: bool = False,
        group_embedding_num: Sequence[int] = (13, 11),
        tag_version: str | None = "v2",
        **settings: Any,
    ) -> None:
        known = {key: value for key, value in settings.items() if key in _KNOWN}
        blocks = {key: known[key] for key in _BLOCK_SETTINGS if known.get(key)}
        super().__init__(**{**known, **{key: _stock(value) for key, value in blocks.items()}})
        self.register_to_config(
            **blocks, group_embedding=group_embedding, group_embedding_num=list(group_embedding_num), tag_version=tag_version or "v2"
        )
        for name, block in self._blocks():
            if name in STOCK_BLOCKS:
                spatial = cast(Iterable[Transformer2DModel], block.attentions)
                block.attentions = nn.ModuleList(PartTransformer(each) for each in spatial)
        if group_embedding:
            pooled, tokens = self._class_widths()
            self.group_embeds = nn.ModuleList(GroupEmbedding(number, pooled) for number in group_embedding_num)
            self.group_embeds2 = nn.ModuleList(GroupEmbedding(number, tokens) for number in group_embedding_num)

    @property
    def tag_version(self) -> str:
        """ "v2" or "v3"."""
        return str(self.config["tag_version"])

    def silence_parts(self) -> None:
        """Begin stage 2: what makes parts see each other, and groups their places, adds nothing yet (paper 2, section 4.1.2)."""
        for module in self.modules():
            if isinstance(module, PartBlock | GroupEmbedding):
                module.silence()

    def limit_memory(self, *, parts_at_once: int | None = None, pixels_at_once: int | None = None) -> None:
        """Trade time for memory; answers stay what they are, since parts still attend to all parts.

        Args:
            parts_at_once: parts whose pixels attend to each other, and are convolved, at a time; all where None.
            pixels_at_once: pixels whose parts attend to each other at a time; all where None.

        Raises:
            InputError: fewer than one.
        """
        if any(number is not None and number < 1 for number in (parts_at_once, pixels_at_once)):
            raise InputError(f"At least one part and one pixel at a time, got {parts_at_once} and {pixels_at_once}.")
        for module in self.modules():
            if isinstance(module, PartTransformer):
                module.parts_at_once = parts_at_once
            elif isinstance(module, PartBlock):
                module.pixels_at_once = pixels_at_once
            elif isinstance(module, ResnetBlock2D | Upsample2D | Downsample2D):
                module.__dict__.pop("forward", None)
                if parts_at_once is not None:
                    module.forward = partial(_some_at_a_time, module.forward, parts_at_once)

    def forward(  # one more dimension than the network of one picture
        self,
        sample_BFCHW: Tensor,  # noqa: N803 (shape suffixes)
        timestep: Tensor | float,
        encoder_hidden_states: Tensor,
        *,
        added_cond_kwargs: Mapping[str, Tensor] | None = None,
        group_index: int | None = None,
        places: Sequence[int] | None = None,
        places_told: bool = False,
    ) -> Tensor:
        """What is to be taken away from noisy parts.

        Args:
            sample_BFCHW: (B, F, C, H, W): noisy latents and the page's, in the network's order.
            timestep: one number, or (B,).
            encoder_hidden_states: (B * F, T, D), the class of each part as tokens.
            added_cond_kwargs: "text_embeds" (B * F, P) and "time_ids" (B * F, 6), where the settings want them.
            group_index: which group the parts are of, where there are group embeddings.
            places: the place in the group of each of the F parts; all places in their order where None.
            places_told: whether the embeddings have been through `tell_places` already, which saves a sampler's steps that work.

        Returns:
            (B, F, 4, H, W).

        Raises:
            InputError: shapes that do not fit each other, or no group where one is needed.
        """
        if sample_BFCHW.ndim != 5 or encoder_hidden_states.shape[0] != sample_BFCHW.shape[0] * sample_BFCHW.shape[1]:
            raise InputError(
                "Expected (B, F, C, H, W) and the embeddings of B * F classes, "
                f"got {tuple(sample_BFCHW.shape)} and {tuple(encoder_hidden_states.shape)}."
            )
        batch, num_parts = sample_BFCHW.shape[:2]
        # 1. The place of each part in its group is added to its class.
        added = dict(added_cond_kwargs or {})
        if not places_told:
            pooled = added.get("text_embeds")
            encoder_hidden_states, pooled = self.tell_places(encoder_hidden_states, pooled, num_parts, group_index, places)
            if pooled is not None:
                added["text_embeds"] = pooled
        # 2. One time for all parts of a character.
        times = torch.as_tensor(timestep, device=sample_BFCHW.device).reshape(-1).expand(batch).repeat_interleave(num_parts)
        # 3. The library's network, to which parts are pictures.
        (answer,) = super().forward(
            sample_BFCHW.flatten(0, 1),
            times,
            encoder_hidden_states,
            added_cond_kwargs=added,
            cross_attention_kwargs={NUM_PARTS: num_parts} if self._has_parts else None,
            return_dict=False,
        )
        result: Tensor = answer.unflatten(0, (batch, num_parts))
        return result

    def tell_places(
        self,
        tokens: Tensor,
        pooled: Tensor | None,
        num_parts: int,
        group_index: int | None,
        places: Sequence[int] | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Add the place of each part in its group to what its class is told as; the same for all steps of a sampler.

        Args:
            tokens: (B * F, T, D), the class of each part.
            pooled: (B * F, P), the same in one embedding, where the network wants that.
            num_parts: F.
            group_index, places: see `forward`.

        Returns:
            Both in their shapes; as they were where the network has no group embeddings.

        Raises:
            InputError: no group where one is needed, or places that it does not have.
        """
        if not self.config["group_embedding"]:
            return tokens, pooled
        group, where = self._places(group_index, places, num_parts, tokens.device)
        tokens = tokens + self.group_embeds2[group](tokens, where)
        return tokens, None if pooled is None else pooled + self.group_embeds[group](pooled, where)

    def save_pretrained(self, folder: str | Path, **_: object) -> None:
        """Write the network in the published layout into ``folder``."""
        settings = {key: value for key, value in self.config.items() if not key.startswith("_")}
        write_network(self, Path(folder), settings, PUBLISHED_NAME)

    @classmethod
    def from_pretrained(  # from a folder only, and strictly
        cls, folder: str | Path, *, subfolder: str = "", dtype: torch.dtype | None = None, device: str = "cpu"
    ) -> Self:
        """Read a network in the published layout; nothing is downloaded.

        Args:
            folder: holds ``config.json`` and the weights, or ``subfolder`` does.
            subfolder: e.g. "unet".
            dtype: of the weights afterwards; as in the file where None.
            device: where they are put.

        Raises:
            CheckpointDamaged: a file is missing or unreadable, or a tensor is missing, unexpected or of another shape; names it.
            InputError: the settings make no such network.
        """
        path = Path(folder) / subfolder
        network = empty_part_unet(read_config(path), cls)
        fill_network(network, path, dtype=dtype, device=device)
        return network.eval()

    @property
    def _has_parts(self) -> bool:
        return any(name in STOCK_BLOCKS for name, _ in self._blocks())

    def _blocks(self) -> Iterator[tuple[str, nn.Module]]:
        yield from zip(self.config["down_block_types"], self.down_blocks, strict=True)
        yield str(self.config["mid_block_type"]), self.mid_block
        yield from zip(self.config["up_block_types"], self.up_blocks, strict=True)

    def _class_widths(self) -> tuple[int, int]:
        """Widths of a class's one embedding and of its tokens: 1280 and 2048 in the published network."""
        pooled = int(self.config["projection_class_embeddings_input_dim"]) - 6 * int(self.config["addition_time_embed_dim"])
        tokens = self.config["cross_attention_dim"]
        return pooled, int(tokens if isinstance(tokens, int) else tokens[0])

    def _places(self, group: int | None, places: Sequence[int] | None, num_parts: int, device: torch.device) -> tuple[int, Tensor]:
        sizes = list(self.config["group_embedding_num"])
        if group is None or not 0 <= group < len(sizes):
            raise InputError(f"This network knows {len(sizes)} groups of parts: say which by group_index, got {group}.")
        where = list(range(sizes[group])) if places is None else list(places)
        if len(where) != num_parts or any(not 0 <= place < sizes[group] for place in where):
            raise InputError(f"Group {group} has {sizes[group]} places; got {num_parts} parts at {where}. Name one place for each part.")
        return group, torch.tensor(where, device=device)


def empty_part_unet(settings: Mapping[str, Any], kind: type[PartUNet] = PartUNet) -> Any:
    """The network without memory behind its tensors (device "meta"), to look at their names and shapes, or to be filled.

    Raises:
        InputError: the settings make no such network.
    """
    _check_counts(settings)
    try:
        with torch.device("meta"):
            return kind(**settings)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError, NotImplementedError, ZeroDivisionError) as error:
        raise InputError(f"These settings make no U-Net for parts ({str(error)[:200]}).") from error


def _check_counts(settings: Mapping[str, Any]) -> None:
    """Settings come from files: no number of layers may keep a program busy for ever."""
    for key in _COUNTS:
        numbers = list(_flat(settings.get(key)))
        if len(numbers) > MAX_COUNT or any(isinstance(number, int) and not 0 <= number <= MAX_COUNT for number in numbers):
            raise InputError(f"These settings make no U-Net for parts: {key} must be at most {MAX_COUNT}, got {str(settings[key])[:40]}.")


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        for each in value:
            yield from _flat(each)
    else:
        yield value


def _some_at_a_time(forward: Callable[..., Tensor], size: int, pictures: Tensor, *beside: Any) -> Tensor:
    """What a layer of the library makes of a batch that it needs not see together, ``size`` pictures at a time.

    Tensors beside the pictures are of each picture (its time); what else there is (the size to come to) is for all.
    """
    return torch.cat(
        [
            forward(*(each[start : start + size] if isinstance(each, Tensor) else each for each in (pictures, *beside)))
            for start in range(0, len(pictures), size)
        ]
    )


def _stock(blocks: str | Sequence[str]) -> str | tuple[str, ...]:
    if isinstance(blocks, str):
        return STOCK_BLOCKS.get(blocks, blocks)
    return tuple(STOCK_BLOCKS.get(name, name) for name in blocks)
