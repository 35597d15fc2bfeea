"""From a network of one picture to one of all parts, without changing what it answers (paper 2, section 4.1.2, stage 1 to stage 2).

New input channels have zero weights, new blocks a last layer of zeros: the wide network answers, part by part, exactly what the narrow one
does.
"""

from copy import deepcopy

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn

from liwi.errors import InputError
from liwi.seethrough.part_unet import STOCK_BLOCKS, PartUNet

_PART_BLOCKS = {stock: name for name, stock in STOCK_BLOCKS.items()}


def widen_to_parts(network: UNet2DConditionModel, *, group_embedding: bool = False, tag_version: str = "v2") -> PartUNet:
    """The network of stage 2 that begins as ``network`` does.

    Args:
        network: of stage 1, a part at a time; its weights are copied.
        group_embedding: with what is learned of each place in a group (V3).
        tag_version: "v2" or "v3".

    Returns:
        On the same device and of the same dtype. The new blocks begin at random but for their last layer: set torch's seed before.
    """
    settings = {key: value for key, value in network.config.items() if not key.startswith("_")}
    settings["mid_block_type"] = _PART_BLOCKS.get(settings["mid_block_type"], settings["mid_block_type"])
    for key in ("down_block_types", "up_block_types"):
        settings[key] = [_PART_BLOCKS.get(name, name) for name in settings[key]]
    settings |= {"group_embedding": group_embedding, "tag_version": tag_version}
    wide = PartUNet(**settings)
    nn.Module.to(wide, device=network.device, dtype=network.dtype)  # the library's own warns of nothing
    wide.silence_parts()
    wide.load_state_dict({**wide.state_dict(), **network.state_dict()}, strict=True)
    return wide.train(network.training)


def add_input_channels(network: UNet2DConditionModel, channels: int, *, in_front: bool = False) -> None:
    """Let a U-Net look at more channels, which it does not heed yet.

    Args:
        network: changed in place.
        channels: how many there will be.
        in_front: whether the new channels come before the old ones (the page of the pseudo-depth) or after (the page of the parts).

    Raises:
        InputError: it has more channels already.
    """
    old: nn.Conv2d = network.conv_in
    more = channels - old.in_channels
    if more < 0:
        raise InputError(f"The network has {old.in_channels} input channels already, which is more than {channels}.")
    new = deepcopy(old)
    new.in_channels = channels
    with torch.no_grad():
        weight = old.weight.new_zeros(old.out_channels, channels, *old.kernel_size)
        weight[:, slice(more, None) if in_front else slice(old.in_channels)] = old.weight
    new.weight = nn.Parameter(weight)
    network.conv_in = new
    network.register_to_config(in_channels=channels)
