"""The segmenter that the registry serves, and the classical one where it serves none.

No torch here: whoever has no weights never loads it.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from liwi.imaging.segmentation import ClassicalSegmenter
from liwi.registry_errors import RegistryError
from liwi.registry_serving import Holding, Served
from liwi.types import BoundingBox, Hint

if TYPE_CHECKING:
    from liwi.experts.learned_segmenter import LearnedSegmenter

KIND = "matting"
"""Of the checkpoints, see `liwi.checkpoint_kinds`."""

CLASSICAL = "the classical method"


class ServedSegmenter:
    """`liwi.protocols.Segmenter`: a promotion or rollback is noticed at the next call; a call under way keeps to what it began with.

    Args:
        served: the checkpoint of the kind `KIND`.
    """

    def __init__(self, served: "Served[LearnedSegmenter]") -> None:
        self._served = served
        self._classical = ClassicalSegmenter()

    @property
    def answers(self) -> str:
        """Who answers now: the id of a checkpoint, or `CLASSICAL`. May load the network."""
        holding = self._holding()
        return CLASSICAL if holding is None else holding.record.id

    def segment(
        self,
        crop: NDArray[np.uint8],
        box: BoundingBox,
        hints: tuple[Hint, ...] = (),
        support: NDArray[np.uint8] | None = None,
        *,
        seed: int = 0,
    ) -> NDArray[np.float32]:
        """Segment the object that ``box`` is drawn around. See `liwi.protocols.Segmenter.segment`.

        A network that cannot be loaded leaves the classical segmenter answering.
        """
        holding = self._holding()
        segmenter = self._classical if holding is None else holding.model
        return segmenter.segment(crop, box, hints, support, seed=seed)

    def _holding(self) -> "Holding[LearnedSegmenter] | None":
        try:
            return self._served.get()
        except RegistryError:
            return None
