"""Checkpoints of the kinds ``part_diffusion`` and ``pseudo_depth``: how the registry loads them, and the smoke runs that they must pass.

With a base they have gigabytes, and are loaded when they are to answer; those in which everything lies are loaded at once.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from liwi.registry_errors import CheckpointDamaged
from liwi.registry_serving import LoadedOnce
from liwi.seethrough.checkpoint import read_classes, read_depth_card, read_nothing, read_part_card
from liwi.seethrough.class_embeddings import ClassEmbeddings
from liwi.seethrough.depth_pipeline import DepthOptions
from liwi.seethrough.families import SIZE_DEPTH, SIZE_PARTS, check_depth_folder, check_parts_folder
from liwi.seethrough.loading import DepthModel, PartModel, find_base, load_depth_model, load_part_model
from liwi.seethrough.part_pipeline import PartOptions, groups_of
from liwi.seethrough.placement import Preset

Say = Callable[[str], None]


class ServedParts:
    """A part diffusion, and its networks once somebody asks.

    Args:
        folder: of the checkpoint.

    Attributes:
        card: what it was trained for.
    """

    def __init__(self, folder: Path) -> None:
        self.card = read_part_card(folder)
        self._folder = folder
        self._model = LoadedOnce(lambda say: load_part_model(folder, say=say))

    def model(self, say: Say = lambda _: None) -> PartModel:
        """The loaded model; ``say`` is told what is about to happen.

        Raises:
            LiwiError: it cannot be loaded; says why, and nothing stays loaded.
        """
        return self._model.get(say)

    def check(self) -> None:
        """Look at what the checkpoint leans on, without loading it: its base, and whether its tags are those of the base.

        Raises:
            CheckpointMismatch: something is missing or does not fit.
        """
        if self.card.base:
            settings = check_parts_folder(find_base(self.card.base, SIZE_PARTS))
            check_tags(read_classes(self._folder, self.card), str(settings.get("tag_version") or "v2"))


class ServedDepth:
    """A pseudo-depth, and its networks once somebody asks; as `ServedParts`."""

    def __init__(self, folder: Path) -> None:
        self.card = read_depth_card(folder)
        self._folder = folder
        self._preset: Preset | None = None
        self._model = LoadedOnce(lambda say: load_depth_model(folder, preset=self._preset, say=say))

    def model(self, say: Say = lambda _: None, *, preset: Preset | None = None) -> DepthModel:
        """The loaded model, placed by the ``preset`` of the part diffusion beside it. Raises as `ServedParts.model`."""
        self._preset = preset
        return self._model.get(say)

    def check(self) -> None:
        """Look at the base, as `ServedParts.check`."""
        read_nothing(self._folder, self.card)
        if self.card.base:
            check_depth_folder(find_base(self.card.base, SIZE_DEPTH))


def check_tags(classes: ClassEmbeddings, version: str) -> None:
    """Whether the tags that were encoded are all that a network asks for.

    Raises:
        CheckpointDamaged: one is missing; names it.
    """
    if lacking := [tag for group in groups_of(version) for tag in group.tags if tag not in classes.tags]:
        raise CheckpointDamaged(f"What the text encoders say of {lacking[0]!r} is missing ({len(lacking)} tags in all). Publish it again.")


def load_parts(folder: Path) -> ServedParts:
    """What answers for the part diffusion in ``folder``.

    Raises:
        LiwiError: a file is missing, of another family, or damaged; names what.
    """
    served = ServedParts(folder)
    if not served.card.base:
        served.model()
    return served


def load_depth(folder: Path) -> ServedDepth:
    """What answers for the pseudo-depth in ``folder``. Raises as `load_parts`."""
    served = ServedDepth(folder)
    if not served.card.base:
        served.model()
    return served


def smoke_parts(served: ServedParts) -> None:
    """Take one small picture apart in one step; of a checkpoint with a base, only look at its files.

    Raises:
        CheckpointMismatch, CheckpointDamaged: see `ServedParts.check`; or the answer is no layer per part.
    """
    served.check()
    if served.card.base:
        return
    pipeline = served.model().pipeline
    check_tags(pipeline.classes, pipeline.unet.tag_version)
    picture = _figure()
    resolution = min(served.card.resolution, 8 * pipeline.transparency.settings.multiple)
    made = pipeline.separate(picture, PartOptions(steps=1, resolution=resolution, tags=frozenset(pipeline.tags[:3])))
    if any(layer.shape != picture.shape for layer in made.layers.values()) or len(made.layers) != 3:
        raise CheckpointDamaged(f"The network's layers are {[layer.shape for layer in made.layers.values()]}, expected 3 like the picture.")


def smoke_depth(served: ServedDepth) -> None:
    """Ask for the depth of one part in one step; otherwise as `smoke_parts`."""
    served.check()
    if served.card.base:
        return
    picture = _figure()
    near = served.model().pipeline.estimate({"face": picture}, picture, DepthOptions(steps=1, resolution=64))
    if near["face"].shape != picture.shape[:2] or not np.isfinite(near["face"]).all():
        raise CheckpointDamaged(f"The network's depth is {near['face'].shape} or not finite, expected numbers for {picture.shape[:2]}.")


def _figure() -> np.ndarray:
    """A disc on a block: (48, 48, 4) uint8."""
    y, x = np.mgrid[:48, :48]
    rgba = np.zeros((48, 48, 4), np.uint8)
    rgba[(y > 20) & (abs(x - 24) < 8)] = (60, 80, 160, 255)
    rgba[(y - 14) ** 2 + (x - 24) ** 2 < 100] = (240, 210, 190, 255)
    return rgba
