"""The part segmenter that the registry serves.

No torch here: whoever has no weights never loads it.
"""

import numpy as np
from numpy.typing import NDArray

from liwi.protocols import PartSegmenter
from liwi.registry_serving import Holding, Served, answering

KIND = "part_segmentation"
"""Of the checkpoints, see `liwi.checkpoint_kinds`."""

NO_WEIGHTS = (
    "There are no weights for body parts: no checkpoint of the kind 'part_segmentation' is served. "
    "Train one (python -m training run training/jobs/part_segmentation_tiny.toml) and promote it (python -m liwi checkpoints promote)."
)


class ServedPartSegmenter:
    """`liwi.protocols.PartSegmenter`: a promotion or rollback is noticed at the next call.

    Args:
        served: the checkpoint of the kind `KIND`.
    """

    def __init__(self, served: Served[PartSegmenter]) -> None:
        self._served = served

    @property
    def available(self) -> bool:
        """Whether somebody would answer; loads nothing."""
        return self._served.available

    @property
    def answers(self) -> str:
        """Who answers now: the id of a checkpoint. May load it.

        Raises:
            EngineUnavailable: nobody does.
        """
        return self._holding().record.id

    def segment_parts(self, rgba: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Say what every pixel of a figure shows. See `liwi.protocols.PartSegmenter.segment_parts`.

        Raises:
            EngineUnavailable: no checkpoint is served, or it cannot be loaded; says why.
        """
        return self._holding().model.segment_parts(rgba)

    def _holding(self) -> Holding[PartSegmenter]:
        return answering(self._served, NO_WEIGHTS)
