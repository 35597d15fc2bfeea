"""What frozen encoders make of samples, kept on disk: a picture's latents and a text's embedding are computed once, not in every epoch.

An entry is one safetensors file, named by the hash of everything that decides what is in it: the sample, the encoder, its settings. So
nothing is ever out of date, and several objectives, runs and processes may use one folder at once: an entry appears whole or not at all,
and two who make the same one write the same. Every entry carries the hash of its tensors; one that is damaged counts as missing and is
made again.

::

    cache = TensorCache(folder, encoder=fingerprint(vae), settings={"side": 512})
    for names in batched(cache.missing(samples), 8): ...encode, cache.write(name, {"latents": ...})
    latents = cache.read(name)
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from data_tools.manifests import digest
from liwi.export.atomic import new_file

T = TypeVar("T")

VERSION = 1

_HASH = "sha256"


class TensorCache:
    """Tensors by name for each sample.

    Args:
        folder: where entries lie; made when the first is written.
        encoder: which one, weights included: `fingerprint`, or the hash of its file.
        settings: whatever else decides what it makes of a sample: sizes, cropping, templates of texts; JSON values.
    """

    def __init__(self, folder: Path, *, encoder: str, settings: Mapping[str, Any]) -> None:
        self._folder = folder
        self._common = [VERSION, encoder, dict(settings)]

    def path(self, sample: str) -> Path:
        """Where the entry of a sample lies, or would.

        Args:
            sample: the hash of its content (`data_tools.manifests.digest`), not its name: another picture of that name is another.
        """
        key = digest(json.dumps([*self._common, sample], sort_keys=True, allow_nan=False).encode())
        return self._folder / key[:2] / f"{key}.safetensors"

    def read(self, sample: str) -> dict[str, Tensor] | None:
        """The tensors of a sample, on the CPU; None where they were never written, or are not what was written."""
        path = self.path(sample)
        if not path.is_file():
            return None
        try:
            with safe_open(path, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dictionary)
                expected = (file.metadata() or {}).get(_HASH)
        except (OSError, SafetensorError):
            return None
        return tensors if hash_tensors(tensors) == expected else None

    def write(self, sample: str, tensors: Mapping[str, Tensor]) -> None:
        """Keep the tensors of a sample.

        Raises:
            ExportError: the disk refuses; what was there before is untouched.
        """
        kept = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
        with new_file(self.path(sample)) as path:
            try:
                save_file(kept, path, {_HASH: hash_tensors(kept)})
            except SafetensorError as error:
                raise OSError(str(error)) from error

    def obtain(self, sample: str, make: Callable[[], Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """The tensors of a sample, made and kept if they are not there."""
        found = self.read(sample)
        if found is None:
            made = make()
            self.write(sample, made)
            found = {name: value.detach().cpu() for name, value in made.items()}
        return found

    def missing(self, samples: Iterable[str]) -> list[str]:
        """The samples without a sound entry, each once and in their order: what is to be encoded before training begins."""
        return [sample for sample in dict.fromkeys(samples) if self.read(sample) is None]


def own_share_first(samples: Sequence[T]) -> list[T]:
    """All samples, in an order of each process's own: each begins elsewhere, and passes over what others have made by then."""
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    first = len(samples) * rank // world
    return [*samples[first:], *samples[:first]]


def fingerprint(encoder: nn.Module) -> str:
    """The hash of a network's class, configuration and weights: two encoders with the same one make the same of a sample."""
    settings = json.dumps([type(encoder).__qualname__, getattr(encoder, "config", None)], sort_keys=True, default=str)
    return digest(f"{settings} {hash_tensors(encoder.state_dict())}".encode())


def hash_tensors(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes, in hexadecimal."""
    hashed = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous()
        hashed.update(json.dumps([name, str(value.dtype), list(value.shape)]).encode())
        hashed.update(value.flatten().view(torch.uint8).numpy().data)
    return hashed.hexdigest()
