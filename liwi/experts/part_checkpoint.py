"""Checkpoints of the kind ``part_segmentation``: how the registry loads one, and the smoke run that every one of them must pass.

The folder holds what `liwi.experts.weights.save_weights` writes for one of `NETWORKS`: one .safetensors file and its description beside it.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from torch import nn

from liwi.experts.part_network import PartNetwork, PartNetworkSettings
from liwi.experts.part_sam import PartSam, PartSamSettings
from liwi.experts.part_segmenter import LearnedPartSegmenter
from liwi.experts.weights import WeightsError, WeightsFormat, load_weights, named_format, only_weights
from liwi.seethrough.body_parts import CoarseBodyPart

NETWORKS: Mapping[str, WeightsFormat[Any]] = MappingProxyType(
    {
        "compact": WeightsFormat("liwi-part-network", PartNetwork, PartNetworkSettings),
        "sam_hq": WeightsFormat("liwi-part-sam", PartSam, PartSamSettings, max_bytes=2**32),
    },
)
"""The networks that answer for body parts, by the name that jobs give them."""

_SMOKE_SIDE = 96


def load(folder: Path) -> LearnedPartSegmenter:
    """The segmenter that answers with the network in ``folder``; errors as `load_network`."""
    return LearnedPartSegmenter(load_network(folder))


def load_network(folder: Path) -> nn.Module:
    """The network in ``folder``, in evaluation mode.

    Raises:
        WeightsError: there is not exactly one network, or it is of no known kind, or a tensor is missing, unexpected or of another shape.
    """
    path = only_weights(folder)
    name = named_format(path)
    for each in NETWORKS.values():
        if each.name == name:
            network: nn.Module = load_weights(path, each)
            return network
    known = ", ".join(each.name for each in NETWORKS.values())
    raise WeightsError(f"{path}.json describes the format {name[:40]!r}; for body parts these are known: {known}.")


def smoke(segmenter: LearnedPartSegmenter) -> None:
    """Ask once, of a simple figure: a disc on a block.

    Raises:
        WeightsError: the answer is no probability per class and pixel, or says something of pixels that are not there.
    """
    y, x = np.mgrid[:_SMOKE_SIDE, :_SMOKE_SIDE]
    rgba = np.zeros((_SMOKE_SIDE, _SMOKE_SIDE, 4), np.uint8)
    rgba[(y > 40) & (abs(x - 48) < 16)] = (60, 80, 160, 255)
    rgba[(y - 28) ** 2 + (x - 48) ** 2 < 400] = (240, 210, 190, 255)
    answer = segmenter.segment_parts(rgba)
    if answer.shape != (len(CoarseBodyPart), _SMOKE_SIDE, _SMOKE_SIDE) or not np.isfinite(answer).all():
        raise WeightsError(
            f"The network's answer is no map per class: shape {answer.shape}, expected {len(CoarseBodyPart)} of the picture."
        )
    if answer.min() < 0 or answer.max() > 1 or answer[:, rgba[..., 3] == 0].any():
        raise WeightsError(f"The network's answer is no probability per pixel of the figure: {answer.min()} to {answer.max()}.")
