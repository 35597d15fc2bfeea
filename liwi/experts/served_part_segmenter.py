"""The part segmenter that the registry serves, else the one that ships with the program.

No torch here: whoever has no weights never loads it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from liwi.errors import EngineUnavailable, LiwiError
from liwi.experts.shipped import FOLDER, has_weights, load_shipped
from liwi.protocols import PartSegmenter
from liwi.registry_reading import RegistryReader
from liwi.registry_serving import Served

KIND = "part_segmentation"
"""Of the checkpoints, see `liwi.checkpoint_kinds`."""

SHIPPED = "the weights that ship with the program"

NO_WEIGHTS = (
    "There are no weights for body parts: no checkpoint of the kind 'part_segmentation' is served, and none ships with this program. "
    "Train one (python -m training run training/jobs/part_segmentation_tiny.toml) and promote it (python -m liwi checkpoints promote)."
)


class _Answering(NamedTuple):
    name: str
    segmenter: PartSegmenter


class ServedPartSegmenter:
    """`liwi.protocols.PartSegmenter`: a promotion or rollback is noticed at the next call.

    Args:
        registry: where the checkpoint is served.
        shipped: the folder of `liwi.experts.shipped`.
    """

    def __init__(self, registry: RegistryReader, shipped: Path = FOLDER) -> None:
        self._registry, self._shipped = registry, shipped
        self._served: Served[PartSegmenter] = Served(registry, KIND)

    @property
    def available(self) -> bool:
        """Whether somebody would answer; loads nothing."""
        return has_weights(KIND, self._registry, self._shipped)

    @property
    def answers(self) -> str:
        """Who answers now: the id of a checkpoint, or `SHIPPED`. May load it.

        Raises:
            EngineUnavailable: nobody does.
        """
        return self._answering().name

    def segment_parts(self, rgba: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Say what every pixel of a figure shows. See `liwi.protocols.PartSegmenter.segment_parts`.

        Raises:
            EngineUnavailable: no checkpoint is served, and no weights ship.
        """
        return self._answering().segmenter.segment_parts(rgba)

    def _answering(self) -> _Answering:
        """A checkpoint that cannot be loaded leaves the shipped weights answering."""
        problem = ""
        sources: tuple[Callable[[], _Answering | None], ...] = (self._from_registry, self._from_program)
        for source in sources:
            try:
                found = source()
            except LiwiError as error:
                problem = f" {error}"
                continue
            if found is not None:
                return found
        raise EngineUnavailable(NO_WEIGHTS + problem)

    def _from_registry(self) -> _Answering | None:
        holding = self._served.get()
        return None if holding is None else _Answering(holding.record.id, holding.model)

    def _from_program(self) -> _Answering | None:
        found = load_shipped(KIND, self._shipped)
        return None if found is None else _Answering(SHIPPED, found)
