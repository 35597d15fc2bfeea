"""The table of kinds of checkpoints: how each is loaded, and how a trial run of it goes.

A kind is what one served checkpoint answers for. Loader and smoke run are named, not imported: torch is loaded only by whoever serves.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class KindEntry:
    """One row of the table.

    Attributes:
        loader: ``"module:function"``, from the checkpoint's folder (a ``Path``) to what serves, strictly:
            see `checkpoint_tensors.load_strictly`.
        smoke: ``"module:function"``, takes what the loader gave, uses it once on a small input and raises where the answer is wrong.
        description: one sentence for a person who chooses.
        smoke_seconds: how long loading and the smoke run may take together, with the imports.
        smoke_megabytes: how much memory of its own the process may hold.
    """

    loader: str
    smoke: str
    description: str
    smoke_seconds: float = 120.0
    smoke_megabytes: int = 4096


KINDS: dict[str, KindEntry] = {
    "matting": KindEntry(
        loader="liwi.experts.matting_checkpoint:load",
        smoke="liwi.experts.matting_checkpoint:smoke",
        description="Which pixels are the object that a box is drawn around: the segmentation of the embedded engine.",
    ),
    "part_segmentation": KindEntry(
        loader="liwi.experts.part_checkpoint:load",
        smoke="liwi.experts.part_checkpoint:smoke",
        description="Which of 19 body parts each pixel of a character shows.",
    ),
    "layering": KindEntry(
        loader="liwi.layering.serving:load",
        smoke="liwi.layering.serving:smoke",
        description="The layers of a photograph, and its shadow: the engine liwi.",
        smoke_seconds=300.0,
        smoke_megabytes=16384,
    ),
    "part_diffusion": KindEntry(
        loader="liwi.seethrough.serving:load_parts",
        smoke="liwi.seethrough.serving:smoke_parts",
        description="The complete body-part layers of a character: the engine seethrough.",
        smoke_seconds=300.0,
        smoke_megabytes=16384,
    ),
    "pseudo_depth": KindEntry(
        loader="liwi.seethrough.serving:load_depth",
        smoke="liwi.seethrough.serving:smoke_depth",
        description="How near each part of a character is: the order of layers in the engine seethrough.",
        smoke_seconds=300.0,
        smoke_megabytes=16384,
    ),
}
"""By name; a record names its kind, never a loader."""


def resolve(name: str) -> Callable[..., Any]:
    """The callable that ``"module:function"`` names."""
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found
