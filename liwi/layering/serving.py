"""Checkpoints of the kind ``layering``: how the registry loads one, and the smoke run that every one of them must pass."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from liwi.layering.checkpoint import LORA, ModelCard, read_card
from liwi.layering.families import check_folder
from liwi.layering.loading import LayeredModel, add_lora, check_quantised_file, find_base, load_model
from liwi.layering.request import LayeringRequest
from liwi.layering.sampling import SamplingFailed
from liwi.registry_serving import LoadedOnce

KIND = "layering"
"""Of the checkpoints, see `liwi.checkpoint_kinds`."""


class ServedModel:
    """A checkpoint, and its model once somebody asks: with a base it has 57 GB, and is loaded when it is to answer.

    Args:
        folder: of the checkpoint.

    Attributes:
        card: what the model was trained for.
    """

    def __init__(self, folder: Path) -> None:
        self.card: ModelCard = read_card(folder)
        self._folder = folder
        self._model = LoadedOnce(lambda say: load_model(folder, say=say))

    def model(self, say: Callable[[str], None] = lambda _: None) -> LayeredModel:
        """The loaded model; ``say`` is told what is about to happen.

        Raises:
            LiwiError: it cannot be loaded; says why, and nothing stays loaded.
        """
        return self._model.get(say)

    def check(self) -> None:
        """Look at what the checkpoint leans on, without loading 57 GB: its base, and whether its LoRA fits that.

        Raises:
            CheckpointMismatch: something is missing or does not fit.
        """
        if not self.card.base:
            return
        base = find_base(self.card.base)
        settings, _ = check_folder(base)
        check_quantised_file(Path(self.card.file) if self.card.file else None)
        if (self._folder / LORA).is_file():
            from liwi.layering.components import build_empty_transformer

            known = {name: value for name, value in settings.items() if not name.startswith("_") and name != "quantization_config"}
            add_lora(build_empty_transformer(known), self._folder)


def load(folder: Path) -> ServedModel:
    """What answers for the checkpoint in ``folder``; loaded at once where everything lies in it.

    Raises:
        LiwiError: a file is missing, of another family, or damaged; names what.
    """
    served = ServedModel(folder)
    if not served.card.base:
        served.model()
    return served


def smoke(served: ServedModel) -> None:
    """Take one small picture apart in two steps; of a checkpoint with a base, only look at its files.

    Raises:
        SamplingFailed: the answer is no picture.
        CheckpointMismatch: see `ServedModel.check`.
    """
    served.check()
    if served.card.base:
        return
    model = served.model()
    side = model.card.sampling.resolution
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    contexts = [np.full((side, side, 4), 255, np.uint8)] if model.card.prompted else []
    sampling = model.card.sampling.with_steps(2)
    found = model.pipeline(LayeringRequest([picture], min(2, model.card.max_layers), captions="", contexts=contexts, sampling=sampling))[0]
    if tuple(found.layers.shape[1:]) != (4, *found.source.shape[1:]):
        raise SamplingFailed(f"The model's layers are {tuple(found.layers.shape)}, expected pictures with alpha like {found.source.shape}.")
