"""Published weights as a beginning for the paper's part network: See-through's own, or SAM-HQ's, on which theirs were trained.

Either is read as tensors alone, never as code, and strictly: a tensor that is missing, unexpected or of another shape is named.
"""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from liwi.experts.part_sam import PartSam
from liwi.experts.part_sam_decoder import NUM_CLASSES
from liwi.experts.weights import WeightsError

_OF_SAM_HQ = (
    (r"^image_encoder\.", "img_adapter.sam_img_encoder."),
    (r"^prompt_encoder\.", "prompt_adapter.sam_prompt_encoder."),
    (r"^mask_decoder\.", "mask_adapter.sam_mask_decoder."),
)
_MLPS = re.compile(r"mask_adapter\.sam_mask_decoder\.(output_hypernetworks_mlps\.0|hf_mlp)\.(.*)")
_UNUSED = re.compile(r"mask_adapter\.sam_mask_decoder\.output_hypernetworks_mlps\.[1-9]\.")


def adopt(network: PartSam, path: Path) -> None:
    """Fill ``network`` with the weights in ``path``.

    Args:
        network: of the variant "mlp" where the weights are SAM-HQ's: every class begins as its first mask.
        path: a .safetensors, .pt or .pth file, the tensors themselves or under the key "state_dict".

    Raises:
        WeightsError: the file cannot be read, or holds other tensors than the network has.
    """
    found = _read(path)
    if any(name.startswith("image_encoder.") for name in found):
        found = _of_sam_hq(found)
    wanted = network.state_dict()
    wrong = [name for name in wanted.keys() & found.keys() if wanted[name].shape != found[name].shape]
    for what, names in (
        ("lacks", wanted.keys() - found.keys()),
        ("has too many:", found.keys() - wanted.keys()),
        ("has otherwise:", wrong),
    ):
        if names:
            listed = ", ".join(sorted(names)[:3])
            raise WeightsError(f"{path.name!r} holds other weights than this network's: it {what} {listed} ({len(names)} in all).")
    network.load_state_dict(found, strict=True)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except FileNotFoundError as error:
        raise WeightsError(f"There is no file {path} with weights to begin with.") from error
    except (OSError, ValueError, RuntimeError, KeyError, EOFError, pickle.UnpicklingError, SafetensorError) as error:
        raise WeightsError(f"{path.name!r} holds no weights that can be read safely ({str(error)[:100]}).") from error
    inner = content.get("state_dict", content) if isinstance(content, Mapping) else None
    if not isinstance(inner, Mapping) or not inner or not all(isinstance(tensor, Tensor) for tensor in inner.values()):
        raise WeightsError(f"{path.name!r} holds no table of tensors.")
    return {str(name): tensor for name, tensor in inner.items()}


def _of_sam_hq(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """SAM-HQ's tensors under the network's names; the MLPs of its first mask and of its correction stand for every class."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in found.items():
        for pattern, replacement in _OF_SAM_HQ:
            name = re.sub(pattern, replacement, name)
        if _UNUSED.match(name):
            continue
        if mlp := _MLPS.match(name):
            own = "hf_mlps" if mlp[1] == "hf_mlp" else "output_hypernetworks_mlps"
            renamed |= {f"mask_adapter.{own}.{number}.{mlp[2]}": tensor for number in range(NUM_CLASSES)}
        else:
            renamed[name] = tensor
    return renamed
