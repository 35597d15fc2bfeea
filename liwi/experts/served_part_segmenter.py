"""The part segmenter that the registry serves, else the one that ships with the program.

No torch here: whoever has no weights never loads it.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from liwi.errors import EngineUnavailable
from liwi.experts.answering import Answer, Answering
from liwi.experts.shipped import FOLDER
from liwi.protocols import PartSegmenter
from liwi.registry_reading import RegistryReader

KIND = "part_segmentation"
"""Of the checkpoints, see `liwi.checkpoint_kinds`."""

NO_WEIGHTS = (
    "There are no weights for body parts: no checkpoint of the kind 'part_segmentation' is served, and none ships with this program. "
    "Train one (python -m training run training/jobs/part_segmentation_tiny.toml) and promote it (python -m liwi checkpoints promote)."
)


class ServedPartSegmenter:
    """`liwi.protocols.PartSegmenter`: a promotion or rollback is noticed at the next call.

    Args:
        registry: where the checkpoint is served.
        shipped: the folder of `liwi.experts.shipped`.
    """

    def __init__(self, registry: RegistryReader, shipped: Path = FOLDER) -> None:
        self._answering: Answering[PartSegmenter] = Answering(KIND, registry, shipped)

    @property
    def available(self) -> bool:
        """Whether somebody would answer; loads nothing."""
        return self._answering.available

    @property
    def answers(self) -> str:
        """Who answers now: the id of a checkpoint, or `liwi.experts.answering.SHIPPED`. May load it.

        Raises:
            EngineUnavailable: nobody does.
        """
        return self._answer().name

    def segment_parts(self, rgba: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Say what every pixel of a figure shows. See `liwi.protocols.PartSegmenter.segment_parts`.

        Raises:
            EngineUnavailable: no checkpoint is served, and no weights ship.
        """
        return self._answer().model.segment_parts(rgba)

    def _answer(self) -> Answer[PartSegmenter]:
        """A checkpoint that cannot be loaded leaves the shipped weights answering."""
        answer = self._answering.get()
        if answer is None:
            raise EngineUnavailable(f"{NO_WEIGHTS} {self._answering.problem}".strip())
        return answer
