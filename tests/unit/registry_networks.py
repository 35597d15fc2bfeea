"""A tiny network as a kind of checkpoint, for the registry's tests."""

import json
from pathlib import Path

import torch
from torch import nn

from liwi.checkpoint_tensors import load_strictly, save_tensors


class TinyNetwork(nn.Module):
    """One convolution and a buffer: (N, 3, H, W) -> (N, 1, H, W)."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 1, 1))
        self.register_buffer("steps", torch.zeros(1, dtype=torch.int64))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.layers(images))


def load_network(folder: Path) -> TinyNetwork:
    network = TinyNetwork(json.loads((folder / "network.json").read_text())["width"])
    load_strictly(network, folder / "model.safetensors", stored_as=torch.float16)
    return network.eval()


def use_network(network: TinyNetwork) -> None:
    with torch.inference_mode():
        alpha = network(torch.rand(1, 3, 16, 16))
    assert alpha.shape == (1, 1, 16, 16)
    assert float(alpha.min()) >= 0
    assert float(alpha.max()) <= 1


def network_folder(folder: Path, seed: int = 0, width: int = 4) -> Path:
    folder.mkdir(parents=True)
    torch.manual_seed(seed)
    save_tensors(TinyNetwork(width), folder / "model.safetensors", stored_as=torch.float16)
    (folder / "network.json").write_text(json.dumps({"width": width}))
    return folder
