"""Part networks small enough for tests."""

import torch

from liwi.experts.part_network import PartNetwork, PartNetworkSettings

SMALL = PartNetworkSettings(widths=(32, 64), blocks=(1, 1), attentions=(0, 1), details=4, side=64)


def small_network(seed: int = 0) -> PartNetwork:
    """Untrained, in evaluation mode."""
    torch.manual_seed(seed)
    return PartNetwork(SMALL).eval()
